"""How well the built-in body can fit a data set's joints: ``python -m benchmarks.accuracy.body_floor --data FILE``.

Fits shape (10 coefficients a clip), 24 rotations a frame and, in the second fit, mirror-symmetric landmark corrections
shared by all clips, directly to the truth of a native keypoint file. What is left over is the floor below which no
student on this body can come. For evaluation only: nothing that it finds goes into the body or into training.
"""

import argparse
import functools
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pn3d.body import limits
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints, symmetric_corrections
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.metrics import pa_mpjpe_mm
from pn3d.files.errors import UserError
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import H36M17, SMPL24

_TORSO = [H36M17.index(name) for name in ("left_hip", "right_hip", "thorax", "left_shoulder", "right_shoulder")]
_UNOBSERVED: tuple[tuple[str, str], ...] = (
    *(
        (f"{side}_{joint}", axes)
        for joint in ("ankle", "foot", "wrist", "hand")
        for side in ("left", "right")
        for axes in ("x", "y", "z")
    ),
    *((joint, "y") for joint in ("neck", "head", "left_knee", "right_knee")),
    *((f"{side}_{joint}", "x") for joint in ("collar", "elbow") for side in ("left", "right")),
)
"""(joint, axis) of the turns that move no joint of ``h36m17``: whole end joints, and twists about bones that carry no
bent joint behind them (the shank, the clavicle, the forearm, neck and head)."""
_UNOBSERVED_FLAT = np.array([3 * SMPL24.index(joint) + "xyz".index(axis) for joint, axis in _UNOBSERVED])


class Parameters(NamedTuple):
    """What is fitted: (C, T, 24, 6) rotations, (C, 10) shapes, (17, 3) raw corrections in metres."""

    sixd: jax.Array
    betas: jax.Array
    raw_m: jax.Array


def pick_chunks(clips: Clips, frames: int) -> np.ndarray:
    """One run of consecutive frames from the middle of every clip, about ``frames`` in all. -> (C, T, 17, 3) metres."""
    if clips.joints_cam is None:
        raise UserError("body_floor needs a file with truth (joints_cam), and this one has none")
    starts, ends = clips.clip_start[:-1], clips.clip_start[1:]
    length = max(1, min(frames // len(starts), int((ends - starts).min())))
    middles = (starts + ends - length) // 2
    return clips.joints_cam[middles[:, None] + np.arange(length)]


def first_rotations(truth_m: np.ndarray) -> np.ndarray:
    """Rest pose, with the root turned so that the torso lies on the truth (Kabsch). -> (C, T, 24, 3, 3)."""
    body, landmarks = builtin_body(), builtin_landmarks()
    unturned = jnp.broadcast_to(jnp.eye(3), (24, 3, 3))
    rest = np.asarray(landmark_joints(landmarks, *posed_joints(body, rest_joints_m(body, jnp.zeros(10)), unturned)))
    source, target = rest[_TORSO], truth_m[..., _TORSO, :]
    source, target = source - source.mean(axis=0), target - target.mean(axis=-2, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("ctji,jk->ctik", target, source))
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    turns = np.broadcast_to(np.eye(3), (*truth_m.shape[:2], 24, 3, 3)).copy()
    turns[:, :, 0] = u @ vt
    return turns


def fitted_joints(fit: Parameters, corrected: bool) -> tuple[jax.Array, jax.Array]:
    """Landmarks (C, T, 17, 3) of the fitted body, and its local rotations (C, T, 24, 3, 3)."""
    body = builtin_body()
    local = rotations.sixd_to_matrix(fit.sixd)
    posed = posed_joints(body, rest_joints_m(body, fit.betas)[:, None], local)
    correction = symmetric_corrections(fit.raw_m) if corrected else None
    return landmark_joints(builtin_landmarks(), *posed, correction), local


@functools.partial(jax.jit, static_argnames=("corrected", "steps"))
def fit(start: Parameters, truth_m: jax.Array, corrected: bool, steps: int) -> Parameters:
    """Adam on the mean joint distance, with the priors that a student has too: shape, joint limits, unseen twist."""
    optimiser = optax.adam(optax.cosine_decay_schedule(0.03, steps))

    def loss(parameters: Parameters) -> jax.Array:
        joints, local = fitted_joints(parameters, corrected)
        error = joints - truth_m
        error = error - jnp.mean(error, axis=-2, keepdims=True)
        distance = jnp.mean(jnp.sqrt(jnp.sum(error * error, axis=-1) + 1e-8))
        excess = jnp.mean(jnp.sum(limits.limit_excess_rad(local) ** 2, axis=(-2, -1)))
        angles = limits.components_rad(local)
        twist = jnp.mean(angles.reshape(*angles.shape[:-2], -1)[..., _UNOBSERVED_FLAT] ** 2)
        pull = jnp.mean(jnp.sum((parameters.raw_m / 0.04) ** 2, axis=-1))
        return (
            distance
            + 1e-3 * pull
            + 1e-5 * jnp.mean(jnp.sum(parameters.betas**2, axis=-1))
            + 1e-2 * excess
            + 1e-3 * twist
        )

    def step(carry: tuple[Parameters, optax.OptState], _: None) -> tuple[tuple[Parameters, optax.OptState], None]:
        parameters, state = carry
        updates, state = optimiser.update(jax.grad(loss)(parameters), state)
        # Metres and radians share one optimiser: corrections and shapes move at a tenth of the rotations' rate or so.
        updates = updates._replace(raw_m=0.03 * updates.raw_m)
        return (optax.apply_updates(parameters, updates), state), None

    (parameters, _), _ = jax.lax.scan(step, (start, optimiser.init(start)), None, length=steps)
    return parameters


def report(name: str, parameters: Parameters, truth_m: np.ndarray, corrected: bool) -> float:
    """Prints the floor, the farthest joints, the shapes and the limits. -> PA-MPJPE in mm."""
    joints, local = (np.asarray(array) for array in jax.jit(fitted_joints, static_argnums=1)(parameters, corrected))
    floor = float(pa_mpjpe_mm(joints.reshape(-1, 17, 3), truth_m.reshape(-1, 17, 3)).mean())
    error = joints - truth_m
    error = 1e3 * np.linalg.norm(error - error.mean(axis=-2, keepdims=True), axis=-1).mean(axis=(0, 1))
    worst = ", ".join(f"{H36M17.joints[i]} {error[i]:.1f}" for i in np.argsort(-error)[:5])
    excess = np.degrees(np.asarray(jax.jit(limits.limit_excess_rad)(local)))
    beyond = float((excess.reshape(*excess.shape[:2], -1).max(axis=-1) > 10).mean())
    print(f"{name}: PA-MPJPE {floor:.2f} mm, MPJPE {error.mean():.2f} mm; most: {worst} mm")
    betas = np.asarray(parameters.betas)
    print(f"  shape: mean {betas.mean(axis=0).round(1)}, std {betas.std(axis=0).round(1)}")
    print(f"  beyond limits by more than 10 degrees: {beyond:.1%} of frames")
    if corrected:
        offsets = 1e3 * np.asarray(symmetric_corrections(parameters.raw_m))
        rows = [
            f"{H36M17.joints[i]} {offsets[i].round(0).astype(int)}"
            for i in range(17)
            if "right" not in H36M17.joints[i]
        ]
        print("  corrections (mm, x left, y up, z forward):", ", ".join(rows))
    return floor


def main() -> None:
    """Fits twice and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="native keypoint file with truth")
    parser.add_argument("--frames", type=int, default=1080)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    truth_m = pick_chunks(read_clips(options.data, truth=True), options.frames)
    print(f"{options.data}: {truth_m.shape[0]} clips, {truth_m.shape[1]} frames of each, {options.steps} steps")
    start = Parameters(
        sixd=rotations.matrix_to_sixd(jnp.asarray(first_rotations(truth_m), jnp.float32)),
        betas=jnp.zeros((len(truth_m), 10)),
        raw_m=jnp.zeros((17, 3)),
    )
    for name, corrected in (("without corrections", False), ("with corrections", True)):
        began = time.perf_counter()
        fitted = fit(start, jnp.asarray(truth_m), corrected, options.steps)
        report(name, fitted, truth_m, corrected)
        print(f"  {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
