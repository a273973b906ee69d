"""Does the expected error tell how far off a frame is? Fits it on built-in motion, and measures its rank correlation.

    python -m benchmarks.accuracy.confidence --fit --real FILE … [--weights FILE]  coefficients into the weights' card
    python -m benchmarks.accuracy.confidence [--weights FILE] [--data FILE …]       Spearman with PA-MPJPE per frame

The fit sees built-in motion of seeds that no training uses, everyday and unusual, seen from low and high, exact and by
both simulated detectors, every second clip with COCO's joints only. Without --data the held-out built-in clips are
measured, which the fit never sees. The expected error is that of all 17 joints; where a file's truth has the twelve of
the limbs, which err more, it is multiplied by what they erred more in the fit (``limbs`` in the card). ``--real`` names
files with the truth of real people, whose mean error the expected one is stretched to (``uncertainty.ENOUGH`` of it).
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, read_clips
from pn3d.data.simulated_detector import Form
from pn3d.evaluation import metrics
from pn3d.evaluation.joint_set import JointSet
from pn3d.evaluation.joints import common_joints, counted_frames, true_joints
from pn3d.files.atomic import write_json
from pn3d.geometry.skeleton import COCO17, H36M17
from pn3d.inference.predict import predict
from pn3d.inference.uncertainty import SIGNS, fit, stretched
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips, make_synthetic_clips

FIT_SEED = 9001
"""No training of ours draws it nor the two after it."""

FORMS: tuple[bool | Form, ...] = (False, "jitter", "lasting")
FIT_MIXTURE = Mixture(families_share=0.4, random_share=0.2, wide_share=0.3)
LIMBS = JointSet(tuple(i for i, j in enumerate(H36M17.joints) if "_" in j))


def half_coco(clips: Clips) -> Clips:
    """Every second clip as a COCO detector gives it: without pelvis, spine, thorax, neck and head."""
    missing = np.array([joint not in COCO17.joints for joint in H36M17.joints])
    odd = np.repeat(np.arange(clips.num_clips) % 2 == 1, clips.lengths)
    hidden = odd[:, None] & missing
    return replace(
        clips,
        keypoints=np.where(hidden[..., None], 0, clips.keypoints).astype(np.float32),
        confidence=np.where(hidden, 0, clips.confidence).astype(np.float32),
    )


def signs_and_errors(weights: Weights, clips: Clips) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, 2) signs of the student, (N,) its true PA-MPJPE in mm, and (N,) that of the twelve joints of its limbs."""
    found = predict(weights, clips, builtin_body(), builtin_landmarks())
    assert found.joints_cam_m is not None
    assert found.error_signs is not None
    truth, limbs = true_joints(clips), list(LIMBS.index)
    return (
        found.error_signs,
        metrics.frame_errors(found.joints_cam_m, truth).pa_mpjpe_mm,
        metrics.frame_errors(found.joints_cam_m[:, limbs], truth[:, limbs], LIMBS).pa_mpjpe_mm,
    )


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation (no ties to speak of among floats)."""
    ranks = np.stack([np.argsort(np.argsort(values)) for values in (a, b)]).astype(float)
    return float(np.corrcoef(ranks)[0, 1])


def write_fit(path: Path, clips: int, real: list[Path]) -> None:
    """Fits, prints, and writes the coefficients into the card beside the weights."""
    weights = load_weights(path)
    parts = [
        signs_and_errors(
            weights, half_coco(make_synthetic_clips(seed, clips, detector_noise=form, mixture=FIT_MIXTURE))
        )
        for seed, form in enumerate(FORMS, start=FIT_SEED)
    ]
    signs, errors, of_limbs = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = fit(signs, errors) | {"limbs": float(of_limbs.mean() / errors.mean())}
    by = " ".join(["--fit", "--clips", str(clips), *(["--real", *(file.name for file in real)] if real else [])])
    found["source"] = f"python -m benchmarks.accuracy.confidence {by}: built-in motion, seed {FIT_SEED}"
    for index, name in enumerate(SIGNS):
        print(
            f"{name:14s} alone {spearman(signs[:, index], errors):.2f}   coefficient {found['coefficients'][name]:.3f}"
        )
    if real:
        fitted = replace(weights, facts=weights.facts | {"uncertainty": found})
        of_files = [expected_and_true(fitted, read_clips(file, truth=True)) for file in real]
        expected = np.concatenate([expected for expected, *_ in of_files])
        of_17 = np.concatenate([true / more for _, true, more, _ in of_files])
        found = stretched(found, expected, of_17)
        print(f"stretched by a power of {found['stretched']['power']:.2f}")
    card_path = path.with_suffix(".json")
    write_json(card_path, json.loads(card_path.read_text()) | {"uncertainty": found})
    print(f"{card_path}: uncertainty written")


def expected_and_true(weights: Weights, clips: Clips) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """(N,) the expected PA-MPJPE in mm of the counted frames, (N,) the true one by the truth's joints, what these err
    more than all 17, and (N,) the frames' clips."""
    prediction = predict(weights, clips, builtin_body(), builtin_landmarks())
    assert prediction.joints_cam_m is not None
    assert prediction.expected_error_mm is not None
    joints = common_joints(prediction.joints_cam_m, clips)
    counted, index = counted_frames(clips, joints.index), list(joints.index)
    ours, theirs = (values[counted][:, index] for values in (prediction.joints_cam_m, true_joints(clips)))
    more = weights.facts.get("uncertainty", {}).get("limbs", 1.0) if joints == LIMBS else 1.0
    errors = metrics.frame_errors(ours, theirs, joints).pa_mpjpe_mm
    return prediction.expected_error_mm[counted], errors, more, clips.clip_of_frame[counted]


def measure(path: Path, data: list[str]) -> None:
    """Prints the rank correlation of each file."""
    weights = load_weights(path)
    files = [(name, read_clips(Path(name), truth=True)) for name in data] or [
        (f"held-out {kind}, {form or 'exact'}", make(detector_noise=form))
        for kind, make in (("everyday motion", held_out_clips), ("families", held_out_family_clips))
        for form in FORMS
    ]
    for name, clips in files:
        expected, errors, more, of = expected_and_true(weights, clips)
        expected = more * expected
        print(f"{name}: Spearman {spearman(expected, errors):.3f} over {len(errors)} frames")
        print(f"  mean error {errors.mean():.1f} mm, expected {expected.mean():.1f} mm")
        means = [
            np.bincount(of, values)[np.unique(of)] / np.unique(of, return_counts=True)[1]
            for values in (errors, expected)
        ]
        print(f"  means of clips: Spearman {spearman(means[0], means[1]):.3f} over {len(means[0])} clips")


def main() -> None:
    """Fits or measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--real", nargs="+", type=Path, default=[], metavar="FILE")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--data", nargs="*", default=[])
    arguments = parser.parse_args()
    if arguments.fit:
        write_fit(arguments.weights, arguments.clips, arguments.real)
    measure(arguments.weights, arguments.data)


if __name__ == "__main__":
    main()
