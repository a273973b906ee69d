"""The video behind the 2D view of ``result.html``: where it lies, or its bytes, and which moment frame 0 is."""

from dataclasses import dataclass

EMBED_UP_TO_BYTES = 15_000_000
"""What a page carries inside at most."""


@dataclass(frozen=True)
class Footage:
    """An MP4 that browsers play.

    Attributes:
        source: its address relative to the page, with forward slashes.
        rate: its frames per second.
        first_s: seconds in it at which frame 0 of the motion is seen.
        content: its bytes where the page carries them; None: it lies at ``source``.
    """

    source: str
    rate: float
    first_s: float = 0.0
    content: bytes | None = None
