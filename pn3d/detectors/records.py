"""What the user gives (Given), what readers hand over (RawVideo), what comes of cleaning and tracking (Detections).

Shapes: D detected people in all frames of one video together, K joints as in the file, T frames, J joints of a layout.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pn3d.data.clips import Clips
from pn3d.geometry.skeleton import Layout

Source = Literal["given", "file", "assumed"]
"""Where a number comes from: an argument, the file itself, or our assumption."""

NO_TRACK = -1

ABSURD = 1e9
"""No coordinate in any unit is as large."""


@dataclass(frozen=True)
class Given:
    """What the user gives beside the file; None = not given."""

    layout: str | None = None
    fps: float | None = None
    image_size: tuple[int, int] | None = None
    focal_px: float | None = None
    person: int | None = None
    all_people: bool = False
    category: str | None = None


@dataclass
class RawVideo:
    """The people of one video exactly as a file gives them, one row per person and frame.

    Attributes:
        name: what to call it (the file's stem, or the video's name in the file).
        frame: (D,) int64 number of the frame as the file counts, any start, any order.
        keypoints: (D, K, 2) float64 in the file's units; NaN = missing.
        confidence: (D, K) float64 as in the file; NaN where the file has none.
        track_id: (D,) int64, -1 where the file has none.
        listed_frames: numbers of all frames that the file speaks of, those without people too.
        joint_names: (K,) names that the file gives its joints.
        names_may_be_unknown: whether names that are no joints are left out aloud (columns of a table), not refused.
        times: (L,) float64 seconds of ``listed_frames``, increasing, where the file has them.
        layout_name: layout that the file declares or the tool always writes, with the reason in words.
        normalised: True or False where the format says so; None = judge by the numbers.
        image_size: (width, height) in px where the file has it.
        cut: the video's number of the file's frame 0, and the video's frames per frame of the file, where the file is
            of a part of a video.
        camera_steps_rad: (L, 3) how the camera turned from each of ``listed_frames`` to the next, the first 0, where
            it is known to turn: a rotation vector from the axes before to those after, with a focal length of
            ``steps_focal_px``.
        notes: sentences for the user.
    """

    name: str
    frame: np.ndarray
    keypoints: np.ndarray
    confidence: np.ndarray
    track_id: np.ndarray
    listed_frames: np.ndarray
    joint_names: tuple[str, ...] | None = None
    names_may_be_unknown: bool = False
    times: np.ndarray | None = None
    layout_name: str | None = None
    layout_reason: str = ""
    normalised: bool | None = None
    image_size: tuple[int, int] | None = None
    fps: float | None = None
    cut: tuple[int, int] = (0, 1)
    camera_steps_rad: np.ndarray | None = None
    steps_focal_px: float = 0.0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Video:
    """Facts of one video, each with where it comes from.

    Attributes:
        name: the file's stem or the video's name.
        frames: length T of its time line.
        numbers: (T,) int64 number that the file gives to each frame of the time line, or that of the frame before it.
        fps: frames per second.
        start_s: time of frame 0 of the time line since the video's beginning.
        image_size: (width, height) in px.
        intrinsics: fx, fy, cx, cy in px.
        camera_turn_rad: (T, 3) rotation vector from the axes of the first frame's camera to each frame's; None = it
            stands still.
    """

    name: str
    frames: int
    fps: float
    fps_source: Source
    image_size: tuple[int, int]
    image_size_source: Source
    intrinsics: tuple[float, float, float, float]
    intrinsics_source: Source
    numbers: np.ndarray = field(compare=False)
    start_s: float = 0.0
    camera_turn_rad: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Person:
    """One person of one video, on consecutive frames from the first to the last in which they were seen.

    Attributes:
        keypoints_px: (T, J, 2) float32; (0, 0) where a joint is missing.
        confidence: (T, J) float32 in [0, 1]; 0 = missing.
        frames: (T,) int64 index into the video's time line.
        filled: (T,) bool: the person was not detected in this frame. Positions in short gaps are interpolated,
            in long ones (0, 0); confidence is 0 in both.
        track_id: the file's own number of this person, None where the track was built here.
        video: facts of the video.
        name: for clip names and folders.
    """

    keypoints_px: np.ndarray
    confidence: np.ndarray
    frames: np.ndarray
    filled: np.ndarray
    track_id: int | None
    video: Video
    name: str

    @property
    def frame_number(self) -> np.ndarray:
        """(T,) int64 numbers that the file gives to the frames."""
        return self.video.numbers[self.frames]

    @property
    def time_s(self) -> np.ndarray:
        """(T,) float64 seconds since the video's beginning."""
        return self.video.start_s + self.frames / self.video.fps

    @property
    def frames_seen(self) -> int:
        """Number of frames in which the person was detected."""
        return int((~self.filled).sum())

    @property
    def size_px(self) -> float:
        """Median over the frames seen of the diagonal of the box around the measured joints, in px."""
        seen = ~self.filled
        return float(np.median(box_diagonal(self.keypoints_px[seen], self.confidence[seen]))) if seen.any() else 0.0


@dataclass(frozen=True)
class Detections:
    """Everything that one input holds, and how it was understood.

    Attributes:
        source: the path, as text for messages.
        people: those chosen, the largest (size x frames seen) first.
        people_found: how many tracks there are in all.
        everybody: all of them, in the order of ``--person``.
        broken_s: times at which a track was cut or put together anew, because nobody makes such a step.
        layout: the joints of ``people``, with ``layout_reason`` how it was decided.
        format: name of the reader, with ``format_reason`` how it was decided.
        assumptions: sentences to print about what the file lacks.
        warnings: sentences to print about what is odd in the file.
        clips: the file itself where it is a native keypoint file.
    """

    source: str
    people: tuple[Person, ...]
    people_found: int
    layout: Layout
    layout_reason: str
    format: str
    format_reason: str
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    clips: Clips | None = None
    everybody: tuple[Person, ...] = ()
    broken_s: tuple[float, ...] = ()

    @property
    def video(self) -> Video:
        """The video of the first person."""
        return self.people[0].video


def box_diagonal(keypoints: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(*, J, 2), (*, J) -> (*) diagonal of the box around joints of confidence > 0; 0 where there are none."""
    measured = confidence > 0
    some = measured.any(axis=-1)
    sides = []
    for axis in (0, 1):
        values = keypoints[..., axis].astype(np.float64)
        low = np.where(measured, values, np.inf).min(axis=-1)
        high = np.where(measured, values, -np.inf).max(axis=-1)
        sides.append(np.where(some, high, 0) - np.where(some, low, 0))
    return np.hypot(*sides)
