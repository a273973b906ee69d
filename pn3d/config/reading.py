"""Configurations as JSON, those of older versions included."""

import dataclasses
from typing import Any

from pn3d.config.overrides import validate, with_overrides
from pn3d.config.presets import dotted
from pn3d.config.settings import Config
from pn3d.files.errors import UserError

RETIRED: dict[str, Any] = {
    "model.parts": "whole",
    "model.root_motion": False,
    "teacher.loss.reprojection_depth_power": 0.0,
    "teacher.loss.deformation_weight": 0.0,
}
"""Settings that no longer exist -> their neutral value. No better than noise (docs/log/ablation.md)."""

RENAMED = {"data.beside_clips": "data.added_clips"}
"""Earlier name of a setting -> its name today."""

EARLIER_DEFAULTS: dict[str, Any] = {"model.temporal": "flat", "model.correct": False, "augment.noise": 0.0}
"""Settings whose default changed -> what a file means that was written before they existed."""


def to_json(config: Config) -> dict[str, Any]:
    """The config as plain containers."""
    return dataclasses.asdict(config)


def from_json(values: dict[str, Any]) -> Config:
    """The inverse of ``to_json``. Entries that an older file lacks have the value that they had by default then.

    Raises:
        UserError: an entry is unknown, of another type, or retired and not neutral.
    """
    flat = EARLIER_DEFAULTS | {RENAMED.get(name, name): value for name, value in dotted(values).items()}
    for name, neutral in RETIRED.items():
        if flat.pop(name, neutral) != neutral:
            raise UserError(f"{name} is no longer a setting; only files where it is {neutral!r} can be read")
    return validate(with_overrides(Config(), flat))
