"""The field's protocols against literal versions of what each prescribes, and lists of frames."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body.model import BodyModel, joints, vertices
from pn3d.data.clips import Clips
from pn3d.evaluation import metrics, protocols, report
from pn3d.evaluation.body_metrics import SmplTrack, true_track
from pn3d.evaluation.protocol_run import read_frames, run_protocol, run_protocols
from pn3d.evaluation.protocols import PROTOCOLS
from pn3d.files.errors import UserError
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import H36M17
from tests.support.evaluation_cases import make_clips, small_body

LSP_NAMES = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow"),
    *("right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "thorax", "head"),
)


def test_rows_and_titles_are_of_the_same_protocols() -> None:
    assert set(PROTOCOLS) == set(protocols._TITLES)
    assert all(protocol.numbers and protocol.title for protocol in PROTOCOLS.values())


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips((130, 70, 11))


@pytest.fixture(scope="module")
def predicted(clips: Clips) -> np.ndarray:
    rng = np.random.default_rng(0)
    noisy = clips.joints_cam * 1.1 + rng.normal(size=clips.joints_cam.shape) * 0.06 + [0.2, 0, 1]
    noisy[::3, :, 2] *= -1
    return noisy


def value(name: str, key: str, *args: object, **more: object) -> float:
    found = {v.number.key: v.value for v in run_protocol(name, *args, **more).values}
    return found[key]


def literal_pa(p: np.ndarray, g: np.ndarray) -> float:
    return float(metrics.pa_mpjpe_mm(p[None], g[None])[0])


def lsp(joints: np.ndarray) -> np.ndarray:
    return joints[[H36M17.joints.index(name) for name in LSP_NAMES]]


@pytest.mark.parametrize(
    ("name", "key", "single"),
    [
        ("h36m-p1", "mpjpe_mm", metrics.mpjpe_mm),
        ("h36m-p2", "pa_mpjpe_mm", metrics.pa_mpjpe_mm),
        ("h36m-p3", "n_mpjpe_mm", metrics.n_mpjpe_mm),
    ],
)
def test_human36m_averages_frames_within_actions_then_actions(name, key, single, clips, predicted):
    truth = clips.joints_cam
    walk = np.mean([single(predicted[i : i + 1], truth[i : i + 1])[0] for i in range(200)])
    box = np.mean([single(predicted[i : i + 1], truth[i : i + 1])[0] for i in range(200, 211)])
    result = run_protocol(name, predicted, clips, metric_scale=True)
    assert result.values[0].number.key == key
    assert result.values[0].value == pytest.approx((walk + box) / 2)
    assert result.values[0].per_action == pytest.approx({"walk": walk, "box": box})
    assert result.values[0].frames == 211


def test_lsp_joints_and_the_frontal_camera(clips, predicted):
    truth = clips.joints_cam
    pa = np.array([literal_pa(lsp(p), lsp(g)) for p, g in zip(predicted, truth, strict=True)])
    both = (pa[:200].mean() + pa[200:].mean()) / 2
    assert value("h36m-14", "pa_mpjpe_14_mm", predicted, clips, metric_scale=False) == pytest.approx(both)
    frontal = value("h36m-14", "pa_mpjpe_14_spin_mm", predicted, clips, metric_scale=False)
    assert frontal == pytest.approx(pa[[200, 205, 210]].mean())
    with pytest.raises(KeyError):  # the last clip is not a first trial
        value("h36m-14", "pa_mpjpe_14_hmr_mm", predicted, clips, metric_scale=False)
    first = replace(clips, clip_name=np.array(["walk/S9_0/cam3", "walk/S9_1/cam3", "box/S9_0/cam2"]))
    got = value("h36m-14", "pa_mpjpe_14_hmr_mm", predicted, first, metric_scale=False)
    assert got == pytest.approx(pa[:130].mean())
    hips = [H36M17.joints.index("left_hip"), H36M17.joints.index("right_hip")]
    errors = []
    for p, g in zip(predicted, truth, strict=True):
        p, g = lsp(p - p[hips].mean(axis=0)), lsp(g - g[hips].mean(axis=0))
        errors.append(1000 * np.linalg.norm(p - g, axis=1).mean())
    got = value("h36m-14", "mpjpe_14_mm", predicted, clips, metric_scale=True)
    assert got == pytest.approx((np.mean(errors[:200]) + np.mean(errors[200:])) / 2)
    other = replace(clips, clip_name=np.array(["walk/a/cam0", "walk/a/cam1", "box/b/cam2"]))
    result = run_protocol("h36m-14", predicted, other, metric_scale=False)
    assert result.left_out["pa_mpjpe_14_spin_mm"] == "no frame of a clip whose name ends in /cam3"
    assert "no metric scale" in result.left_out["mpjpe_14_mm"]


def test_elepose_takes_every_64th_frame_of_each_clip(clips, predicted):
    chosen = [0, 64, 128, 130, 194, 200]
    result = run_protocol("elepose", predicted, clips, metric_scale=False)
    assert {v.frames for v in result.values} == {6}
    literal, scaled = [], []
    for i in chosen:
        p, g = predicted[i], clips.joints_cam[i].astype(float)
        literal.append(min(literal_pa(p, g), literal_pa(p * [-1, 1, 1], g)))
        p, g = p - p[0], g - g[0]
        p = p / np.sqrt((p**2).sum()) * np.sqrt((g**2).sum())
        scaled.append(1000 * np.linalg.norm(p - g, axis=1).mean())
    assert [v.value for v in result.values] == pytest.approx([np.mean(literal), np.mean(scaled)])


def test_links_scores_a_list_of_frames(clips, predicted, tmp_path: Path):
    with pytest.raises(UserError, match="--frames FILE"):
        run_protocol("links", predicted, clips, metric_scale=False)
    (tmp_path / "frames.txt").write_text("# kept\n3\n\n200 # a comment\n64\n")
    frames = read_frames(tmp_path / "frames.txt", clips.frames)
    np.testing.assert_array_equal(frames, [3, 64, 200])
    result = run_protocol("links", predicted, clips, metric_scale=False, frames=frames)
    expected = metrics.pa_mpjpe_reflected_mm(predicted[frames], clips.joints_cam[frames]).mean()
    assert result.values[0].value == pytest.approx(expected)
    assert result.values[0].frames == 3
    np.save(tmp_path / "frames.npy", np.array([5, 2], np.int32))
    np.testing.assert_array_equal(read_frames(tmp_path / "frames.npy", clips.frames), [2, 5])


def test_ites_takes_the_better_of_two(clips, predicted):
    both = [
        min(literal_pa(p, g), literal_pa(p * [1, 1, -1], g)) for p, g in zip(predicted, clips.joints_cam, strict=True)
    ]
    got = value("ites", "flip_min_pa_mpjpe_mm", predicted, clips, metric_scale=False)
    assert got == pytest.approx(np.mean(both))
    assert got < value("h36m-p2", "pa_mpjpe_mm", predicted, clips, metric_scale=False)


def test_3dhp_counts_14_joints_strictly(clips, predicted):
    plain, scaled, areas = [], [], []
    for p, g in zip(predicted, clips.joints_cam.astype(float), strict=True):
        p, g = lsp(p - p[0]), lsp(g - g[0])
        distance = 1000 * np.linalg.norm(p - g, axis=1)
        plain.append(100 * np.mean(distance < 150))
        areas.append(100 * np.mean([np.mean(distance < t) for t in range(0, 151, 5)]))
        scaled.append(100 * np.mean(1000 * np.linalg.norm((p * g).sum() / (p * p).sum() * p - g, axis=1) < 150))
    arguments = (predicted, clips)
    assert value("3dhp", "pck150_pct", *arguments, metric_scale=True) == pytest.approx(np.mean(plain))
    assert value("3dhp", "auc_pct", *arguments, metric_scale=True) == pytest.approx(np.mean(areas))
    result = run_protocol("3dhp", predicted, clips, metric_scale=False)
    assert set(result.left_out) == {"pck150_pct", "auc_pct", "mpjpe_mm"}
    assert {v.number.key: v.value for v in result.values}["pck150_scaled_pct"] == pytest.approx(np.mean(scaled))
    on_the_threshold = clips.joints_cam.astype(float) * 0
    truth = replace(clips, joints_cam=np.zeros_like(clips.joints_cam))
    on_the_threshold[:, 1:, 0] = 0.15
    assert value("3dhp", "pck150_pct", on_the_threshold, truth, metric_scale=True) == 0


def test_3dpw_with_a_body(clips, predicted):
    truth, body = true_track(clips), small_body()
    shifted = SmplTrack(truth.poses_cam, truth.betas, truth.transl_cam_m + 3)
    smpl = {"metric_scale": True, "body": body}
    assert value("3dpw", "pve_mm", predicted, clips, predicted_smpl=shifted, **smpl) == pytest.approx(0, abs=1e-3)
    # a body turned half about its pelvis: twice the distance from the axis of the rotation
    turned = truth.poses_cam.copy()
    turned[:, 0] = 0
    half = turned.copy()
    half[:, 0] = [0, np.pi, 0]
    still = replace(clips, poses=turned)
    got = value("3dpw", "pve_mm", predicted, still, predicted_smpl=replace_poses(truth, half), **smpl)
    radius_m = np.linalg.norm(about_pelvis_m(true_track(still), clips, body)[..., [0, 2]], axis=-1)
    assert got == pytest.approx(2000 * radius_m.mean(), rel=1e-4)
    # another shape moves the pelvis joint within the body: it is put back
    other = SmplTrack(truth.poses_cam, truth.betas[::-1], truth.transl_cam_m)
    literal = np.linalg.norm(about_pelvis_m(other, clips, body) - about_pelvis_m(truth, clips, body), axis=-1).mean()
    got = value("3dpw", "pve_mm", predicted, clips, predicted_smpl=other, **smpl)
    assert got == pytest.approx(1000 * literal, rel=1e-4)
    pa = [literal_pa(lsp(p), lsp(g)) for p, g in zip(predicted, clips.joints_cam, strict=True)]
    assert value("3dpw", "pa_mpjpe_14_mm", predicted, clips, metric_scale=False) == pytest.approx(np.mean(pa))
    about_pelvis = [
        1000 * np.linalg.norm(lsp(p - p[0]) - lsp(g - g[0]), axis=1).mean()
        for p, g in zip(predicted, clips.joints_cam, strict=True)
    ]
    got = value("3dpw", "mpjpe_14_mm", predicted, clips, metric_scale=True)
    assert got == pytest.approx(np.mean(about_pelvis), rel=1e-6)
    for more, reason in (
        ({}, "no SMPL parameters"),
        ({"predicted_smpl": shifted}, "need the body"),
        ({"predicted_smpl": shifted, "body": body.replace(name="another")}, "need the body"),
    ):
        assert reason in run_protocol("3dpw", predicted, clips, metric_scale=True, **more).left_out["pve_mm"]


def replace_poses(track: SmplTrack, poses: np.ndarray) -> SmplTrack:
    return SmplTrack(poses, track.betas, track.transl_cam_m)


@jax.jit
def surface_m(body: BodyModel, betas: jax.Array, poses: jax.Array) -> jax.Array:
    turns, nowhere = rotations.axis_angle_to_matrix(poses), jnp.zeros((len(poses), 3))
    return vertices(body, betas, turns, nowhere) - joints(body, betas, turns, nowhere)[:, :1]


def about_pelvis_m(track: SmplTrack, clips: Clips, body: BodyModel) -> np.ndarray:
    """(N, V, 3) vertices relative to the posed pelvis joint."""
    return np.asarray(surface_m(body, track.betas[clips.clip_of_frame], track.poses_cam))


def test_every_protocol_is_zero_on_the_truth(clips):
    truth = clips.joints_cam
    results, skipped = run_protocols(None, truth, clips, metric_scale=True)
    assert [result.name for result in results] + list(skipped) == [
        *(n for n in PROTOCOLS if n not in ("links", "aist12")),
        *("links", "aist12"),
    ]
    for result in results:
        for found in result.values:
            expected = {"mm": 0, "%": 100 * 30 / 31 if "auc" in found.number.key else 100}[found.number.unit]
            assert found.value == pytest.approx(expected, abs=1e-4), found.number.key


def test_each_number_prints_its_convention(clips, predicted):
    results, skipped = run_protocols(None, predicted, clips, metric_scale=True)
    text = report.protocol_table("a method", results, skipped)
    for result in results:
        assert PROTOCOLS[result.name].title in text
        for found in result.values:
            assert found.number.convention in text
            assert f"{found.value:.1f}" in text
    assert "links: skipped: protocol 'links' scores a list of frames" in text
    assert "pve_mm left out: the prediction has no SMPL parameters" in text


def test_missing_joints_leave_numbers_out(clips, predicted):
    partial = predicted.copy()
    partial[:, H36M17.joints.index("spine")] = np.nan
    results, skipped = run_protocols(None, partial, clips, metric_scale=True)
    assert {result.name for result in results} == {"h36m-14", "3dhp", "3dpw"}
    assert "no spine" in skipped["h36m-p2"]
    assert value("3dpw", "pa_mpjpe_14_mm", partial, clips, metric_scale=True) == pytest.approx(
        value("3dpw", "pa_mpjpe_14_mm", predicted, clips, metric_scale=True)
    )
    with pytest.raises(UserError, match=r"'h36m-p2' does not apply.*no spine"):
        run_protocol("h36m-p2", partial, clips, metric_scale=True)
    partial[3, 4] = np.nan  # a joint that is there in other frames must not be skipped
    with pytest.raises(ValueError, match="finite"):
        run_protocol("h36m-14", partial, clips, metric_scale=True)


def test_mistakes_are_told_in_one_line(clips, predicted, tmp_path: Path):
    with pytest.raises(UserError, match="unknown protocol 'p1'; known protocols: h36m-p1"):
        run_protocol("p1", predicted, clips, metric_scale=True)
    with pytest.raises(UserError, match="no metric scale"):
        run_protocol("h36m-p1", predicted, clips, metric_scale=False)
    with pytest.raises(UserError, match="joints_cam"):
        run_protocol("h36m-p1", predicted, replace(clips, joints_cam=None), metric_scale=True)
    with pytest.raises(ValueError, match="one shape"):
        run_protocol("h36m-p1", predicted[:5], clips, metric_scale=True)
    frames = tmp_path / "frames.txt"
    for text, message in (
        ("1\n1\n", "named more than once"),
        ("211\n", r"within 0 \.\.\. 210"),
        ("-1\n", "within 0"),
        ("one\n", "cannot read"),
        ("# none\n", "expected a list"),
    ):
        frames.write_text(text)
        with pytest.raises(UserError, match=message) as error:
            read_frames(frames, clips.frames)
        assert "\n" not in str(error.value)
    np.save(tmp_path / "frames.npy", np.array([1.5]))
    with pytest.raises(UserError, match="found float64"):
        read_frames(tmp_path / "frames.npy", clips.frames)
    with pytest.raises(UserError, match="cannot read"):
        read_frames(tmp_path / "missing.txt", clips.frames)
