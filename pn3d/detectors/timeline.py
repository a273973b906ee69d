"""Frame numbers of a file, whatever they count from and by, to one time line 0, 1, 2, …"""

from dataclasses import dataclass

import numpy as np

MAX_STRETCH = 20  # frames of the time line per frame in the file; beyond it the numbers do not count frames
SLACK_FRAMES = 300
MIN_FRAMES_FOR_STEP = 4


@dataclass(frozen=True)
class Timeline:
    """How file numbers map to frames.

    Attributes:
        frames: length T.
        first: the file's number of frame 0.
        step: numbers per frame.
        numbers: sorted file numbers where they are taken as an order only, else None.
    """

    frames: int
    first: int
    step: int
    numbers: np.ndarray | None = None

    def frame_of(self, number: np.ndarray) -> np.ndarray:
        """(D,) file numbers -> (D,) int64 frames."""
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
