"""AIST++ from files in its true layout: cameras, truth, masks, and what does not fit."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.commands.main import main
from pn3d.data.clips import TRUTH_FIELDS, read_clips
from pn3d.datasets.aistpp import TRUE_JOINTS, read_aistpp
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17
from tests.support.aistpp_files import FRAMES, IGNORED, NAME, sequence, write_release


def test_truth_projects_onto_the_detections_of_every_camera(tmp_path: Path) -> None:
    parts = sequence()
    clips = read_aistpp(write_release(tmp_path))["all"]
    assert [str(name) for name in clips.clip_name] == [f"{NAME}/cam{number}" for number in range(9)]
    assert clips.layout == COCO17
    assert set(clips.fps) == {60.0}
    assert clips.truth_joint_names is not None
    assert tuple(clips.truth_joint_names) == TRUE_JOINTS
    limbs = [COCO17.index(joint) for joint in TRUE_JOINTS]
    assert clips.joints_cam is not None
    assert clips.intrinsics is not None
    k = clips.intrinsics[clips.clip_of_frame][:, None]
    pixels = clips.joints_cam[..., :2] / clips.joints_cam[..., 2:] * k[..., :2] + k[..., 2:]
    np.testing.assert_allclose(pixels, clips.keypoints[:, limbs], atol=0.01)
    score = parts["keypoints2d"]["keypoints2d"][..., 2].reshape(-1, 17)
    np.testing.assert_allclose(clips.confidence, np.clip(score, 0, 1), atol=1e-6)


def test_smpl_turns_with_the_camera_and_stands_where_the_person_stands(tmp_path: Path) -> None:
    parts = sequence()
    clips = read_aistpp(write_release(tmp_path))["all"]
    assert clips.poses is not None
    assert clips.transl_cam_m is not None
    third = slice(*clips.clip_start[2:4])
    turn = Rotation.from_euler("y", 180 - 45 * 3, degrees=True) * Rotation.from_euler("z", 180, degrees=True)
    world = parts["motions"]["smpl_poses"].reshape(FRAMES, 24, 3)
    apart = Rotation.from_rotvec(clips.poses[third, 0]).inv() * turn * Rotation.from_rotvec(world[:, 0])
    assert np.degrees(apart.magnitude()).max() < 0.01
    np.testing.assert_allclose(clips.poses[third, 1:], world[:, 1:], atol=1e-6)
    # The pelvis, which the parameters put at rest pelvis + translation, moves as in the world.
    moves = np.diff(parts["motions"]["smpl_trans"], axis=0) / 100
    np.testing.assert_allclose(np.diff(clips.transl_cam_m[third], axis=0), turn.apply(moves), atol=1e-4)


def test_what_the_release_does_not_know_is_masked(tmp_path: Path) -> None:
    parts = sequence()
    parts["keypoints2d"]["keypoints2d"][2, :4] = np.nan  # nobody was found
    parts["keypoints2d"]["keypoints2d"][5] = np.nan  # the video was missing
    left_wrist = COCO17.index("left_wrist")
    parts["keypoints3d"]["keypoints3d_optim"][7, left_wrist] = np.nan
    clips = read_aistpp(write_release(tmp_path, {NAME: parts}))["all"]
    assert [str(name)[-1] for name in clips.clip_name] == list("01234678")
    third = slice(*clips.clip_start[2:4])
    assert (clips.confidence[third][:4] == 0).all()
    assert (clips.confidence[third][4:] > 0).all()
    assert clips.joints_cam is not None
    unknown = np.isnan(clips.joints_cam[third]).any(axis=-1)
    assert [tuple(place) for place in np.argwhere(unknown)] == [(7, TRUE_JOINTS.index("left_wrist"))]


def test_views_that_the_authors_leave_out_are_left_out(tmp_path: Path) -> None:
    name = "gBR_sBM_cAll_d04_mBR0_ch01"
    clips = read_aistpp(write_release(tmp_path, {name: sequence()}))["all"]
    assert [str(clip)[-1] for clip in clips.clip_name] == list("01235678")


def test_the_command_writes_the_sequences_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "gJS_sFM_cAll_d01_mJS0_ch01"
    root = write_release(tmp_path / "aist", {NAME: sequence(), other: sequence(2)})
    target = tmp_path / "out.npz"
    assert main(["convert-data", "aistpp", str(root), str(target), "--sequences", other]) == 0
    assert {str(name).split("/")[0] for name in read_clips(target).clip_name} == {other}
    assert all(getattr(read_clips(target), key) is None for key in TRUTH_FIELDS)  # training sees no truth
    assert main(["convert-data", "aistpp", str(root), str(tmp_path / "b.npz"), "--sequences", "gBR_x"]) == 2
    assert "no sequence 'gBR_x'; it has 2, such as gBR" in capsys.readouterr().err
    assert not (tmp_path / "b.npz").exists()
    assert main(["convert-data", "bvh", str(root), str(tmp_path / "b.npz"), "--sequences", other]) == 2
    assert "bvh has no option 'sequences'" in capsys.readouterr().err


Change = Callable[[Path, dict[str, dict[str, Any]]], None]


def _write(root: Path, folder: str, content: Any, name: str = NAME) -> None:
    (root / folder / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol=4))


def _cut(folder: str, key: str) -> Change:
    return lambda root, parts: _write(root, folder, parts[folder] | {key: parts[folder][key][:-1]})


def _all_nan(folder: str, key: str) -> Change:
    return lambda root, parts: _write(root, folder, parts[folder] | {key: np.full_like(parts[folder][key], np.nan)})


def _cameras(change: Callable[[list[dict[str, Any]]], Any]) -> Change:
    def apply(root: Path, _: dict[str, dict[str, Any]]) -> None:
        path = root / "cameras" / "setting1.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return apply


class Surprise:
    """Something that a pickle must not build."""


BAD: dict[str, tuple[Change, str]] = {
    "camera missing": (_cameras(lambda c: c[:-1]), "no camera c09; expected the nine"),
    "cameras of another shape": (_cameras(lambda c: {"c01": c[0]}), "no camera c01, c02"),
    "camera not finite": (
        _cameras(lambda c: [c[0] | {"rotation": [0, float("nan"), 0]}, *c[1:]]),
        r"'rotation' of c01 must be \(3,\) finite numbers",
    ),
    "setting missing": (lambda root, _: (root / "cameras" / "setting1.json").unlink(), "setting1.json: no such file"),
    "not mapped": (lambda root, _: (root / "cameras" / "mapping.txt").write_text("a b\n"), f"no cameras for .*{NAME}"),
    "mapping": (lambda root, _: (root / "cameras" / "mapping.txt").write_text("a ../b\n"), "sequence and its setting"),
    "no ignore list": (lambda root, _: (root / "ignore_list.txt").unlink(), "ignore_list.txt: no such file"),
    "no truth": (lambda root, _: (root / "keypoints3d" / f"{NAME}.pkl").unlink(), "expected the keypoints3d_optim"),
    "shorter truth": (_cut("keypoints3d", "keypoints3d_optim"), r"must have shape \(12, 17, 3\), found \(11, 17, 3\)"),
    "shorter motion": (_cut("motions", "smpl_poses"), r"'smpl_poses' must have shape \(12, 72\), found \(11, 72\)"),
    "truth unknown": (_all_nan("keypoints3d", "keypoints3d_optim"), "is NaN for all limbs in all frames"),
    "motion not finite": (_all_nan("motions", "smpl_trans"), "'smpl_trans' must be finite"),
    "nobody": (_all_nan("keypoints2d", "keypoints2d"), "nobody was detected from any camera|no clips found"),
    "eight views": (
        lambda root, p: _write(root, "keypoints2d", {"keypoints2d": p["keypoints2d"]["keypoints2d"][:8]}),
        r"must have shape \(9, T, 17, 3\), found \(8, 12, 17, 3\)",
    ),
    "object": (lambda root, _: _write(root, "motions", {"smpl_poses": Surprise()}), "cannot read .*Surprise"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_told_in_one_line(case: str, tmp_path: Path) -> None:
    change, message = BAD[case]
    root = write_release(tmp_path)
    change(root, sequence())
    for names in (None, (NAME,)):
        with pytest.raises(UserError, match=message) as caught:
            read_aistpp(root, sequences=names)
        assert "\n" not in str(caught.value)


def test_ignored_sequences_are_never_read(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    for folder in ("keypoints2d", "keypoints3d", "motions"):
        (root / folder / f"{IGNORED}.pkl").write_bytes(b"broken")
    assert len(read_aistpp(root)["all"].clip_name) == 9
    with pytest.raises(UserError, match=f"ignore_list.txt: names {IGNORED}"):
        read_aistpp(root, sequences=(NAME, IGNORED))
    with pytest.raises(UserError, match="named twice"):
        read_aistpp(root, sequences=(NAME, NAME))
    with pytest.raises(UserError, match="no folder keypoints2d/"):
        read_aistpp(tmp_path / "keypoints2d")
