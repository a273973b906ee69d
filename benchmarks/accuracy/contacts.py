"""Fits and measures the contacts of feet on built-in motion: ``python -m benchmarks.accuracy.contacts``.

Truth is the body's own joints: a heel (ankle) or toe (foot joint) stands where it is slower than
``pn3d.inference.contacts.CONTACT_M_S`` and lower than 0.1 m over its clip's lowest. Prints the weights as
``pn3d/inference/contacts.py`` holds them, and F1 of heels and toes on clips held out. With ``--taught EXACT DETECTED``,
the same clips with exact and with a detector's 2D, of which no truth is read: both learn besides what weights of
built-in motion alone say of the exact ones (surer than ``TAUGHT``). Options: ``--clips`` (per form of keypoints),
``--seed``.
"""

import argparse
import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.accuracy.views import views_of
from pn3d.body import model as body_model
from pn3d.body.builtin import builtin_body
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.path_metrics import f1
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import SMPL24_FEET
from pn3d.inference.contacts import COLUMNS, CONTACT_M_S, FEATURES, PARTS, contact_features, logits
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips, make_synthetic_clips

HIGH_M = 0.1
TAUGHT = 0.7
RIDGE = 1e-3
LEAST_SPREAD = 1e-6
STEPS = 15


def true_contacts(clips: Clips) -> np.ndarray:
    """(N, 4) which points of feet stand, by the SMPL truth of built-in clips."""
    assert clips.poses is not None
    assert clips.betas is not None
    assert clips.transl_cam_m is not None
    assert clips.up_cam is not None
    betas = jnp.asarray(np.repeat(clips.betas, np.diff(clips.clip_start), axis=0))
    turns = rotations.axis_angle_to_matrix(jnp.asarray(clips.poses))
    joints = jax.jit(body_model.joints)(builtin_body(), betas, turns, jnp.asarray(clips.transl_cam_m))
    points = np.asarray(joints, np.float64)[:, list(SMPL24_FEET)]
    found = []
    for clip, (begin, end) in enumerate(itertools.pairwise(clips.clip_start)):
        part = points[begin:end]
        steps = np.linalg.norm(np.diff(part, axis=0), axis=-1) * clips.fps[clip]
        speed = 0.5 * (np.concatenate([steps[:1], steps]) + np.concatenate([steps, steps[-1:]]))
        height = part @ clips.up_cam[clip]
        low = np.percentile(height.reshape(-1, 2, 2), 2.0, axis=(0, 2)).repeat(2)
        found.append((speed < CONTACT_M_S) & (height < low + HIGH_M))
    return np.concatenate(found)


def features_of(clips: Clips) -> np.ndarray:
    """(N, 4, F) as prediction sees them."""
    return np.concatenate([contact_features(view) for view in views_of("find_contacts", clips)])


def fitted(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's method, a ridge on all but the constants, in units of the columns' spread.

    (n, ``COLUMNS``), (n,) -> (``COLUMNS``,).
    """
    spread = features.std(axis=0) + LEAST_SPREAD
    columns = features / spread
    weights = np.zeros(COLUMNS)
    ridge = RIDGE * np.eye(COLUMNS)
    for constant in range(len(FEATURES) - 1, COLUMNS, len(FEATURES)):
        ridge[constant, constant] = LEAST_SPREAD
    for _ in range(STEPS):
        probability = 1.0 / (1.0 + np.exp(-columns @ weights))
        slope = columns.T @ (probability - truth) / len(truth) + ridge @ weights
        curve = (columns * (probability * (1.0 - probability))[:, None]).T @ columns / len(truth) + ridge
        weights -= np.linalg.solve(curve, slope)
    return weights / spread


def fitted_parts(features: list[np.ndarray], truth: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of heels and toes from all that is given, (N, 4, ``COLUMNS``) and (N, 4) each."""
    seen, stands = np.concatenate(features), np.concatenate(truth)
    return {
        name: fitted(seen[:, part].reshape(-1, COLUMNS), stands[:, part].reshape(-1)) for name, part in PARTS.items()
    }


def main() -> None:
    """Fits, prints the weights, measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=96)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--taught", type=Path, nargs=2, metavar=("EXACT", "DETECTED"))
    options = parser.parse_args()
    features, truth = [], []
    mixture = Mixture()
    for noise in (False, True):
        clips = make_synthetic_clips(options.seed, options.clips, detector_noise=noise, mixture=mixture)
        features.append(features_of(clips))
        truth.append(true_contacts(clips))
    if options.taught:
        teaches = fitted_parts(features, truth)
        features += [features_of(read_clips(path, truth=False)) for path in options.taught]
        truth += [logits(features[-2], teaches) > np.log(TAUGHT / (1.0 - TAUGHT))] * 2
    weights = fitted_parts(features, truth)
    for name, values in weights.items():
        print(f'    "{name}": ({", ".join(f"{value:.3f}" for value in values)}),')
    for title, make in (("held out", held_out_clips), ("held out, families", held_out_family_clips)):
        for noise in (False, True):
            clips = make(detector_noise=noise)
            seen, stands = features_of(clips), true_contacts(clips)
            scores = []
            found = logits(seen, weights) > 0
            for name, part in PARTS.items():
                always = f1(np.ones_like(found[:, part]), stands[:, part])
                scores.append(f"{name} {f1(found[:, part], stands[:, part]):.3f} (always: {always:.3f})")
            print(f"F1, {title}, {'simulated detector' if noise else 'exact'}: {', '.join(scores)}")


if __name__ == "__main__":
    main()
