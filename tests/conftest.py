"""One strict session for every test: two virtual devices, no silent broadcasting, one compilation cache."""

import gc
import importlib.metadata
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(os.environ.get("PN3D_TEST_CACHE", Path(tempfile.gettempdir()) / "pn3d-test-cache"))
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
# However short: a third of a file's processor time goes into small programs that another process has compiled already.
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Tests compile much and compute little: the cheapest code generation makes them several times faster. XLA dies of flags
# that it does not know, so the second is for the versions that were tried.
FLAGS = ["--xla_backend_optimization_level=0"]
if importlib.metadata.version("jaxlib").startswith("0.10."):
    FLAGS.append("--xla_cpu_use_fusion_emitters=false")
os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *FLAGS])

from jaxtyping import install_import_hook  # noqa: E402

# Shapes in annotations are checked at run time, in tests alone.
CHECKED = (
    "losses",
    "lifting",
    "models",
    "geometry.bones",
    "geometry.vectors",
    "geometry.camera",
    "geometry.rotations",
    "body.fitting",
    "body.landmarks",
    "body.rest",
    "data.augmentation",
    "data.detector_noise",
    "data.person_size",
    "data.rays",
    "data.windows",
    "training.adversarial",
    "training.model_selection",
    "training.views",
)
install_import_hook([f"pn3d.{name}" for name in CHECKED], "beartype.beartype")

import jax  # noqa: E402
import pytest  # noqa: E402

from tests.support import tiny  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")

BENCHMARK = Path(__file__).resolve().parents[2] / "shared" / "benchmark" / "cmu"


MAPS = Path("/proc/self/maps")
MANY_MAPS = 12_000
"""Linux gives a process 65,530 memory maps, every compiled program takes some, and XLA crashes when none are left."""


LONGEST = [
    "commands/test_commands.py",
    "training/test_steps.py",
    "commands/test_adapt_body.py",
    "training/test_objectives.py",
    "training/test_runs.py",
    "training/test_reference_run.py",
    "training/test_held_out.py",
]
"""Files of tests begin in this order, so that both processes end together and later ones find programs compiled."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    tests = Path(__file__).parent
    place = {tests / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True, scope="module")
def few_memory_maps() -> Iterator[None]:
    """Lets compiled programs of earlier modules go before there are too many of them in one process."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        tiny.advance.cache_clear()
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def cmu() -> Path:
    """Folder of the CMU benchmark files, where a checkout has them beside it."""
    if not BENCHMARK.is_dir():
        pytest.skip("the CMU benchmark files are not beside this checkout")
    return BENCHMARK
