"""BVH files of several conventions, written for tests, with the joints that they mean worked out by SciPy."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass
class Joint:
    """A joint of a file to be: offset in the file's unit, and what hangs on it."""

    name: str
    offset: tuple[float, float, float]
    children: list["Joint"] = field(default_factory=list)
    end: tuple[float, float, float] | None = None


def _leg(side: str, x: float, names: tuple[str, str, str]) -> Joint:
    hip, knee, ankle = (name.replace("*", side) for name in names)
    return Joint(
        hip, (x, -0.1, 0.02), [Joint(knee, (0.0, -0.44, 0.0), [Joint(ankle, (0.0, -0.42, 0.0), end=(0, -0.05, 0.12))])]
    )


def _arm(side: str, x: float, names: tuple[str, str, str]) -> Joint:
    shoulder, elbow, wrist = (name.replace("*", side) for name in names)
    sign = np.sign(x)
    return Joint(
        shoulder,
        (x, 0.05, 0.0),
        [Joint(elbow, (0.27 * sign, 0, 0), [Joint(wrist, (0.26 * sign, 0, 0), end=(0.1 * sign, 0, 0))])],
    )


def cmu_skeleton() -> Joint:
    """CMU's names as converted for MotionBuilder: joints in one place, collar bones called shoulders."""
    legs = [
        Joint(f"{side[0]}HipJoint", (0, 0, 0), [_leg(side, x, ("*UpLeg", "*Leg", "*Foot"))])
        for side, x in (("Left", 0.1), ("Right", -0.1))
    ]
    arms = [
        Joint(f"{side}Shoulder", (0, 0, 0), [_arm(side, x, ("*Arm", "*ForeArm", "*Hand"))])
        for side, x in (("Left", 0.19), ("Right", -0.19))
    ]
    head = Joint("Neck", (0, 0, 0), [Joint("Neck1", (0, 0.1, 0), [Joint("Head", (0, 0.1, 0.02), end=(0, 0.12, 0))])])
    spine = Joint("LowerBack", (0, 0, 0), [Joint("Spine", (0, 0.15, 0), [Joint("Spine1", (0, 0.2, 0), [head, *arms])])])
    return Joint("Hips", (0, 0, 0), [*legs, spine])


def bandai_skeleton() -> Joint:
    """Bandai-Namco's names: a root above the hips, sides at the end."""
    legs = [_leg(side, x, ("UpperLeg_*", "LowerLeg_*", "Foot_*")) for side, x in (("L", 0.1), ("R", -0.1))]
    arms = [
        Joint(f"Shoulder_{side}", (x / 4, 0.1, 0), [_arm(side, x, ("UpperArm_*", "LowerArm_*", "Hand_*"))])
        for side, x in (("L", 0.15), ("R", -0.15))
    ]
    head = Joint("Neck", (0, 0.15, 0), [Joint("Head", (0, 0.1, 0))])
    chest = Joint("Spine", (0, 0.15, 0), [Joint("Chest", (0, 0.2, 0), [head, *arms])])
    return Joint("joint_Root", (0, 0, 0), [Joint("Hips", (0, 0.9, 0), [chest, *legs])])


def biovision_skeleton() -> Joint:
    """Biovision's names: shoulders are shoulders."""
    legs = [_leg(side, x, ("*Hip", "*Knee", "*Ankle")) for side, x in (("Left", 0.1), ("Right", -0.1))]
    arms = [
        Joint(f"{side}Collar", (x / 4, 0.1, 0), [_arm(side, x, ("*Shoulder", "*Elbow", "*Wrist"))])
        for side, x in (("Left", 0.15), ("Right", -0.15))
    ]
    head = Joint("Neck", (0, 0.15, 0), [Joint("Head", (0, 0.1, 0), end=(0, 0.12, 0))])
    return Joint("Hips", (0, 0, 0), [*legs, Joint("Chest", (0, 0.35, 0), [head, *arms])])


def motion_of(skeleton: Joint, frames: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Smooth angles in degrees (T, 3) by joint, about the x, y and z axes, and the root's path (T, 3) in metres."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 120

    def curve(size: float, count: int) -> np.ndarray:
        phase, rate = rng.uniform(0, 6, count), rng.uniform(0.5, 2, count)
        return size * np.sin(2 * np.pi * rate * time[:, None] + phase)

    angles: dict[str, np.ndarray] = {}

    def visit(joint: Joint) -> None:
        angles[joint.name] = curve(15, 3)
        for child in joint.children:
            visit(child)

    visit(skeleton)
    path = np.array([0, 0.95, 0]) + curve(0.3, 3) * [1, 0.05, 1]
    return angles, path


def bvh_text(
    skeleton: Joint,
    angles: dict[str, np.ndarray],
    path: np.ndarray,
    *,
    order: str = "ZYX",
    unit_m: float = 1.0,
    positions_everywhere: bool = False,
    z_up: bool = False,
    fps: float = 120.0,
) -> str:
    """The file. With ``z_up`` everything is turned by +90 degrees about x, joints' own axes included."""
    lines, columns = ["HIERARCHY"], []
    axes = lambda v: (v[..., 0], -v[..., 2], v[..., 1]) if z_up else (v[..., 0], v[..., 1], v[..., 2])  # noqa: E731

    def visit(joint: Joint, depth: int) -> None:
        pad = "\t" * depth
        offset = np.array(axes(np.array(joint.offset, float))) / unit_m
        with_position = depth == 0 or positions_everywhere
        names = (["Xposition", "Yposition", "Zposition"] if with_position else []) + [f"{a}rotation" for a in order]
        lines.extend([f"{pad}{'JOINT' if depth else 'ROOT'} {joint.name}", f"{pad}{{"])
        lines.append(f"{pad}\tOFFSET {offset[0]:.6f} {offset[1]:.6f} {offset[2]:.6f}")
        lines.append(f"{pad}\tCHANNELS {len(names)} {' '.join(names)} ")
        if with_position:
            place = path if depth == 0 else np.broadcast_to(np.array(joint.offset, float), path.shape)
            columns.extend(np.asarray(value) / unit_m for value in axes(place))
        turned = dict(zip("XYZ", axes(angles[joint.name]), strict=True))
        columns.extend(turned[axis] for axis in order)
        for child in joint.children:
            visit(child, depth + 1)
        if not joint.children:
            end = np.array(axes(np.array(joint.end or (0, 0, 0), float))) / unit_m
            if joint.end is not None:
                lines.append(
                    f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET {end[0]:.6f} {end[1]:.6f} {end[2]:.6f}\n{pad}\t}}"
                )
        lines.append(f"{pad}}}")

    visit(skeleton, 0)
    lines += ["MOTION", f"Frames: {len(path)}", f"Frame Time: {1 / fps:.7f}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in np.stack(columns, axis=1)]
    return "\n".join(lines) + "\n"


def joints_of(
    skeleton: Joint, angles: dict[str, np.ndarray], path: np.ndarray, order: str = "ZYX"
) -> dict[str, np.ndarray]:
    """(T, 3) metres of each joint, y up, and of end sites as ``<name> end``: one joint after another, by SciPy."""
    found: dict[str, np.ndarray] = {}

    def visit(joint: Joint, parent: Rotation | None, place: np.ndarray) -> None:
        own = Rotation.from_euler(order, angles[joint.name][:, ["XYZ".index(axis) for axis in order]], degrees=True)
        turn = own if parent is None else parent * own
        found[joint.name] = place
        for child in joint.children:
            visit(child, turn, place + turn.apply(np.array(child.offset, float)))
        if joint.end is not None:
            found[f"{joint.name} end"] = place + turn.apply(np.array(joint.end, float))

    visit(skeleton, None, path)
    return found
