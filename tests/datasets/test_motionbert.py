"""MotionBERT's Human3.6M file, written by the pickle module as its authors do, and broken."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.data.clips import TRUTH_FIELDS
from pn3d.datasets import motionbert
from pn3d.datasets.human36m_cameras import CAMERA_NAMES, IMAGE_SIZES
from pn3d.datasets.motionbert import LEFT_OUT, read_motionbert
from pn3d.files.errors import UserError
from pn3d.files.pickle_machine import Caps
from tests.support.human36m_files import write_cameras

SOURCES = {
    "train": ["s_01_act_02_subact_01_ca_01", "s_01_act_02_subact_01_ca_02", "s_05_act_15_subact_02_ca_02"],
    "test": ["s_09_act_12_subact_02_ca_03", LEFT_OUT[0] + "_ca_01", "s_11_act_16_subact_01_ca_04"],
}
LENGTH = 6


def make_content(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    content = {}
    for split, sources in SOURCES.items():
        n = LENGTH * len(sources)
        cameras = np.repeat([CAMERA_NAMES[int(s[-1]) - 1] for s in sources], LENGTH)
        content[split] = {
            "joint_2d": rng.uniform(100, 900, (n, 17, 2)).astype(np.float32),
            "confidence": rng.uniform(0, 1.05, (n, 17, 1)).astype(np.float32),
            "joint3d_image": rng.uniform(100, 900, (n, 17, 3)),
            "camera_name": cameras,
            "source": list(np.repeat(sources, LENGTH).tolist()),
        }
    n = LENGTH * len(SOURCES["test"])
    content["test"]["2.5d_factor"] = rng.uniform(3, 5, n)
    content["test"]["joints_2.5d_image"] = rng.uniform(-3000, 3000, (n, 17, 3))
    content["test"]["action"] = ["Photo"] * n
    return content


def write(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_clips_confidence_and_truth(protocol: int, tmp_path: Path) -> None:
    content = make_content()
    clips = read_motionbert(write(tmp_path / "h36m.pkl", content, protocol))
    train, test = clips["train"], clips["test"]
    assert train.clip_name.tolist() == ["Directions/S1_0/cam0", "Directions/S1_0/cam1", "WalkDog/S5_1/cam1"]
    assert test.clip_name.tolist() == ["Photo/S9_1/cam2", "WalkTogether/S11_0/cam3"]
    assert all(getattr(train, key) is None for key in TRUTH_FIELDS)
    np.testing.assert_array_equal(train.keypoints, content["train"]["joint_2d"])
    np.testing.assert_array_equal(train.confidence, np.minimum(content["train"]["confidence"][..., 0], 1))
    assert [tuple(s) for s in train.image_size.tolist()] == [IMAGE_SIZES[k] for k in (0, 1, 1)]
    kept = [*range(LENGTH), *range(2 * LENGTH, 3 * LENGTH)]
    truth = content["test"]["joints_2.5d_image"][kept]
    np.testing.assert_allclose(
        test.joints_cam - test.joints_cam[:, :1], (truth - truth[:, :1]) / 1000, atol=1e-5
    )  # as MotionBERT's tables use it
    # The pelvis is on its own ray, at the depth of its scale: focal length 1.15 * 1000 or 1002 px.
    focal = 1.15 * np.repeat([1000, 1002], LENGTH)
    root, factor = test.joints_cam[:, 0], content["test"]["2.5d_factor"][kept]
    np.testing.assert_allclose(root[:, 2], factor * focal / 1000, rtol=1e-5)
    centre = np.repeat([[500, 500], [500, 501]], LENGTH, axis=0)
    px = content["test"]["joint_2d"][kept][:, 0]
    np.testing.assert_allclose(root[:, :2] / root[:, 2:] * focal[:, None] + centre, px, atol=0.01)


def test_cameras_give_intrinsics(tmp_path: Path) -> None:
    path = write(tmp_path / "h36m.pkl", make_content())
    clips = read_motionbert(path, cameras=write_cameras(tmp_path, "npz"), splits=("test",))["test"]
    np.testing.assert_allclose(clips.intrinsics, [[1147, 1143, 514.5, 507], [1148, 1143, 515.5, 506]])


def _change(split: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for key, value in changes.items():
            name = key.replace("half_d", ".5d")
            if value is None:
                content[split].pop(name)
            else:
                content[split][name] = value

    return change


N = 3 * LENGTH
NAN = np.full((N, 17, 3), np.nan)
BAD = {
    "no test": (lambda c: c.pop("test"), r"no key 'test'; it has 'train'"),
    "no 2D": (_change("train", joint_2d=None), "no key 'joint_2d'"),
    "16 joints": (_change("train", joint_2d=np.ones((N, 16, 2))), r"'joint_2d' must have shape \(T, 17, 2\)"),
    "normalised": (_change("train", joint_2d=np.ones((N, 17, 2))), "must be in pixels"),
    "no truth": (_change("test", **{"joints_2half_d_image": None}), "no key 'joints_2.5d_image'"),
    "NaN truth": (_change("test", **{"joints_2half_d_image": NAN}), "'joints_2.5d_image' must be finite"),
    "short truth": (_change("test", **{"joints_2half_d_image": NAN[1:]}), r"\(18, 17, 3\), found \(17, 17, 3\)"),
    "short names": (_change("train", source=["s_01_act_02_subact_01_ca_01"]), "18 names.*found a list of 1"),
    "other names": (_change("train", source=["S1 Walking"] * N), "names such as 's_09_act_05.*'S1 Walking'"),
    "no such action": (_change("train", source=["s_01_act_99_subact_01_ca_01"] * N), "names such as"),
    "other camera": (_change("train", camera_name=["1"] * N), "'camera_name' of 's_01.*must be 54138969"),
    "NaN confidence": (_change("train", confidence=NAN[..., 0]), "'confidence' must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    change, message = BAD[case]
    content = make_content()
    change(content)
    with pytest.raises(UserError, match=message) as caught:
        read_motionbert(write(tmp_path / "h36m.pkl", content))
    assert "\n" not in str(caught.value)
    assert "h36m.pkl" in str(caught.value)


def test_the_training_part_is_read_without_any_3d(tmp_path: Path) -> None:
    content = make_content()
    content["train"]["joint3d_image"] = "anything"
    assert read_motionbert(write(tmp_path / "h36m.pkl", content), splits=("train",))["train"].frames == N


def test_an_object_of_another_class_is_refused_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "h36m.pkl", {"train": Path("/etc")})
    with pytest.raises(UserError):
        read_motionbert(path)


def test_what_a_file_may_ask_for_is_enough_for_the_true_one_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The true file has 1.2 GB and some names for each of 2.1 million frames (``benchmarks/convert_motionbert.py``)."""
    assert motionbert.DATA_SET_CAPS.file_bytes > 2 << 30
    assert motionbert.DATA_SET_CAPS.operations > 4 * 2_100_000 * 2
    path = write(tmp_path / "h36m.pkl", make_content())
    for caps, message in (
        (Caps(file_bytes=1 << 10), "cannot read .*h36m.pkl: it has 0 MB; at most 0 are read"),
        (Caps(operations=50), "more than 50 operations"),
        (Caps(built_bytes=10), "its arrays take more than"),
    ):
        monkeypatch.setattr(motionbert, "DATA_SET_CAPS", caps)
        with pytest.raises(UserError, match=message):
            read_motionbert(path)
