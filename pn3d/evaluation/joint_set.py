"""Which joints of h36m17 are compared: all 17, or those that a truth of fewer joints and a prediction both have."""

from collections.abc import Sequence
from dataclasses import dataclass

from pn3d.geometry.skeleton import H36M17, LSP14_OF_H36M17

MIN_JOINTS = 6
"""Fewer joints in common are no pose: a similarity alignment has seven degrees of freedom (our choice)."""


@dataclass(frozen=True)
class JointSet:
    """Joints of h36m17; "place" is an index into ``index``.

    Attributes:
        index: (J,) indices into h36m17, increasing.
    """

    index: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """(J,) joint names."""
        return tuple(H36M17.joints[joint] for joint in self.index)

    @property
    def complete(self) -> bool:
        """Whether these are all 17."""
        return len(self.index) == len(H36M17.joints)

    @property
    def root(self) -> tuple[int, ...]:
        """Places of the joints whose middle is the root (``root_places``)."""
        return root_places(self.index)

    @property
    def but_root(self) -> tuple[int, ...]:
        """Places of the joints that are not themselves the root."""
        return but_root(len(self.index), self.root)

    @property
    def lsp14(self) -> tuple[int, ...] | None:
        """Places of the 14 LSP joints in their order; None where one of them is not here."""
        if not set(LSP14_OF_H36M17) <= set(self.index):
            return None
        return tuple(self.index.index(joint) for joint in LSP14_OF_H36M17)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) places of the bones of h36m17 whose ends are both here."""
        place = {joint: at for at, joint in enumerate(self.index)}
        return tuple((place[a], place[b]) for a, b in H36M17.bones if a in place and b in place)


ALL_JOINTS = JointSet(tuple(range(len(H36M17.joints))))


def root_places(index: Sequence[int], *, hips: bool = False) -> tuple[int, ...]:
    """Places in ``index`` (into h36m17) of the joints whose middle is aligned.

    The pelvis; without it (or with ``hips``) both hips, whose middle is the pelvis of detectors' joints mapped to
    h36m17; without them all joints (our choice).
    """
    both = [H36M17.index("left_hip"), H36M17.index("right_hip")]
    for wanted in (both,) if hips else ([H36M17.index("pelvis")], both):
        if set(wanted) <= set(index):
            return tuple(list(index).index(joint) for joint in wanted)
    return tuple(range(len(index)))


def root_words(places: Sequence[int]) -> str:
    """What ``root_places`` chose, in words."""
    return {1: "pelvis", 2: "middle of the hips"}.get(len(places), "mean of the joints")


def but_root(joints: int, root: Sequence[int]) -> tuple[int, ...]:
    """The places of ``joints`` joints without that of a root that is itself a joint."""
    return tuple(place for place in range(joints) if (place,) != tuple(root))
