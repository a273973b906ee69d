"""ASF and AMC, the skeleton and the motion of CMU's motion capture database as it was recorded (Acclaim's format).

Sources: "Acclaim Skeleton File Definition V1.10" (M. Schafer, 1995) and CMU's "Acclaim Format - ASF line Details"
(graphics.cs.cmu.edu/nsp/course/cs229/info/ACCLAIMdef.html). With C the rotation of a bone's ``axis`` and L that of the
frame's angles, each about fixed axes in the order of its letters, a bone turns by G = G_parent C L C^-1 and ends at
P_parent + G direction (length + l), ``l`` its channel of stretching where it has one. The order of ``dof`` is that of
the numbers and of the rotations.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.files.errors import UserError
from pn3d.files.text import read_text

_CHANNELS = ("tx", "ty", "tz", "rx", "ry", "rz", "l")
_KEYWORDS = (":version", ":name", ":units", ":documentation", ":root", ":bonedata", ":hierarchy", ":skin")
CMU_LENGTH = 0.45
"""The ``length`` of CMU's files: their unit is an inch divided by it."""


@dataclass
class Bone:
    """A bone of the skeleton, from the end of its parent.

    Attributes:
        name: as in the file.
        direction: (3,) unit vector at rest, in the world's axes.
        length: in the file's unit.
        axis: rotation of the axes that its angles are about.
        dof: its channels, in order.
        parent: index, -1 for the root.
    """

    name: str
    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: Rotation = field(default_factory=Rotation.identity)
    dof: tuple[str, ...] = ()
    parent: int = -1


@dataclass
class Asf:
    """A skeleton; bones[0] is the root.

    Attributes:
        length: the file's multiplier of lengths, None where it states none.
        degrees: whether angles are degrees.
        position: (3,) of the root, added to its motion.
    """

    path: Path
    bones: list[Bone]
    length: float | None
    degrees: bool
    position: np.ndarray


@dataclass(frozen=True)
class Amc:
    """A motion of a skeleton.

    Attributes:
        path: where it was read.
        asf: whose motion it is.
        channels: for each bone (T, channels of its dof), as in the file.
        degrees: whether angles are degrees.
        still: bones that the file does not move.
        held: bones that some frames leave out.
    """

    path: Path
    asf: Asf
    channels: list[np.ndarray]
    degrees: bool
    still: tuple[str, ...]
    held: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Joints: where each bone begins, and the ends of those on which nothing hangs."""
        bones = self.asf.bones
        return tuple(bone.name for bone in bones) + tuple(f"{bones[leaf].name} end" for leaf in self._leaves)

    @property
    def parents(self) -> tuple[int, ...]:
        """Index of each joint's parent, -1 for the root."""
        return tuple(bone.parent for bone in self.asf.bones) + tuple(self._leaves)

    @property
    def _leaves(self) -> list[int]:
        inner = {bone.parent for bone in self.asf.bones}
        return [i for i in range(1, len(self.asf.bones)) if i not in inner]

    def world_joints(self, frames: slice = slice(None)) -> np.ndarray:
        """(T, J, 3) positions of ``names`` in the file's unit and axes."""
        count = len(self.channels[0][frames])
        turns: list[Rotation] = []
        begins: list[np.ndarray] = []
        ends: list[np.ndarray] = []
        for bone, values in zip(self.asf.bones, self.channels, strict=True):
            values = values[frames]
            angles = [i for i, channel in enumerate(bone.dof) if channel[0] == "r"]
            letters = "".join(bone.dof[i][1] for i in angles)
            own = Rotation.from_euler(letters, values[:, angles], degrees=self.degrees) if letters else None
            shift, length = np.zeros((count, 3)), np.full((count, 1), bone.length)
            for i, channel in enumerate(bone.dof):
                if channel[0] == "t":
                    shift[:, "xyz".index(channel[1])] = values[:, i]
                elif channel == "l":
                    length[:, 0] += values[:, i]
            turn = bone.axis * own * bone.axis.inv() if own is not None else Rotation.identity(count)
            if bone.parent >= 0:
                begins.append(ends[bone.parent] + turns[bone.parent].apply(shift))
                turn = turns[bone.parent] * turn
            else:
                begins.append(self.asf.position + shift)
            turns.append(turn)
            ends.append(begins[-1] + turn.apply(bone.direction * length))
        return np.stack([*begins, *(ends[leaf] for leaf in self._leaves)], axis=1)


def read_asf(path: str | Path) -> Asf:
    """Reads a skeleton; raises UserError with what is wrong where."""
    path = Path(path)
    sections = _sections(read_text(path))
    if ":root" not in sections or ":bonedata" not in sections or ":hierarchy" not in sections:
        raise UserError(f"{path}: not an ASF skeleton; expected :root, :bonedata and :hierarchy")
    units = {words[0]: words[1] for words in sections.get(":units", []) if len(words) > 1}
    degrees = units.get("angle", "deg").lower().startswith("deg")
    root = Bone("root")
    position = np.zeros(3)
    for words in sections[":root"]:
        if words[0] == "order":
            root.dof = _dof(path, "root", words[1:])
        elif words[0] == "position":
            position = _numbers(path, "the root's position", words[1:4], 3)
        elif words[0] == "orientation" and _numbers(path, "the root's orientation", words[1:4], 3).any():
            raise UserError(f"{path}: the root has a preset orientation, which is not read; expected 0 0 0")
    bones = [root, *_bones(path, sections[":bonedata"], degrees)]
    length = float(_numbers(path, "the unit of length", [units["length"]], 1)[0]) if "length" in units else None
    return Asf(path, _ordered(path, bones, sections[":hierarchy"]), length, degrees, position)


def read_amc(path: str | Path, asf: Asf) -> Amc:
    """Reads a motion of ``asf``.

    A bone that a frame leaves out stays as it was in the frame before; one that no frame moves stays at rest.

    Raises:
        UserError: there are no frames, a bone is not the skeleton's, or has another number of channels; with the line.
    """
    path = Path(path)
    index = {bone.name.lower(): i for i, bone in enumerate(asf.bones)}
    degrees = asf.degrees
    rows: list[list[np.ndarray | None]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        where = f"{path}: line {number}"
        if words[0].startswith(":"):
            kind = words[0].lower()
            degrees = kind.startswith(":deg") or (degrees and not kind.startswith(":rad"))
        elif len(words) == 1 and words[0].isdigit():
            rows.append([None] * len(asf.bones))
        elif not rows:
            raise UserError(f"{where}: expected the number of a frame before {words[0][:30]!a}")
        else:
            place = index.get(words[0].lower())
            if place is None:
                raise UserError(f"{where}: the skeleton {asf.path} has no bone {words[0][:30]!a}; another's motion?")
            rows[-1][place] = _numbers(where, f"bone {words[0]}", words[1:], len(asf.bones[place].dof))
    if not rows:
        raise UserError(f"{path}: no frames; expected AMC's lines of a frame's number and one of each bone")
    channels: list[np.ndarray] = []
    still: list[str] = []
    held: list[str] = []
    for i, bone in enumerate(asf.bones):
        values = np.zeros((len(rows), len(bone.dof)))
        last = np.zeros(len(bone.dof))
        for t, row in enumerate(rows):
            own = row[i]
            last = own if own is not None else last
            values[t] = last
        given = sum(row[i] is not None for row in rows)
        if bone.dof and given < len(rows):
            (held if given else still).append(bone.name)
        channels.append(values)
    return Amc(path, asf, channels, degrees, tuple(still), tuple(held))


def _sections(text: str) -> dict[str, list[list[str]]]:
    """Keyword -> its lines as words; brackets and commas are spaces."""
    sections: dict[str, list[list[str]]] = {}
    name = ""
    for line in text.splitlines():
        words = re.sub(r"[(),]", " ", line.split("#")[0]).split()
        if not words:
            continue
        if words[0].lower() in _KEYWORDS:
            name = words[0].lower()
            sections[name] = []
            words = words[1:]
        if words and name and name != ":documentation":
            sections[name].append([words[0].lower(), *words[1:]])
    return sections


def _bones(path: Path, lines: list[list[str]], degrees: bool) -> list[Bone]:
    bones: list[Bone] = []
    for words in lines:
        key, rest = words[0], words[1:]
        if key == "begin":
            bones.append(Bone(""))
            continue
        if not bones:
            raise UserError(f"{path}: :bonedata: expected 'begin', found {key[:30]!a}")
        bone = bones[-1]
        what = f"bone {bone.name or len(bones)}"
        if key == "name" and rest:
            bone.name = rest[0]
        elif key == "direction":
            direction = _numbers(path, f"{what}: direction", rest, 3)
            size = np.linalg.norm(direction)
            bone.direction = direction / size if size else direction
        elif key == "length":
            bone.length = float(_numbers(path, f"{what}: length", rest[:1], 1)[0])
        elif key == "axis":
            order = rest[3].lower() if len(rest) > 3 else "xyz"
            if sorted(order) != ["x", "y", "z"]:
                raise UserError(f"{path}: {what}: axis: expected an order such as XYZ, found {order[:20]!a}")
            angles = _numbers(path, f"{what}: axis", rest[:3], 3)
            bone.axis = Rotation.from_euler(order, [angles["xyz".index(one)] for one in order], degrees=degrees)
        elif key == "dof":
            bone.dof = _dof(path, what, rest)
    return bones


def _dof(path: Path, what: str, words: list[str]) -> tuple[str, ...]:
    channels = tuple(word.lower() for word in words)
    odd = [word for word in channels if word not in _CHANNELS]
    if odd or len(set(channels)) < len(channels):
        raise UserError(f"{path}: {what}: channels {' '.join(words)[:60]!a}; expected some of {' '.join(_CHANNELS)}")
    return channels


def _ordered(path: Path, bones: list[Bone], lines: list[list[str]]) -> list[Bone]:
    """The bones with their parents, parents first."""
    index = {bone.name.lower(): bone for bone in bones}
    if len(index) < len(bones) or "" in index:
        raise UserError(f"{path}: every bone needs a name of its own")
    children: dict[str, list[str]] = {}
    for words in lines:
        if words[0] not in ("begin", "end"):
            children.setdefault(words[0], []).extend(word.lower() for word in words[1:])
    ordered, queue = [bones[0]], ["root"]
    placed = {"root": 0}
    while queue:
        parent = queue.pop(0)
        for child in children.get(parent, []):
            if child not in index or child in placed:
                raise UserError(f"{path}: :hierarchy: {child[:30]!a} is no bone, or hangs on two")
            placed[child] = len(ordered)
            index[child].parent = placed[parent]
            ordered.append(index[child])
            queue.append(child)
    lost = [bone.name for bone in bones if bone.name.lower() not in placed]
    if lost:
        raise UserError(f"{path}: :hierarchy: {lost[0][:30]!a} hangs on nothing")
    return ordered


def _numbers(where: object, what: str, words: list[str], count: int) -> np.ndarray:
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        values = np.full(1, np.nan)
    if len(values) != count or not np.isfinite(values).all():
        raise UserError(f"{where}: {what}: expected {count} numbers, found {' '.join(words)[:60]!a}")
    return values
