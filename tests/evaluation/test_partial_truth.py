"""Truth of fewer joints: the same numbers as full truth on the same joints, unknown frames, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.commands.main import main
from pn3d.data.clips import Clips, concatenate, read_clips, select, write_clips
from pn3d.data.joints17 import to_h36m17
from pn3d.evaluation import metrics
from pn3d.evaluation.evaluate import evaluate_prediction, score_joints
from pn3d.evaluation.predictions_file import score_file
from pn3d.evaluation.protocol_run import run_protocol
from pn3d.evaluation.protocols import LIMBS12
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17, H36M17, remap_indices
from tests.support.evaluation_cases import make_clips, perfect_prediction, small_body

LIMBS = tuple(H36M17.joints[joint] for joint in LIMBS12)
HIPS = [H36M17.index("left_hip"), H36M17.index("right_hip")]
AIST_NAMES = ("gBR_sBM_cAll_d04_mBR0_ch02/cam0", "gBR_sBM_cAll_d04_mBR0_ch02/cam1", "gWA_sFM_cAll_d25_mWA3_ch04/cam0")


def partial_truth(clips: Clips, names: tuple[str, ...]) -> Clips:
    """The clips with truth of these joints alone."""
    assert clips.joints_cam is not None
    index = [H36M17.index(name) for name in names]
    return replace(clips, joints_cam=clips.joints_cam[:, index], truth_joint_names=np.array(names))


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips((8, 8, 5), AIST_NAMES, smpl=False)


@pytest.fixture(scope="module")
def predicted(clips: Clips) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=(clips.frames, 17, 3)) * 0.08
    return (clips.joints_cam * 1.1 + noise + [0.3, 0, 0.5]).astype(np.float32)


def test_fewer_joints_are_scored_as_full_truth_on_the_same_joints(clips: Clips, predicted: np.ndarray) -> None:
    scores = score_joints(predicted, partial_truth(clips, LIMBS), metric_scale=True)
    limbs = sorted(LIMBS12)
    ours, truth = predicted[:, limbs].astype(float), clips.joints_cam[:, limbs].astype(float)
    assert scores["pa_mpjpe_mm"] == pytest.approx(metrics.pa_mpjpe_mm(ours, truth).mean())
    # By hand: the middle of the hips aligned, the twelve averaged.
    ours -= predicted[:, HIPS].mean(axis=1, keepdims=True)
    truth -= clips.joints_cam[:, HIPS].mean(axis=1, keepdims=True)
    assert scores["mpjpe_mm"] == pytest.approx(1000 * np.linalg.norm(ours - truth, axis=2).mean(), rel=1e-6)
    scale = ((ours * truth).sum((1, 2)) / (ours * ours).sum((1, 2)))[:, None, None]
    apart = 1000 * np.linalg.norm(scale * ours - truth, axis=2)
    assert scores["n_mpjpe_mm"] == pytest.approx(apart.mean(), rel=1e-6)
    assert scores["pck150_pct"] == pytest.approx(100 * (apart < 150).mean())
    assert "pa_mpjpe_14_mm" not in scores
    assert scores["joints"] == [H36M17.joints[joint] for joint in limbs]
    assert (scores["root"], scores["counted_frames"]) == ("middle of the hips", 21)
    # Joints that the method does not have are as good as joints that the truth does not have.
    lacking = predicted.copy()
    lacking[:, [joint for joint in range(17) if joint not in LIMBS12]] = np.nan
    assert score_joints(lacking, clips, metric_scale=True) == scores


def test_all_joints_by_name_are_the_layouts_joints(clips: Clips, predicted: np.ndarray) -> None:
    expected = score_joints(predicted, clips, metric_scale=True)
    shuffled = tuple(np.random.default_rng(0).permutation(H36M17.joints))
    found = score_joints(predicted, partial_truth(clips, shuffled), metric_scale=True)
    assert {key: found[key] for key in expected} == expected
    assert found["root"] == "pelvis"


def test_frames_that_do_not_know_all_joints_do_not_count(clips: Clips, predicted: np.ndarray) -> None:
    known = partial_truth(clips, LIMBS)
    truth = known.joints_cam.copy()
    truth[3, 4] = np.nan
    truth[10:12] = np.nan
    named = replace(known, joints_cam=truth)
    wild = predicted.copy()
    wild[[3, 10, 11]] = 50.0
    found = score_joints(wild, named, metric_scale=True)
    marked = replace(known, scored=~np.isin(np.arange(21), [3, 10, 11]))
    assert found["counted_frames"] == 18
    expected = score_joints(wild, marked, metric_scale=True)
    assert found == {**expected, "bone_std_pct": found["bone_std_pct"], "bone_std_mm": found["bone_std_mm"]}
    result = run_protocol("aist12", wild, named, metric_scale=True)
    assert {value.frames for value in result.values} == {18}
    assert result.values[0].value == pytest.approx(found["pa_mpjpe_mm"])
    # A joint that is known nowhere is a joint that the truth does not have.
    truth[:, 0] = np.nan
    fewer = score_joints(predicted, replace(named, joints_cam=truth), metric_scale=True)
    assert LIMBS[0] not in fewer["joints"]
    assert len(fewer["joints"]) == 11


def test_limbs_by_genre(clips: Clips, predicted: np.ndarray) -> None:
    whole = run_protocol("aist12", predicted, clips, metric_scale=True)
    part = run_protocol("aist12", predicted, partial_truth(clips, LIMBS[::-1]), metric_scale=True)
    assert [v.number.key for v in part.values] == ["pa_mpjpe_12_mm", "n_mpjpe_12_mm", "mpjpe_12_mm"]
    for a, b in zip(whole.values, part.values, strict=True):
        assert a == b
    limbs = list(LIMBS12)
    pa = metrics.pa_mpjpe_mm(predicted[:, limbs], clips.joints_cam[:, limbs])
    assert part.values[0].per_action == pytest.approx({"break": pa[:16].mean(), "waack": pa[16:].mean()})
    scores = score_joints(predicted, partial_truth(clips, LIMBS), metric_scale=True)
    keys = ("pa_mpjpe_mm", "n_mpjpe_mm", "mpjpe_mm")
    assert [value.value for value in part.values] == pytest.approx([scores[key] for key in keys])
    numbers = part.to_json()["numbers"]["pa_mpjpe_12_mm"]
    assert numbers["joints"] == list(LIMBS)
    assert set(numbers["per_genre"]) == {"break", "waack"}


def test_protocols_use_the_joints_that_both_have(clips: Clips, predicted: np.ndarray) -> None:
    named = partial_truth(clips, LIMBS)
    scores = score_joints(predicted, named, metric_scale=True)
    for name, key in (("h36m-p1", "mpjpe_mm"), ("h36m-p2", "pa_mpjpe_mm"), ("h36m-p3", "n_mpjpe_mm")):
        (value,) = run_protocol(name, predicted, named, metric_scale=True).values
        # Protocols of Human3.6M average actions; here all frames of an action count alike.
        frames = {"gBR_sBM_cAll_d04_mBR0_ch02": 16, "gWA_sFM_cAll_d25_mWA3_ch04": 5}
        mean = sum(value.per_action[action] * count for action, count in frames.items()) / 21
        assert mean == pytest.approx(scores[key]), name
        assert "here only the 12 joints that truth and prediction both have" in value.number.convention
        assert set(value.joints) == set(LIMBS)
    lacking = predicted.copy()
    lacking[:, H36M17.index("left_wrist")] = np.nan
    assert len(run_protocol("aist12", lacking, named, metric_scale=True).values[0].joints) == 11
    lsp = run_protocol("h36m-14", predicted, named, metric_scale=True).values[1]
    assert lsp.number.key == "mpjpe_14_mm"
    assert lsp.value == pytest.approx(np.mean(list(lsp.per_action.values())))


def test_detections_of_another_layout_beside_named_truth(clips: Clips, tmp_path: Path) -> None:
    """COCO-17 keypoints, twelve true joints: the flat skeleton, a whole evaluation, and the page of it."""
    index = np.array(remap_indices(H36M17, COCO17))
    has = index >= 0
    coco = replace(
        partial_truth(make_clips((8, 8, 5), AIST_NAMES), LIMBS),
        layout=COCO17,
        keypoints=np.where(has[:, None], clips.keypoints[:, index], 0).astype(np.float32),
        confidence=np.where(has, clips.confidence[:, index], 0).astype(np.float32),
    )
    mapped = to_h36m17(coco)
    np.testing.assert_array_equal(mapped.joints_cam, coco.joints_cam)
    full = make_clips((8, 8, 5), AIST_NAMES)
    scores = evaluate_prediction(perfect_prediction(full), coco, body=small_body())
    assert scores["student"]["pa_mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert scores["student"]["root_err_m"] == pytest.approx(0, abs=1e-6)
    assert scores["flat"]["depth_flipped_frac"] == 0
    assert {len(of["joints"]) for of in scores.values()} == {12}
    write_clips(tmp_path / "coco.npz", coco)
    np.savez(tmp_path / "p.npz", joints=full.joints_cam, layout="h36m17")
    page, out = tmp_path / "r.html", tmp_path / "e.json"
    command = ["eval", "--predictions", str(tmp_path / "p.npz"), "--data", str(tmp_path / "coco.npz")]
    assert main([*command, "--json", str(out), "--report", str(page)]) == 0
    written = json.loads(out.read_text())
    assert written["data"]["truth_joints"] == list(LIMBS)
    assert written["prediction"]["counted_frames"] == 21
    assert set(written["protocols"]["prediction"]["aist12"]["numbers"]["mpjpe_12_mm"]["per_genre"]) == {
        "break",
        "waack",
    }
    assert "12 joints (right_hip" in page.read_text()


def test_the_eval_command_names_joints_and_frames(
    clips: Clips, predicted: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = partial_truth(clips, LIMBS)
    named.joints_cam[2] = np.nan
    write_clips(tmp_path / "t.npz", named)
    np.savez(
        tmp_path / "p.npz",
        joints=predicted[:, sorted(LIMBS12)],
        joint_names=[H36M17.joints[j] for j in sorted(LIMBS12)],
    )
    command = ["eval", "--predictions", str(tmp_path / "p.npz"), "--data", str(tmp_path / "t.npz")]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "12 joints (right_hip, right_knee" in text
    assert "root: middle of the hips, 20 frames counted" in text
    assert "by genre: break" in text
    assert "no clip of" not in text
    assert main([*command, "--protocol", "aist12"]) == 0
    assert "mpjpe_12_mm" in capsys.readouterr().out


def test_training_never_sees_named_truth(clips: Clips, tmp_path: Path) -> None:
    named = partial_truth(clips, LIMBS)
    write_clips(tmp_path / "t.npz", named)
    blind = read_clips(tmp_path / "t.npz")
    assert blind.joints_cam is None
    assert blind.truth_joint_names is None
    again = read_clips(tmp_path / "t.npz", truth=True)
    np.testing.assert_array_equal(again.joints_cam, named.joints_cam)
    assert tuple(again.truth_joint_names) == LIMBS
    both = concatenate([again, select(again, [2])])
    assert tuple(both.truth_joint_names) == LIMBS
    assert both.joints_cam.shape == (26, 12, 3)
    with pytest.raises(UserError, match="'truth_joint_names' are not the same"):
        concatenate([again, partial_truth(clips, LIMBS[::-1])])
    with pytest.raises(UserError, match="'truth_joint_names' is in some"):
        concatenate([again, clips])


Change = Callable[[dict[str, Any]], dict[str, Any]]
NOT_READ: dict[str, tuple[Change, str]] = {
    "no names": (
        lambda a: {"truth_joint_names": None},
        "must have shape .N, 17, 3. .* needs their names, 'truth_joint_names'",
    ),
    "unknown name": (
        lambda a: {"truth_joint_names": np.array(["left_paw", *LIMBS[1:]])},
        "'left_paw', which is no joint",
    ),
    "name twice": (lambda a: {"truth_joint_names": np.array([LIMBS[1], *LIMBS[1:]])}, "has a name twice"),
    "too few names": (
        lambda a: {"truth_joint_names": np.array(LIMBS[1:])},
        r"'joints_cam' must have shape \(21, 11, 3\)",
    ),
    "names are numbers": (lambda a: {"truth_joint_names": np.arange(12)}, r"must be \(K,\) str, found int64"),
    "names alone": (lambda a: {"joints_cam": None}, "'truth_joint_names' needs 'joints_cam'"),
    "all unknown": (lambda a: {"joints_cam": a["joints_cam"] * np.nan}, "'joints_cam' is NaN everywhere"),
    "infinity": (lambda a: {"joints_cam": a["joints_cam"] + np.inf}, "'joints_cam' must be finite, found inf"),
}


@pytest.mark.parametrize("case", NOT_READ)
def test_truth_that_cannot_be_is_refused_in_one_line(case: str, clips: Clips, tmp_path: Path) -> None:
    change, message = NOT_READ[case]
    write_clips(tmp_path / "t.npz", partial_truth(clips, LIMBS))
    with np.load(tmp_path / "t.npz") as file:
        arrays = dict(file)
    arrays |= change(arrays)
    np.savez(tmp_path / "t.npz", **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(UserError, match=message) as caught:
        read_clips(tmp_path / "t.npz", truth=True)
    assert "\n" not in str(caught.value)
    read_clips(tmp_path / "t.npz")  # training does not open it


def test_unknown_truth_needs_names(clips: Clips, tmp_path: Path) -> None:
    truth = clips.joints_cam.copy()
    truth[4, 2] = np.nan
    with pytest.raises(UserError, match="may be NaN in a file with 'truth_joint_names'"):
        write_clips(tmp_path / "t.npz", replace(clips, joints_cam=truth))


def test_too_little_in_common_is_refused_in_one_line(clips: Clips, predicted: np.ndarray, tmp_path: Path) -> None:
    few = partial_truth(clips, LIMBS[:5])
    with pytest.raises(UserError, match=r"5 joints in common .*expected at least 6 of pelvis"):
        score_joints(predicted, few, metric_scale=True)
    with pytest.raises(UserError, match="both have 5 of its 12 joints, expected 6"):
        run_protocol("aist12", predicted, few, metric_scale=True)
    face = replace(few, joints_cam=few.joints_cam, truth_joint_names=np.array(COCO17.joints[:5]))
    with pytest.raises(UserError, match="knows none of the joints of h36m17"):
        score_joints(predicted, face, metric_scale=True)
    np.savez(tmp_path / "p.npz", joints=predicted[:, list(LIMBS12[:4])], joint_names=LIMBS[:4])
    with pytest.raises(UserError, match=r"p.npz have 4 joints in common \(left_shoulder") as caught:
        score_file(tmp_path / "p.npz", replace(few, **vars(partial_truth(clips, LIMBS))))
    assert "\n" not in str(caught.value)
    gone = partial_truth(clips, LIMBS)
    truth = gone.joints_cam.copy()
    truth[::2, 0], truth[1::2, 1] = np.nan, np.nan
    with pytest.raises(UserError, match="no frame that counts knows all of the truth's joints"):
        score_joints(predicted, replace(gone, joints_cam=truth), metric_scale=True)
