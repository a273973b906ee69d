"""How far long work is: a bar on a terminal (tqdm), plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pn3d.video.extras import require

LINE_EVERY_S = 10.0
T = TypeVar("T")


def progress(items: Iterable[T], total: int, doing: str, *, show: bool = True) -> Iterator[T]:
    """The items of ``items``, of which there are about ``total`` frames, with frames/s and time left on the way."""
    if not show:
        yield from items
    elif sys.stderr.isatty():
        tqdm = require("tqdm", "video", "progress").tqdm
        yield from tqdm(items, total=total, desc=doing, unit=" frames", dynamic_ncols=True)
    else:
        yield from _lines(items, total, doing)


def _lines(items: Iterable[T], total: int, doing: str) -> Iterator[T]:
    began = told = time.monotonic()
    count = 0
    for count, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - told > LINE_EVERY_S:
            told = now
            rate = count / (now - began)
            left = max(total - count, 0) / rate
            print(f"{doing}: {count} of {total} frames, {rate:.1f} frames/s, {left:.0f} s left", flush=True)
    seconds = time.monotonic() - began
    print(f"{doing}: {count} frames in {seconds:.1f} s, {count / max(seconds, 1e-9):.1f} frames/s", flush=True)
