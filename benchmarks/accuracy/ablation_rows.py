"""The named variants of the study: config overrides (the names of ``--set``) and what each is trained on."""

from dataclasses import dataclass, field
from typing import Any

from benchmarks.accuracy.study_train import DataChoice


@dataclass(frozen=True)
class Row:
    """A variant: what it changes against ``base``, and its data.

    Attributes:
        group: the question that it belongs to.
        overrides: config entries by name.
        data: train on the files, on built-in motion, or on both.
        frames: at most about this many frames of the files.
        cameras: only clips of the files whose names end so.
    """

    group: str
    overrides: dict[str, Any] = field(default_factory=dict)
    data: DataChoice = "files"
    frames: int | None = None
    cameras: tuple[str, ...] = ()


def _loss(**weights: float) -> dict[str, Any]:
    return {f"teacher.loss.{name}_weight": value for name, value in weights.items()}


def _judge(**values: float) -> dict[str, Any]:
    return {f"teacher.discriminator.{name}": value for name, value in values.items()}


START: dict[str, Any] = {"model.temporal": "flat"}
"""What the preset was when the study began, where a choice has changed it since: ``base``, and beneath every row."""


ROWS: dict[str, Row] = {
    "base": Row("the start"),
    "no-proportion": Row("anatomy", _loss(proportion=0.0)),
    "no-symmetry": Row("anatomy", _loss(symmetry=0.0)),
    "no-hinge": Row("anatomy", _loss(hinge=0.0)),
    "no-constancy": Row("anatomy", _loss(bone_constancy=0.0)),
    "no-anatomy": Row("anatomy", _loss(proportion=0.0, symmetry=0.0, hinge=0.0)),
    "proportion-2": Row("anatomy", _loss(proportion=2.0)),
    "proportion-40": Row("anatomy", _loss(proportion=40.0)),
    "constancy-10": Row("anatomy", _loss(bone_constancy=10.0)),
    "hinge-20": Row("anatomy", _loss(hinge=20.0)),
    "no-pose-judge": Row("discriminators", _loss(pose_adversarial=0.0)),
    "no-motion-judge": Row("discriminators", _loss(motion_adversarial=0.0)),
    "no-judges": Row("discriminators", _loss(pose_adversarial=0.0, motion_adversarial=0.0)),
    "judges-double": Row("discriminators", _loss(pose_adversarial=1.0, motion_adversarial=2.0)),
    "penalty-0.002": Row("discriminators", _judge(gradient_penalty=0.002)),
    "penalty-0.2": Row("discriminators", _judge(gradient_penalty=0.2)),
    "motion-gain-5": Row("discriminators", _judge(motion_gain=5.0)),
    "input-scale-3": Row("discriminators", _judge(input_scale=3.0)),
    "input-scale-0.3": Row("discriminators", _judge(input_scale=0.3)),
    "relift-4": Row("self-consistency", _loss(relift=4.0)),
    "no-relift": Row("self-consistency", _loss(relift=0.0)),
    "no-elevation-loss": Row("elevation", _loss(elevation=0.0)),
    "no-noise": Row("augmentation", {"augment.noise": 0.0}),
    "ema-0.98": Row("optimiser", {"teacher.optimiser.ema": 0.98}),
    "no-ema": Row("optimiser", {"teacher.optimiser.ema": 0.0}),
    "frames-1k": Row("data", frames=1000),
    "frames-5k": Row("data", frames=5000),
    "one-camera": Row("data", cameras=("/cam0",)),
    "builtin": Row("data", data="builtin"),
    "both": Row("data", data="both"),
    "builtin-below": Row("data", data="builtin-below"),
    # From here on each row has a structure of its own and is compiled for itself.
    "judges-every-3": Row("discriminators", {"teacher.discriminator.every": 3}),
    "judges-fast": Row("discriminators", {"teacher.discriminator.learning_rate": 8e-4}),
    "no-mask": Row("augmentation", {"augment.mask_probability": 0.0}),
    "mask-0.5": Row("augmentation", {"augment.mask_probability": 0.5}),
    "no-flip": Row("augmentation", {"augment.flip": False}),
    "no-elevation-head": Row("elevation", {"model.elevation_head": False, **_loss(elevation=0.0)}),
    "depth-from-size": Row("camera", {"model.root_depth": 0.0}),
    "depth-5": Row("camera", {"model.root_depth": 5.0}),
    "depth-20": Row("camera", {"model.root_depth": 20.0}),
    "window-1": Row("window", {"model.window": 1}),
    "window-27": Row("window", {"model.window": 27}),
    "window-9-conv": Row("window", {"model.temporal": "conv"}),
    "window-27-conv": Row("window", {"model.window": 27, "model.temporal": "conv"}),
    "window-81-conv": Row("window", {"model.window": 81, "model.temporal": "conv"}),
}
