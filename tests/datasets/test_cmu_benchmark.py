"""The CMU benchmark built from BVH files of the public conversion's kind."""

from pathlib import Path

import numpy as np
import pytest

from pn3d.commands.main import main
from pn3d.data.clips import TRUTH_FIELDS, Clips, read_clips
from pn3d.datasets.bvh_names import UNITS_M
from pn3d.datasets.cmu_benchmark import MOTIONS, make_benchmark, random_proportions, with_body
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tests.support.bvh_files import bvh_text, cmu_skeleton, motion_of

TRIALS = ("07_01", "07_02", "08_03", "09_01", "09_02", "06_02")


def write_release(folder: Path, trials: tuple[str, ...] = TRIALS, frames: int = 161) -> Path:
    """``data/007/07_01.bvh`` …: CMU's unit, 120 frames per second, the first frame a T-pose at the origin."""
    for number, trial in enumerate(trials):
        skeleton = cmu_skeleton()
        angles, path = motion_of(skeleton, frames, seed=number)
        for value in angles.values():
            value[0] = 0
        path[0] = [50, 50, 50]  # nobody was there: it must not be rendered
        place = folder / "data" / f"0{trial[:2]}" / f"{trial}.bvh"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(bvh_text(skeleton, angles, path, unit_m=UNITS_M["cmu"]))
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("cmu"))


@pytest.fixture(scope="module")
def built(release: Path) -> dict[str, Clips]:
    return make_benchmark(release, seed=1)


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    """(T, 17, 3) -> (T, 16)."""
    return np.stack([np.linalg.norm(joints[:, c] - joints[:, p], axis=-1) for p, c in H36M17.bones], axis=1)


def test_trials_of_the_index() -> None:
    assert MOTIONS["walking"][:3] == ("07_01", "07_02", "07_03")
    assert "118_30" in MOTIONS["jumping"]
    assert "27_06" in MOTIONS["basketball_signal"]
    names = [trial for trials in MOTIONS.values() for trial in trials]
    assert len(names) == len(set(names)), "no trial is two actions"


def test_splits_actions_and_views(built: dict[str, Clips]) -> None:
    assert set(built) == {"train_gt", "train_det", "dev_gt", "dev_det"}
    for split in ("train", "dev"):
        gt, det = built[f"{split}_gt"], built[f"{split}_det"]
        assert gt.clip_name.tolist() == det.clip_name.tolist()
        assert [str(name)[-1] for name in gt.clip_name] == ["0", "1", "2", "3"] * (gt.num_clips // 4)
        assert (gt.lengths == 40).all(), "160 frames at 120 become 40 at 30, without the T-pose"
        np.testing.assert_allclose(gt.fps, 30, atol=0.01)
    sequences = {split: {str(n)[:-5] for n in built[f"{split}_gt"].clip_name} for split in ("train", "dev")}
    assert not sequences["train"] & sequences["dev"]
    assert sequences["train"] | sequences["dev"] == {
        *("walking/07_01", "walking/07_02", "walking/08_03", "running/09_01", "running/09_02", "basketball/06_02")
    }
    assert {name.split("/")[0] for name in sequences["dev"]} == {"walking", "running"}


def test_training_has_no_truth_and_development_has(built: dict[str, Clips]) -> None:
    for name, clips in built.items():
        given = {key for key in (*TRUTH_FIELDS, "intrinsics") if getattr(clips, key) is not None}
        assert given == ({"joints_cam", "intrinsics", "up_cam"} if name.startswith("dev") else set())
    gt, det = built["dev_gt"], built["dev_det"]
    k = gt.intrinsics[gt.clip_of_frame][:, None]
    px = gt.joints_cam[..., :2] / gt.joints_cam[..., 2:] * k[..., :2] + k[..., 2:]
    np.testing.assert_allclose(gt.keypoints, px, atol=0.02)
    assert (gt.confidence == 1).all()
    assert (det.confidence == 0).any()
    found = det.confidence > 0.5
    assert 1 < np.median(np.linalg.norm(det.keypoints - px, axis=-1)[found]) < 12


def test_bodies_are_rigid_and_differ(built: dict[str, Clips]) -> None:
    gt = built["dev_gt"]
    lengths = bone_lengths(gt.joints_cam)
    left = [i for i, (_, child) in enumerate(H36M17.bones) if H36M17.joints[child].startswith("left_")]
    twins = [H36M17.mirror[H36M17.bones[i][1]] for i in left]
    right = [[child for _, child in H36M17.bones].index(twin) for twin in twins]
    np.testing.assert_allclose(lengths[:, left], lengths[:, right], atol=2e-4)
    a, b = lengths[gt.clip_start[0]], lengths[gt.clip_start[4]]
    assert np.abs(a / b - 1).max() > 0.02
    np.testing.assert_allclose(lengths[gt.clip_start[0]], lengths[gt.clip_start[1]], atol=1e-4)


def test_proportions() -> None:
    rng = np.random.default_rng(0)
    factors = np.stack([random_proportions(rng) for _ in range(500)])
    np.testing.assert_array_equal(factors, factors[:, list(H36M17.mirror)])
    assert 0.88 <= factors[:, 0].min() < 0.90
    assert 1.12 < factors[:, 0].max() <= 1.14
    segments = factors[:, 1:] / factors[:, :1]
    np.testing.assert_allclose(segments.std(axis=0), 0.03, atol=0.004)
    spine, thorax = H36M17.index("spine"), H36M17.index("thorax")
    np.testing.assert_array_equal(factors[:, spine], factors[:, thorax])
    joints = rng.normal(size=(5, 17, 3))
    np.testing.assert_allclose(bone_lengths(with_body(joints, factors[0])), bone_lengths(joints) * factors[0, 1:])
    np.testing.assert_allclose(with_body(joints, np.ones(17)), joints)


def test_the_seed_decides(release: Path, built: dict[str, Clips]) -> None:
    again = make_benchmark(release, seed=1)
    for name, clips in built.items():
        np.testing.assert_array_equal(again[name].keypoints, clips.keypoints)
        np.testing.assert_array_equal(again[name].confidence, clips.confidence)
    other = make_benchmark(release, seed=2)["train_gt"]
    clip = "basketball/06_02/cam0"  # the one trial of its action, so in training whatever the seed
    frames = [c.clip_of_frame == c.clip_name.tolist().index(clip) for c in (other, built["train_gt"])]
    assert np.abs(other.keypoints[frames[0]] - built["train_gt"].keypoints[frames[1]]).max() > 10
    few = make_benchmark(release, seed=1, motions={"walking": ("07_01", "07_02", "99_01")})
    assert {str(n).split("/")[1] for c in few.values() for n in c.clip_name} == {"07_01", "07_02"}


def test_the_command_writes_four_files(
    release: Path, built: dict[str, Clips], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make-benchmark", str(release), str(tmp_path / "cmu.npz"), "--seed", "1"]) == 0
    said = capsys.readouterr().out
    for name, clips in built.items():
        written = read_clips(tmp_path / f"cmu_{name}.npz", truth=True)
        np.testing.assert_array_equal(written.keypoints, clips.keypoints)
        assert (written.joints_cam is None) == name.startswith("train")
        assert f"{name}: {tmp_path / f'cmu_{name}.npz'}, {clips.frames} frames in {clips.num_clips} clips" in said
    assert main(["make-benchmark", str(tmp_path / "none"), str(tmp_path / "cmu.npz")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_missing_and_short_trials(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        make_benchmark(tmp_path / "none")
    with pytest.raises(
        UserError, match=r"too few of the trials \(07_01, 09_01, 13_11 …\) are among its BVH files: none"
    ):
        make_benchmark(tmp_path)
    write_release(tmp_path, ("07_01", "07_02"), frames=100)
    with pytest.raises(UserError, match=r"07_0\d\.bvh: 25 frames at 30 per second; expected 30 or more"):
        make_benchmark(tmp_path)


def test_it_is_like_the_benchmark_that_is_there(built: dict[str, Clips], cmu: Path) -> None:
    """The same format; the detector's errors are in the same relation to the person's size."""
    theirs = {name: read_clips(cmu / f"cmu_{name}.npz", truth=True) for name in ("dev_gt", "dev_det")}

    def mean_error(files: dict[str, Clips]) -> float:
        gt, det = files["dev_gt"], files["dev_det"]
        height = np.ptp(gt.keypoints[..., 1], axis=1)[:, None]
        return float((np.linalg.norm(det.keypoints - gt.keypoints, axis=-1) / height)[det.confidence > 0].mean())

    assert mean_error(built) == pytest.approx(mean_error(theirs), rel=0.1)
    assert built["dev_gt"].image_size[0].tolist() == theirs["dev_gt"].image_size[0].tolist()
