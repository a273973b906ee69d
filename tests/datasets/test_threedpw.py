"""3DPW: files pickled as Python 2 did, the J0 pivot between world and camera, and files that are broken."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.data.clips import TRUTH_FIELDS
from pn3d.datasets.threedpw import read_threedpw
from pn3d.files.errors import UserError
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import H36M17, LAYOUTS, SMPL24

T = 6
OPENPOSE = LAYOUTS["openpose18"]


@jax.jit
def forward(betas: jax.Array, poses: jax.Array, transl_m: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(T, 24, 3) SMPL joints and (T, 17, 3) landmarks of the built-in body, which stands in for SMPL here."""
    body = builtin_body()
    rest = jnp.broadcast_to(rest_joints_m(body, betas)[None], (T, 24, 3))
    posed, turns = posed_joints(body, rest, axis_angle_to_matrix(poses))
    return posed + transl_m[:, None], landmark_joints(builtin_landmarks(), posed, turns) + transl_m[:, None]


def make_sequence(name: str = "downtown_walking_00", people: int = 2, seed: int = 0) -> dict[str, Any]:
    """What a file of 3DPW holds, in its own types and shapes."""
    rng = np.random.default_rng(seed)
    cameras = np.tile(np.eye(4), (T, 1, 1))
    cameras[:, :3, :3] = Rotation.from_euler("xy", rng.normal([3.0, 0.4], 0.1, (T, 2))).as_matrix()
    cameras[:, :3, 3] = rng.normal([0, 1, 4], 0.1, (T, 3))
    content: dict[str, Any] = {
        "sequence": name,
        "cam_poses": cameras,
        "cam_intrinsics": np.array([[1961.9, 0, 540.0], [0, 1969.2, 960.0], [0, 0, 1]]),
        "img_frame_ids": np.arange(T, dtype=np.uint16) * 2,
        "genders": ["m", "f"][:people],
        **{
            key: [] for key in ("poses", "trans", "betas", "jointPositions", "poses2d", "campose_valid", "texture_maps")
        },
    }
    for person in range(people):
        betas, poses = rng.normal(size=10), rng.normal(0, 0.3, (T, 24, 3))
        trans = rng.normal(0, 1, (T, 3))
        joints, _ = forward(*(jnp.asarray(value, jnp.float32) for value in (betas, poses, trans)))
        keypoints = rng.uniform(100, 900, (T, 3, 18))
        keypoints[:, 2] = rng.uniform(0.1, 1.02, (T, 18))
        keypoints[person, :, 4] = 0
        for key, value in (
            ("poses", poses.reshape(T, 72)),
            ("trans", trans),
            ("betas", betas),
            ("jointPositions", np.asarray(joints, np.float64).reshape(T, 72)),
            ("poses2d", keypoints),
            ("campose_valid", (np.arange(T) != 2).astype(np.uint8)),
        ):
            content[key].append(value)
    return content


def write(folder: Path, split: str, content: Any, name: str = "a.pkl") -> Path:
    path = folder / "sequenceFiles" / split / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=2))
    return path


def test_truth_in_the_camera_is_the_truth_of_the_world(tmp_path: Path) -> None:
    content = make_sequence()
    write(tmp_path, "test", content)
    clips = read_threedpw(tmp_path)["test"]
    assert clips.clip_name.tolist() == [f"downtown_walking/downtown_walking_00_{i}/cam0" for i in range(2)]
    assert clips.fps.tolist() == [30, 30]
    assert clips.image_size.tolist() == [[1080, 1920]] * 2
    assert clips.scored.tolist() == [i != 2 for i in range(T)] * 2
    assert clips.body == "smpl"
    np.testing.assert_allclose(clips.intrinsics, [[1961.9, 1969.2, 540, 960]] * 2)
    for person in range(2):
        frames = slice(person * T, (person + 1) * T)
        np.testing.assert_allclose(clips.betas[person], content["betas"][person], rtol=1e-6)
        # Forward kinematics in the camera = the file's joints moved there: only right with the pivot at J0(beta).
        parameters = clips.betas[person], clips.poses[frames], clips.transl_cam_m[frames]
        joints24, joints17 = forward(*map(jnp.asarray, parameters))
        camera = content["cam_poses"]
        world = content["jointPositions"][person].reshape(T, 24, 3)
        expected = np.einsum("tij,tkj->tki", camera[:, :3, :3], world) + camera[:, None, :3, 3]
        np.testing.assert_allclose(joints24, expected, atol=2e-5)
        np.testing.assert_allclose(clips.joints_cam[frames], joints17, atol=2e-5)


def test_2d_is_mapped_by_name_and_missing_joints_are_masked(tmp_path: Path) -> None:
    content = make_sequence()
    for split in ("train", "validation"):
        write(tmp_path, split, content)
    clips = read_threedpw(tmp_path)
    assert list(clips) == ["train", "validation"]
    train = clips["train"]
    assert all(getattr(train, key) is None for key in TRUTH_FIELDS)
    np.testing.assert_array_equal(train.keypoints, clips["validation"].keypoints)
    for person in range(2):
        source = content["poses2d"][person]
        for j, joint in enumerate(H36M17.joints):
            found = train.keypoints[person * T : (person + 1) * T, j]
            confidence = train.confidence[person * T : (person + 1) * T, j]
            if joint not in OPENPOSE.joints:
                assert (confidence == 0).all()
                continue
            k = OPENPOSE.index(joint)
            np.testing.assert_allclose(found, source[:, :2, k], rtol=1e-6)
            np.testing.assert_allclose(confidence, np.minimum(source[:, 2, k], 1), rtol=1e-6)
        assert train.confidence[person * T + person, H36M17.index("right_wrist")] == 0


def test_training_does_not_look_at_the_truth(tmp_path: Path) -> None:
    content = make_sequence()
    for key in ("poses", "trans", "betas", "jointPositions", "cam_poses", "campose_valid"):
        content.pop(key)
    write(tmp_path, "train", content)
    assert read_threedpw(tmp_path)["train"].frames == 2 * T


def write_body_and_regressor(folder: Path) -> tuple[Path, Path]:
    """The built-in body in the layout of an SMPL file, and a regressor of its nearest vertices."""
    body = builtin_body()
    model, matrix_path = folder / "model_m.npz", folder / "J_regressor_h36m.npy"
    parents = np.array([*SMPL24.parents], np.int64)
    np.savez(
        model,
        v_template=np.asarray(body.v_template_m, np.float64),
        shapedirs=np.asarray(body.shape_basis, np.float64),
        posedirs=np.asarray(body.pose_basis, np.float64),
        J_regressor=np.asarray(body.joint_regressor, np.float64),
        weights=np.asarray(body.skin_weights, np.float64),
        f=np.asarray(body.faces, np.uint32),
        kintree_table=np.stack([parents, np.arange(24)]).astype(np.uint32),
    )
    landmarks, points = builtin_landmarks(), np.asarray(body.v_template_m)
    rest = np.asarray(body.joint_template_m)
    targets = np.asarray(landmarks.weights) @ rest + np.asarray(landmarks.offset_m)
    matrix = np.zeros((17, len(points)))
    for j, target in enumerate(targets):
        near = np.argsort(np.linalg.norm(points - target, axis=1))[:6]
        matrix[j, near] = 1 / 6
    np.save(matrix_path, matrix)
    return model, matrix_path


def test_joints_of_the_field_come_from_gendered_bodies_and_the_regressor(tmp_path: Path) -> None:
    content, t = make_sequence(), 3
    content["poses"][0][t] = 0  # at rest, where vertices need no skinning
    write(tmp_path, "test", content)
    model, regressor = write_body_and_regressor(tmp_path)
    clips = read_threedpw(tmp_path, bodies={"male": model}, regressor=regressor, gender="male")["test"]
    assert clips.num_clips == 1
    assert clips.body == "model_m"
    with np.load(model) as arrays:
        rest = arrays["v_template"] + arrays["shapedirs"] @ content["betas"][0]
    world = np.load(regressor) @ rest + content["trans"][0][t]
    camera = content["cam_poses"][t]
    np.testing.assert_allclose(clips.joints_cam[t], world @ camera[:3, :3].T + camera[:3, 3], atol=2e-5)
    with pytest.raises(UserError, match="person 1 needs the SMPL body of its gender"):
        read_threedpw(tmp_path, bodies={"male": model}, regressor=regressor)
    with pytest.raises(UserError, match="need both the bodies"):
        read_threedpw(tmp_path, bodies={"male": model})


def _without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.pop(key)


def _person0(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content[key][0] = value

    return change


BAD = {
    "no poses": (_without("poses"), "no key 'poses'"),
    "no cameras": (_without("cam_poses"), "no key 'cam_poses'"),
    "no intrinsics": (_without("cam_intrinsics"), "no key 'cam_intrinsics'"),
    "no 2D": (_without("poses2d"), "no key 'poses2d'"),
    "no name": (_without("sequence"), "no key 'sequence'"),
    "people": (lambda c: c["poses2d"].pop(), "'poses2d' must be a list of 2, found a list of 1"),
    "people's truth": (lambda c: c["trans"].pop(), "'trans' must have an entry for each person, found 1"),
    "25 joints": (_person0("poses2d", np.ones((T, 3, 25))), r"'poses2d' of person 0 must have shape \(T, 3, 18\)"),
    "frames": (
        _person0("poses", np.ones((T + 1, 72))),
        r"'poses' of person 0 must have shape \(6, 72\), found \(7, 72\)",
    ),
    "NaN": (_person0("poses", np.full((T, 72), np.nan)), "'poses' of person 0 must be finite"),
    "SMPL-X": (_person0("poses", np.ones((T, 165))), r"\(6, 72\), found \(6, 165\)"),
    "normalised": (_person0("poses2d", np.full((T, 3, 18), 0.5)), "must be in pixels"),
    "gender": (lambda c: c.update(genders=["x", "f"]), "'genders' must be m or f"),
    "cameras": (lambda c: c.update(cam_poses=np.ones((T, 4, 4))), "must be rotations and translations"),
    "focal": (lambda c: c.update(cam_intrinsics=np.zeros((3, 3))), "positive focal lengths"),
    "name": (lambda c: c.update(sequence="a/b"), "'sequence' must be a name, found 'a/b'"),
    "list": (lambda c: c.update(poses=3), "'poses' must be a list, found a value of type int"),
}


@pytest.fixture(scope="module")
def sequence() -> bytes:
    return pickle.dumps(make_sequence())


@pytest.mark.parametrize("case", BAD)
def test_broken_files_are_refused_in_one_line(case: str, sequence: bytes, tmp_path: Path) -> None:
    change, message = BAD[case]
    content = pickle.loads(sequence)
    change(content)
    write(tmp_path, "test", content)
    with pytest.raises(UserError, match=message) as caught:
        read_threedpw(tmp_path)
    assert "\n" not in str(caught.value)
    assert "a.pkl" in str(caught.value)


def test_missing_files_and_objects_of_other_classes(tmp_path: Path) -> None:
    for call, message in (
        (lambda: read_threedpw(tmp_path), "no train/, validation/ or test/"),
        (lambda: read_threedpw(tmp_path, splits=("test",)), r"no \.pkl in test/; there are files for no split"),
        (lambda: read_threedpw(tmp_path, splits=("dev",)), "unknown split 'dev'"),
    ):
        with pytest.raises(UserError, match=message):
            call()
    write(tmp_path, "test", {"sequence": Path("/etc")})
    with pytest.raises(UserError):
        read_threedpw(tmp_path)
