"""How far long work is: a bar on a terminal (tqdm), plain lines in a log."""

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

LINE_EVERY_S = 10.0
T = TypeVar("T")


def progress(
    items: Iterable[T], total: int, doing: str, *, show: bool = True, frames_of: Callable[[T], int] = lambda _: 1
) -> Iterator[T]:
    """The items of ``items`` with frames/s and time left on the way.

    Args:
        items: what is worked on.
        total: about how many frames all of them are.
        doing: what is done to them, in a word.
        show: whether to tell anything.
        frames_of: how many frames an item is.
    """
    if not show:
        yield from items
    elif sys.stderr.isatty() and importlib.util.find_spec("tqdm"):
        yield from _bar(items, total, doing, frames_of)
    else:
        yield from _lines(items, total, doing, frames_of)


def _bar(items: Iterable[T], total: int, doing: str, frames_of: Callable[[T], int]) -> Iterator[T]:
    from tqdm import tqdm

    with tqdm(total=total, desc=doing, unit=" frames", dynamic_ncols=True) as bar:
        for item in items:
            yield item
            bar.update(frames_of(item))


def _lines(items: Iterable[T], total: int, doing: str, frames_of: Callable[[T], int]) -> Iterator[T]:
    began = told = time.monotonic()
    count = 0
    for item in items:
        yield item
        count += frames_of(item)
        now = time.monotonic()
        if now - told > LINE_EVERY_S and count < total:
            told = now
            rate = count / (now - began)
            left = max(total - count, 0) / rate
            print(f"{doing}: {count} of {total} frames, {rate:.1f} frames/s, {left:.0f} s left", flush=True)
    seconds = time.monotonic() - began
    print(f"{doing}: {count} frames in {seconds:.1f} s, {count / max(seconds, 1e-9):.1f} frames/s", flush=True)
