"""Distance of drawn joints from sure detections: worked out by hand."""

import numpy as np

from benchmarks.accuracy.drawn_joints import ENDS, drawn_distances
from pn3d.geometry.skeleton import H36M17


def test_distances_are_shares_of_the_height_and_only_sure_fast_frames_count() -> None:
    frames, joints = 102, len(H36M17.joints)
    drawn = np.zeros((frames, joints, 2))
    drawn[:, H36M17.index("head"), 1] = -200.0  # 200 px tall
    seen, confidence = drawn.copy(), np.full((frames, joints), 0.9)
    wrist = H36M17.index("left_wrist")
    path = np.zeros(frames)
    path[40:47] = np.arange(7) * 30.0  # the five fastest frames are 41 to 45, by the frames around them
    path[47:] = 180.0
    seen[:, wrist, 0] = drawn[:, wrist, 0] = path
    drawn[41:46, wrist, 1] += 10.0  # 5 % of the height
    found = drawn_distances(seen, confidence, drawn, H36M17.joints)
    assert abs(found["left_wrist"] - 5.0) < 1e-9
    assert found["right_ankle"] == 0
    assert abs(found["all"] - 5 * 5.0 / (frames * joints)) < 1e-9
    confidence[41:46, wrist] = 0.5
    hidden = drawn_distances(seen, confidence, drawn, H36M17.joints)
    assert hidden["all"] == 0
    assert hidden["left_wrist"] == 0
    confidence[:, wrist] = 0.1
    assert set(ENDS) - set(drawn_distances(seen, confidence, drawn, H36M17.joints)) == {"left_wrist"}
