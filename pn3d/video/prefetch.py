"""Frames made in a thread while others are worked on: decoding and drawing release Python's lock."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


def prefetched(items: Iterable[T], depth: int = 4) -> Generator[T, None, None]:
    """The items in their order, at most ``depth`` made ahead. What making them raises is raised here."""
    ready: queue.Queue[Any] = queue.Queue(depth)
    stopped = threading.Event()

    def put(value: Any) -> bool:
        while not stopped.is_set():
            try:
                ready.put(value, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as error:  # whatever it is, it belongs to the reader
            put((_END, error))

    worker = threading.Thread(target=make, daemon=True)
    worker.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stopped.set()
        worker.join()
