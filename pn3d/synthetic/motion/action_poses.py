"""Key poses of acrobatics, dance, combat, work and falls, in degrees, as ``floor_poses``. Our choice."""

from pn3d.synthetic.motion.key_poses import read

_TEXT = """
hand.reach       pitch 0 arm_flex 168 arm_abd 14 elbow 5 collar_up 14 left_hip_flex 25 left_knee 12 left_ankle 5
                 right_hip_flex -8 right_knee 6 right_toe 15 neck_flex -5
hand.lunge       pitch 42 arm_flex 168 arm_abd 14 elbow 5 collar_up 14 left_hip_flex 75 left_knee 42 left_ankle 18
                 right_hip_flex -8 right_knee 6 right_toe 30 spine_flex 6
hand.touch       pitch 112 arm_flex 168 arm_abd 14 elbow 6 collar_up 14 left_hip_flex 88 left_knee 22 left_ankle 0
                 right_hip_flex -30 right_knee 5 right_ankle -40 neck_flex -25 wrist_flex -50
hand.kick        pitch 150 arm_flex 170 arm_abd 12 elbow 4 collar_up 16 left_hip_flex 55 left_knee 12 left_ankle -35
                 right_hip_flex -30 right_knee 4 right_ankle -40 neck_flex -28 wrist_flex -65
hand.stand       pitch 178 arm_flex 171 arm_abd 10 elbow 3 collar_up 18 hip_flex 1 hip_abd 1 knee 2 ankle -42
                 neck_flex -30 wrist_flex -68
hand.split       pitch 178 arm_flex 171 arm_abd 10 elbow 3 collar_up 18 left_hip_flex 62 right_hip_flex -30 knee 5
                 ankle -42 neck_flex -30 wrist_flex -68
hand.straddle    pitch 178 arm_flex 171 arm_abd 10 elbow 3 collar_up 18 hip_flex 12 hip_abd 52 knee 3 ankle -42
                 neck_flex -30 wrist_flex -68
hand.tuck        pitch 172 arm_flex 168 arm_abd 10 elbow 5 collar_up 18 hip_flex 95 knee 120 ankle -30 neck_flex -28
                 wrist_flex -68
wheel.ready      arm_flex 20 arm_abd 150 elbow 4 left_hip_abd 22 right_hip_abd 22 left_hip_flex 8 knee 5 collar_up 14
wheel.spread     arm_flex 12 arm_abd 160 elbow 3 hip_abd 52 hip_flex 4 hip_rot -25 knee 3 ankle -30 collar_up 18
                 neck_flex -18 wrist_flex -40
dance.plie       left_hip_flex 30 left_knee 48 left_ankle 22 left_hip_rot -25 right_hip_flex 5 right_knee 30
                 right_ankle 10 right_toe 20 right_hip_rot -20 left_arm_flex 55 left_arm_abd 10 left_elbow 45
                 right_arm_abd 78 right_arm_flex 15 right_elbow 18 arm_rot 25
dance.passe      left_hip_flex 1 left_knee 1 left_ankle -44 left_toe 48 left_hip_rot -25 right_hip_flex 58
                 right_hip_abd 46 right_hip_rot -45 right_knee 124 right_ankle -42 arm_flex 52 arm_abd 14 elbow 62
                 arm_rot 42 collar_up 2
dance.passe_up   left_hip_flex 1 left_knee 1 left_ankle -44 left_toe 48 left_hip_rot -25 right_hip_flex 58
                 right_hip_abd 46 right_hip_rot -45 right_knee 124 right_ankle -42 arm_flex 152 arm_abd 20 elbow 45
                 arm_rot 20
dance.arabesque  pelvis_pitch 36 spine_flex -40 left_hip_flex 36 left_knee 2 right_hip_flex -38 right_knee 3
                 right_hip_rot -30 right_ankle -44 left_arm_flex 108 left_elbow 6 right_arm_abd 88 right_arm_flex -8
                 right_elbow 8 neck_flex -8
dance.penche     pelvis_pitch 82 spine_flex -34 left_hip_flex 84 left_knee 2 right_hip_flex -40 right_knee 3
                 right_ankle -44 left_arm_flex 132 left_elbow 6 right_arm_abd 92 right_arm_flex -20 right_elbow 8
                 neck_flex -20
dance.attitude   pelvis_pitch 16 spine_flex -26 left_hip_flex 16 left_knee 2 right_hip_flex -34 right_hip_abd 28
                 right_knee 86 right_hip_rot -45 right_ankle -42 left_arm_abd 86 left_arm_flex 18 right_arm_flex 155
                 right_arm_abd 22 elbow 32
dance.front      left_knee 2 left_hip_flex 0 right_hip_flex 98 right_knee 3 right_ankle -44 right_hip_rot -30
                 arm_abd 86 arm_flex 22 elbow 14 spine_flex -4
dance.side       left_knee 2 right_hip_flex 40 right_hip_abd 76 right_knee 3 right_ankle -44 right_hip_rot -50
                 pelvis_roll 8 spine_side 10 left_arm_abd 95 left_arm_flex 15 right_arm_flex 150 right_arm_abd 30
                 elbow 12
dance.low        left_knee 2 right_hip_flex 22 right_knee 3 right_ankle -44 right_hip_rot -30 arm_abd 82 arm_flex 18
                 elbow 16
dance.first      hip_rot -40 knee 3 arm_flex 34 arm_abd 14 elbow 48 arm_rot 40 hip_abd 2
dance.second     hip_rot -38 hip_abd 16 knee 3 arm_flex 18 arm_abd 84 elbow 14 arm_rot 10
dance.grand      hip_rot -42 hip_abd 42 hip_flex 58 knee 86 ankle 14 arm_flex 18 arm_abd 82 elbow 16
dance.fifth      hip_rot -35 knee 2 arm_flex 156 arm_abd 22 elbow 42 arm_rot 15 hip_abd -2
leap.push        left_hip_flex -22 left_knee 8 left_ankle -42 left_toe 50 right_hip_flex 74 right_knee 62
                 right_ankle -25 left_arm_flex 72 left_arm_abd 20 right_arm_abd 62 right_arm_flex -15 elbow 14
                 spine_flex -4
leap.split       pelvis_pitch 8 left_hip_flex -42 left_knee 6 left_ankle -46 right_hip_flex 88 right_knee 4
                 right_ankle -44 left_arm_flex 98 left_arm_abd 10 right_arm_abd 92 right_arm_flex -12 elbow 8
                 spine_flex -16 neck_flex -10
leap.land        left_hip_flex -34 left_knee 18 left_ankle -40 right_hip_flex 40 right_knee 36 right_ankle 12
                 left_arm_flex 70 right_arm_abd 80 elbow 15 spine_flex 6
leap.step        left_hip_flex 34 left_knee 22 left_ankle 2 right_hip_flex -16 right_knee 24 right_toe 40
                 right_ankle 5 arm_abd 48 arm_flex 14 elbow 22
leap.gather      left_hip_flex 16 left_knee 34 left_ankle 18 right_hip_flex 22 right_knee 46 right_ankle -10
                 arm_flex 26 arm_abd 22 elbow 30 spine_flex 10
fight.guard      left_hip_flex 26 left_knee 24 left_ankle 8 right_hip_flex 2 right_knee 26 right_ankle 10 right_toe 20
                 pelvis_yaw -34 spine_turn -8 spine_flex 12 left_arm_flex 46 left_arm_abd 4 right_arm_flex 30
                 right_arm_abd 8 elbow 118 arm_rot 24 neck_turn 36 neck_flex 8
fight.chamber    left_hip_flex 8 left_knee 20 left_ankle 12 right_hip_flex 98 right_knee 118 right_ankle -15
                 arm_flex 36 arm_abd 12 elbow 112 arm_rot 22 pelvis_yaw 6 spine_flex 10
fight.front      pelvis_pitch -16 left_hip_flex -4 left_knee 14 left_ankle 10 right_hip_flex 88 right_knee 8
                 right_ankle 2 arm_flex 26 arm_abd 18 elbow 96 arm_rot 20 pelvis_yaw 14 spine_flex 16 neck_flex 12
fight.rchamber   pelvis_roll 26 left_hip_flex 2 left_hip_abd 8 left_knee 14 left_ankle 4 right_hip_flex 70
                 right_hip_abd 52 right_hip_rot 30 right_knee 122 arm_flex 32 arm_abd 14 elbow 108 arm_rot 22
                 pelvis_yaw 42 spine_side 12
fight.round      pelvis_roll 44 left_hip_flex 0 left_hip_abd 18 left_knee 8 left_ankle -2 right_hip_flex 62
                 right_hip_abd 56 right_hip_rot 28 right_knee 10 right_ankle -38 right_arm_flex -22 right_arm_abd 30
                 left_arm_flex 40 elbow 76 pelvis_yaw 74 spine_side 14 neck_turn -30
fight.schamber   pelvis_roll 24 left_hip_flex 6 left_hip_abd 4 left_knee 22 left_ankle 12 right_hip_flex 92
                 right_hip_abd 30 right_hip_rot 25 right_knee 122 arm_flex 30 arm_abd 12 elbow 112 pelvis_yaw 55
                 neck_turn -55
fight.sidek      pelvis_roll 52 left_hip_flex 4 left_hip_abd 22 left_knee 8 left_ankle 2 right_hip_flex 26
                 right_hip_abd 68 right_knee 5 right_ankle 8 right_arm_abd 42 right_elbow 40 left_arm_flex 40
                 left_elbow 110 pelvis_yaw 80 spine_side 26 neck_turn -55
kata.front       left_hip_flex 62 left_knee 62 left_ankle 22 left_hip_abd 10 right_hip_flex -24 right_knee 6
                 right_ankle 18 right_hip_abd 12 spine_flex -4
kata.horse       hip_flex 56 hip_abd 46 knee 82 ankle 12 hip_rot -24
kata.back        left_hip_flex 42 left_hip_abd 8 left_knee 26 left_ankle -4 right_hip_flex 44 right_hip_abd 26
                 right_knee 72 right_ankle 22 right_hip_rot -35 pelvis_yaw -30 neck_turn 30
sweep.reach      left_hip_flex 42 left_knee 34 left_ankle 6 right_hip_flex 6 right_knee 20 right_toe 20 pelvis_yaw 18
                 spine_flex 26 spine_turn 22 pelvis_pitch 14 left_arm_flex 58 left_arm_abd -18 left_elbow 62
                 right_arm_flex 62 right_arm_abd 6 right_elbow 18 neck_flex 22
sweep.pull       left_hip_flex 30 left_knee 22 left_ankle 4 right_hip_flex 10 right_knee 26 right_toe 8 pelvis_yaw -24
                 spine_flex 22 spine_turn -22 pelvis_pitch 10 left_arm_flex 52 left_arm_abd -30 left_elbow 70
                 right_arm_flex 20 right_arm_abd 30 right_elbow 28 neck_flex 22 neck_turn 15
dig.ready        left_hip_flex 44 left_knee 34 left_ankle 8 right_hip_flex 12 right_knee 30 right_toe 20
                 pelvis_pitch 20 spine_flex 26 left_arm_flex 62 left_arm_abd -12 left_elbow 20 right_arm_flex 28
                 right_arm_abd 8 right_elbow 62 neck_flex 16
dig.down         left_hip_flex 88 left_knee 62 left_ankle 18 right_hip_flex 42 right_knee 58 right_toe 30
                 pelvis_pitch 42 spine_flex 42 left_arm_flex 72 left_arm_abd -14 left_elbow 8 right_arm_flex 46
                 right_arm_abd 4 right_elbow 34 neck_flex 6
dig.lift         left_hip_flex 40 left_knee 34 left_ankle 8 right_hip_flex 12 right_knee 28 right_toe 10
                 pelvis_pitch 12 spine_flex 18 left_arm_flex 58 left_arm_abd -16 left_elbow 58 right_arm_flex 26
                 right_arm_abd 10 right_elbow 96
dig.throw        left_hip_flex 22 left_knee 22 left_ankle 4 right_hip_flex 14 right_knee 24 pelvis_yaw 30
                 spine_turn 36 spine_flex 8 left_arm_flex 86 left_arm_abd 22 left_elbow 26 right_arm_flex 82
                 right_arm_abd -30 right_elbow 44 neck_turn 10
chop.up          hip_flex 8 knee 14 ankle 4 hip_abd 12 spine_flex -18 arm_flex 152 arm_abd -4 elbow 62 arm_rot 30
                 neck_flex -12
chop.hit         hip_flex 62 knee 40 ankle 8 hip_abd 12 pelvis_pitch 26 spine_flex 42 arm_flex 52 arm_abd -14 elbow 12
                 arm_rot 20 neck_flex 12
lift.low         hip_flex 112 knee 108 ankle 22 hip_abd 18 pelvis_pitch 34 spine_flex 24 arm_flex 66 arm_abd 10
                 elbow 18
lift.up          hip_flex 6 knee 8 ankle 2 spine_flex -6 arm_flex 34 arm_abd 8 elbow 82
lift.shelf       hip_flex 2 knee 4 spine_flex -12 arm_flex 140 arm_abd 6 elbow 34 neck_flex -22
fall.trip        pitch 34 left_hip_flex 58 left_knee 52 right_hip_flex -18 right_knee 58 right_toe 35 arm_flex 72
                 arm_abd 35 elbow 32 spine_flex 8 neck_flex -18
fall.knees       pitch 52 hip_flex 44 knee 86 ankle -30 toe 20 arm_flex 86 arm_abd 22 elbow 32 neck_flex -22
fall.hands       pitch 80 hip_flex 14 knee 34 ankle -30 arm_flex 72 arm_abd 28 elbow 62 neck_flex -28 wrist_flex -60
fall.slip        pitch -32 left_hip_flex 62 left_knee 18 right_hip_flex 30 right_knee 34 arm_abd 82 arm_flex 30
                 elbow 24 spine_flex 26 neck_flex 26
fall.seat        pitch -46 rest 0 hip_flex 82 knee 62 arm_flex -46 arm_abd 34 elbow 18 spine_flex 36 neck_flex 26
fall.back        pitch -78 hip_flex 66 knee 48 arm_abd 62 arm_flex -8 elbow 18 spine_flex 34 neck_flex 40
fall.lean        roll 30 left_hip_abd 12 left_knee 22 right_hip_abd 26 right_knee 12 left_arm_abd 62 right_arm_abd 82
                 left_arm_flex 20 elbow 22 spine_side -10
fall.hip         roll 66 left_hip_flex 38 left_knee 62 right_hip_flex 18 right_hip_abd 22 right_knee 32
                 left_arm_abd 78 left_arm_flex 10 left_elbow 14 right_arm_flex 36 right_elbow 36 spine_side -14
                 neck_side -15
fall.faint       pitch 8 hip_flex 62 knee 92 ankle 12 spine_flex 36 neck_flex 36 arm_flex 6 arm_abd 6 elbow 8 toe 10
"""

ACTION_POSES = read(_TEXT)
"""Name -> angles in degrees."""
