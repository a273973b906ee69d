"""What is warned of is absent where nothing is wrong."""

from benchmarks.robustness.false_alarms import broken_steps
from pn3d.synthetic.scenes import held_out_clips


def test_nobody_of_the_built_in_motion_is_cut() -> None:
    clips = held_out_clips()
    assert broken_steps(clips, 1) == broken_steps(clips, 6) == []
