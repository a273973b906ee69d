"""The video that stands behind the 2D view of a page: H.264 that browsers play and jump in, whatever the input is."""

from pathlib import Path

import numpy as np

from pn3d.export.footage import EMBED_UP_TO_BYTES, Footage
from pn3d.video.encode import write_mp4
from pn3d.video.extras import require
from pn3d.video.memory import give_back_memory
from pn3d.video.overlay import Background
from pn3d.video.prefetch import prefetched
from pn3d.video.progress import progress

SHORTER_SIDE = 720
_OPTIONS = {
    "preset": "superfast",
    "crf": "25",
    # A browser that is sent to a frame decodes from the last key frame on.
    "g": "12",
    # Ten seconds are 7.5 MB at most, 10 MB as text in a page.
    "maxrate": "6M",
    "bufsize": "6M",
}


def write_page_video(path: str | Path, background: Background, embed: bool = False, *, show: bool = True) -> Footage:
    """Writes the frames of a video on their even grid, without sound, beside a page.

    Args:
        path: of the MP4, in the folder of the page.
        background: frames, on whose first the figures' time line begins.
        embed: whether the page is to carry it, where it is small enough.
        show: whether to tell how far it is.

    Returns:
        What the page of all people says of it; ``first_s`` is that of the time line's frame 0.

    Raises:
        UserError: the file cannot be written.
    """
    path = Path(path)
    cv2 = require("cv2", "video", "the video of a page")
    width, height = background.size
    share = min(1.0, SHORTER_SIDE / min(width, height))
    size = (2 * round(width * share / 2), 2 * round(height * share / 2))

    def scaled(picture: np.ndarray) -> np.ndarray:
        return picture if size == (width, height) else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)

    pictures = (scaled(picture) for _, picture in prefetched(background.pictures))
    write_mp4(
        path,
        prefetched(progress(pictures, background.frames, "video of the page", show=show)),
        background.rate,
        None,
        _OPTIONS,
    )
    give_back_memory()
    content = None
    if embed:
        content = path.read_bytes()
        if len(content) > EMBED_UP_TO_BYTES:
            print(
                f"--embed-video: {path} is {len(content) / 1e6:.1f} MB, more than the {EMBED_UP_TO_BYTES / 1e6:.0f} MB "
                "that a page takes in: it lies beside the page",
                flush=True,
            )
            content = None
    return Footage(path.name, float(background.rate), 0.0, content)
