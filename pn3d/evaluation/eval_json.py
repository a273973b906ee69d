"""The eval JSON, version 1: built, and checked for numbers that are not finite."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pn3d.data.clips import Clips
from pn3d.evaluation.evaluate import Scores

JSON_VERSION = 1


def describe_data(clips: Clips, path: str | Path) -> dict[str, Any]:
    """The ``data`` entry: file name, frames, clips, frame rates, layout; where the file says so, how many frames are
    scored, the body of SMPL truth, and the names of the true joints."""
    data: dict[str, Any] = {
        "file": Path(path).name,
        "frames": clips.frames,
        "clips": clips.num_clips,
        "fps": sorted({float(fps) for fps in clips.fps}),
        "layout": clips.layout.name,
    }
    if clips.scored is not None:
        data["scored_frames"] = int(clips.scored.sum())
    if clips.truth_joint_names is not None:
        data["truth_joints"] = [str(name) for name in clips.truth_joint_names]
    return data if clips.body is None else data | {"body": clips.body}


def to_json(
    scores: Mapping[str, Scores],
    *,
    stages: Mapping[str, Mapping[str, Scores]] | None = None,
    data: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The document of one evaluation: ``version``, M by label, and of the others what is given.

    Raises:
        ValueError: a number in it is not finite, or a value None (what does not apply is absent).
    """
    document: dict[str, Any] = {"version": JSON_VERSION, **scores}
    for key, value in (("stages", stages), ("data", data), ("config", config), *more.items()):
        if value is not None:
            document[key] = value
    for key in (*scores, "stages", *more):
        if key in document:
            _check(document[key], key)
    return document


def results_json(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of several runs or files: each entry a document of ``to_json`` with ``run`` and ``data``."""
    entries = [{key: value for key, value in result.items() if key != "version"} for result in results]
    for entry in entries:
        if missing := {"run", "data"} - entry.keys():
            raise ValueError(f"a result needs 'run' and 'data', found none for {', '.join(sorted(missing))}")
    return {"version": JSON_VERSION, "results": entries}


def _check(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _check(inner, f"{where}[{index}]")
    elif value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{where} is {value}; what does not apply must be absent")
