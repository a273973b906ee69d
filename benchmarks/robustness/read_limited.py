"""Reads the files that are named on its input, in 2 GB of address space and without JAX; answers a line for each.

    python -m benchmarks.robustness.read_limited

The child process of ``fuzz_body``. An answer is ``read``, ``refused`` or what went wrong.
"""

import resource
import signal
import sys
from pathlib import Path
from types import FrameType

from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz
from pn3d.files.safe_pickle import load_pickle

ADDRESS_BYTES = 2 << 30
SECONDS = 20.0


def outcome(path: Path) -> str:
    """How the reading of one file ends."""
    try:
        (load_npz if path.suffix == ".npz" else load_pickle)(path)
    except UserError as error:
        text = str(error)
        if "MemoryError" in text:
            return f"asked for too much memory: {text[:200]}"
        return "refused" if text.isprintable() and 10 < len(text) < 600 else f"not one line: {text[:200]!r}"
    except TimeoutError:
        return f"took more than {SECONDS} s"
    except BaseException as error:
        return ascii(f"{type(error).__name__}: {error}"[:300])
    return "read"


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def main() -> None:
    """Until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    signal.signal(signal.SIGALRM, _ring)
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        answer = outcome(Path(line.rstrip("\n")))
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert "jax" not in sys.modules
        print(answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, sep="\t", flush=True)


if __name__ == "__main__":
    main()
