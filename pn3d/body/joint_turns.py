"""What each joint of the body may do about its axes: ``joint_turns.csv``, whose top says what its columns are."""

from pn3d.files.tables import read_table
from pn3d.geometry.skeleton import SMPL24

_ROWS = {row["joint"]: row for row in read_table(__file__, "joint_turns.csv")}


def row_of(joint: str) -> dict[str, str]:
    """The table's row of one of the 24 joints, which both sides share."""
    return _ROWS[joint.split("_")[-1]]


def about_axes(column: str) -> list[list[float]]:
    """(24, 3) the column ``x_…``, ``y_…``, ``z_…`` of every joint of ``SMPL24``, in the table's unit, not mirrored."""
    return [[float(row_of(joint)[f"{axis}_{column}"]) for axis in "xyz"] for joint in SMPL24.joints]
