"""Presets and settings by name."""

import argparse
import dataclasses
import json
import types
import typing
from typing import Any, Literal

from pn3d.config.presets import PRESETS, dotted
from pn3d.config.settings import Config
from pn3d.files.errors import UserError

SET_HELP = "change settings by name, e.g. teacher.optimiser.steps=6000 (names: config.json of any run)"

_COUNTS = ("steps", "batch_size", "every", "blocks", "width", "clips", "frames", "per_dispatch", "mask_rounds")


def preset(name: str) -> Config:
    """The configuration of a preset; raises UserError with the names that exist."""
    if name not in PRESETS:
        raise UserError(f"unknown preset {name!r}; presets: {', '.join(PRESETS)}")
    return validate(with_overrides(Config(preset=name), PRESETS[name]))


def validate(config: Config) -> Config:
    """The config itself; raises UserError for values that no run can have."""
    window = config.model.window
    power = 1
    while power < window:
        power *= 3
    if power != window:
        raise UserError(f"model.window is {window}, but a window has 1, 3, 9, 27, 81 … frames (a power of 3)")
    for name, value in flatten(config).items():
        if isinstance(value, bool | str):
            continue
        if name.endswith(_COUNTS):
            may_be_none = ("warmup_steps", "blocks", "optimiser.steps", "digest_every", "fit_steps", "added_clips")
            least = 0 if name.endswith(may_be_none) else 1
            if value < least:
                raise UserError(f"{name} is {value}, expected at least {least}")
        elif name.endswith(("share", "wide_views")) and not 0 <= value < 1:
            raise UserError(f"{name} is {value}, expected a share from 0 to below 1")
        elif name.endswith(("mask_probability", "mask_limbs", "undisturbed")) and not 0 <= value <= 1:
            raise UserError(f"{name} is {value}, expected a share from 0 to 1")
        elif value < 0:
            raise UserError(f"{name} is {value}, expected zero or more")
    return config


def flatten(config: Any) -> dict[str, Any]:
    """Dotted names -> values, e.g. ``teacher.loss.hinge_weight``."""
    return dotted(dataclasses.asdict(config))


def with_overrides(config: Config, overrides: dict[str, Any]) -> Config:
    """A config with some dotted names set; raises UserError for unknown names and values of another type."""
    for name, value in overrides.items():
        config = _replace(config, name.split("."), value, name)
    return config


def add_set_argument(parser: argparse.ArgumentParser, help: str = SET_HELP) -> None:
    """``--set NAME=VALUE …``, whose words ``parse_overrides`` takes."""
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", dest="overrides", help=help
    )


def parse_overrides(words: list[str]) -> dict[str, Any]:
    """``name=value`` words of a command line -> overrides; values are JSON, or text where they are none."""
    overrides: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise UserError(f"--set {word!r}: expected NAME=VALUE, e.g. joint.student_adversarial_weight=0")
        try:
            overrides[name] = json.loads(text)
        except ValueError:
            overrides[name] = text
    return overrides


def _replace(part: Any, path: list[str], value: Any, full_name: str) -> Any:
    names = [item.name for item in dataclasses.fields(part)]
    if path[0] not in names:
        raise UserError(f"config has no {full_name!r}; at {path[0]!r} it has {', '.join(names)}")
    old = getattr(part, path[0])
    if len(path) > 1 and dataclasses.is_dataclass(old):
        return dataclasses.replace(part, **{path[0]: _replace(old, path[1:], value, full_name)})
    if len(path) > 1 or dataclasses.is_dataclass(old):
        raise UserError(f"config name {full_name!r} does not name one value")
    hint = typing.get_type_hints(type(part))[path[0]]
    return dataclasses.replace(part, **{path[0]: _checked(value, hint, full_name)})


def _checked(value: Any, hint: Any, name: str) -> Any:
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise UserError(f"{name} is {value!r}, expected one of {', '.join(map(str, typing.get_args(hint)))}")
        return value
    assert not isinstance(hint, types.UnionType)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise UserError(f"{name} is {value!r}, expected a value of type {hint.__name__}")
    return value
