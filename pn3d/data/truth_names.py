"""Names of true joints in a native file: truth of other joints than the keypoints, not all of them known everywhere."""

from pathlib import Path

import numpy as np

from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import LAYOUTS, Layout


def same_names(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Whether both are the same joints in the same order, or both None."""
    return (a is None) == (b is None) and (a is None or b is None or list(a) == list(b))


def checked_truth_names(
    where: str | Path, names: np.ndarray | None, joints_cam: np.ndarray | None, layout: Layout
) -> np.ndarray | None:
    """The (K,) str names of the true joints, None where they are the layout's.

    Args:
        where: the file, for messages.
        names: its ``truth_joint_names``.
        joints_cam: its true joints (N, K, 3), NaN where unknown.
        layout: of its keypoints.

    Raises:
        UserError: joints without names, names that no layout knows or that come twice, or truth that is NaN everywhere.
    """
    truth = None if joints_cam is None else np.asarray(joints_cam)
    if names is None:
        joints = len(layout.joints)
        if truth is not None and truth.ndim == 3 and truth.shape[1] != joints:
            raise UserError(
                f"{where}: 'joints_cam' must have shape (N, {joints}, 3) of layout {layout.name!r}, found {truth.shape}"
                "; truth of other joints needs their names, 'truth_joint_names' (K,)"
            )
        return None
    names = np.asarray(names)
    if truth is None:
        raise UserError(f"{where}: 'truth_joint_names' needs 'joints_cam' (N, K, 3) beside it, found none")
    if names.dtype.kind != "U" or names.ndim != 1 or not len(names):
        raise UserError(f"{where}: 'truth_joint_names' must be (K,) str, found {names.dtype} of shape {names.shape}")
    known = {joint for layout in LAYOUTS.values() for joint in layout.joints}
    if unknown := [ascii(str(name)) for name in names if name not in known]:
        raise UserError(
            f"{where}: 'truth_joint_names' has {unknown[0][:40]}, which is no joint of any layout; expected names such "
            "as left_knee"
        )
    if len(set(names.tolist())) < len(names):
        raise UserError(f"{where}: 'truth_joint_names' has a name twice; expected each once")
    if truth.dtype.kind == "f" and np.isnan(truth).all():
        raise UserError(f"{where}: 'joints_cam' is NaN everywhere; expected some truth, or no key 'joints_cam'")
    return names
