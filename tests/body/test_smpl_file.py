import pickle
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import scipy.sparse

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.landmarks import Landmarks, builtin_landmarks, landmark_joints
from pn3d.body.model import BodyModel
from pn3d.body.regressors import Regressor, _samples, fit_landmarks, read_regressor
from pn3d.body.smpl_file import convert_body, file_sha256, load_body, read_smpl_arrays
from pn3d.commands.main import main
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, SMPL24
from tools.stand_ins.smpl_files import FULL_VERTICES, in_file_layout, random_smpl, write_python2_pickle

SMALL = 60


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return random_smpl(0, vertices=SMALL)


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    return random_smpl(1)


def _holds(body: BodyModel, content: dict[str, Any], betas: int = 10) -> None:
    """The body's arrays are the content's, in float32."""
    pairs = {
        "v_template": body.v_template_m,
        "posedirs": body.pose_basis,
        "weights": body.skin_weights,
        "J_regressor": body.joint_regressor,
    }
    for key, array in pairs.items():
        np.testing.assert_array_equal(array, content[key].astype(np.float32), err_msg=key)
    np.testing.assert_array_equal(body.shape_basis, content["shapedirs"][..., :betas].astype(np.float32))
    np.testing.assert_array_equal(body.faces, content["f"].astype(np.int32))
    np.testing.assert_allclose(body.joint_template_m, content["J"], atol=1e-6)
    assert body.parents == SMPL24.parents


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_full_size_files_of_python_2(tmp_path: Path, full: dict[str, Any], protocol: int) -> None:
    """As v1.0.0 is (protocol 2, 39 MB), and in the older protocols."""
    assert full["v_template"].shape == (FULL_VERTICES, 3)
    assert full["f"].shape == (13776, 3)
    write_python2_pickle(tmp_path / "SMPL_NEUTRAL.pkl", in_file_layout(full), protocol)
    body = load_body(tmp_path / "SMPL_NEUTRAL.pkl")
    _holds(body, full)
    assert body.name == "SMPL_NEUTRAL"
    assert body.sha256 == file_sha256(tmp_path / "SMPL_NEUTRAL.pkl")


def test_a_full_size_file_of_300_shapes_in_text(tmp_path: Path) -> None:
    """As v1.1.0 is: protocol 0, about 250 MB."""
    content = random_smpl(2, betas=300)
    write_python2_pickle(tmp_path / "model.pkl", in_file_layout(content), 0)
    _holds(load_body(tmp_path / "model.pkl"), content)


def test_full_size_files_saved_again(tmp_path: Path, full: dict[str, Any]) -> None:
    sparse = full | {"J_regressor": scipy.sparse.csc_matrix(full["J_regressor"])}
    for protocol in (2, 5):
        (tmp_path / "again.pkl").write_bytes(pickle.dumps(sparse, protocol))
        _holds(load_body(tmp_path / "again.pkl"), full)
    np.savez(tmp_path / "model.npz", allow_pickle=True, **full)
    _holds(load_body(tmp_path / "model.npz"), full)


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("betas", [10, 300])
def test_every_protocol_of_python_2(tmp_path: Path, protocol: int, betas: int) -> None:
    content = random_smpl(2, vertices=SMALL, betas=betas)
    path = tmp_path / "model.pkl"
    write_python2_pickle(path, in_file_layout(content), protocol)
    _holds(load_body(path), content)
    everything = read_smpl_arrays(path)
    np.testing.assert_array_equal(everything.shapedirs, content["shapedirs"])
    assert load_body(path, num_betas=None).num_betas == betas
    assert load_body(path, num_betas=3).num_betas == 3


@pytest.mark.parametrize("protocol", range(6))
def test_files_saved_again(tmp_path: Path, content: dict[str, Any], protocol: int) -> None:
    for kind in (scipy.sparse.csc_matrix, scipy.sparse.csc_array, np.asfortranarray):
        again = content | {"J_regressor": kind(content["J_regressor"])}
        (tmp_path / "again.pkl").write_bytes(pickle.dumps(again, protocol))
        _holds(load_body(tmp_path / "again.pkl"), content)


def test_npz(tmp_path: Path, content: dict[str, Any]) -> None:
    regressor = np.array(scipy.sparse.csc_matrix(content["J_regressor"]), object)
    for changed in ({}, {"J_regressor": regressor}):
        np.savez(tmp_path / "model.npz", allow_pickle=True, **(content | changed))
        _holds(load_body(tmp_path / "model.npz"), content)
    (tmp_path / "model.npz").rename(tmp_path / "model.pkl")
    _holds(load_body(tmp_path / "model.pkl"), content)


def test_convert(tmp_path: Path, content: dict[str, Any]) -> None:
    source, target = tmp_path / "SMPL_FEMALE.pkl", tmp_path / "female.npz"
    write_python2_pickle(source, in_file_layout(content), 2)
    convert_body(source, target)
    body = load_body(target)
    _holds(body, content)
    assert (body.name, body.sha256) == ("SMPL_FEMALE", file_sha256(source))
    with np.load(target, allow_pickle=False) as stored:
        assert stored["J_regressor"].dtype == np.float32
        assert stored["parents"].tolist() == list(SMPL24.parents)
        assert str(stored["betas_kind"]) == "smpl"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SMPL_FEMALE.pkl", "female.npz"]
    with pytest.raises(UserError, match=r"ends in \.npz"):
        convert_body(source, tmp_path / "out.pkl")
    with pytest.raises(UserError, match="no folder"):
        convert_body(source, tmp_path / "missing" / "out.npz")


def test_no_file_is_the_built_in_body() -> None:
    assert load_body() is builtin_body()


def _cycle(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    table[0, 4], table[0, 7] = 7, 4
    return table


def _resized(content: dict[str, Any], joints: int) -> dict[str, Any]:
    """The same with another number of joints, as SMPL's relatives have."""
    tree = np.stack([np.maximum(np.arange(joints) - 1, 0), np.arange(joints)]).astype(np.uint32)
    return content | {"kintree_table": tree, "weights": np.full((SMALL, joints), 1 / joints)}


def _bad(content: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """What is changed in the model, and what the message must say."""
    tree, shape, faces = content["kintree_table"], content["shapedirs"], content["f"]
    return {
        "SMPL-X": (_resized(content, 55), "this is a SMPL-X model .55 joints and 60 vertices.; expected SMPL"),
        "SMPL-H": (_resized(content, 52), "this is a SMPL-H model"),
        "STAR": (content | {"posedirs": np.zeros((SMALL, 3, 93))}, "this is a STAR model"),
        "MANO": (_resized(content, 16), "this is a MANO"),
        "other tree": (_resized(content, 7), "expected 24 joints, found 7"),
        "no template": (
            {key: value for key, value in content.items() if key != "v_template"},
            "'v_template', found the",
        ),
        "template": (content | {"v_template": content["v_template"][:, :2]}, r"v_template: expected shape \(any, 3\)"),
        "no vertices": (content | {"v_template": np.zeros((0, 3))}, r"v_template: expected shape"),
        "shape": (
            content | {"shapedirs": shape[:-1]},
            r"shapedirs: expected shape \(60, 3, any\), found \(59, 3, 10\)",
        ),
        "no shape": (content | {"shapedirs": shape[..., :0]}, "shapedirs: expected shape"),
        "pose": (content | {"posedirs": content["posedirs"][..., :-9]}, r"posedirs: expected shape \(60, 3, 207\)"),
        "regressor": (content | {"J_regressor": np.ones((24, 7)) / 7}, r"J_regressor: expected shape \(24, 60\)"),
        "regressor sums": (content | {"J_regressor": 2 * content["J_regressor"]}, "sum to 1"),
        "weights": (content | {"weights": content["weights"].T}, "weights: expected shape"),
        "weights sums": (content | {"weights": 0.9 * content["weights"]}, "sum to 1"),
        "weights below zero": (content | {"weights": content["weights"] * 3 - 2 / 24}, "no weight below 0"),
        "NaN": (content | {"posedirs": content["posedirs"] * np.nan}, "posedirs: expected finite numbers"),
        "infinity": (content | {"v_template": content["v_template"] + np.inf}, "v_template: expected finite numbers"),
        "huge": (content | {"v_template": content["v_template"] + 1e30}, "v_template: expected numbers up to"),
        "text": (content | {"v_template": "abc"}, "v_template: expected an array of real numbers, found str"),
        "integers": (
            content | {"weights": np.ones((60, 24), int)},
            "weights: expected an array of real numbers, found int",
        ),
        "faces": (content | {"f": faces + SMALL}, r"f: expected vertex numbers from 0 to 59, found 119"),
        "faces below": (content | {"f": faces.astype(int) - 1}, "f: expected vertex numbers from 0 to 59, found -1"),
        "real faces": (content | {"f": faces.astype(float)}, "f: expected an array of integers"),
        "square faces": (content | {"f": faces[:, [0, 1, 2, 0]]}, r"f: expected shape \(any, 3\)"),
        "cycle": (content | {"kintree_table": _cycle(tree)}, "expected a tree, found a cycle through joint 4"),
        "two roots": (content | {"kintree_table": np.where(tree == 3, 2**32 - 1, tree)}, "kintree_table"),
        "own tree": (content | {"kintree_table": np.where(tree == 5, 4, tree)}, "kintree_table"),
        "outside": (content | {"kintree_table": np.where(tree == 3, 99, tree)}, "kintree_table: expected"),
        "row": (content | {"parents": np.zeros((24, 2), int)}, "kintree_table: expected"),
        "order of joints": (content | {"kintree_table": tree[:, ::-1]}, "expected the joints 0 to 23 in row 1"),
        "kind": (content | {"betas_kind": "star"}, "betas_kind: expected 'smpl', found 'star'"),
    }


def test_bad_models_end_in_one_line(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "model.pkl"
    for name, (changed, message) in _bad(content).items():
        with np.errstate(all="ignore"):
            path.write_bytes(pickle.dumps(changed, 4))
        with pytest.raises(UserError, match=message) as caught:
            load_body(path)
        assert str(path) in str(caught.value), name
        assert str(caught.value).isprintable(), name


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    for value, message in (([1, 2], "expected a dictionary of arrays, found list"), ({}, r"found the keys \(none\)")):
        path.write_bytes(pickle.dumps(value, 2))
        with pytest.raises(UserError, match=message):
            load_body(path)
    with pytest.raises(UserError, match="no such file"):
        load_body(tmp_path / "missing.pkl")
    with pytest.raises(UserError, match="it is a folder"):
        load_body(tmp_path)


# Regressors


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> tuple[BodyModel, np.ndarray]:
    """A full-size body whose every vertex rides on one bone without correctives, and the 17-row regressor of it.

    Each row takes vertices of one bone only, so landmarks can follow it exactly.
    """
    rest = np.asarray(builtin_body().joint_template_m, np.float64)
    still = np.broadcast_to(np.eye(3, dtype=np.float32), (24, 3, 3))
    landmarks = builtin_landmarks()
    points = np.asarray(landmark_joints(landmarks, rest.astype(np.float32), still), np.float64)
    rng = np.random.default_rng(3)
    count = 20
    owner = np.concatenate([np.arange(24), np.repeat(landmarks.bone, count)])
    around = rng.normal(0, 0.03, (17, count, 3))
    around -= around.mean(axis=1, keepdims=True)
    template = np.concatenate([rest, (points[:, None] + around).reshape(-1, 3)])
    regressor = np.zeros((17, len(owner)))
    for row in range(17):
        regressor[row, 24 + row * count : 24 + (row + 1) * count] = 1 / count
    shapes = np.zeros((len(owner), 3, 2))
    np.savez(
        tmp_path_factory.mktemp("person") / "person.npz",
        v_template=template,
        shapedirs=shapes,
        posedirs=np.zeros((len(owner), 3, 207)),
        J_regressor=np.eye(24, len(owner)),
        weights=np.eye(24)[owner],
        parents=np.array(SMPL24.parents),
        faces=np.array([[0, 1, 2]]),
    )
    path = tmp_path_factory.getbasetemp() / "person0" / "person.npz"
    return load_body(path), regressor


def test_landmarks_travel_with_the_converted_body(tmp_path: Path, person: tuple[BodyModel, np.ndarray]) -> None:
    body, matrix = person
    source, plain, fitted = (tmp_path / name for name in ("person.npz", "plain.npz", "fitted.npz"))
    np.savez(
        source,
        v_template=body.v_template_m, shapedirs=body.shape_basis, posedirs=body.pose_basis, f=body.faces,
        J_regressor=body.joint_regressor, weights=body.skin_weights, parents=np.array(SMPL24.parents),
    )  # fmt: skip
    np.save(tmp_path / "J_regressor_h36m.npy", matrix)
    assert main(["convert-body", str(source), str(plain)]) == 0
    words = ["convert-body", str(source), str(fitted), "--regressor", str(tmp_path / "J_regressor_h36m.npy")]
    assert main(words) == 0
    expected, _ = fit_landmarks(body, Regressor(matrix, "h36m_right_leg_first"))
    found = load_landmarks(fitted)
    np.testing.assert_allclose(found.offset_m, expected.offset_m, atol=1e-6)
    assert found.bone == expected.bone
    np.testing.assert_array_equal(load_landmarks(plain).weights, builtin_landmarks().weights)
    assert load_body(plain).sha256 != load_body(fitted).sha256  # other landmarks are another body to a student
    with np.load(fitted) as stored:
        np.savez(tmp_path / "bad.npz", **dict(stored) | {"landmark_bone": np.full(17, 24)})
    with pytest.raises(UserError, match="bones of 24"):
        load_landmarks(tmp_path / "bad.npz")


LEFT_LEG_FIRST = [0, 4, 5, 6, 1, 2, 3, *range(7, 17)]


def test_both_row_orders_are_told_apart(tmp_path: Path, person: tuple[BodyModel, np.ndarray]) -> None:
    body, matrix = person
    path = tmp_path / "J_regressor_h36m.npy"
    for rows, order in ((list(range(17)), "h36m_right_leg_first"), (LEFT_LEG_FIRST, "h36m_left_leg_first")):
        np.save(path, matrix[rows].astype(np.float32))
        regressor = read_regressor(path, body)
        assert regressor.row_order == order
        np.testing.assert_array_equal(regressor.matrix, matrix.astype(np.float32))


def test_bad_regressors(tmp_path: Path, person: tuple[BodyModel, np.ndarray]) -> None:
    body, matrix = person
    path = tmp_path / "J_regressor_h36m.npy"
    swapped_arms = [*range(11), 14, 15, 16, 11, 12, 13]
    for bad, message in (
        (matrix[:9], r"expected 17 rows .* looks like J_regressor_extra"),
        (matrix[:, :-1], "expected 17 rows of the body's"),
        (matrix * 1.5, "sum to 1"),
        (matrix * np.nan, "finite"),
        (matrix.astype(int), "finite numbers"),
        (matrix[[0, 1, 5, 3, 4, 2, 6, *range(7, 17)]], "found a mix"),
        (matrix[swapped_arms], "left arm"),
        (matrix[[0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 7, *range(11, 17)]], "above"),
    ):
        np.save(path, bad)
        with pytest.raises(UserError, match=message):
            read_regressor(path, body)


def test_landmarks_follow_the_regressor(person: tuple[BodyModel, np.ndarray]) -> None:
    body, matrix = person
    regressor = Regressor(matrix, "h36m_right_leg_first")
    landmarks, residual_m = fit_landmarks(body, regressor, samples=96)
    assert residual_m.max() < 2e-4
    weights = np.asarray(landmarks.weights)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert (np.count_nonzero(weights, axis=1) <= 3).all()
    mirror, sign = list(H36M17.mirror), [-1.0, 1.0, 1.0]
    np.testing.assert_allclose(weights[mirror][:, list(SMPL24.mirror)], weights, atol=1e-6)
    np.testing.assert_allclose(np.asarray(landmarks.offset_m)[mirror] * sign, landmarks.offset_m, atol=1e-6)
    _agrees_elsewhere(body, regressor, landmarks, residual_m, samples=96)


def test_what_cannot_be_followed_is_measured(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cloud.pkl").write_bytes(pickle.dumps(content, 2))
    body = load_body(tmp_path / "cloud.pkl")
    regressor = Regressor(np.eye(17, SMALL, SMALL - 17), "h36m_right_leg_first")
    landmarks, residual_m = fit_landmarks(body, regressor, samples=96)
    assert residual_m.min() > 1e-3
    _agrees_elsewhere(body, regressor, landmarks, residual_m, samples=96)


def _agrees_elsewhere(
    body: BodyModel, regressor: Regressor, landmarks: Landmarks, residual_m: np.ndarray, samples: int
) -> None:
    """On poses and shapes that were not fitted the landmarks are as far off as was said."""
    targets, joints, turns = _samples(body, regressor, samples, np.random.default_rng(99))
    found = jax.jit(landmark_joints)(landmarks, joints.astype(np.float32), turns.astype(np.float32))
    measured = np.sqrt(((np.asarray(found) - targets) ** 2).sum(-1).mean(0))
    np.testing.assert_allclose(measured, residual_m, rtol=0.5, atol=2e-4)
