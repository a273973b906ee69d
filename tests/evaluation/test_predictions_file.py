"""Files of other methods, and our own, against the truth: what is scored, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips
from pn3d.evaluation.evaluate import evaluate_prediction, score_joints
from pn3d.evaluation.predictions_file import read_predictions, score_file
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, get_layout
from tests.support.evaluation_cases import BODY_NAME, make_clips, perfect_prediction, small_body


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips()


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return small_body()


def write(path: Path, **arrays: object) -> Path:
    np.savez(path, **{key: np.asarray(array) for key, array in arrays.items()})
    return path


def unfolded(scores: dict) -> dict[str, float]:
    """M with its actions beside the other numbers."""
    return {key: value for key, value in scores.items() if key != "per_action"} | scores["per_action"]


def test_any_method_is_scored(clips, body, tmp_path: Path):
    joints = clips.joints_cam.astype(np.float64) + np.random.default_rng(0).normal(size=(21, 17, 3)) * 0.05
    expected = score_joints(joints, clips, metric_scale=True)
    plain = score_file(write(tmp_path / "a.npz", joints=joints, layout="h36m17"), clips)
    assert unfolded(plain.scores["prediction"]) == pytest.approx(unfolded(expected))
    assert set(plain.scores) == {"flat", "prediction"}
    assert set(plain.skipped["prediction"]) == {"links", "aist12"}
    order = np.random.default_rng(1).permutation(17)
    shuffled = {"joints": 1000 * joints[:, order], "joint_names": np.array(H36M17.joints)[order], "unit": "mm"}
    again = score_file(write(tmp_path / "b.npz", **shuffled), clips, protocols=["h36m-p1"])
    assert again.scores["prediction"]["mpjpe_mm"] == pytest.approx(expected["mpjpe_mm"])
    assert again.protocols["prediction"][0].values[0].number.key == "mpjpe_mm"
    mpii = [H36M17.joints.index(name) for name in get_layout("mpii16").joints]
    fewer = score_file(write(tmp_path / "c.npz", joints=joints[:, mpii], layout="mpii16", metric_scale=False), clips)
    assert fewer.scores["prediction"]["joints"] == [name for name in H36M17.joints if name != "spine"]
    keys = {v.number.key for result in fewer.protocols["prediction"] for v in result.values}
    assert keys == {"pa_mpjpe_14_mm", "pa_mpjpe_14_spin_mm", "pck150_scaled_pct", "auc_scaled_pct"}
    smpl = {"poses": clips.poses, "betas": clips.betas, "transl_cam_m": clips.transl_cam_m, "body": BODY_NAME}
    with_body = score_file(write(tmp_path / "d.npz", joints=joints, layout="h36m17", **smpl), clips, body=body)
    assert with_body.scores["prediction"]["pa_pve_mm"] == pytest.approx(0, abs=2e-3)
    json.dumps(with_body.to_json(), allow_nan=False)


def test_our_own_file_is_scored_as_student_and_teacher(clips, body, tmp_path: Path):
    prediction = perfect_prediction(clips)
    known = {name: value for name, value in vars(prediction).items() if value is not None}
    path = write(tmp_path / "prediction.npz", joint_names=np.array(H36M17.joints), **known)
    found = score_file(path, clips, body=body)
    expected = evaluate_prediction(prediction, clips, body=body)
    assert set(found.scores) == {"flat", "teacher", "student"}
    for label, scores in found.scores.items():
        assert unfolded(scores) == pytest.approx(unfolded(expected[label])), label
    assert "h36m-p1" in found.skipped["teacher"]
    np.savez(path, joint_names=np.array(H36M17.joints), teacher_joints_cam_m=clips.joints_cam)
    assert set(score_file(path, clips).scores) == {"flat", "teacher"}


def test_mistakes_in_a_predictions_file_are_told_in_one_line(clips, body, tmp_path: Path):
    path = tmp_path / "p.npz"
    joints = clips.joints_cam
    good = {"joints": joints, "layout": "h36m17"}
    nan = joints.copy()
    nan[4, 2] = np.nan
    smpl = {"poses": clips.poses, "betas": clips.betas, "transl_cam_m": clips.transl_cam_m, "body": BODY_NAME}
    for arrays, message in (
        ({"layout": "h36m17"}, "no key 'joints'"),
        ({"joints": joints}, "no key 'layout'"),
        (good | {"joints": joints[:20]}, r"must have shape \(21, 17, 3\).*found \(20, 17, 3\)"),
        (good | {"joints": joints[..., :2]}, r"must be \(N, J, 3\) float"),
        (good | {"joints": np.round(joints).astype(int)}, r"must be \(N, J, 3\) float, found int64"),
        (good | {"joints": joints[:, :14]}, "has 14 joints, but 17 are named"),
        (good | {"joints": nan}, "must be finite, found .* at frame 4, joint 2"),
        (good | {"joints": joints * 1000}, "add unit='mm'"),
        (good | {"layout": "h37m"}, "'layout': unknown layout 'h37m'"),
        (good | {"unit": "cm"}, "'unit' must be 'm' or 'mm', found 'cm'"),
        (good | {"metric_scale": "no"}, "'metric_scale' must be one bool"),
        (good | {"clip_start": [0, 21]}, "'clip_start' must be the truth's: 3 clips that end at 21; found 1"),
        (good | {"joint_names": np.array(H36M17.joints)[::-1]}, "not the joints of layout 'h36m17'"),
        ({"joints": joints, "joint_names": ["pelvis"] * 17}, "a name twice"),
        ({"joints": joints[:, :2], "joint_names": ["a", "b"]}, "none of the joints a, b"),
        (good | {"poses": clips.poses}, "'poses' needs 'betas', 'transl_cam_m', 'body'"),
        (good | smpl | {"betas": clips.betas[:2]}, r"betas must have shape \(3, S\)"),
        (good | smpl | {"foot_contact": np.zeros((20, 4))}, r"foot_contact must have shape \(21, 4\)"),
        (good | smpl | {"poses": clips.poses.astype(str)}, "'poses' must be numbers, found <U"),
        *(
            (
                good | smpl | {"body_joints_world_m": np.zeros(shape)},
                r"'body_joints_world_m' must have shape \(21, 24, 3\)",
            )
            for shape in ((21, 22, 3), (20, 24, 3), (21, 72), ())
        ),
        (good | {"unit": np.array({"a": 1}, object)}, "pickled object array"),
    ):
        write(path, **arrays)
        with pytest.raises(UserError, match=message) as error:
            read_predictions(path, clips)
        assert "\n" not in str(error.value)
        assert str(path) in str(error.value)
    write(path, **good, **smpl)
    with pytest.raises(UserError, match="'body' is 'small-test-body', but the body given is 'another'"):
        score_file(path, clips, body=body.replace(name="another"))
    path.write_bytes(b"no zip")
    with pytest.raises(UserError, match="not a readable npz"):
        read_predictions(path, clips)
    with pytest.raises(UserError, match="no such file"):
        read_predictions(tmp_path / "missing.npz", clips)
