"""Typed configuration of a run, its presets, and overrides by name."""

from pn3d.config.overrides import add_set_argument, flatten, parse_overrides, preset, validate, with_overrides
from pn3d.config.presets import PRESETS
from pn3d.config.reading import from_json, to_json
from pn3d.config.settings import (
    STAGES,
    AugmentConfig,
    Config,
    DataConfig,
    DiscriminatorConfig,
    JointStageConfig,
    ModelConfig,
    OptimiserConfig,
    RunConfig,
    Stage,
    StudentLossConfig,
    StudentStageConfig,
    TeacherLossConfig,
    TeacherStageConfig,
)
