"""The native keypoint file: round trips, selections, and every way in which a file can be wrong."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pn3d.data.clips import TRUTH_FIELDS, Clips, concatenate, read_clips, require_truth, select, write_clips
from pn3d.files.errors import UserError
from pn3d.geometry.camera import assumed_intrinsics
from pn3d.geometry.skeleton import COCO17, H36M17

LENGTHS = (5, 1, 7)


def make_clips(seed: int = 0, *, truth: bool = False, intrinsics: bool = True) -> Clips:
    rng = np.random.default_rng(seed)
    n, c = sum(LENGTHS), len(LENGTHS)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    clips = Clips(
        keypoints=500 + 100 * normal(n, 17, 2),
        confidence=rng.uniform(0, 1, (n, 17)).astype(np.float32),
        clip_start=np.concatenate([[0], np.cumsum(LENGTHS)]),
        clip_name=np.array(["walk/a/cam0", "walk/a/cam1", "run"]),
        image_size=np.array([[1000, 900]] * c, np.int32),
        fps=np.full(c, 30, np.float32),
        layout=H36M17,
        intrinsics=np.full((c, 4), 1000, np.float32) if intrinsics else None,
    )
    if truth:
        clips = replace(
            clips,
            joints_cam=normal(n, 17, 3),
            poses=normal(n, 24, 3),
            betas=normal(c, 10),
            transl_cam_m=normal(n, 3),
            body="some-body",
            up_cam=np.array([[0, -1, 0]] * c, np.float32),
            scored=rng.uniform(size=n) < 0.7,
        )
    return clips


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def assert_equal(a: Clips, b: Clips) -> None:
    for key in Clips.__dataclass_fields__:
        left, right = getattr(a, key), getattr(b, key)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, key
            np.testing.assert_array_equal(left, right, err_msg=key)
        else:
            assert left == right, key


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "clips.npz"
    write_clips(path, make_clips(truth=True))
    return path


def test_round_trip_and_properties(stored: Path) -> None:
    clips = read_clips(stored, truth=True)
    assert_equal(clips, make_clips(truth=True))
    assert (clips.frames, clips.num_clips) == (13, 3)
    assert clips.actions.tolist() == ["walk", "walk", "run"]
    assert clips.lengths.tolist() == list(LENGTHS)
    assert clips.clip_of_frame.tolist() == [0] * 5 + [1] + [2] * 7
    assert clips.joint_names.tolist() == list(H36M17.joints)
    assert os.listdir(stored.parent) == [stored.name], "the temporary file is gone"


def test_documented_dtypes_are_what_is_in_the_file(stored: Path) -> None:
    dtypes = {key: value.dtype for key, value in arrays_of(stored).items()}
    for key in ("keypoints", "confidence", "fps", "intrinsics", "joints_cam", "poses", "betas", "transl_cam_m"):
        assert dtypes[key] == np.float32
    assert dtypes["clip_start"] == np.int64
    assert dtypes["image_size"] == np.int32
    assert {dtypes[key].kind for key in ("clip_name", "joint_names", "layout", "body")} == {"U"}


def test_training_never_opens_truth(stored: Path) -> None:
    arrays = arrays_of(stored)
    np.savez(stored, **(arrays | {"joints_cam": np.array([object()], dtype=object), "poses": np.zeros(3)}))
    clips = read_clips(stored)
    assert all(getattr(clips, key) is None for key in TRUTH_FIELDS)
    with pytest.raises(UserError, match=r"joints_cam.*evaluation"):
        require_truth(clips)
    with pytest.raises(UserError, match="'joints_cam' is a pickled"):
        read_clips(stored, truth=True)


def test_a_member_that_is_no_array_is_refused(stored: Path) -> None:
    with zipfile.ZipFile(stored) as whole, zipfile.ZipFile(stored.with_name("odd.npz"), "w") as odd:
        for member in whole.namelist():
            name, content = ("keypoints", b"0 0 1") if member == "keypoints.npy" else (member, whole.read(member))
            odd.writestr(name, content)
    with pytest.raises(UserError, match="'keypoints' is no array"):
        read_clips(stored.with_name("odd.npz"))


def test_other_widths_of_the_same_kind_are_converted(stored: Path) -> None:
    arrays = arrays_of(stored)
    wide = {key: value.astype(np.float64) for key, value in arrays.items() if value.dtype == np.float32}
    np.savez(stored, **(arrays | wide | {"image_size": arrays["image_size"].astype(np.uint16)}))
    assert_equal(read_clips(stored, truth=True), make_clips(truth=True))


def _nan(arrays: dict, key: str, value: float = np.nan) -> np.ndarray:
    changed = arrays[key].copy()
    changed.flat[3] = value
    return changed


BAD = {
    "missing key": (lambda a: {"fps": None}, "no key 'fps'"),
    "no layout": (lambda a: {"layout": None}, "no key 'layout'"),
    "pickled keypoints": (lambda a: {"keypoints": np.array([{}], dtype=object)}, "'keypoints' is a pickled"),
    "integer keypoints": (lambda a: {"keypoints": a["keypoints"].astype(int)}, "'keypoints' must be float32"),
    "float clip_start": (lambda a: {"clip_start": a["clip_start"] * 1.0}, "'clip_start' must be int64"),
    "byte names": (lambda a: {"clip_name": a["clip_name"].astype("S")}, "'clip_name' must be str"),
    "keypoints 3D": (lambda a: {"keypoints": np.zeros((13, 17, 3), "f4")}, r"'keypoints'.*\(13, 17, 2\).*17, 3"),
    "scalar keypoints": (lambda a: {"keypoints": np.float32(1)}, "'keypoints' must have shape"),
    "confidence short": (lambda a: {"confidence": a["confidence"][:-1]}, r"'confidence'.*\(13, 17\).*\(12, 17\)"),
    "fps shape": (lambda a: {"fps": a["fps"][:, None]}, "'fps' must have shape"),
    "NaN keypoint": (lambda a: {"keypoints": _nan(a, "keypoints")}, r"'keypoints'.*nan at \[0, 1, 1\].*confidence 0"),
    "inf keypoint": (lambda a: {"keypoints": _nan(a, "keypoints", np.inf)}, "'keypoints' must be finite"),
    "overflow": (lambda a: {"keypoints": a["keypoints"].astype(float) * 1e200}, "'keypoints' must be finite"),
    "far keypoint": (lambda a: {"keypoints": _nan(a, "keypoints", 1e30)}, r"must be pixels, found .* at \[0, 1\]"),
    "NaN confidence": (lambda a: {"confidence": _nan(a, "confidence")}, "'confidence' must be finite"),
    "confidence 2": (lambda a: {"confidence": _nan(a, "confidence", 2)}, r"'confidence' must be in \[0, 1\].* 2"),
    "confidence -1": (lambda a: {"confidence": _nan(a, "confidence", -1)}, r"\[0, 1\], found -1"),
    "unknown layout": (lambda a: {"layout": np.array("h37m")}, "unknown layout 'h37m'"),
    "layout number": (lambda a: {"layout": np.array(17)}, "'layout' must be one str"),
    "permuted": (lambda a: {"joint_names": a["joint_names"][::-1]}, "0: right_wrist instead of pelvis.*and 12 more"),
    "16 joints": (lambda a: {"joint_names": a["joint_names"][1:]}, "17 joints of 'h36m17', found 16"),
    "names as numbers": (lambda a: {"joint_names": np.arange(17)}, "'joint_names' must be"),
    "other layout": (lambda a: {"layout": np.array("coco17")}, "0: pelvis instead of nose"),
    "start not 0": (lambda a: {"clip_start": np.array([1, 5, 6, 13])}, "from 0 to the 13 frames, found 1 to 13"),
    "end not N": (lambda a: {"clip_start": np.array([0, 5, 6, 12])}, "found 0 to 12"),
    "empty clip": (lambda a: {"clip_start": np.array([0, 5, 5, 13])}, "must increase, found 5 then 5 at clip 1"),
    "clips backwards": (lambda a: {"clip_start": np.array([0, 8, 6, 13])}, "must increase, found 8 then 6"),
    "clip count": (lambda a: {"clip_start": np.array([0, 5, 13])}, r"'clip_start' must have shape \(4,\)"),
    "image size 0": (lambda a: {"image_size": a["image_size"] * 0}, "'image_size' must be positive"),
    "fps negative": (lambda a: {"fps": -a["fps"]}, "'fps' must be positive"),
    "focal 0": (lambda a: {"intrinsics": _nan(a, "intrinsics", 0)}, "'intrinsics' must be positive"),
    "NaN truth": (lambda a: {"joints_cam": _nan(a, "joints_cam")}, "'joints_cam' must be finite"),
    "truth joints": (lambda a: {"joints_cam": a["joints_cam"][:, 1:]}, "'joints_cam' must have shape"),
    "half a body": (lambda a: {"betas": None}, "'poses' needs 'betas'"),
    "long up": (lambda a: {"up_cam": 2 * a["up_cam"]}, "'up_cam' must be unit"),
    "scored numbers": (lambda a: {"scored": a["scored"] * 1}, "'scored' must be bool, found int64"),
    "body number": (lambda a: {"body": np.array(3)}, "'body' must be one str"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_refused_in_one_line(case: str, stored: Path) -> None:
    change, message = BAD[case]
    arrays = arrays_of(stored)
    arrays |= change(arrays)
    np.savez(stored, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(UserError, match=message) as caught:
        read_clips(stored, truth=True)
    assert "\n" not in str(caught.value)
    assert str(stored) in str(caught.value)


def test_empty_file_is_refused(stored: Path) -> None:
    arrays = arrays_of(stored)
    empty = {key: value[:0] for key, value in arrays.items() if value.ndim and key != "joint_names"}
    np.savez(stored, **(arrays | empty | {"clip_start": np.zeros(1, np.int64)}))
    with pytest.raises(UserError, match="0 frames in 0 clips"):
        read_clips(stored)


def test_missing_and_foreign_files(tmp_path: Path, stored: Path) -> None:
    text, array = tmp_path / "a.npz", tmp_path / "b.npz"
    text.write_text("keypoints: none\n")
    array.write_bytes(b"")
    np.save(tmp_path / "c.npy", np.zeros(3))
    for path, message in (
        (tmp_path / "none.npz", "no such file"),
        (tmp_path, "not a readable npz"),
        (text, "not a readable npz"),
        (array, "not a readable npz"),
        (tmp_path / "c.npy", "not an npz"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            read_clips(path)
        assert "\n" not in str(caught.value)


def test_a_cut_or_flipped_file_is_refused_wherever_it_is_damaged(stored: Path) -> None:
    whole = stored.read_bytes()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        stored.write_bytes(whole[:cut])
        with pytest.raises(UserError):
            read_clips(stored, truth=True)
    original = make_clips(truth=True)
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found = read_clips(stored, truth=True)
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            # Only bytes that mean nothing (dates, flags) may change unseen, and the name of an optional key.
            lost = {
                key: None for key in ("intrinsics", "joints_cam", "up_cam", "scored") if getattr(found, key) is None
            }
            assert len(lost) <= 1
            assert_equal(found, replace(original, **lost))


def test_writing_refuses_what_reading_would_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = make_clips()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(UserError, match=r"cannot write.*No space left"):
            write_clips(tmp_path / "x.npz", clips)
    with pytest.raises(UserError, match="finite"):
        write_clips(tmp_path / "x.npz", replace(clips, keypoints=clips.keypoints * np.nan))
    with pytest.raises(UserError, match="cannot write"):
        write_clips(tmp_path / "no" / "x.npz", clips)
    assert os.listdir(tmp_path) == []


def test_select_and_concatenate_are_slices() -> None:
    clips = make_clips(truth=True)
    parts = [select(clips, [i]) for i in range(3)]
    assert_equal(concatenate(parts), clips)
    assert_equal(concatenate([parts[2], parts[0]]), select(clips, [2, 0]))
    np.testing.assert_array_equal(select(clips, [2, 0]).keypoints, clips.keypoints[[*range(6, 13), *range(5)]])
    for wrong in ([], [3], [-1]):
        with pytest.raises(UserError, match="clip indices"):
            select(clips, wrong)


def test_concatenate_needs_agreement_and_fills_unknown_intrinsics() -> None:
    known, unknown = make_clips(0), make_clips(1, intrinsics=False)
    both = concatenate([known, unknown])
    np.testing.assert_array_equal(both.intrinsics[:3], known.intrinsics)
    np.testing.assert_allclose(both.intrinsics[3:], [[1150, 1150, 500, 450]] * 3)
    np.testing.assert_array_equal(both.intrinsics[3:], assumed_intrinsics(unknown.image_size))
    assert concatenate([unknown, unknown]).intrinsics is None
    true = make_clips(truth=True)
    partly = concatenate([replace(true, scored=None), true])
    np.testing.assert_array_equal(partly.scored, [*[True] * true.frames, *true.scored])
    for others, message in (
        ([known, replace(known, layout=COCO17)], "layouts"),
        ([known, true], "'joints_cam' is in some"),
        ([true, replace(true, body="other")], "bodies"),
        ([], "no keypoint files"),
    ):
        with pytest.raises(UserError, match=message):
            concatenate(others)


def test_benchmark_files_are_native(cmu: Path) -> None:
    clips = read_clips(cmu / "cmu_dev_det.npz", truth=True)
    require_truth(clips)
    assert clips.frames == 10728
    assert "basketball" in clips.actions
    depth = clips.joints_cam[..., 2:]
    focal, middle = (
        clips.intrinsics[clips.clip_of_frame][:, None, :2],
        clips.intrinsics[clips.clip_of_frame][:, None, 2:],
    )
    seen = clips.confidence > 0.5
    error = np.linalg.norm(clips.joints_cam[..., :2] / depth * focal + middle - clips.keypoints, axis=-1)[seen]
    assert np.median(error) < 6
