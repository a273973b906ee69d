"""Mutates model files and reads them: each must end in success or in the one-line error, quickly and in little memory.

    python -m benchmarks.robustness.fuzz_body [--files 20000] [--seed 0] [--json OUT.json]

The files are read by a child process that imports no JAX and has 2 GB of address space (``read_limited``); what it can
read also goes through ``load_body`` here. Most files are small, so that mutations hit the structure (opcodes, sizes,
headers) rather than the numbers; a few are of full size. A file that ends otherwise is kept in the current folder and
named; the exit status is then 1.
"""

import argparse
import io
import json
import pickle
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pn3d.body.smpl_file import load_body
from pn3d.files.errors import UserError
from pn3d.files.pickle_opcodes import Caps, OpcodeCheck
from tools.stand_ins.smpl_files import in_file_layout, python2_pickle, random_smpl

MEGABYTES = 1024
FULL_SIZE_EVERY = 1000

_SIZES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_SNIPPETS = (
    *(
        bytes([code])
        for code in b"(.0123FIJKLMNPQRSTUVXabcdeghijlopqrstu]}\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c"
    ),
    *(bytes([code]) for code in range(0x8D, 0x99)),
    b"cposix\nsystem\n",
    b"c__builtin__\neval\n",
    b"cnumpy\nndarray\n",
    b"cchumpy.ch\nCh\n",
    b"(lp0\nh\x00a",
    b"]q\x00h\x00a",
    b"2e",
    b"h\x01h\x01\x86",
    b"\x8b\xff\xff\xff\x7f",
    b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x96\x00\x00\x00\x00\x10\x00\x00\x00",
    b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"r\xff\xff\xff\xff",
    b"p99999999999999999999\n",
    b"I" + b"9" * 150 + b"\n",
    b"(" * 200,
    b"]\x85" * 200,
)


def base_files(seed: int = 0, *, vertices: int = 3) -> dict[str, bytes]:
    """A model in every layout that is read: Python 2 pickles, pickles saved again by Python 3, and ``.npz``."""
    content = random_smpl(seed, vertices=max(vertices, 24), betas=2)
    if vertices < 24:  # fewer vertices than joints: only the arrays' shapes matter here
        content = _cut(content, vertices)
    files = {f"python2-{protocol}.pkl": python2_pickle(in_file_layout(content), protocol) for protocol in (0, 1, 2)}
    for protocol in (0, 2, 3, 4, 5):
        files[f"python3-{protocol}.pkl"] = pickle.dumps(content, protocol)
    arrays = {key: value for key, value in content.items() if isinstance(value, np.ndarray)}
    for name, save in (("stored", np.savez), ("compressed", np.savez_compressed)):
        stream = io.BytesIO()
        save(stream, allow_pickle=True, **arrays, pose_training_info=np.array(content["pose_training_info"], object))
        files[f"{name}.npz"] = stream.getvalue()
    return files


def _cut(content: dict, vertices: int) -> dict:
    """The same model with its first vertices only."""
    regressor = np.zeros((24, vertices))
    regressor[:, 0] = 1.0
    per_vertex = ("v_template", "shapedirs", "posedirs", "weights", "weights_prior", "vert_sym_idxs")
    faces = np.array([[0, 1, 2], [2, 1, 0]], np.uint32)
    cut = {key: content[key][:vertices] for key in per_vertex}
    return content | cut | {"J_regressor": regressor, "J_regressor_prior": regressor, "f": faces}


class _Recorder(io.BytesIO):
    """Remembers where the short reads were: the structure of a pickle."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.places: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and 0 <= size <= 64:
            self.places += range(self.tell(), self.tell() + size)
        return super().read(size)


def structure_of(name: str, data: bytes) -> np.ndarray:
    """Offsets of the bytes that are not numbers: opcodes and sizes of a pickle, headers of an ``.npz``."""
    if name.endswith(".npz"):
        starts = [at for mark in (b"PK", b"NUMPY") for at in _find_all(data, mark)]
        return np.unique([place for at in starts for place in range(at, min(at + 130, len(data)))])
    recorder = _Recorder(data)
    OpcodeCheck(recorder, len(data), Caps()).run()
    return np.unique(recorder.places)


def _find_all(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def mutated_files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """``count`` pairs of a name (layout and mutations) and the mutated bytes; the same for the same seed."""
    rng = np.random.default_rng(seed)
    files = base_files(seed)
    places = {name: structure_of(name, data) for name, data in files.items()}
    names = sorted(files)
    for number in range(count):
        name = names[number % len(names)]
        data, done = bytearray(files[name]), []
        for _ in range(int(rng.integers(1, 4))):
            anywhere = rng.random() < 0.15
            at = int(rng.integers(len(files[name]))) if anywhere else int(rng.choice(places[name]))
            done.append(_mutate(data, min(at, len(data)), rng, files[names[int(rng.integers(len(names)))]]))
        yield f"{number:06d}-{'-'.join(done)}-{name}", bytes(data)


def _mutate(data: bytearray, at: int, rng: np.random.Generator, other: bytes) -> str:
    """Changes ``data`` in place and says how."""
    kind = ("flip", "byte", "size", "snippet", "insert", "delete", "truncate", "repeat", "splice")[int(rng.integers(9))]
    if kind == "flip":
        data[at : at + 1] = bytes(value ^ (1 << int(rng.integers(8))) for value in data[at : at + 1])
    elif kind == "byte":
        data[at : at + 1] = bytes([int(rng.integers(256))])
    elif kind == "size":
        width = int(rng.choice([1, 2, 4, 8]))
        size = _SIZES[int(rng.integers(len(_SIZES)))] & ((1 << 8 * width) - 1)
        data[at : at + width] = struct.pack("<Q", size)[:width]
    elif kind in ("snippet", "insert"):
        snippet = _SNIPPETS[int(rng.integers(len(_SNIPPETS)))]
        data[at : at + (len(snippet) if kind == "snippet" else 0)] = snippet
    elif kind == "delete":
        del data[at : at + int(rng.integers(1, 20))]
    elif kind == "truncate":
        del data[at:]
    elif kind == "repeat":
        piece = bytes(data[at : at + int(rng.integers(1, 200))])
        data[at:at] = piece * int(rng.choice([1, 2, 50]))
    else:
        start = int(rng.integers(len(other)))
        data[at : at + int(rng.integers(0, 50))] = other[start : start + int(rng.integers(1, 300))]
    return kind


class Reader:
    """The child process, and the most memory it has had."""

    def __init__(self) -> None:
        self.peak_mb = 0
        command = [sys.executable, "-m", "benchmarks.robustness.read_limited"]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def outcome(self, path: Path) -> str:
        """``read``, ``refused``, or what went wrong."""
        assert self.child.stdin
        assert self.child.stdout
        print(path, file=self.child.stdin, flush=True)
        result, _, peak = self.child.stdout.readline().rstrip("\n").partition("\t")
        if not peak:
            return f"the reader ended with status {self.child.wait()}"
        self.peak_mb = int(peak)
        return outcome(path) if result == "read" else result


def outcome(path: Path) -> str:
    """``read``, ``refused``, or what went wrong, of the whole body in this process."""
    try:
        load_body(path)
    except UserError as error:
        text = str(error)
        return "refused" if text.isprintable() and 10 < len(text) < 600 else f"not one line: {text[:200]!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    return "read"


def full_size_files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Files of full size (39 MB and more), each mutated in a few places of its structure."""
    rng = np.random.default_rng(seed)
    content = random_smpl(seed)
    layouts = {f"python2-{protocol}.pkl": protocol for protocol in (2, 1, 0)}
    for number in range(count):
        name = list(layouts)[number % len(layouts)]
        original = python2_pickle(in_file_layout(content), layouts[name])
        places = structure_of(name, original)
        data = bytearray(original)
        done = [_mutate(data, int(rng.choice(places[places < len(data)])), rng, original) for _ in range(2)]
        yield f"full-{number:03d}-{'-'.join(done)}-{name}", bytes(data)


def main() -> int:
    """Runs the fuzzer; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    reader = Reader()
    counts: Counter[str] = Counter()
    slowest, started, bad = (0.0, ""), time.monotonic(), []
    small = mutated_files(options.seed, options.files)
    with tempfile.TemporaryDirectory() as folder:
        for files in (small, full_size_files(options.seed, options.files // FULL_SIZE_EVERY)):
            for name, data in files:
                path = Path(folder) / f"model{Path(name).suffix}"
                path.write_bytes(data)
                began = time.monotonic()
                result = reader.outcome(path)
                slowest = max(slowest, (time.monotonic() - began, name))
                counts[result if result in ("read", "refused") else "bad"] += 1
                if result not in ("read", "refused"):
                    bad.append(f"{name}: {result}")
                    print(f"BAD {bad[-1]}", flush=True)
                    Path(f"fuzz-{name}").write_bytes(data)
                if reader.child.poll() is not None:
                    reader = Reader()
                if sum(counts.values()) % 2000 == 0:
                    rate = sum(counts.values()) / (time.monotonic() - started)
                    print(
                        f"{sum(counts.values())} files, {rate:.0f}/s, {dict(counts)}, {reader.peak_mb} MB",
                        flush=True,
                    )
    report = {
        "files": sum(counts.values()),
        **{key: counts[key] for key in ("read", "refused", "bad")},
        "slowest_s": round(slowest[0], 3),
        "slowest": slowest[1],
        "peak_mb": reader.peak_mb,
        "seconds": round(time.monotonic() - started, 1),
        "seed": options.seed,
    }
    print(json.dumps(report))
    if options.json:
        options.json.write_text(json.dumps(report) + "\n")
    return 0 if not bad and report["peak_mb"] <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
