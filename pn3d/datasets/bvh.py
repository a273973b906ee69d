"""BVH motion capture: the file, and its joints in the world.

Any channel order, any number of channels per joint, in any unit; y or z up. Channels are multiplied in the order in
which they are listed, R = R_1 R_2 R_3 on column vectors, in degrees. Position channels take the place of OFFSET.
"""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pn3d.datasets.notes import DataNote
from pn3d.files.errors import UserError
from pn3d.files.text import read_text

_AXES = {"x": 0, "y": 1, "z": 2}
_CHANNEL = re.compile(r"([xyz])(position|rotation)", re.IGNORECASE)


@dataclass(frozen=True)
class Bvh:
    """A skeleton and its motion. End sites are joints without channels, named ``<parent> end``.

    Attributes:
        path: where it was read.
        names: J joint names, parents before children.
        parents: J indices, -1 for the root.
        offsets: (J, 3) in the file's unit.
        channels: for each joint the (axis, is_rotation) of its channels, in order.
        frame_time_s: seconds from frame to frame.
        motion: (T, total channels) in the file's unit and in degrees.
    """

    path: Path
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    channels: tuple[tuple[tuple[int, bool], ...], ...]
    frame_time_s: float
    motion: np.ndarray

    @property
    def fps(self) -> float:
        """Frames per second, to two digits: files write such frame times as .0083333."""
        return round(1.0 / self.frame_time_s, 2)


def read_bvh_file(path: str | Path) -> Bvh:
    """Reads a BVH file.

    Raises:
        UserError: it is missing, no BVH, cut off, or its numbers do not fit its hierarchy.
    """
    path = Path(path)
    text = read_text(path)
    head, tail = _parts(text)
    if not tail or not head.lstrip("\ufeff").lstrip().upper().startswith("HIERARCHY"):
        raise UserError(f"{path}: not a BVH file; expected HIERARCHY … MOTION")
    names, parents, offsets, channels = _Hierarchy(path, head).read()
    found = re.match(r"\s*Frames\s*:\s*(\d+)\s*Frame\s+Time\s*:\s*(\S+)\s*", tail, re.IGNORECASE)
    if not found:
        raise UserError(f"{path}: after MOTION expected 'Frames: N' and 'Frame Time: s'")
    frames, frame_time_s = int(found[1]), _number(path, "Frame Time", found[2])
    if frames == 0 or frame_time_s <= 0:
        raise UserError(f"{path}: needs frames and a positive frame time, found {frames} of {frame_time_s:g} s")
    width = sum(len(own) for own in channels)
    try:
        values = np.array(tail[found.end() :].split(), np.float64)
    except ValueError as error:
        raise UserError(f"{path}: the motion must be numbers: {' '.join(str(error).split())[:80]}") from error
    if len(values) != frames * width:
        frames = _whole_frames(path, tail[found.end() :], frames, width)
    if not np.isfinite(values).all():
        frame = int(np.argmax(~np.isfinite(values))) // width
        raise UserError(f"{path}: the motion must be finite, found NaN or infinity in frame {frame}")
    return Bvh(path, names, parents, offsets, channels, frame_time_s, values.reshape(frames, width))


def _whole_frames(path: Path, motion: str, stated: int, width: int) -> int:
    """How many frames there are where it is not as many as stated; UserError where they are not whole."""
    lines = [len(line.split()) for line in motion.splitlines() if line.strip()]
    numbers = sum(lines)
    whole, rest = divmod(numbers, width) if width else (0, numbers)
    if rest or not whole or (len(set(lines)) == 1 and lines[0] > 1 and lines[0] % width):
        cut = " (cut off?)" if numbers < stated * width else ""
        raise UserError(
            f"{path}: {stated} frames of {width} channels are {stated * width} numbers, found {numbers} in "
            f"{len(lines)} lines: {whole} whole frames and {rest} numbers{cut}"
        )
    more = "more" if whole > stated else "fewer"
    warnings.warn(
        f"{path}: {more} frames than it states: {whole} for {stated}; {whole} are taken", DataNote, stacklevel=3
    )
    return whole


def _parts(text: str) -> tuple[str, str]:
    """The hierarchy, and what follows the line MOTION: joints may be called so too."""
    found = re.search(r"^[ \t]*MOTION\s+(?=Frames\s*:)|^[ \t]*MOTION[ \t]*\r?$", text, re.IGNORECASE | re.MULTILINE)
    return (text[: found.start()], text[found.end() :] or "\n") if found else (text, "")


def world_joints(bvh: Bvh, frames: slice | np.ndarray = slice(None)) -> np.ndarray:
    """(T, J, 3) joint positions of the chosen frames, in the file's unit and axes."""
    motion = bvh.motion[frames]
    count = len(motion)
    rotations = np.empty((len(bvh.names), count, 3, 3))
    positions = np.empty((len(bvh.names), count, 3))
    has_children = set(bvh.parents)
    column = 0
    for joint, parent in enumerate(bvh.parents):
        local = np.broadcast_to(bvh.offsets[joint], (count, 3)).copy()
        turn = np.broadcast_to(np.eye(3), (count, 3, 3)) if parent < 0 else rotations[parent]
        for axis, is_rotation in bvh.channels[joint]:
            value = motion[:, column]
            column += 1
            if not is_rotation:
                local[:, axis] = value
            elif joint in has_children:
                turn = _times_rotation(turn, axis, np.radians(value))
        rotations[joint] = turn
        positions[joint] = local
        if parent >= 0:
            positions[joint] = positions[parent] + np.einsum("tij,tj->ti", rotations[parent], local)
    return positions.transpose(1, 0, 2)


def _times_rotation(matrix: np.ndarray, axis: int, angle: np.ndarray) -> np.ndarray:
    """matrix times the rotation about one axis: only two columns change. (T, 3, 3), (T,) -> (T, 3, 3)."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    result = matrix.copy()
    result[:, :, a] = matrix[:, :, a] * cosine + matrix[:, :, b] * sine
    result[:, :, b] = matrix[:, :, b] * cosine - matrix[:, :, a] * sine
    return result


def _number(path: Path, what: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise UserError(f"{path}: {what} must be a finite number, found {ascii(word)[:40]}")
    return value


class _Hierarchy:
    """Reads the words between HIERARCHY and MOTION."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        # A joint's name may hold spaces, so lines matter there; braces may stand on the line of a name or below it.
        self.lines = [line.strip() for line in text.replace("{", "\n{\n").replace("}", "\n}\n").split("\n")]
        self.names: list[str] = []
        self.parents: list[int] = []
        self.offsets: list[list[float]] = []
        self.channels: list[tuple[tuple[int, bool], ...]] = []

    def read(
        self,
    ) -> tuple[tuple[str, ...], tuple[int, ...], np.ndarray, tuple[tuple[tuple[int, bool], ...], ...]]:
        open_joints: list[int] = []
        pending = False
        for line in filter(None, self.lines[1:]):
            word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
            kind = word.upper()
            if kind in ("ROOT", "JOINT", "END"):
                if (kind == "ROOT") == bool(open_joints) or pending:
                    raise self.error(f"{ascii(line)[:60]} stands where it cannot")
                if kind == "ROOT" and self.names:
                    raise self.error("more than one ROOT; one skeleton in a file is read")
                parent = open_joints[-1] if open_joints else -1
                self.names.append(rest.strip() if kind != "END" else f"{self.names[parent]} end")
                self.parents.append(parent)
                self.offsets.append([0.0, 0.0, 0.0])
                self.channels.append(())
                pending = True
            elif kind == "{" and pending:
                open_joints.append(len(self.names) - 1)
                pending = False
            elif kind == "}" and open_joints and not pending:
                open_joints.pop()
            elif kind in ("OFFSET", "CHANNELS") and open_joints and not pending:
                self.property(kind, open_joints[-1], rest.split())
            else:
                raise self.error(f"did not expect {ascii(line)[:60]}")
        if open_joints or pending or not self.names:
            raise self.error("the hierarchy does not end" if self.names else "there is no ROOT")
        return tuple(self.names), tuple(self.parents), np.array(self.offsets), tuple(self.channels)

    def property(self, kind: str, joint: int, words: list[str]) -> None:
        name = self.names[joint]
        if kind == "OFFSET":
            if len(words) != 3:
                raise self.error(f"OFFSET of {name!r} needs 3 numbers, found {len(words)}")
            self.offsets[joint] = [_number(self.path, f"OFFSET of {name!r}", word) for word in words]
            return
        found = [_CHANNEL.fullmatch(word) for word in words[1:]]
        if not words or words[0] != str(len(found)) or not all(found):
            raise self.error(
                f"CHANNELS of {name!r} must be a count and such names as Xrotation, found {' '.join(words)[:60]!a}"
            )
        self.channels[joint] = tuple(
            (_AXES[match[1].lower()], match[2].lower() == "rotation") for match in found if match
        )

    def error(self, message: str) -> UserError:
        return UserError(f"{self.path}: HIERARCHY: {message}")
