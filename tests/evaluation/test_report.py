"""Views of one moment, printed tables, and the eval JSON."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips
from pn3d.evaluation import eval_json, metrics, report
from pn3d.evaluation.cross_view import cross_view
from pn3d.evaluation.evaluate import evaluate_prediction, score_joints
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from tests.support.evaluation_cases import make_clips, perfect_prediction, small_body


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips()


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return small_body()


def test_views_of_one_moment_agree_up_to_the_camera(clips):
    first = clips.joints_cam[:8]
    turn = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    joints = clips.joints_cam.copy()
    joints[8:16] = 1.2 * first @ turn.T + [0, 0, 3]
    result = cross_view(joints, clips)
    assert (result.pairs, result.frames) == (1, 8)
    assert result.pa_mm == pytest.approx(0, abs=1e-3)
    joints[8:16, :, 0] *= -1
    assert cross_view(joints, clips).pa_mm > 50
    noisy = joints + np.random.default_rng(0).normal(size=joints.shape) * 0.05
    a, b = noisy[:8], noisy[8:16]
    both = (metrics.pa_mpjpe_mm(a, b) + metrics.pa_mpjpe_mm(b, a)) / 2
    assert cross_view(noisy, clips).per_scene == pytest.approx({"walk/a": both.mean()})


def test_clips_that_are_not_views_are_left_out(clips):
    four = make_clips((4, 4, 4, 5), ("a/x/cam0", "a/x/cam1", "a/y/cam0", "a/y/cam1"))
    result = cross_view(four.joints_cam, four)
    assert result.left_out == ("a/y",)
    assert "left out" in report.cross_view_table({"student": result})
    json.dumps(result.to_json(), allow_nan=False)
    with pytest.raises(UserError, match="no two clips"):
        cross_view(clips.joints_cam, replace(clips, clip_name=np.array(["a", "b/cam1", "c/cam1"])))
    with pytest.raises(UserError, match="differ in length"):
        cross_view(clips.joints_cam, make_clips((8, 7, 6)))


def test_tables_hold_numbers_and_conventions(clips, body):
    scores = evaluate_prediction(perfect_prediction(clips), clips, body=body)
    scores["student"]["pa_mpjpe_mm"] = 43.21
    text = report.evaluation_table(scores, eval_json.describe_data(clips, "some/file.npz"))
    assert text.splitlines()[0] == "file.npz: 21 frames in 3 clips at 30 fps; 17 joints of h36m17"
    row = next(line for line in text.splitlines() if line.startswith("PA-MPJPE mm "))
    assert row.split()[-4:] == ["Procrustes,", "reflection", "not", "allowed"]
    assert "43.2" in row
    mpjpe = next(line for line in text.splitlines() if line.startswith("MPJPE mm"))
    assert mpjpe.split()[2:5] == ["-", "-", "0.0"]
    assert "on 21 frames evenly spread" in text
    assert "  walk" in text


def test_the_table_of_a_training_run(clips):
    def m(pa: float) -> dict[str, float]:
        return {"pa_mpjpe_mm": pa, "depth_flipped_frac": 0.0123}

    stages = {"teacher": {"teacher": m(42.14)}, "student": {"student": m(46.4)}}
    text = report.training_table(m(102.7), stages, {"joint_angle_err_deg": 20.0})
    assert [line.split("  ")[0] for line in text.splitlines()[1:5]] == [
        "flat skeleton",
        "mean pose of the truth",
        "teacher after stage 1 (teacher)",
        "student after stage 2 (student)",
    ]
    assert "joint stage" not in text
    stages["joint"] = {"teacher": m(41.36), "student": m(46.5)}
    text = report.training_table(m(102.7), stages)
    assert "joint stage: teacher PA-MPJPE 42.1 -> 41.4 mm (better, -0.8)" in text
    assert "joint stage: student PA-MPJPE 46.4 -> 46.5 mm (not better, +0.1)" in text
    assert "1.23" in text  # a share is printed in percent
    results = [{"run": "runs/a", "data": {"file": f"{x}.npz"}, "flat": m(100), "teacher": m(40)} for x in "pq"]
    lines = report.runs_table(results).splitlines()
    assert [line.split()[:3] for line in lines[1:5]] == [
        ["-", "p.npz", "flat"],
        ["runs/a", "p.npz", "teacher"],
        ["-", "q.npz", "flat"],
        ["runs/a", "q.npz", "teacher"],
    ]


def test_eval_json(clips, tmp_path: Path):
    m = score_joints(clips.joints_cam, clips, metric_scale=False)
    data = eval_json.describe_data(clips, tmp_path / "d.npz")
    assert data["frames"] == 21
    document = {"version": 1, "flat": m, "teacher": m, "data": data}
    write_json(tmp_path / "eval.json", document)
    assert json.loads((tmp_path / "eval.json").read_text()) == json.loads(json.dumps(document))
    assert [path.name for path in tmp_path.iterdir()] == ["eval.json"]
    several = eval_json.results_json([document | {"run": "a"}, document | {"run": "b"}])
    assert several["version"] == 1
    assert [entry["run"] for entry in several["results"]] == ["a", "b"]
    assert "version" not in several["results"][0]
    with pytest.raises(ValueError, match="'run' and 'data'"):
        eval_json.results_json([document])
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "bad.json", {"flat": m | {"per_action": {"walk": float("nan")}}})
