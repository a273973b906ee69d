"""Key poses of quick actions, in degrees: what differs from a relaxed stance (``angles.pose``).

Written for the right-handed and right-footed; a sided angle named without its side is that of both. Our choice after
the phases that textbooks show (soccer kick: Lees et al. 2010; overarm throw: Fleisig et al. 1996).
"""

import numpy as np

from pn3d.synthetic.motion.angles import pose

_TEXT = """
kick.ready      knee 16 hip_flex 12 ankle 5 spine_flex 8 elbow 35 arm_abd 18
kick.plant      left_hip_flex 34 left_knee 22 left_ankle -2 right_hip_flex -22 right_knee 72 right_ankle -25
                right_hip_abd 14 pelvis_yaw -22 pelvis_roll 6 spine_turn -8 spine_flex 2 left_arm_abd 72
                left_arm_flex 12 right_arm_flex -30 right_arm_abd 32 elbow 30
kick.strike     left_hip_flex 12 left_knee 30 left_ankle 10 right_hip_flex 32 right_knee 38 right_ankle -32
                right_hip_abd 12 pelvis_yaw 8 pelvis_roll 10 pelvis_pitch -6 spine_flex 20 spine_turn 8
                left_arm_flex 25 left_arm_abd 40 right_arm_flex -40 right_arm_abd 36 elbow 35 neck_flex 22
kick.through    left_hip_flex -4 left_knee 12 left_ankle 4 right_hip_flex 65 right_knee 16 right_ankle -22
                right_hip_abd -6 pelvis_yaw 22 pelvis_roll 4 pelvis_pitch -10 spine_flex 24 spine_turn -16
                left_arm_flex 45 left_arm_abd -6 right_arm_flex -38 right_arm_abd 44 elbow 35 neck_flex 12
kick.land       left_hip_flex -8 left_knee 30 left_ankle 2 left_toe 20 right_hip_flex 30 right_knee 24 spine_flex 12
                elbow 40 arm_abd 20
throw.ready     knee 14 hip_flex 10 ankle 4 elbow 70 arm_flex 25 hip_abd 6
throw.wind      left_hip_flex 50 left_knee 60 right_knee 18 right_hip_flex 10 pelvis_yaw -38 spine_turn -20
                right_arm_flex -12 right_arm_abd 80 right_arm_rot -20 right_elbow 95 left_arm_abd 60 left_arm_flex 45
                left_elbow 25 neck_turn 50
throw.cocked    left_hip_flex 38 left_knee 28 left_ankle -4 right_hip_flex -14 right_knee 38 right_toe 25 hip_abd 10
                pelvis_yaw -8 spine_turn -22 spine_flex -14 right_arm_flex -10 right_arm_abd 96 right_arm_rot -68
                right_elbow 98 left_arm_abd 50 left_arm_flex 60 left_elbow 40 neck_turn 25
throw.loose     left_hip_flex 48 left_knee 30 left_ankle 2 right_hip_flex -18 right_knee 42 right_toe 35
                pelvis_yaw 14 spine_turn 14 spine_flex 22 right_arm_flex 75 right_arm_abd 95 right_arm_rot -20
                right_elbow 28 left_arm_flex -10 left_arm_abd 25 left_elbow 90
throw.after     left_hip_flex 62 left_knee 34 left_ankle 5 right_hip_flex 8 right_knee 65 right_toe 20 pelvis_yaw 22
                pelvis_pitch 18 spine_turn 24 spine_flex 34 right_arm_flex 52 right_arm_abd -26 right_arm_rot 40
                right_elbow 38 left_arm_flex -28 left_elbow 70 neck_flex -20
bowl.wind       right_arm_flex -50 right_elbow 12 left_arm_flex 40 spine_turn -22 hip_flex 22 knee 26 ankle 8
bowl.loose      right_arm_flex 55 right_elbow 8 left_arm_flex -25 left_hip_flex 40 left_knee 35 left_ankle 0
                right_hip_flex 2 right_knee 30 right_toe 20 spine_flex 25 spine_turn 15
bowl.after      right_arm_flex 120 right_elbow 30 left_hip_flex 25 left_knee 25 right_hip_flex 5 right_knee 35
                spine_turn 12 spine_flex 8
swing.ready     arm_flex 30 arm_abd -4 elbow 22 arm_rot 20
swing.back      spine_turn -30 pelvis_yaw -24 right_arm_flex 40 right_arm_abd 55 right_elbow 80 left_arm_flex 75
                left_arm_abd -45 left_elbow 18 left_arm_rot 30 neck_turn 35
swing.hit       spine_turn 6 pelvis_yaw 12 right_arm_flex 42 right_arm_abd 2 right_elbow 20 left_arm_flex 42
                left_arm_abd 2 left_elbow 12
swing.after     spine_turn 31 pelvis_yaw 34 left_arm_flex 50 left_arm_abd 60 left_elbow 70 right_arm_flex 80
                right_arm_abd -42 right_elbow 22 right_arm_rot 30 neck_turn -15
kneel.half      left_hip_flex 60 left_knee 75 right_hip_flex 15 right_knee 60 right_toe 40 ankle 18 pelvis_pitch 15
                spine_flex 12
kneel.one       left_hip_flex 88 left_knee 86 left_ankle 6 right_hip_flex 4 right_knee 92 right_ankle -10 right_toe 40
kneel.both      hip_flex 4 knee 92 ankle -30 toe 10
"""


def read(text: str) -> dict[str, dict[str, float]]:
    """name -> {angle: degrees}; a word with a dot starts a new pose."""
    poses: dict[str, dict[str, float]] = {}
    words = iter(text.split())
    for word in words:
        if "." in word:
            current = poses.setdefault(word, {})
        else:
            current[word] = float(next(words))
    return poses


KEY_POSES = read(_TEXT)
"""Name -> angles in degrees."""


def key_pose(name: str, **more: float) -> np.ndarray:
    """(D,) radians of a key pose, with ``more`` degrees added to some angles."""
    degrees = dict(KEY_POSES[name])
    for angle, value in more.items():
        degrees[angle] = degrees.get(angle, 0.0) + value
    return pose(**degrees)
