"""Data sets by name, for the command line: which reader, which of its options, and which files come of it."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pn3d.data.clips import Clips, write_clips
from pn3d.datasets.aistpp import read_aistpp
from pn3d.datasets.cmu_benchmark import make_benchmark
from pn3d.datasets.coco import read_coco
from pn3d.datasets.human36m import read_human36m
from pn3d.datasets.mocap import read_amass, read_amc, read_bvh
from pn3d.datasets.motionbert import read_motionbert
from pn3d.datasets.mpi_inf_3dhp import read_mpi_inf_3dhp
from pn3d.datasets.threedpw import read_threedpw
from pn3d.files.errors import UserError


@dataclass(frozen=True)
class Kind:
    """A data set that can be converted.

    Attributes:
        reader: source and keyword options -> split name -> clips.
        what: one line for help texts.
    """

    reader: Callable[..., dict[str, Clips]]
    what: str

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the keyword options of the reader."""
        parameters = inspect.signature(self.reader).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


KINDS: Mapping[str, Kind] = {
    "human36m": Kind(read_human36m, "folder of data_2d_h36m_*.npz, data_3d_h36m.npz (VideoPose3D) and the cameras"),
    "motionbert": Kind(read_motionbert, "h36m_sh_conf_cam_source_final.pkl (MotionBERT's Human3.6M)"),
    "mpi_inf_3dhp": Kind(read_mpi_inf_3dhp, "folder of data_{train,test}_3dhp.npz or TS1 … TS6/annot_data.mat"),
    "3dpw": Kind(read_threedpw, "folder sequenceFiles with train/, validation/ and test/"),
    "aistpp": Kind(read_aistpp, "folder of AIST++'s annotations: keypoints2d/, keypoints3d/, cameras/, motions/"),
    "amass": Kind(read_amass, "*_poses.npz or *_stageii.npz, a file or a folder; random cameras"),
    "bvh": Kind(read_bvh, "BVH, a file or a folder; random cameras"),
    "amc": Kind(read_amc, "CMU's own .amc with their .asf, a file or a folder; random cameras"),
    "coco": Kind(read_coco, "person_keypoints_*.json; 2D of single images"),
    "cmu-benchmark": Kind(make_benchmark, "folder of CMU's public BVH files; train and dev, exact and detected"),
}


def convert_data(kind: str, source: str | Path, options: Mapping[str, Any] | None = None) -> dict[str, Clips]:
    """Reads a data set: split name -> clips. Options that are None are left to the reader's default.

    Raises:
        UserError: the kind or an option is unknown, or the reader refuses the source.
    """
    if kind not in KINDS:
        raise UserError(f"unknown kind of data {kind!r}; known kinds: {', '.join(KINDS)}")
    given = {name: value for name, value in (options or {}).items() if value is not None}
    unknown = [name for name in given if name not in KINDS[kind].options]
    if unknown:
        raise UserError(f"{kind} has no option {unknown[0]!r}; it has {', '.join(KINDS[kind].options) or 'none'}")
    hints = typing.get_type_hints(KINDS[kind].reader)
    typed = {name: _typed(f"{kind}: option {name!r}", value, hints[name]) for name, value in given.items()}
    return KINDS[kind].reader(source, **typed)


def _typed(what: str, value: Any, hint: Any) -> Any:
    """An option as its reader wants it; text may stand for a list of names, "train,test"."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for kind in kinds:
        origin = typing.get_origin(kind)
        if origin is tuple:
            names = value.split(",") if isinstance(value, str) else value
            if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
                return tuple(names)
        elif origin is Mapping:
            if isinstance(value, Mapping) and all(_is_text(key) and _is_text(value[key]) for key in value):
                return value
        elif origin is None and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        elif kind is float and type(value) is int:
            return float(value)
    expected = " or ".join(getattr(kind, "__name__", str(kind)) for kind in kinds if kind is not type(None))
    raise UserError(f"{what} is {ascii(value)[:60]}, expected {expected}")


def _is_text(value: object) -> bool:
    """A word or a path, or a list of words."""
    return isinstance(value, str | Path) or (isinstance(value, list | tuple) and all(isinstance(v, str) for v in value))


def output_paths(target: str | Path, splits: Mapping[str, Clips]) -> dict[str, Path]:
    """Where each split goes: to ``target`` itself if there is one, else to ``<target>_<split>.npz``."""
    target = Path(target)
    if target.suffix != ".npz":
        raise UserError(f"{target}: the output must be an .npz file")
    if len(splits) == 1:
        return dict.fromkeys(splits, target)
    return {split: target.with_name(f"{target.stem}_{split}.npz") for split in splits}


def write_splits(target: str | Path, splits: Mapping[str, Clips]) -> dict[str, Path]:
    """Writes each split to its file, and says where. Raises UserError where one cannot be written."""
    paths = output_paths(target, splits)
    for split, path in paths.items():
        write_clips(path, splits[split])
    return paths
