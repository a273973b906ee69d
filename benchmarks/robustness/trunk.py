"""Where neck and head lie in the picture, from shoulders and hips: fitted, and what layouts without them cost.

    python -m benchmarks.robustness.trunk --fit FILE …    (2D alone) the numbers of ``pn3d.data.trunk``
    python -m benchmarks.robustness.trunk --data FILE …   (with truth) prediction from each layout's joints

Both take built-in motion in addition. The fit is least squares over the files and built-in motion, 200 everyday clips
and 150 of the families, each of the same weight, with errors of 0.02 head-root units in x and y added (seed 0).
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.robustness.changed_clips import without_joints
from benchmarks.robustness.predictions import Predictor
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.data.rays import frame_rays
from pn3d.data.trunk import TRUNK
from pn3d.evaluation.joints import true_joints
from pn3d.evaluation.report import align
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from pn3d.inference.lifted import lift_clips
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips

NOISE = 0.02
_MIDDLE = tuple(H36M17.joints[joint] for joint in TRUNK)
_SHOULDERS, _HIPS = ([H36M17.index(f"{side}_{part}") for side in ("left", "right")] for part in ("shoulder", "hip"))
_THORAX, _NECK, _HEAD = (H36M17.index(name) for name in ("thorax", "neck", "head"))


def fitted(files: list[str]) -> str:
    """The numbers and their mean errors in head-root units, a line per joint."""
    weights, rng = load_weights(SHIPPED_WEIGHTS), np.random.default_rng(0)
    sets = [read_clips(Path(name)) for name in files]
    sets += [make_synthetic_clips(7, 200), make_synthetic_clips(8, 150, mixture=Mixture(1.0))]
    normal, right = np.zeros((2, 3, 3)), np.zeros((2, 3))
    rows = []
    for clips in sets:
        size = np.concatenate([clip.outputs.size for clip in lift_clips(weights, clips)])
        xy = np.asarray(frame_rays(clips).rays) / size[:, None, None]
        xy = xy[(clips.confidence > 0).all(axis=1)].astype(np.float64)
        noisy = xy + NOISE * rng.standard_normal(xy.shape)
        (left, other), (left_hip, other_hip) = ([noisy[:, joint] for joint in pair] for pair in (_SHOULDERS, _HIPS))
        thorax = 0.5 * (left + other)
        up = thorax - 0.5 * (left_hip + other_hip)
        turned = [np.stack([way[:, 1], -way[:, 0]], axis=1) for way in (left - other, left_hip - other_hip)]
        columns = np.stack([up, *turned], axis=-1).reshape(-1, 3)
        rows.append((columns, [(xy[:, joint] - thorax).reshape(-1) for joint in (_NECK, _HEAD)]))
        for number, wanted in enumerate(rows[-1][1]):
            normal[number] += columns.T @ columns / len(columns)
            right[number] += columns.T @ wanted / len(columns)
    lines = []
    for number, name in enumerate(("neck", "head")):
        found = np.linalg.solve(normal[number], right[number])
        apart = [np.linalg.norm((c @ found - w[number]).reshape(-1, 2), axis=1).mean() for c, w in rows]
        lines.append(f"{name}: {', '.join(f'{n:.3f}' for n in found)}; mean error {np.mean(apart):.3f} head-root units")
    heads, necks = (np.concatenate([w[number] / np.sqrt(len(w[number])) for _, w in rows]) for number in (1, 0))
    lines.append(f"neck between thorax and head: {float(heads @ necks / (heads @ heads)):.2f}")
    return "\n".join(lines)


def layouts(clips: Clips) -> str:
    """PA-MPJPE of teacher and student from the joints that layouts have, a row for each set of them."""
    predictor, truth = Predictor(load_weights(SHIPPED_WEIGHTS)), true_joints(clips)
    of_missing: dict[tuple[str, ...], list[str]] = {}
    for name, layout in LAYOUTS.items():
        if set(H36M17.joints) - set(_MIDDLE) <= set(layout.joints):
            missing = tuple(joint for joint in _MIDDLE if joint not in layout.joints)
            of_missing.setdefault(missing, []).append(name)
    lines = [["joints of", "without", "teacher", "student"]]
    for missing, names in of_missing.items():
        scores = predictor.score(without_joints(clips, missing), truth)
        numbers = [f"{scores[player]['pa_mpjpe_mm']:.2f}" for player in ("teacher", "student")]
        lines.append([", ".join(names), ", ".join(missing), *numbers])
    return align(lines)


def main() -> None:
    """Prints one or the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", nargs="+", metavar="FILE")
    parser.add_argument("--data", nargs="*", default=[], metavar="FILE")
    options = parser.parse_args()
    print(start_jax(), flush=True)
    if options.fit:
        print(fitted(options.fit))
        return
    files = {"built-in held-out motion": held_out_clips()}
    files |= {Path(path).name: read_clips(Path(path), truth=True) for path in options.data}
    for label, clips in files.items():
        print(f"\n{label}\n{layouts(clips)}", flush=True)


if __name__ == "__main__":
    main()
