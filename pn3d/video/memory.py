"""Memory that is free again goes back to the system, between the parts of a long video."""

import ctypes
import gc


def give_back_memory() -> None:
    """Returns what is freed and still held by the C library's allocator: encoders, compilers and detectors leave
    hundreds of megabytes of it behind. Where that library is not glibc, nothing happens."""
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc; on Windows no name stands for the program itself
        return
    trim(0)
