"""The 2D-only signal and the built-in 3D score of every snapshot of a run; kept beside the snapshots."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.accuracy.study_train import builtin_scores, snapshots, train_data
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import Config
from pn3d.data.clips import Clips
from pn3d.evaluation.cross_view import cross_view, views_by_scene
from pn3d.inference.predict import predict
from pn3d.inference.weights import load_weights
from pn3d.models.networks import make_networks
from pn3d.training.model_selection import HeldOut, combined, flat_lift, held_out_windows, score_terms, teacher_lift

Point = dict[str, Any]


@cache
def _compiled(model: Any) -> Any:
    """The terms of a teacher of this structure, compiled once."""
    teacher = make_networks(model).teacher

    @jax.jit
    def both(params: Any, held_out: HeldOut) -> Any:
        own = score_terms(teacher_lift(teacher, params), held_out)
        flat = score_terms(flat_lift, held_out)
        return own, flat, combined(own, flat)

    return both


def signals(config: Config, teacher: Any, held_out: HeldOut) -> dict[str, float]:
    """{term: value}, the flat skeleton's as ``flat/term``, and ``combined``."""
    own, flat, whole = _compiled(config.model)(jax.tree.map(jax.numpy.asarray, teacher), held_out)
    values = own | {f"flat/{name}": value for name, value in flat.items()} | {"combined": whole}
    return {name: float(np.asarray(value)) for name, value in values.items()}


def trajectory(folder: Path, held_out_clips: Clips, builtin: bool = True) -> list[Point]:
    """Step, signals and built-in score of every snapshot of a run; what is in FOLDER/signal.json is not done again.

    Where held-out scenes have several cameras, ``cross_view`` (mm) stands beside the signals of single views.
    """
    path = folder / "signal.json"
    points: dict[int, Point] = {point["step"]: point for point in json.loads(path.read_text())} if path.exists() else {}
    held_out: HeldOut | None = None
    for step, file in snapshots(folder):
        point = points.setdefault(step, {"step": step})
        weights = load_weights(file)
        if "signals" not in point:
            if held_out is None:
                held_out = held_out_windows(train_data(weights.config, held_out_clips), weights.config.model)
            point["signals"] = signals(weights.config, weights.teacher, held_out)
        if views_by_scene(held_out_clips) and "cross_view" not in point["signals"]:
            prediction = predict(replace(weights, student=None), held_out_clips, builtin_body(), builtin_landmarks())
            point["signals"]["cross_view"] = cross_view(prediction.teacher_joints_cam_m, held_out_clips).pa_mm
        if builtin and "builtin" not in point:
            point["builtin"] = builtin_scores(weights)
        path.write_text(json.dumps(list(points.values())))
    return [points[step] for step in sorted(points)]
