"""Key poses on the floor, on hands and in the air, in degrees, as ``key_poses``: what differs from a relaxed stance.

``pitch``, ``roll`` and ``spin`` turn the whole body (``kinematics.tumble_rotation``): pitch 90 lies face down, -90 face
up, with spin 90 beside it on the left side. ``rest 1`` marks a pose that is let down until it lies or sits by itself.
Our choice, after what anybody sees in a gym.
"""

from pn3d.synthetic.motion.key_poses import read

_TEXT = """
floor.supine     pitch -90 rest 1 arm_abd 28 arm_flex -6 elbow 16 knee 6 hip_flex 4 hip_abd 8 ankle -25 hip_rot -25
floor.supine_up  pitch -90 rest 1 arm_flex 165 arm_abd 10 elbow 8 knee 3 hip_flex 2 ankle -30
floor.nap        pitch -90 rest 1 arm_abd 110 arm_flex 45 elbow 125 arm_rot -45 hip_flex 35 knee 78 ankle -8
floor.bent       pitch -90 rest 1 hip_flex 52 knee 98 ankle -5 arm_abd 20 arm_flex -4 elbow 12
floor.one_knee   pitch -90 rest 1 left_hip_flex 60 left_knee 105 left_ankle -5 right_hip_flex 4 right_knee 6
                 right_ankle -25 arm_flex 20 arm_abd 15 elbow 80 arm_rot 45
floor.prone      pitch 90 rest 1 arm_abd 100 arm_flex -2 arm_rot -70 elbow 88 neck_turn 55 ankle -48 knee 4
                 hip_flex -2
floor.prone_low  pitch 90 rest 1 arm_abd 22 arm_flex -8 elbow 14 neck_turn -55 ankle -48 hip_flex -4 knee 8
floor.prone_up   pitch 90 rest 1 arm_flex 165 arm_abd 14 elbow 10 ankle -48 hip_flex -3 neck_flex -8
floor.propped    pitch 72 arm_flex 62 arm_abd 10 elbow 92 arm_rot 10 spine_flex -42 neck_flex -8 hip_flex -18 knee 20
                 ankle -45
floor.side       pitch -90 spin 90 rest 1 hip_flex 38 knee 55 ankle -12 left_arm_flex 85 left_arm_abd -5 left_elbow 60
                 right_arm_flex 45 right_arm_abd 5 right_elbow 35 neck_side 18 spine_flex 12
floor.curled     pitch -90 spin 90 rest 1 hip_flex 105 knee 118 spine_flex 42 neck_flex 25 arm_flex 62 elbow 112
                 arm_rot 35 ankle -10
floor.side_head  pitch -90 spin 90 rest 1 left_arm_flex 150 left_arm_abd 40 left_elbow 125 neck_side 25 spine_side 18
                 right_arm_flex 40 right_elbow 55 left_knee 12 right_hip_flex 48 right_knee 82 ankle -10
floor.long_sit   pitch -16 rest 1 hip_flex 78 knee 10 ankle -18 hip_abd 8 spine_flex 22 arm_flex -42 arm_abd 18
                 elbow 8
floor.reach_sit  pitch 12 rest 1 hip_flex 110 knee 8 ankle 0 hip_abd 6 spine_flex 52 arm_flex 95 elbow 10
floor.straddle   pitch 0 rest 1 hip_flex 88 hip_abd 42 knee 6 hip_rot -20 ankle -15 spine_flex 26 arm_flex 55 elbow 12
floor.crossed    pitch -8 rest 1 hip_flex 82 hip_abd 48 hip_rot -48 knee 128 spine_flex 22 ankle -20 arm_flex 30
                 arm_abd 12 elbow 45
floor.hug        pitch -14 rest 1 hip_flex 118 knee 128 ankle -10 spine_flex 34 arm_flex 66 arm_abd 8 elbow 55
                 arm_rot 30
floor.side_sit   pitch -4 rest 1 left_hip_flex 70 left_hip_abd 45 left_hip_rot -45 left_knee 105 right_hip_flex 45
                 right_hip_abd 35 right_hip_rot 38 right_knee 118 spine_flex 12 left_arm_abd 32 left_arm_flex 5
                 elbow 12
floor.heels      pitch 2 hip_flex 62 knee 148 ankle -48 spine_flex 10 arm_flex 28 elbow 30 toe 0
floor.fours      pitch 88 hip_flex 86 knee 90 ankle -45 arm_flex 86 arm_abd 4 elbow 6 neck_flex -28 wrist_flex -60
floor.cat        pitch 88 hip_flex 84 knee 90 ankle -45 arm_flex 74 arm_abd 4 elbow 4 spine_flex 55 neck_flex 40
                 wrist_flex -60
floor.cow        pitch 88 hip_flex 92 knee 90 ankle -45 arm_flex 92 arm_abd 4 elbow 6 spine_flex -42 neck_flex -45
                 wrist_flex -60
floor.bird       pitch 86 left_hip_flex 86 left_knee 90 right_hip_flex -6 right_knee 6 ankle -40 left_arm_flex 168
                 right_arm_flex 86 arm_abd 5 elbow 6 neck_flex -22
floor.bear       pitch 102 hip_flex 105 knee 78 ankle 5 toe 48 arm_flex 84 elbow 8 neck_flex -35 wrist_flex -60
floor.plank      pitch 78 hip_flex 4 knee 3 ankle 12 toe 50 arm_flex 84 arm_abd 8 elbow 5 neck_flex -20 wrist_flex -70
floor.press      pitch 86 hip_flex 4 knee 3 ankle 12 toe 50 arm_flex 20 arm_abd 42 arm_rot 10 elbow 110 neck_flex -25
                 wrist_flex -70
floor.elbows     pitch 82 hip_flex 4 knee 3 ankle 12 toe 50 arm_flex 86 arm_abd 6 elbow 92 arm_rot 12 neck_flex -12
floor.tip_side   pitch -68 spin 90 hip_flex 2 knee 3 ankle 2 left_arm_abd 84 left_arm_flex 4 left_elbow 4
                 right_arm_abd 88 right_arm_flex 2 right_elbow 4 spine_side -4 neck_side -6
floor.tip_elbow  pitch -76 spin 90 hip_flex 2 knee 3 ankle 2 left_arm_abd 82 left_arm_flex 8 left_elbow 90
                 right_arm_abd 22 right_elbow 75 right_arm_rot 40 spine_side -4 neck_side -8
floor.cobra      pitch 66 hip_flex -22 knee 3 ankle -50 spine_flex -46 arm_flex 44 arm_abd 10 elbow 14 neck_flex -22
                 wrist_flex -60
floor.child      pitch 82 hip_flex 134 knee 150 ankle -50 spine_flex 46 arm_flex 158 arm_abd 12 elbow 12 neck_flex 5
floor.dog        pitch 132 hip_flex 100 knee 6 ankle 20 arm_flex 166 arm_abd 8 elbow 5 spine_flex -6 neck_flex 5
                 wrist_flex -50
floor.dog_leg    pitch 128 left_hip_flex 98 right_hip_flex -22 knee 6 left_ankle 20 right_ankle -35 arm_flex 166
                 arm_abd 8 elbow 5 spine_flex -4 wrist_flex -50
floor.runner     pitch 72 left_hip_flex 118 left_knee 92 left_ankle 8 right_hip_flex -12 right_knee 14 right_toe 50
                 arm_flex 62 elbow 6 neck_flex -30 spine_flex 8
floor.shoulders  pitch -128 hip_flex -8 knee 94 ankle 4 arm_flex -42 arm_abd 14 elbow 8 neck_flex 48 spine_flex -6
floor.wheel      pitch -98 hip_flex -36 knee 68 ankle 6 spine_flex -60 arm_flex 172 arm_abd 10 elbow 12 neck_flex -45
                 wrist_flex -60
floor.boat       pitch -42 rest 1 hip_flex 92 knee 8 ankle -20 spine_flex 14 arm_flex 52 elbow 6 neck_flex 10
floor.candle     pitch -168 hip_flex 4 knee 4 ankle -30 spine_flex 42 neck_flex 52 arm_flex -38 arm_abd 12 elbow 105
                 arm_rot -10
floor.plough     pitch -165 hip_flex 118 knee 6 ankle 0 spine_flex 62 neck_flex 52 arm_flex -40 arm_abd 10 elbow 6
floor.locust     pitch 90 hip_flex -28 knee 8 ankle -40 spine_flex -38 neck_flex -20 arm_flex -45 arm_abd 10 elbow 5
floor.curl_up    pitch -62 hip_flex 84 knee 98 ankle -5 spine_flex 58 neck_flex 22 arm_abd 95 arm_flex 55 elbow 128
                 arm_rot -40
floor.curl_down  pitch -90 hip_flex 54 knee 98 ankle -5 spine_flex 6 neck_flex 12 arm_abd 105 arm_flex 45 elbow 128
                 arm_rot -45
floor.half_up    pitch -40 rest 1 hip_flex 72 knee 40 ankle -8 spine_flex 38 neck_flex 10 left_arm_flex -45
                 left_arm_abd 24 left_elbow 30 right_arm_flex 45 right_elbow 30
floor.elbow_up   pitch -60 rest 1 spin 40 hip_flex 50 knee 70 spine_flex 26 spine_side 12 left_arm_abd 42
                 left_arm_flex -18 left_elbow 80 right_arm_flex 40 right_elbow 40 neck_flex 12
floor.low        pitch 6 hip_flex 122 knee 142 ankle 24 spine_flex 32 arm_flex 62 arm_abd 12 elbow 20
floor.low_back   pitch -8 hip_flex 118 knee 132 ankle 18 spine_flex 28 left_arm_flex -40 left_arm_abd 30 left_elbow 10
                 right_arm_flex 50 right_elbow 30
floor.one_down   pitch 6 left_hip_flex 95 left_knee 100 left_ankle 8 right_hip_flex 8 right_knee 92 right_ankle -10
                 right_toe 42 spine_flex 18 left_arm_flex 45 left_elbow 70 right_arm_flex 20 right_elbow 30
floor.halfway    pitch 26 left_hip_flex 85 left_knee 62 left_ankle 8 right_hip_flex 35 right_knee 62 right_toe 35
                 right_ankle 12 spine_flex 28 arm_flex 35 elbow 30
floor.tuck       pitch 60 hip_flex 136 knee 142 ankle 5 spine_flex 72 neck_flex 48 arm_flex 70 elbow 60 arm_rot 20
floor.dive       pitch 92 hip_flex 108 knee 88 ankle 20 spine_flex 60 neck_flex 48 arm_flex 128 elbow 40
                 wrist_flex -40
yoga.tree        right_hip_flex 48 right_hip_abd 52 right_hip_rot -52 right_knee 136 right_ankle -10 left_knee 2
                 arm_flex 165 arm_abd 20 elbow 25 arm_rot 20
yoga.prayer      right_hip_flex 48 right_hip_abd 52 right_hip_rot -52 right_knee 136 right_ankle -10 left_knee 2
                 arm_flex 42 arm_abd 10 arm_rot 52 elbow 112
yoga.warrior3    pelvis_pitch 82 left_hip_flex 82 left_knee 5 right_hip_flex -10 right_knee 4 right_ankle 0
                 arm_flex 168 arm_abd 8 elbow 4 neck_flex -12 spine_flex -6
yoga.dancer      pelvis_pitch 38 left_hip_flex 36 left_knee 4 right_hip_flex -36 right_knee 108 right_ankle -35
                 spine_flex -40 right_arm_flex -58 right_arm_abd 24 right_elbow 18 left_arm_flex 142 left_elbow 6
yoga.half_moon   pelvis_pitch 25 pelvis_roll 45 spine_side 30 left_hip_flex 22 left_hip_abd 70 left_knee 4
                 right_hip_abd 44 right_knee 4 right_ankle 0 arm_abd 88 elbow 4 neck_turn -30
yoga.chair       hip_flex 86 knee 88 ankle 26 spine_flex 6 pelvis_pitch 42 arm_flex 158 arm_abd 10 elbow 6
yoga.fold        pelvis_pitch 88 hip_flex 96 knee 6 spine_flex 52 neck_flex 12 arm_flex 150 arm_abd 8 elbow 10
yoga.up          arm_flex 166 arm_abd 14 elbow 6 spine_flex -18 neck_flex -22
yoga.hands       arm_flex 42 arm_abd 10 arm_rot 52 elbow 112
"""

FLOOR_POSES = read(_TEXT)
"""Name -> angles in degrees."""
