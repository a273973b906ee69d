"""The skeleton of the built-in body: rest joints, the spheres of influence of the joints, and the shape coefficients.

An adult of 1.70 m. Hip, knee and ankle heights, shoulder height and the lengths of upper arm and forearm follow
Drillis & Contini 1966 (0.530, 0.285, 0.039, 0.818, 0.186 and 0.146 of stature; in Winter, "Biomechanics and Motor
Control of Human Movement"), with the arms raised to the T-pose; joint centres of upper arm and forearm are nearer to
each other than the bony marks. The head joint is the atlas, 0.16 m under the vertex (ANSUR II: tragion 0.13 m).
"""

import numpy as np

from pn3d.geometry.skeleton import SMPL24

ORIGIN_Y_M = 1.215
"""Height above the floor of the model's origin: pelvis 0.22 m below it, as in SMPL."""

_HALF: dict[str, tuple[float, float, float]] = {  # metres from the floor, midline and left
    "pelvis": (0.0, 0.995, -0.010),
    "left_hip": (0.096, 0.922, 0.0),
    "left_knee": (0.106, 0.488, 0.002),
    "left_ankle": (0.112, 0.075, -0.028),
    "left_foot": (0.122, 0.022, 0.088),
    "spine1": (0.0, 1.095, -0.022),
    "spine2": (0.0, 1.220, -0.028),
    "spine3": (0.0, 1.285, -0.032),
    "left_collar": (0.060, 1.388, -0.025),
    "left_shoulder": (0.190, 1.406, -0.020),
    "left_elbow": (0.458, 1.404, -0.034),
    "left_wrist": (0.713, 1.403, -0.022),
    "left_hand": (0.797, 1.401, -0.020),
    "neck": (0.0, 1.462, -0.036),
    "head": (0.0, 1.536, -0.012),
}

_SIGNS = np.array([-1.0, 1.0, 1.0])


def rest_joints() -> np.ndarray:
    """(24, 3) metres from the model's origin, exactly mirror-symmetric."""
    rows = []
    for name in SMPL24.joints:
        point = np.array(_HALF[name.replace("right_", "left_")]) - np.array([0.0, ORIGIN_Y_M, 0.0])
        rows.append(point * _SIGNS if name.startswith("right_") else point)
    return np.array(rows)


def _step(distance: np.ndarray, half_width: float) -> np.ndarray:
    """0 below -half_width, 1 above, smooth between (quintic: continuous curvature)."""
    t = np.clip(0.5 + 0.5 * distance / half_width, 0.0, 1.0)
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


def _gate(joint: str, points: np.ndarray) -> np.ndarray:
    """How far a point is beyond a joint, 0 to 1. (N, 3) metres from the floor -> (N,). Planes and widths by eye."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    side = np.maximum(np.abs(x) - 0.06, 0.0)
    ahead = np.maximum(z - 0.01, 0.0)
    match joint:
        case "spine1" | "spine2" | "spine3":
            return _step(y - _HALF[joint][1] - (0.0 if joint != "spine1" else 0.4 * z), 0.075)
        case "neck":
            return _step(y - 1.440 + 0.4 * z - 0.7 * side, 0.05)
        case "head":
            return _step(y - 1.535 + ahead, 0.035)
        case "left_hip":
            # The crotch stays with the pelvis; from there down the legs part at the midline.
            split = np.clip(0.5 * (y - 0.75), 0.0, 0.035)
            return _step(0.35 * (x - 0.095) - 0.93 * (y - 0.915) + 0.10 * z, 0.10) * _step(x - split, 0.025)
        case "left_knee":
            return _step(0.486 - y + 0.1 * z, 0.055)
        case "left_ankle":
            return _step(0.080 - y + 0.6 * np.maximum(z, 0.0), 0.035)
        case "left_foot":
            return _step(z - 0.088, 0.025)
        case "left_collar":
            return (
                _step(0.75 * (x - 0.075) + 0.66 * (y - 1.388), 0.075) * _step(x, 0.04) * (1.0 - _gate("neck", points))
            )
        case "left_shoulder":
            return _step(0.85 * (x - 0.179) + 0.35 * (y - 1.406), 0.058)
        case "left_elbow":
            return _step(x - 0.458, 0.048)
        case "left_wrist":
            return _step(x - 0.713, 0.028)
        case "left_hand":
            return _step(x - 0.802 - np.maximum(z - 0.018, 0.0), 0.025)
    raise ValueError(f"no gate for joint {joint}")


def skin_weights(points_m: np.ndarray) -> np.ndarray:
    """Skinning weights of points near the body, from the model's origin. (N, 3) -> (N, 24), rows sum to one.

    Every joint but the root has a smooth gate, 1 beyond the joint. A point's share goes down the tree: a joint keeps
    what its children's gates do not take. Right gates are left ones of the mirrored point, so the weights mirror.
    """
    points = points_m + np.array([0.0, ORIGIN_Y_M, 0.0])
    image = points * _SIGNS
    share = np.zeros((len(points), len(SMPL24.joints)))
    share[:, 0] = 1.0
    weights = np.zeros_like(share)
    for joint in range(len(SMPL24.joints)):
        children = [child for child, parent in enumerate(SMPL24.parents) if parent == joint]
        gates = [_signed_gate(SMPL24.joints[child], points, image) for child in children]
        taken = sum(gates) if gates else np.zeros(len(points))
        excess = np.maximum(taken, 1.0)  # where gates overlap they share
        for child, gate in zip(children, gates, strict=True):
            share[:, child] = share[:, joint] * gate / excess
        weights[:, joint] = share[:, joint] * (1.0 - taken / excess)
    return weights


def _signed_gate(joint: str, points: np.ndarray, image: np.ndarray) -> np.ndarray:
    if joint.startswith("right_"):
        return _gate(joint.replace("right_", "left_"), image)
    return _gate(joint, points)


SHAPE_NAMES = (
    "stature",
    "girth",
    "thigh length",
    "shank length",
    "upper arm length",
    "forearm and hand length",
    "torso length",
    "shoulder breadth",
    "hip breadth",
    "neck and head size",
)
"""What one unit, about one standard deviation of adults, of each coefficient changes."""

# Strain per unit along x, y, z of the flesh and bones that move with a joint (left standing for both sides). Standard
# deviations of adults as a share of the mean, given stature but for the first two: ANSUR II, rounded.
_STRAINS: tuple[dict[str, tuple[float, float, float]], ...] = (
    {},
    {
        **dict.fromkeys(("pelvis", "spine1", "spine2"), (0.065, 0.0, 0.105)),
        "spine3": (0.050, 0.0, 0.085),
        "left_hip": (0.080, 0.0, 0.075),
        "left_knee": (0.060, 0.0, 0.060),
        "left_ankle": (0.025, 0.01, 0.0),
        "left_collar": (0.0, 0.040, 0.070),
        "left_shoulder": (0.0, 0.085, 0.085),
        "left_elbow": (0.0, 0.060, 0.060),
        "left_wrist": (0.0, 0.030, 0.030),
        "left_hand": (0.0, 0.030, 0.030),
        "neck": (0.060, 0.0, 0.060),
        "head": (0.020, 0.005, 0.010),
    },
    {"left_hip": (0.0, 0.035, 0.0)},
    {"left_knee": (0.0, 0.040, 0.0)},
    {"left_shoulder": (0.040, 0.0, 0.0)},
    {"left_elbow": (0.040, 0.0, 0.0), "left_wrist": (0.030, 0.01, 0.02), "left_hand": (0.030, 0.01, 0.02)},
    dict.fromkeys(("pelvis", "spine1", "spine2", "spine3"), (0.0, 0.035, 0.0)),
    {"left_collar": (0.055, 0.0, 0.0), "spine3": (0.030, 0.0, 0.0), "spine2": (0.015, 0.0, 0.0)},
    {"pelvis": (0.060, 0.0, 0.010), "spine1": (0.025, 0.0, 0.0), "left_hip": (0.025, 0.0, 0.0)},
    {"neck": (0.010, 0.060, 0.010), "head": (0.025, 0.035, 0.025)},
)
_STATURE_STRAIN = 0.039


def shape_basis(points_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Displacements per unit of the ten coefficients. (N, 3), (N, 24) -> (N, 3, 10) metres.

    Each joint carries a piece that stretches along the axes and moves with the joint; pieces are blended by the
    skinning weights. Stature scales everything about the model's origin.
    """
    joints = rest_joints()
    columns = [_STATURE_STRAIN * points_m]
    for name, strains in zip(SHAPE_NAMES[1:], _STRAINS[1:], strict=True):
        stretch = np.array([strains.get(n.replace("right_", "left_"), (0.0, 0.0, 0.0)) for n in SMPL24.joints])
        moved = np.zeros((len(joints), 3))
        for joint, parent in enumerate(SMPL24.parents):
            if parent >= 0 and name != "girth":  # flesh alone leaves the bones as they are
                moved[joint] = moved[parent] + stretch[parent] * (joints[joint] - joints[parent])
        column = np.zeros_like(points_m)
        for joint in range(len(joints)):
            piece = moved[joint] + stretch[joint] * (points_m - joints[joint])
            column += weights[:, joint : joint + 1] * piece
        columns.append(column)
    return np.stack(columns, axis=-1)
