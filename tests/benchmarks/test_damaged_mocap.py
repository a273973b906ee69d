"""Damaged motion capture: BVH of several rigs, ASF with AMC, AMASS, changed as bytes, and as lines and words.

Each must be read to finite joints, or refused by UserError in one line, within the time limit.
"""

import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.fuzz_detectors import mutate_bytes, mutate_npz, refused
from pn3d.body.builtin import builtin_body
from pn3d.datasets.amass_file import read_amass_file
from pn3d.datasets.asf_amc import read_amc, read_asf
from pn3d.datasets.bvh import read_bvh_file
from pn3d.datasets.bvh_names import h36m17_joints_m, joints17_of_tree_m
from pn3d.datasets.notes import DataNote
from pn3d.files.errors import UserError
from tests.datasets.test_asf_amc import Written
from tests.datasets.test_mocap import amass_file
from tests.datasets.test_rigs import HIERARCHIES, skeleton_of
from tests.support.bvh_files import bvh_text, motion_of

TIME_LIMIT_S = 2.0
COUNT = 60


def mutate_text(data: bytes, rng: np.random.Generator) -> bytes:
    """A line or word removed, doubled, exchanged with another, or cut off; else bytes."""
    if rng.random() < 0.4:
        return mutate_bytes(data, rng)
    by_line = rng.random() < 0.5
    parts = data.split(b"\n" if by_line else b" ")
    a, b = (int(rng.integers(len(parts))) for _ in range(2))
    kind = rng.integers(4)
    if kind == 0:
        del parts[a]
    elif kind == 1:
        parts.insert(b, parts[a])
    elif kind == 2:
        parts[a], parts[b] = parts[b], parts[a]
    else:
        parts = parts[:a]
    return (b"\n" if by_line else b" ").join(parts)


def use(folder: Path) -> str:
    """Reads what is in a folder as convert-data would: "read", or "refused" by a good UserError."""
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix == ".npz":
                poses, betas, transl_m, _ = read_amass_file(path, builtin_body())
                joints = np.concatenate([poses.ravel(), betas, transl_m.ravel()])
            elif path.suffix == ".bvh":
                joints = h36m17_joints_m(read_bvh_file(path))
            elif path.suffix == ".amc":
                amc = read_amc(path, read_asf(folder / "07.asf"))
                joints = joints17_of_tree_m(amc, amc.world_joints(), unit="cmu")
            else:
                continue
            if not np.isfinite(joints).all():
                raise AssertionError("joints that are not finite")
    except UserError as error:
        return refused(error, folder, longest=700)
    return "read"


def write_seed(folder: Path, number: int) -> None:
    """One intact motion: a rig's BVH, ASF with AMC, or AMASS."""
    kinds = [*HIERARCHIES, "amc", "amass smplh", "amass smplx"]
    kind = kinds[number % len(kinds)]
    if kind == "amc":
        Written(number).write(folder)
    elif kind.startswith("amass"):
        amass_file(folder / "a_poses.npz", kind.split()[1], frames=4, marker_labels=None)
    else:
        skeleton, _ = skeleton_of(HIERARCHIES[kind])
        (folder / "a.bvh").write_text(bvh_text(skeleton, *motion_of(skeleton, 4, number), unit_m=0.01))


@pytest.mark.parametrize("seed", range(3))
def test_damaged_motion_is_refused_in_one_line_or_read(seed: int, tmp_path: Path) -> None:
    outcome: Counter[str] = Counter()
    for number in range(COUNT):
        rng = np.random.default_rng([seed, number])
        folder = tmp_path / str(number)
        folder.mkdir()
        write_seed(folder, number)
        files = sorted(folder.iterdir())
        path = files[int(rng.integers(len(files)))]
        mutate = mutate_npz if path.suffix == ".npz" and rng.random() < 0.7 else mutate_text
        path.write_bytes(mutate(path.read_bytes(), rng))
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DataNote)
            try:
                outcome[use(folder)] += 1
            except Exception as error:
                raise AssertionError(f"number {number}, seed {seed}: {path.name}") from error
        assert time.process_time() - begin < TIME_LIMIT_S
    assert outcome["read"] > 0
    assert outcome["refused"] > 0
