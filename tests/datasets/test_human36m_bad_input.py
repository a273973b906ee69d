"""Human3.6M files that are broken, of another version or not complete: refused in one line, never executed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.datasets.human36m import read_human36m
from pn3d.datasets.human36m_cameras import load_cameras
from pn3d.files.errors import UserError
from tests.support.human36m_files import (
    INTRINSICS,
    SYMMETRY,
    make_cameras,
    world_joints,
    write_2d,
    write_3d,
    write_cameras,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h36m")
    write_3d(path, world_joints())
    write_2d(path, extra=2)
    write_cameras(path, "py")
    return path


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
