"""``--deterministic``, which jax reads when it starts; imports nothing, so that it can be set before."""

import os

_FLAG = "--xla_gpu_deterministic_ops=true"


def ask_for_repeatable_operations() -> None:
    """GPU operations whose result does not depend on the order of threads, and no choice by timing; CPUs ignore it."""
    flags = os.environ.get("XLA_FLAGS", "")
    if _FLAG not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_FLAG}".strip()
