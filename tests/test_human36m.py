"""Human3.6M in VideoPose3D's layout: files written as its scripts write them, read back, and broken in every way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.data.clips import TRUTH_FIELDS, Clips, read_clips, write_clips
from pn3d.data.human36m import KEPT_JOINTS, read_human36m
from pn3d.data.human36m_cameras import CAMERA_NAMES, IMAGE_SIZES, load_cameras
from pn3d.errors import UserError
from pn3d.skeleton import COCO17, H36M17, LAYOUTS

SYMMETRY = {
    "h36m": ([4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]),
    "coco": ([1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]),
    "mpii": ([3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]),
}
SEQUENCES = {
    "S1": {"Walking 1": 7, "Walking": 6, "TakingPhoto": 5},
    "S5": {"Directions 1": 4, "Directions 2": 4},
    "S9": {"SittingDown 1": 6, "Sitting": 5, "WalkingDog": 3},
    "S11": {"Directions": 9, "Directions 1": 5},
}


def make_cameras(seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Four cameras about the origin at 5 m, z up, in VideoPose3D's terms; quaternions camera to world."""
    rng = np.random.default_rng(seed)
    cameras: dict[str, list[dict[str, Any]]] = {}
    for subject in SEQUENCES:
        cameras[subject] = []
        for k in range(4):
            azimuth = np.pi / 2 * k + rng.uniform(-0.3, 0.3)
            centre = np.array([5 * np.cos(azimuth), 5 * np.sin(azimuth), 1.5])
            forward = np.array([0, 0, 1.0]) - centre
            forward /= np.linalg.norm(forward)
            right = np.cross(forward, [0, 0, 1.0])
            right /= np.linalg.norm(right)
            to_camera = np.stack([right, np.cross(forward, right), forward])
            x, y, z, w = Rotation.from_matrix(to_camera.T).as_quat().tolist()
            cameras[subject].append({"orientation": [w, x, y, z], "translation": (centre * 1000).tolist()})
    return cameras


INTRINSICS = [
    {
        "id": name,
        "center": [512.5 + k, 509.0 - k],
        "focal_length": [1145.0 + k, 1143.0],
        "radial_distortion": [-0.2, 0.24, -0.3],
        "tangential_distortion": [-0.001 * k, -0.0014],
        "res_w": IMAGE_SIZES[k][0],
        "res_h": IMAGE_SIZES[k][1],
        "azimuth": 70,
    }
    for k, name in enumerate(CAMERA_NAMES)
]


def write_cameras(folder: Path, kind: str) -> Path:
    """The same cameras in one of the three layouts."""
    cameras = make_cameras()
    rotations = {s: [Rotation.from_quat([*v["orientation"][1:], v["orientation"][0]]).as_matrix().T for v in c]
                 for s, c in cameras.items()}  # fmt: skip
    path = folder / f"h36m_dataset.{kind}"
    if kind == "py":
        empty = {"S2": [{}, {}, {}, {}]}
        path.write_text(
            "import os\nos.remove(__file__)\nraise SystemExit\nparents = [-1, 0]\n"
            f"h36m_cameras_intrinsic_params = {INTRINSICS!r}\nh36m_cameras_extrinsic_params = {empty | cameras!r}\n"
            "class Human36mDataset(MocapDataset):\n    pass\n"
        )
    elif kind == "json":
        inner = {
            e["id"]: {
                "calibration_matrix": [
                    [e["focal_length"][0], 0, e["center"][0]],
                    [0, e["focal_length"][1], e["center"][1]],
                    [0, 0, 1],
                ],
                "distortion": [
                    *e["radial_distortion"][:2],
                    *e["tangential_distortion"][::-1],
                    e["radial_distortion"][2],
                ],
            }
            for e in INTRINSICS
        }
        outer = {
            s: {
                name: {"R": r.tolist(), "t": (-r @ np.array(v["translation"]))[:, None].tolist()}
                for name, r, v in zip(CAMERA_NAMES, rotations[s], views, strict=True)
            }
            for s, views in cameras.items()
        }
        path.write_text(json.dumps({"intrinsics": inner, "extrinsics": outer}))
    else:
        np.savez(
            path,
            subjects=np.array(list(cameras)),
            camera_names=np.array(CAMERA_NAMES),
            intrinsics_px=np.array([[*e["focal_length"], *e["center"]] for e in INTRINSICS]),
            distortion=np.array([[*e["radial_distortion"], *e["tangential_distortion"]] for e in INTRINSICS]),
            rotation=np.array(list(rotations.values())),
            centre_m=np.array([[np.array(v["translation"]) / 1000 for v in c] for c in cameras.values()]),
        )
    return path


def project_point(point: np.ndarray, view: dict[str, Any], inner: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """One world point, written out by hand: (camera point, pixel)."""
    w, *xyz = view["orientation"]
    p = Rotation.from_quat([*xyz, w]).inv().apply(point - np.array(view["translation"]) / 1000)
    x, y = p[0] / p[2], p[1] / p[2]
    r2 = x * x + y * y
    k, t = inner["radial_distortion"], inner["tangential_distortion"]
    factor = 1 + k[0] * r2 + k[1] * r2**2 + k[2] * r2**3 + t[0] * x + t[1] * y
    f, c = inner["focal_length"], inner["center"]
    return p, np.array([f[0] * (x * factor + t[0] * r2) + c[0], f[1] * (y * factor + t[1] * r2) + c[1]])


def world_joints() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return {
        s: {a: rng.normal([0, 0, 1], 0.4, (n, 32, 3)).astype(np.float32) for a, n in actions.items()}
        for s, actions in SEQUENCES.items()
    }


def write_3d(folder: Path, positions: dict[str, Any]) -> None:
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=positions)


def write_2d(
    folder: Path,
    name: str = "gt",
    layout: str = "h36m",
    extra: int = 0,
    change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """data_2d_h36m_NAME.npz; of layout h36m the exact projection, else noise. ``extra`` frames beyond the 3D."""
    rng = np.random.default_rng(2)
    count = {"h36m": 17, "coco": 17, "mpii": 16}[layout]
    cameras, positions = make_cameras(), {}
    for subject, actions in world_joints().items():
        positions[subject] = {}
        for action, joints in actions.items():
            views = []
            for k in range(4):
                px = rng.uniform(200, 800, (len(joints) + extra, count, 2))
                if layout == "h36m":
                    px[: len(joints)] = [
                        [project_point(p, cameras[subject][k], INTRINSICS[k])[1] for p in frame[list(KEPT_JOINTS)]]
                        for frame in joints
                    ]
                views.append(px.astype(np.float32))
            positions[subject][action] = views
    metadata = {
        "layout_name": layout,
        "num_joints": count,
        "keypoints_symmetry": [list(side) for side in SYMMETRY[layout]],
    }
    if change is not None:
        change(positions, metadata)
    np.savez_compressed(folder / f"data_2d_h36m_{name}.npz", positions_2d=positions, metadata=metadata)
    return positions


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h36m")
    write_3d(path, world_joints())
    write_2d(path, extra=2)
    write_cameras(path, "py")
    return path


@pytest.fixture(scope="module")
def splits(folder: Path) -> dict[str, Clips]:
    return read_human36m(folder)


def test_subjects_actions_trials_and_cameras(splits: dict[str, Clips]) -> None:
    sequences = {split: [str(n)[:-5] for n in clips.clip_name[::4]] for split, clips in splits.items()}
    assert sorted(sequences["train"]) == [
        *("Directions/S5_0", "Directions/S5_1", "Photo/S1_0", "Walking/S1_0", "Walking/S1_1")
    ]
    # The corrupt first trial of S11 is gone, and the second keeps its number.
    assert sorted(sequences["test"]) == ["Directions/S11_1", "Sitting/S9_0", "SittingDown/S9_0", "WalkDog/S9_0"]
    for clips in splits.values():
        assert [str(name)[-5:] for name in clips.clip_name] == ["/cam0", "/cam1", "/cam2", "/cam3"] * (
            clips.num_clips // 4
        )
        np.testing.assert_array_equal(clips.image_size[:4], IMAGE_SIZES)
        assert (clips.fps == 50).all()
        assert clips.layout == H36M17
        assert (clips.confidence == 1).all()
    lengths = dict(zip(splits["train"].clip_name.tolist(), splits["train"].lengths, strict=True))
    assert lengths["Walking/S1_0/cam0"] == 6 + 2
    assert lengths["Walking/S1_1/cam0"] == 7 + 2
    lengths = dict(zip(splits["test"].clip_name.tolist(), splits["test"].lengths, strict=True))
    assert lengths["SittingDown/S9_0/cam3"] == 6, "2D is cut to the frames of the 3D"


def test_the_good_trial_keeps_its_number_where_the_corrupt_one_is_not_in_the_file(tmp_path: Path, folder: Path) -> None:
    write_2d(tmp_path, change=lambda positions, _: positions["S11"].pop("Directions"))
    write_3d(tmp_path, world_joints())
    clips = read_human36m(tmp_path, cameras=folder / "h36m_dataset.py", splits=("test",))["test"]
    assert "Directions/S11_1/cam0" in clips.clip_name.tolist()


def test_training_has_no_3d_and_never_opens_the_file(folder: Path, tmp_path: Path, splits: dict[str, Clips]) -> None:
    assert all(getattr(splits["train"], key) is None for key in TRUTH_FIELDS)
    write_2d(tmp_path, extra=2)
    (tmp_path / "data_3d_h36m.npz").write_text("broken")
    alone = read_human36m(tmp_path, splits=("train",))["train"]
    np.testing.assert_array_equal(alone.keypoints, splits["train"].keypoints)
    assert alone.intrinsics is None, "no cameras, no intrinsics"


def test_truth_is_in_camera_axes_and_projects_onto_the_2d(splits: dict[str, Clips]) -> None:
    clips, cameras = splits["test"], make_cameras()
    world = world_joints()["S9"]["WalkingDog"][:, list(KEPT_JOINTS)]
    for k in range(4):
        clip = clips.clip_name.tolist().index(f"WalkDog/S9_0/cam{k}")
        frames = slice(clips.clip_start[clip], clips.clip_start[clip + 1])
        for t, j in ((0, 0), (1, 7), (2, 16)):
            camera_point, pixel = project_point(world[t, j], cameras["S9"][k], INTRINSICS[k])
            np.testing.assert_allclose(clips.joints_cam[frames][t, j], camera_point, atol=1e-5)
            np.testing.assert_allclose(clips.keypoints[frames][t, j], pixel, atol=1e-3)
        np.testing.assert_allclose(clips.intrinsics[clip], [1145 + k, 1143, 512.5 + k, 509 - k])
        w, *xyz = cameras["S9"][k]["orientation"]
        np.testing.assert_allclose(clips.up_cam[clip], Rotation.from_quat([*xyz, w]).inv().apply([0, 0, 1]), atol=1e-6)


def test_projecting_the_3d_gives_the_2d_ground_truth(folder: Path, tmp_path: Path, splits: dict[str, Clips]) -> None:
    write_3d(tmp_path, world_joints())
    projected = read_human36m(tmp_path, detections="projected", cameras=folder / "h36m_dataset.py")
    np.testing.assert_allclose(projected["test"].keypoints, splits["test"].keypoints, atol=2e-3)
    np.testing.assert_array_equal(projected["test"].joints_cam, splits["test"].joints_cam)
    assert projected["train"].joints_cam is None


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_camera_layouts_agree(kind: str, folder: Path, tmp_path: Path) -> None:
    a, b = load_cameras(folder / "h36m_dataset.py"), load_cameras(write_cameras(tmp_path, kind))
    assert a.keys() == b.keys() == SEQUENCES.keys()
    for subject in a:
        for left, right in zip(a[subject], b[subject], strict=True):
            for key in ("intrinsics", "distortion", "rotation", "centre_m"):
                np.testing.assert_allclose(getattr(left, key), getattr(right, key), atol=1e-5, err_msg=key)


@pytest.mark.parametrize(("name", "layout"), [("detectron_pt_coco", "coco"), ("sh_ft_h36m", "mpii")])
def test_detectors_of_other_layouts_are_mapped_by_name(name: str, layout: str, folder: Path, tmp_path: Path) -> None:
    write_3d(tmp_path, world_joints())
    positions = write_2d(tmp_path, name, layout)
    clips = read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")["test"]
    source = COCO17 if layout == "coco" else LAYOUTS["mpii16"]
    clip = clips.clip_name.tolist().index("Sitting/S9_0/cam2")
    frames = slice(clips.clip_start[clip], clips.clip_start[clip + 1])
    for j, joint in enumerate(H36M17.joints):
        if joint in source.joints:
            np.testing.assert_array_equal(
                clips.keypoints[frames, j], positions["S9"]["Sitting"][2][:, source.index(joint)]
            )
        assert (clips.confidence[frames, j] == (joint in source.joints)).all()
    assert clips.joints_cam.shape == (clips.frames, 17, 3)


def test_native_round_trip(splits: dict[str, Clips], tmp_path: Path) -> None:
    for split, clips in splits.items():
        write_clips(tmp_path / f"{split}.npz", clips)
        again = read_clips(tmp_path / f"{split}.npz", truth=True)
        np.testing.assert_array_equal(again.keypoints, clips.keypoints)
        assert (again.joints_cam is None) == (split == "train")


def _set(*path: Any, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(positions: dict[str, Any], metadata: dict[str, Any]) -> None:
        target: Any = {"positions": positions, "metadata": metadata}
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


NAN = np.full((6, 17, 2), np.nan, np.float32)
BAD_2D = {
    "another layout": (_set("metadata", "layout_name", value="humaneva15"), "layout 'humaneva15'; expected h36m, coco"),
    "joint count": (_set("metadata", "num_joints", value=16), "16 joints; layout 'h36m' has 17"),
    "other symmetry": (_set("metadata", "keypoints_symmetry", value=SYMMETRY["coco"]), "joints in another order"),
    "joints": (_set("positions", "S1", "Walking", 0, value=np.ones((6, 16, 2), "f4")), "camera 0 has 16 joints"),
    "three cameras": (_set("positions", "S1", "Walking", value=[NAN] * 3), "list of 4, found a list of 3"),
    "no list": (_set("positions", "S1", "Walking", value="x"), "'Walking' must be a list of 4, found a value of type"),
    "no array": (_set("positions", "S1", "Walking", 1, value={"x": 1}), "camera 1 must be an array.*dictionary of 'x'"),
    "text": (_set("positions", "S1", "Walking", 1, value=np.array(["a"])), "found an array of <U1"),
    "3D in 2D": (_set("positions", "S1", "Walking", 1, value=np.ones((6, 17, 3), "f4")), r"\(T, 17, 2\), found"),
    "no frames": (_set("positions", "S1", "Walking", 1, value=np.ones((0, 17, 2), "f4")), r"found \(0, 17, 2\)"),
    "normalised": (_set("positions", "S1", "Walking", 1, value=np.ones((6, 17, 2), "f4")), "must be in pixels"),
    "unknown action": (_set("positions", "S1", "Dancing", value=[NAN] * 4), "unknown action 'Dancing'"),
    "no actions": (_set("positions", "S1", value={}), "actions of S1 must be a dictionary with entries"),
    "short 2D": (
        _set("positions", "S9", "Sitting", 2, value=np.full((4, 17, 2), 9.0, "f4")),
        "'Sitting' camera 2 has 4 frames of 2D and 5 of 3D",
    ),
    "much longer 2D": (
        _set("positions", "S9", "Sitting", 2, value=np.full((5 + 51, 17, 2), 9.0, "f4")),
        "56 frames of 2D and 5 of 3D",
    ),
    "2D without 3D": (_set("positions", "S9", "Eating", value=[NAN] * 4), "no S9 'Eating' in 'positions_3d'"),
}


@pytest.mark.parametrize("case", BAD_2D)
def test_bad_2d_is_refused_in_one_line(case: str, folder: Path, tmp_path: Path) -> None:
    change, message = BAD_2D[case]
    write_2d(tmp_path, change=change)
    write_3d(tmp_path, world_joints())
    with pytest.raises(UserError, match=message) as caught:
        read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["S9"].update(Sitting=p["S9"]["Sitting"] * np.nan), "'Sitting' must be finite"),
        (lambda p: p["S9"].update(Sitting=p["S9"]["Sitting"][:, :31]), r"\(T, 32, 3\), found \(5, 31, 3\)"),
        (lambda p: p["S9"].pop("Sitting"), "no S9 'Sitting' in 'positions_3d'"),
        (lambda p: p.clear(), "'positions_3d' must be a dictionary with entries"),
    ],
)
def test_bad_truth_is_refused(change: Callable[[dict], None], message: str, folder: Path, tmp_path: Path) -> None:
    positions = world_joints()
    change(positions)
    write_2d(tmp_path)
    write_3d(tmp_path, positions)
    with pytest.raises(UserError, match=message) as caught:
        read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")
    assert "\n" not in str(caught.value)


def test_missing_parts(folder: Path, tmp_path: Path) -> None:
    for action, message in (
        (lambda: read_human36m(tmp_path / "none"), "no such folder"),
        (lambda: read_human36m(tmp_path), "neither data_2d"),
        (lambda: read_human36m(folder, detections="cpn"), "no data_2d_h36m_cpn.npz; there is 2D of gt"),
        (lambda: read_human36m(folder, splits=("val",)), "unknown split val"),
        (lambda: read_human36m(folder, cameras=tmp_path / "c.npz"), "no such file"),
        (lambda: read_human36m(folder, cameras=tmp_path / "c.xml"), "must be a .py, .json or .npz"),
    ):
        with pytest.raises(UserError, match=message):
            action()
    write_2d(tmp_path, change=lambda p, _: [p.pop(s) for s in ("S9", "S11")])
    with pytest.raises(UserError, match=r"no cameras given.*or convert the training split alone"):
        read_human36m(tmp_path)
    with pytest.raises(UserError, match=r"data_3d_h36m.npz: no such file"):
        read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")
    write_3d(tmp_path, world_joints())
    with pytest.raises(UserError, match=r"no subject of the test split \(S9, S11\)"):
        read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")
    write_2d(tmp_path, "cpn_ft_h36m_dbb")
    with pytest.raises(UserError, match="several kinds of 2D"):
        read_human36m(tmp_path)
    np.savez(tmp_path / "data_2d_h36m_old.npz", positions=np.zeros(3))
    with pytest.raises(UserError, match=r"no key 'metadata'; it has 'positions'"):
        read_human36m(tmp_path, detections="old", splits=("train",))


class _Explodes:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(self.path),))

    def __init__(self, path: Path) -> None:
        self.path = str(path)


def test_unexpected_objects_are_never_executed(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    write_2d(tmp_path, change=_set("positions", "S1", "Walking", value=_Explodes(trace)))
    with pytest.raises(UserError) as caught:
        read_human36m(tmp_path, splits=("train",))
    assert not trace.exists()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def (", "not the h36m_dataset.py"),
        ("x = 1", "no tables of intrinsics"),
        (f"a = {INTRINSICS[:3]!r}\nb = {make_cameras()!r}", "no intrinsics of camera 60457274"),
        (f"a = {INTRINSICS!r}\nb = {{'S1': {make_cameras()['S1'][:3]!r}}}", "list of 4, found a list of 3"),
        (f"a = {INTRINSICS!r}\nb = {make_cameras()!r}".replace("'translation'", "'t'"), "translation of camera 0"),
        ("[" * 5000, "not the h36m_dataset.py"),
    ],
)
def test_bad_camera_tables(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "h36m_dataset.py"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_cameras(path)
    assert "\n" not in str(caught.value)


def test_missing_cameras_of_a_subject(folder: Path, tmp_path: Path) -> None:
    path = write_cameras(tmp_path, "json")
    content = json.loads(path.read_text())
    content["extrinsics"].pop("S11")
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="no cameras of subject S11; it has S1, S5, S9"):
        read_human36m(folder, cameras=path)
    content["extrinsics"]["S1"].pop("58860488")
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="camera 58860488 of S1 must be a dictionary"):
        load_cameras(path)
    path.write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        load_cameras(path)
