"""How fast prediction is, from file to file: frames per second, start to result, streaming, an hour of video.

    python -m benchmarks.speed.predict [--frames 20000] [--hour]

Frames per second are after start-up (a first run compiles) and include reading, prediction and writing
``prediction.npz``. Start to result is a process of its own on a 10 s clip, with an empty and with a filled compilation
cache. ``--hour`` predicts 108,000 frames in a process of its own and compares a clip inside with the clip alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.speed.detectors import long_walk
from pn3d.body import model as body_model
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, concatenate, read_clips, select, without_truth, write_clips
from pn3d.detectors import person_clips, read_keypoints
from pn3d.geometry import rotations
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction, save_prediction
from pn3d.inference.streaming import PoseStream
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import make_synthetic_clips
from tools.stand_ins.detector_files import SIZE, openpose_folder

HOUR_FRAMES = 108_000
_PEAK = "import resource; print('peak MB', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"


def repeated(clips: Clips, frames: int) -> Clips:
    """The clips over and over until there are this many frames; no truth."""
    bare = without_truth(clips)
    return concatenate([bare] * -(-frames // bare.frames))


def long_clip(frames: int) -> Clips:
    """One clip of this many frames."""
    some = repeated(make_synthetic_clips(7, 8, 300, detector_noise=True), frames)
    values: dict[str, Any] = {key: getattr(some, key)[:frames] for key in ("keypoints", "confidence")}
    one = select(some, [0])
    return type(one)(**{**vars(one), **values, "clip_start": np.array([0, frames], np.int64)})


def per_second(name: str, frames: int, bar: int, work: Callable[[], object]) -> None:
    """Runs once to warm up, then three times, and prints the best and the median rate."""
    work()
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    rates = sorted(frames / s for s in seconds)
    print(f"{name}: {rates[-1]:.0f} frames/s best of 3, median {rates[1]:.0f} (bar {bar})", flush=True)


def all_vertices(prediction: Prediction, piece: int = 256) -> int:
    """Computes every vertex, in pieces that are thrown away; returns how many frames."""
    body = builtin_body()
    assert prediction.poses_cam is not None
    assert prediction.betas is not None
    assert prediction.transl_cam_m is not None
    betas = np.repeat(prediction.betas, np.diff(prediction.clip_start), axis=0)
    made = 0
    for begin in range(0, len(betas) - piece + 1, piece):
        part = slice(begin, begin + piece)
        arrays = (betas[part], prediction.poses_cam[part], prediction.transl_cam_m[part])
        made += len(_vertices(body, *(jnp.asarray(a) for a in arrays)).block_until_ready())
    return made


_vertices = jax.jit(
    lambda body, betas, poses, transl: body_model.vertices(body, betas, rotations.axis_angle_to_matrix(poses), transl)
)


def rates(folder: Path, frames: int) -> None:
    """Frames per second of a native file, with vertices, and of an OpenPose folder."""
    weights, body, marks = load_weights(SHIPPED_WEIGHTS), builtin_body(), builtin_landmarks()
    native = folder / "native.npz"
    clips = repeated(make_synthetic_clips(7, 8, 300, detector_noise=True), frames)
    write_clips(native, clips)

    def whole(path: Path) -> Prediction:
        prediction = predict(weights, read_clips(path), body, marks)
        save_prediction(folder / "prediction.npz", prediction)
        return prediction

    per_second("native file", clips.frames, 5_000, lambda: whole(native))
    per_second("native file, with vertices", clips.frames, 1_000, lambda: all_vertices(whole(native)))
    small = openpose_folder(folder / "openpose", long_walk("body25", 3000, 1))

    def from_folder() -> None:
        found = person_clips(read_keypoints(small, layout="body25", fps=30, image_size=SIZE))
        save_prediction(folder / "prediction.npz", predict(weights, found, body, marks))

    per_second("OpenPose folder", 3000, 3_000, from_folder)


def start_to_result(folder: Path) -> None:
    """Seconds of ``pn3d predict`` on a 10 s clip with an empty and a filled compilation cache."""
    write_clips(folder / "clip.npz", long_clip(300))
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": "", "XDG_CACHE_HOME": str(folder / "cache")}
    del environment["JAX_COMPILATION_CACHE_DIR"]
    command = [sys.executable, "-m", "pn3d", "predict", str(folder / "clip.npz"), "--output", str(folder / "out")]
    for name, bar in (("cold", 20), ("warm", 6), ("warm again", 6)):
        began = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        print(
            f"10 s clip, {name} cache: {time.perf_counter() - began:.1f} s from start to result (bar {bar})", flush=True
        )


def streaming(count: int = 1000) -> None:
    """Percentiles of the time of one push."""
    clip = long_clip(count + 50)
    data = np.concatenate([clip.keypoints, clip.confidence[..., None]], axis=-1)
    for causal in (False, True):
        stream = PoseStream(load_weights(SHIPPED_WEIGHTS), image_size=(1000, 1000), layout="h36m17", causal=causal)
        seconds = []
        for frame in data:
            began = time.perf_counter()
            stream.push(frame)
            seconds.append(time.perf_counter() - began)
        p50, p99 = 1000 * np.percentile(seconds[50:], (50, 99))
        print(f"streaming, causal {causal}: p50 {p50:.1f} ms, p99 {p99:.1f} ms (bar 10), delay {stream.delay} frames")


def hour(folder: Path) -> None:
    """Memory of an hour, and a clip inside it against the clip alone."""
    clip = make_synthetic_clips(8, 1, 300, detector_noise=True)
    many = repeated(make_synthetic_clips(7, 8, 300, detector_noise=True), HOUR_FRAMES // 2)
    whole = concatenate([many, without_truth(clip), many])
    write_clips(folder / "hour.npz", whole)
    write_clips(folder / "clip.npz", clip)
    for name in ("hour", "clip"):
        words = ["predict", str(folder / f"{name}.npz"), "--output", str(folder / f"out_{name}")]
        code = f"from pn3d.commands.main import main; main({words!r}); {_PEAK}"
        said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        print(f"{name}: {said.strip().splitlines()[-1]} (bar 2048)", flush=True)
    with np.load(folder / "out_hour/prediction.npz") as a, np.load(folder / "out_clip/prediction.npz") as b:
        first = many.frames
        for key in ("joints_cam_m", "poses_cam", "transl_cam_m"):
            gap = np.abs(a[key][first : first + 300] - b[key]).max()
            print(f"  {key}: the clip alone differs from the clip inside the hour by at most {gap:.2g}")


def main() -> None:
    """Runs everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--hour", action="store_true")
    arguments = parser.parse_args()
    print(start_jax(), f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        rates(Path(name), arguments.frames)
        start_to_result(Path(name))
        streaming()
        if arguments.hour:
            hour(Path(name))


if __name__ == "__main__":
    main()
