"""The eval JSON, version 1: what it says of the data, and the document of several results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pn3d.data.clips import Clips

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


def results_json(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of several runs or files: each entry M by label, ``config`` …, with ``run`` and ``data``."""
    entries = [{key: value for key, value in result.items() if key != "version"} for result in results]
    for entry in entries:
        if missing := {"run", "data"} - entry.keys():
            raise ValueError(f"a result needs 'run' and 'data', found none for {', '.join(sorted(missing))}")
    return {"version": JSON_VERSION, "results": entries}
