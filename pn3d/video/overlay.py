"""The predicted bodies drawn onto the video they come from, beside a view from the side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from pn3d.files.errors import UserError
from pn3d.video.decode import Selection, VideoInfo, read_frames
from pn3d.video.encode import Sound, write_mp4
from pn3d.video.figures import Figure, surface_of
from pn3d.video.interrupt import asked_to_stop
from pn3d.video.memory import give_back_memory
from pn3d.video.prefetch import prefetched
from pn3d.video.progress import progress
from pn3d.video.rasterise import draw_surfaces
from pn3d.video.side_view import SideView, draw_bones

STYLES = ("skeleton", "body", "both")
OPACITY = 0.72
SIDE_SHARE = 0.6  # width of the side view over the shorter side of the video
GREY = (118, 122, 128)


@dataclass(frozen=True)
class Background:
    """What is drawn on: pictures at times of the figures' time line.

    Attributes:
        pictures: (time in frames of the figures, (H, W, 3) uint8 RGB).
        frames: how many.
        size: (width, height) px.
        rate: pictures per second.
        sound: of the video.
    """

    pictures: Iterable[tuple[float, np.ndarray]]
    frames: int
    size: tuple[int, int]
    rate: Fraction
    sound: Sound | None = None


def video_background(info: VideoInfo, selection: Selection, fps: float) -> Background:
    """All frames of a video from the selection's first to its last, whatever its stride.

    Args:
        info: the video.
        selection: frames that the figures are of; its ``first`` is frame 0 of their time line.
        fps: frames per second of the figures.
    """
    every = Selection(selection.first, selection.last, 1)
    step = fps / float(info.rate)
    pictures = (((index - selection.first) * step, picture) for index, picture in read_frames(info, every))
    begin, end = (info.first_s + float(frame / info.rate) for frame in (every.first, every.last))
    sound = Sound(info.path, begin, end) if info.has_audio else None
    return Background(pictures, every.frames, info.image_size, info.rate, sound)


def grey_background(frames: int, size: tuple[int, int], fps: float) -> Background:
    """Plain grey, where there are only keypoints."""
    picture = np.full((size[1], size[0], 3), GREY, np.uint8)
    rate = Fraction(fps).limit_denominator(1001)
    return Background(((float(index), picture) for index in range(frames)), frames, size, rate)


def write_overlay(
    path: str | Path,
    figures: Sequence[Figure],
    background: Background,
    fps: float,
    style: str = "body",
    *,
    show: bool = True,
) -> bool:
    """Writes the overlay as an MP4 as long and as fast as the background; Ctrl-C ends it where it is.

    Args:
        path: of the MP4.
        figures: who is drawn; may be empty.
        background: what is drawn on.
        fps: frames per second of the figures.
        style: skeleton, body or both.
        show: whether to tell how far it is.

    Returns:
        Whether it is as long as the background.

    Raises:
        UserError: an unknown style, no rasteriser, or a file that cannot be written.
    """
    give_back_memory()
    drawn = overlay_frames(figures, background, fps, style)
    told = prefetched(progress(drawn, background.frames, "drawing", show=show))
    with asked_to_stop() as stop:
        frames = write_mp4(path, told, background.rate, background.sound, stop=stop)
        stopped = stop()
    if stopped:
        print(f"stopped: {path} ends after {frames} of {background.frames} frames", flush=True)
    return not stopped


def overlay_frames(figures: Sequence[Figure], background: Background, fps: float, style: str) -> Iterator[np.ndarray]:
    """The overlay's frames, (H, W', 3) uint8 RGB, both sides even."""
    if style not in STYLES:
        raise UserError(f"--overlay: expected {', '.join(STYLES)}, found {style!r}")
    width, height = background.size
    panel = round(SIDE_SHARE * min(width, height))
    panel += (width + panel) % 2
    side = SideView(figures, (panel, height), fps) if figures else None
    surface = surface_of(figures[0].body) if figures else None
    canvas_size = (height + height % 2, width + (panel if side else width % 2), 3)
    for time, picture in prefetched(background.pictures):
        canvas = np.zeros(canvas_size, np.uint8)
        canvas[:height, :width] = picture
        present = [(one, place) for one in figures if (place := one.place(time)) is not None]
        view = canvas[:height, :width]
        if side is not None and surface is not None and style == "skeleton":
            joints = [(one.joints_cam_m[place[0]], np.array(one.colour)) for one, place in present]
            canvas[:height, width:] = side.draw(time, joints, None)
        elif side is not None and surface is not None:
            placed = [(one, one.vertices_cam_m(place)) for one, place in present]
            bodies = [(vertices, surface.shaded(vertices, one.colour)) for one, vertices in placed]
            draw_surfaces(view, surface.faces, bodies, figures[0].intrinsics, OPACITY)
            canvas[:height, width:] = side.draw(time, bodies, surface.faces)
        if style != "body":
            for one, place in present:
                draw_bones(view, one.reprojected_px[place[0]], None if len(figures) == 1 else one.colour)
        yield canvas
