"""What a detector's own code is about to download: told before, with its size asked of the server."""

import urllib.error
import urllib.request

_PATIENCE_S = 10


def download_size(url: str) -> str:
    """Size of a download in words; raises OSError where the server cannot be reached."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_PATIENCE_S) as answer:
            size = answer.headers["Content-Length"]
    except urllib.error.HTTPError:  # it is there, and does not say
        size = None
    return "of unknown size" if size is None else f"{int(size) / 1e6:.0f} MB"
