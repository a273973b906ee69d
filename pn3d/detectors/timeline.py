"""Frame numbers of a file, whatever they count from and by, to one time line 0, 1, 2, …"""

from dataclasses import dataclass

import numpy as np

MAX_STRETCH = 20  # frames of the time line per frame in the file; beyond it the numbers do not count frames
SLACK_FRAMES = 300
MIN_FRAMES_FOR_STEP = 4
LOST = 1.9  # median steps from which frames are missing in between
JITTER = 0.3  # of a step: whole milliseconds at 240 frames per second are 0.12 off


@dataclass(frozen=True)
class Timeline:
    """How file numbers map to frames.

    Attributes:
        frames: length T.
        first: the file's number of frame 0.
        step: numbers per frame.
        numbers: sorted file numbers where they are taken as an order only, or have ``places``, else None.
        places: (L,) where each of ``numbers`` lies on the time line, in frames, where the file has times.
        fps: frames per second by the file's times.
        start_s: time of frame 0.
    """

    frames: int
    first: int
    step: int
    numbers: np.ndarray | None = None
    places: np.ndarray | None = None
    fps: float | None = None
    start_s: float = 0.0

    @property
    def is_even(self) -> bool:
        """Whether all frames of the file lie on frames of the time line."""
        return self.places is None or bool((self.places == np.round(self.places)).all())

    def place_of(self, number: np.ndarray) -> np.ndarray:
        """(D,) file numbers -> (D,) float64 places on the time line."""
        if self.places is None or self.numbers is None:
            return self.frame_of(number).astype(np.float64)
        return self.places[np.searchsorted(self.numbers, number)]

    def all_numbers(self) -> np.ndarray:
        """(T,) int64 the file's number of each frame of the time line, or that of the nearest before it."""
        frames = np.arange(self.frames)
        if self.numbers is None:
            return self.first + frames * self.step
        places = np.arange(len(self.numbers)) if self.places is None else self.places
        return self.numbers[np.maximum(np.searchsorted(places, frames + 1e-6, side="right") - 1, 0)]

    def frame_of(self, number: np.ndarray) -> np.ndarray:
        """(D,) file numbers -> (D,) int64 frames."""
        if self.places is not None and self.is_even:
            return np.round(self.place_of(number)).astype(np.int64)
        if self.numbers is not None:
            return np.searchsorted(self.numbers, number).astype(np.int64)
        return (number - self.first) // self.step


def make_timeline(listed: np.ndarray, where: str) -> tuple[Timeline, list[str]]:
    """The time line of a file that speaks of the frame numbers ``listed``, and sentences about what is odd in them.

    A common step (every 5th frame is there) becomes a step of one frame. Numbers that are far apart, such as the image
    ids of a data set, are taken as an order.
    """
    numbers = np.unique(listed)
    first, last = int(numbers[0]), int(numbers[-1])
    count = len(numbers)
    step = int(np.gcd.reduce(np.diff(numbers))) if count >= MIN_FRAMES_FOR_STEP else 1
    frames = (last - first) // step + 1
    if frames > MAX_STRETCH * count + SLACK_FRAMES:
        note = f"{where}: the {count} frame numbers from {first} to {last} do not count frames; taken as an order only"
        return Timeline(count, first, 1, numbers), [note]
    notes = []
    if step > 1:
        notes.append(
            f"{where}: only every {step}th frame number is there ({first}, {first + step}, …); the frame rate is "
            "taken as that of the frames in the file"
        )
    return Timeline(frames, first, step), notes


def timeline_of_times(listed: np.ndarray, times: np.ndarray, where: str) -> tuple[Timeline, list[str]]:
    """The time line of frames whose times (L,) s the file has, and a sentence where they are uneven.

    The rate is that of the median step, made exact over the whole clip. Times that lie on its grid, give or take
    ``JITTER`` of a step, are frames, with gaps where some are missing; others are resampled onto a grid of the mean
    step, gaps left out.
    """
    numbers = np.unique(listed)
    steps = np.diff(times)
    step = float(np.median(steps))
    counts = np.round(steps / step)
    if counts.min() >= 1 and np.abs(steps / step - counts).max() < JITTER:
        step = float((times[-1] - times[0]) / counts.sum())
    places = (times - times[0]) / step
    rounded = np.round(places)
    notes = []
    even = len(np.unique(rounded)) == len(rounded) and np.abs(places - rounded).max() < JITTER
    grid = _rounded_times(times, step)
    if even:
        places = rounded
    elif grid is not None:
        places, step = grid
    else:
        step = float(steps[steps < LOST * step].mean())
        places = (times - times[0]) / step
        notes.append(
            f"{where}: the frames' times are uneven ({steps.min():.4g} to {steps.max():.4g} s apart); resampled onto "
            f"an even grid of {1 / step:.5g} per second"
        )
    frames = int(np.floor(places[-1] + 1e-6)) + 1
    if frames > MAX_STRETCH * len(numbers) + SLACK_FRAMES:
        note = (
            f"{where}: the times reach over {times[-1] - times[0]:.4g} s, too long for {len(numbers)} frames; left out"
        )
        timeline, more = make_timeline(listed, where)
        return timeline, [note, *more]
    return Timeline(frames, int(numbers[0]), 1, numbers, places, round(1 / step, 4), float(times[0])), notes


def _rounded_times(times: np.ndarray, step: float) -> tuple[np.ndarray, float] | None:
    """(L,) places on an even grid and its step, where ``times`` (L,) s are even but for the decimals they are cut to.

    0.03, 0.07, 0.10 s are 30 frames per second; None where more than rounding is off the grid.
    """
    unit = next((one for one in (0.1, 0.01, 0.001) if np.abs(times / one - np.round(times / one)).max() < 1e-6), 0.0)
    steps = np.diff(times)
    counts = np.round(steps / steps[steps < LOST * step].mean())
    if unit == 0 or counts.min() < 1:
        return None
    places = np.concatenate([[0.0], np.cumsum(counts)])
    slope, first = np.polyfit(places, times, 1)
    return (places, float(slope)) if np.abs(first + slope * places - times).max() < unit else None
