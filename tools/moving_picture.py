"""A piece of a video as a moving picture for a page: ``python -m tools.moving_picture out/overlay.mp4 FILE.webp``.

An animated WebP that repeats, which GitHub and browsers show where a video is not. Needs the extra video.
"""

import argparse
from fractions import Fraction
from pathlib import Path

from pn3d.files.atomic import whole_file
from pn3d.video.decode import read_frames, read_info, select
from pn3d.video.extras import require


def write_webp(
    source: Path, target: Path, width: int, stride: int, quality: int, start_s: float | None, end_s: float | None
) -> int:
    """Every ``stride``-th frame between two seconds, scaled to ``width`` px; returns how many."""
    av, cv2 = (require(module, "video", "a moving picture") for module in ("av", "cv2"))
    info = read_info(source)
    size = (width, 2 * round(width * info.image_size[1] / info.image_size[0] / 2))
    rate = Fraction(info.rate / stride).limit_denominator(1001)
    count = 0
    with whole_file(target) as place, av.open(place.name, "w", format="webp", options={"loop": "0"}) as output:
        stream = output.add_stream(
            "libwebp_anim", rate=rate, options={"quality": str(quality), "compression_level": "6"}
        )
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = 1 / rate
        for count, (_, picture) in enumerate(read_frames(info, select(info, start_s, end_s, stride)), 1):
            scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(scaled, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = count - 1, 1 / rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A piece of a video as an animated WebP.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--width", type=int, default=720)
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--quality", type=int, default=60)
    parser.add_argument("--start", type=float)
    parser.add_argument("--end", type=float)
    options = parser.parse_args()
    count = write_webp(
        options.source,
        options.target,
        options.width,
        options.stride,
        options.quality,
        options.start,
        options.end,
    )
    print(f"{options.target}: {count} frames, {options.target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
