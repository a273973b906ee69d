"""How XLA compiles a training step on a CPU."""

import os

import jax

_EIGEN = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE"}
"""Of XLA's two libraries on CPU, YNNPACK sums and Eigen multiplies."""
_BARRIERS = {"xla_disable_hlo_passes": "cse_barrier_expander"}
"""XLA on CPU takes barriers away before it fuses, and what they were to make once is made anew wherever it is read."""


def compiler_options() -> dict[str, str]:
    """How a step is compiled on CPU: barriers stand, and on several cores Eigen multiplies, which was up to a tenth
    faster for a whole step on two (docs/log/training-speed.md; more were not at hand); on one core it is slower. What
    ``XLA_FLAGS`` says of either goes before."""
    if jax.default_backend() != "cpu":
        return {}
    flags = os.environ.get("XLA_FLAGS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = _BARRIERS | (_EIGEN if cores > 1 else {})
    return {name: value for name, value in chosen.items() if name not in flags}
