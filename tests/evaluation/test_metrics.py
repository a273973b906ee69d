"""Joint metrics: worked by hand, invariances, SciPy, and slow literal versions of each definition."""

import numpy as np
import pytest
import scipy.spatial
from scipy.spatial.transform import Rotation

from pn3d.evaluation import metrics
from pn3d.geometry.skeleton import H36M17, LSP14_OF_H36M17

CLOSE_MM = 1e-3


def poses(frames: int, seed: int = 0, noise_m: float = 0.08) -> tuple[np.ndarray, np.ndarray]:
    """Truth of a person's size far from the origin, and a noisy prediction of another size and place."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(frames, 17, 3)) * [0.25, 0.5, 0.2] + rng.normal(size=(frames, 1, 3)) + [0, 0, 5]
    predicted = 0.7 * (truth + rng.normal(size=truth.shape) * noise_m) + [3.0, -1.0, 2.0]
    return predicted, truth


def slow_procrustes_mm(predicted: np.ndarray, truth: np.ndarray, *, reflection: bool = False) -> float:
    """One frame: the rotation from SciPy, the scale from its definition."""
    p, g = predicted - predicted.mean(0), truth - truth.mean(0)
    turned = p @ Rotation.align_vectors(g, p)[0].as_matrix().T
    if reflection:
        mirrored = p * [-1, 1, 1]
        other = mirrored @ Rotation.align_vectors(g, mirrored)[0].as_matrix().T
        turned = max(turned, other, key=lambda x: (x * g).sum())
    scale = (turned * g).sum() / (turned**2).sum()
    return 1000 * float(np.mean([np.linalg.norm(scale * a - b) for a, b in zip(turned, g, strict=True)]))


def test_mpjpe_by_hand():
    truth = np.random.default_rng(0).normal(size=(1, 17, 3))
    predicted = truth + np.array([5.0, 0.0, -2.0])
    predicted[0, 3] += [0.03, 0.04, 0.0]
    assert metrics.mpjpe_mm(predicted, truth) == pytest.approx(50 / 17)
    predicted[0, 0] += [0.0, 0.0, 0.1]  # the root itself moves: all others are now 100 mm away in z
    expected = (15 * 100 + np.sqrt(30**2 + 40**2 + 100**2)) / 17
    assert metrics.mpjpe_mm(predicted, truth) == pytest.approx(expected)


def test_scaled_errors_by_hand():
    truth = np.array([[[0.0, 0, 0], [1, 1, 0], [0, 0, 1]]])
    predicted = np.array([[[0.0, 0, 0], [2, 0, 0], [0, 0, 2]]])
    # least squares: (2 + 2) / (4 + 4) = 1/2, errors 0, 1, 0; norms: sqrt(3 / 8)
    assert metrics.n_mpjpe_mm(predicted, truth) == pytest.approx(1000 / 3)
    scale = np.sqrt(3 / 8)
    expected = (np.hypot(2 * scale - 1, 1) + abs(2 * scale - 1)) / 3 * 1000
    assert metrics.norm_scaled_mpjpe_mm(predicted, truth) == pytest.approx(expected)


def test_procrustes_by_hand():
    # a cross of half-axes 1 and 2 against one of 1 and 1 (J = 4): K = diag(2, 4), scale 6 / 10, errors 0.4 and 0.2
    truth = np.array([[[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]])
    predicted = truth * [1, 2, 1] @ Rotation.from_euler("xyz", [0.3, 1.0, 2.0]).as_matrix() + [1.0, 2, 3]
    result = metrics.procrustes(predicted, truth)
    assert result.proper_mm == pytest.approx(300)
    assert result.reflected_mm == pytest.approx(300)
    assert result.scale_unsigned == pytest.approx(0.6)


def test_procrustes_agrees_with_scipy():
    predicted, truth = poses(40, noise_m=0.3)
    predicted[::2, :, 2] *= -1
    result = metrics.procrustes(predicted, truth)
    twin = predicted * [1, 1, -1]
    for i in range(len(truth)):
        assert result.proper_mm[i] == pytest.approx(slow_procrustes_mm(predicted[i], truth[i]), abs=CLOSE_MM)
        assert result.depth_negated_mm[i] == pytest.approx(slow_procrustes_mm(twin[i], truth[i]), abs=CLOSE_MM)
        slow = slow_procrustes_mm(predicted[i], truth[i], reflection=True)
        assert result.reflected_mm[i] == pytest.approx(slow, abs=CLOSE_MM)
        # scipy.spatial.procrustes allows reflection and works in units of the truth's norm
        unit_truth, unit_predicted, _ = scipy.spatial.procrustes(truth[i], predicted[i])
        norm = np.linalg.norm(truth[i] - truth[i].mean(0))
        scipy_mm = 1000 * norm * np.linalg.norm(unit_truth - unit_predicted, axis=1).mean()
        assert result.reflected_mm[i] == pytest.approx(scipy_mm, abs=CLOSE_MM)
    assert (result.reflected_mm < result.proper_mm - 10).any()


def test_procrustes_ignores_similarity_but_not_reflection():
    predicted, truth = poses(30)
    before = metrics.pa_mpjpe_mm(predicted, truth)
    turns = Rotation.random(30, rng=np.random.default_rng(1)).as_matrix()
    moved = 3.1 * np.einsum("nij,nkj->nki", turns, predicted) + [10.0, 0, -4]
    np.testing.assert_allclose(metrics.pa_mpjpe_mm(moved, truth), before, atol=CLOSE_MM)
    mirrored = moved * [-1, 1, 1]
    assert (metrics.pa_mpjpe_mm(mirrored, truth) > before + 50).all()
    np.testing.assert_allclose(metrics.pa_mpjpe_reflected_mm(mirrored, truth), before, atol=CLOSE_MM)
    np.testing.assert_allclose(metrics.flip_min_pa_mpjpe_mm(mirrored, truth), before, atol=CLOSE_MM)


def test_float32_input_is_as_good():
    predicted, truth = (array.astype(np.float32) for array in poses(50))
    exact = metrics.pa_mpjpe_mm(predicted.astype(np.float64), truth.astype(np.float64))
    np.testing.assert_allclose(metrics.pa_mpjpe_mm(predicted, truth), exact, atol=1e-9)


@pytest.mark.parametrize("shape", ["point", "line", "plane"])
def test_degenerate_predictions_are_finite(shape: str):
    predicted, truth = poses(5)
    predicted = predicted * {"point": [0, 0, 0], "line": [1, 0, 0], "plane": [1, 1, 0]}[shape]
    errors = metrics.frame_errors(predicted, truth)
    for name, values in vars(errors).items():
        assert np.isfinite(values).all(), name
    if shape == "point":  # scale 0: every joint is as far as the truth is from its own middle
        middle = truth - truth.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(errors.pa_mpjpe_mm, 1000 * np.linalg.norm(middle, axis=-1).mean(1), atol=CLOSE_MM)
    elif shape == "plane":
        expected = [slow_procrustes_mm(p, g) for p, g in zip(predicted, truth, strict=True)]
        np.testing.assert_allclose(errors.pa_mpjpe_mm, expected, atol=CLOSE_MM)
    else:  # turned onto the truth's projection that fits best; the rotation about the line itself moves nothing
        for p, g, got in zip(predicted, truth, errors.pa_mpjpe_mm, strict=True):
            p, g = p - p.mean(axis=0), g - g.mean(axis=0)
            direction = p[:, 0] @ g
            fitted = np.outer(p[:, 0], direction) / (p[:, 0] @ p[:, 0])
            assert got == pytest.approx(1000 * np.linalg.norm(fitted - g, axis=1).mean(), abs=CLOSE_MM)
    if shape != "point":
        np.testing.assert_allclose(errors.depth_negated_pa_mpjpe_mm, errors.pa_mpjpe_mm, atol=CLOSE_MM)
    assert not errors.depth_flipped.any()


def test_all_errors_of_a_perfect_prediction():
    _, truth = poses(5)
    errors = metrics.frame_errors(truth, truth)
    for name in ("mpjpe_mm", "n_mpjpe_mm", "pa_mpjpe_mm", "pa_mpjpe_14_mm", "pa_mpjpe_reflected_mm"):
        np.testing.assert_allclose(getattr(errors, name), 0, atol=1e-9, err_msg=name)
    assert (errors.pck150_pct == 100).all()
    np.testing.assert_allclose(errors.auc_pct, 100 * 30 / 31)  # nothing is strictly below 0 mm
    assert not errors.depth_flipped.any()


def test_depth_flipped_frames_are_found():
    _, truth = poses(20)
    predicted = truth - truth[:, :1]
    predicted[::4, :, 2] *= -1
    errors = metrics.frame_errors(predicted, truth)
    np.testing.assert_array_equal(errors.depth_flipped, np.arange(20) % 4 == 0)
    np.testing.assert_allclose(errors.flip_min_pa_mpjpe_mm, 0, atol=1e-6)


def test_frame_errors_are_the_single_metrics():
    predicted, truth = poses(2 * 2048 + 5)  # several pieces, in order
    errors = metrics.frame_errors(predicted, truth)
    chosen = np.array([0, 7, 2047, 2048, 4095, 4096, 4100])
    p, g = predicted[chosen], truth[chosen]
    np.testing.assert_allclose(errors.mpjpe_mm[chosen], metrics.mpjpe_mm(p, g))
    np.testing.assert_allclose(errors.n_mpjpe_mm[chosen], metrics.n_mpjpe_mm(p, g))
    np.testing.assert_allclose(errors.pa_mpjpe_mm[chosen], metrics.pa_mpjpe_mm(p, g))
    lsp = list(LSP14_OF_H36M17)
    np.testing.assert_allclose(errors.pa_mpjpe_14_mm[chosen], metrics.pa_mpjpe_mm(p[:, lsp], g[:, lsp]))
    np.testing.assert_array_equal(metrics.per_frame(metrics.mpjpe_mm, predicted, truth), errors.mpjpe_mm)


def test_pck_and_auc_against_their_definition():
    rng = np.random.default_rng(0)
    distance_mm = np.concatenate([rng.uniform(0, 200, (50, 16)), rng.integers(0, 40, (50, 16)) * 5.0])
    distance_mm[0, :3] = [0.0, 5.0, 150.0]
    distance_mm[1:3, :15] = np.nextafter(np.arange(5.0, 155.0, 5.0), 0).reshape(2, 15)  # just below each threshold
    thresholds = np.linspace(0, 150, 31)
    for row, pck, auc in zip(distance_mm, metrics.pck_pct(distance_mm), metrics.auc_pct(distance_mm), strict=True):
        assert pck == pytest.approx(100 * sum(d < 150 for d in row) / 16)
        assert auc == pytest.approx(100 * np.mean([sum(d < t for d in row) / 16 for t in thresholds]))


def test_pck_leaves_the_root_out_and_scales():
    truth = np.zeros((1, 17, 3))
    truth[0, 1:, 0] = 1.0
    predicted = 2.0 * truth
    predicted[0, 1:5, 1] = 2 * 0.2  # after scaling about 0.2 m away: 4 of 16
    errors = metrics.frame_errors(predicted, truth)
    assert errors.pck150_pct == pytest.approx(75)
    p, g = 1000 * predicted[0], 1000 * truth[0]
    distance = np.linalg.norm((p * g).sum() / (p * p).sum() * p - g, axis=1)[1:]
    assert errors.auc_pct == pytest.approx(100 * np.mean([np.mean(distance < t) for t in range(0, 151, 5)]))


@pytest.mark.parametrize("scaled", [False, True])
def test_acceleration_against_its_definition(scaled: bool):
    predicted, truth = poses(11)
    clip_start = np.array([0, 5, 7, 11])
    norms = []
    for start, stop in ((0, 5), (5, 7), (7, 11)):
        error = []
        for t in range(start, stop):
            p, g = predicted[t] - predicted[t, 0], truth[t] - truth[t, 0]
            error.append((p * (p * g).sum() / (p * p).sum() if scaled else p) - g)
        for t in range(1, stop - start - 1):
            norms += [np.linalg.norm(error[t + 1][j] - 2 * error[t][j] + error[t - 1][j]) for j in range(17)]
    got = metrics.accel_err_mm_per_frame2(predicted, truth, clip_start, scale_per_frame=scaled)
    assert got == pytest.approx(1000 * np.mean(norms))


def test_acceleration_by_hand():
    _, truth = poses(1)
    truth = np.repeat(truth, 6, axis=0)
    drift = np.arange(6)[:, None] * np.array([0.01, 0.0, 0.0])
    predicted = truth.copy()
    predicted[:, 5] += drift  # constant speed
    start = np.array([0, 6])
    assert metrics.accel_err_mm_per_frame2(predicted, truth, start, scale_per_frame=False) == pytest.approx(0, abs=1e-9)
    predicted[:, 5] += drift**2 / 0.01  # 10 mm t^2: second difference 20 mm for one joint of 17
    got = metrics.accel_err_mm_per_frame2(predicted, truth, start, scale_per_frame=False)
    assert got == pytest.approx(20 / 17)
    assert metrics.accel_err_mm_per_frame2(predicted[:4], truth[:4], np.array([0, 2, 4]), scale_per_frame=True) is None


def test_acceleration_over_pieces():
    predicted, truth = poses(5000)
    start = np.array([0, 2047, 2049, 5000])
    parts = [
        metrics.accel_err_mm_per_frame2(predicted[a:b], truth[a:b], np.array([0, b - a]), scale_per_frame=True)
        for a, b in ((0, 2047), (2049, 5000))
    ]
    got = metrics.accel_err_mm_per_frame2(predicted, truth, start, scale_per_frame=True)
    assert got == pytest.approx((parts[0] * 2045 + parts[1] * 2949) / (2045 + 2949))


def test_bone_std_against_its_definition():
    predicted, _ = poses(9)
    clip_start = np.array([0, 4, 9])
    share, length = [], []
    for start, stop in ((0, 4), (4, 9)):
        bones = np.array([[np.linalg.norm(f[a] - f[b]) for a, b in H36M17.bones] for f in predicted[start:stop]])
        length.append(np.std(1000 * bones, axis=0).mean())
        share.append(np.std(100 * bones / bones.sum(axis=1, keepdims=True), axis=0).mean())
    std_pct, std_mm = metrics.bone_std(predicted, clip_start)
    assert std_pct == pytest.approx(np.mean(share))
    assert std_mm == pytest.approx(np.mean(length))
    grown = predicted * np.linspace(1, 2, 9)[:, None, None]
    assert metrics.bone_std(grown, clip_start)[0] == pytest.approx(std_pct)


def test_flip_min_at_the_scale_of_ites():
    predicted, truth = poses(6)
    predicted[::2, :, 2] *= -1
    for i, got in enumerate(metrics.flip_min_scaled_mpjpe_mm(predicted, truth)):
        p, g = predicted[i] - predicted[i].mean(0), truth[i] - truth[i].mean(0)
        scale = np.linalg.svd(p.T @ g, compute_uv=False).sum() / (p**2).sum()
        p, g = scale * (predicted[i] - predicted[i, 0]), truth[i] - truth[i, 0]
        both = [np.linalg.norm(p * sign - g, axis=1).mean() for sign in ([1, 1, 1], [1, 1, -1])]
        assert got == pytest.approx(1000 * min(both))


def test_mean_by_group():
    got = metrics.mean_by_group(np.array([1.0, 2.0, 6.0]), np.array(["walk", "box", "walk"]))
    assert got == {"box": 2.0, "walk": 3.5}


def test_wrong_arrays_are_refused():
    predicted, truth = poses(4)
    for p, g, message in (
        (predicted[:3], truth, "one shape"),
        (predicted[:, :14], truth[:, :14], "17 joints"),
        (predicted[..., :2], truth[..., :2], r"\(N, J, 3\)"),
        (predicted[:0], truth[:0], "N > 0"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.frame_errors(p, g)
    predicted[2, 5, 1] = np.nan
    with pytest.raises(ValueError, match=r"predicted_m must be finite.* frame 2, joint 5"):
        metrics.frame_errors(predicted, truth)
    with pytest.raises(ValueError, match="truth_m must be finite"):
        metrics.per_frame(metrics.mpjpe_mm, truth, predicted)
    for starts in ([0, 3], [0, 2, 2, 4], [1, 4], [4]):
        with pytest.raises(ValueError, match="clip_start"):
            metrics.clip_of_frame(np.array(starts), 4)
