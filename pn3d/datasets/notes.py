"""What a reader of a data set tells its user without refusing the file."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any


class DataNote(UserWarning):
    """Something was left out, or is not as the file states it; ``convert-data`` prints it."""


@contextlib.contextmanager
def printed_notes() -> Iterator[None]:
    """Within it every ``DataNote`` is a printed line; other warnings go their way."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DataNote)
        show = warnings.showwarning

        def shown(message: Any, category: Any, *rest: Any, **more: Any) -> None:
            if issubclass(category, DataNote):
                print(message)
            else:
                show(message, category, *rest, **more)

        warnings.showwarning = shown
        yield
