"""The card of weights that ship: ``python -m tools.model_card --weights FILE --data FILE … --output CARD.md``.

Every number in it is measured here, by action, body size, elevation and frame rate; what the weights are comes from
their JSON. ``--robustness`` takes the JSON that ``benchmarks.robustness.predictions`` wrote; ``--real`` files of real
people with truth of the limbs' joints.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.robustness.changed_clips import every_other, seen_from
from benchmarks.robustness.predictions import ELEVATIONS_DEG, Predictor, joints_of, rates
from pn3d.commands.session import find_weights, start_jax
from pn3d.config import to_json
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.evaluate import Scores, evaluate_prediction
from pn3d.evaluation.joints import true_joints
from pn3d.evaluation.metrics import frame_errors, mean_by_group
from pn3d.evaluation.protocol_run import run_protocol
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import Weights
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips

CMU_TERMS = (
    "CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu, created with funding from NSF EIA-0196217): free for "
    "research and commercial projects, not for resale, even in converted form. Only its 2D projections were used."
)
BUILTIN_TERMS = "Built-in motion is made by the code of this package (Apache-2.0); only its 2D projections were used."
_METRICS = {
    "pa_mpjpe_mm": "PA-MPJPE mm",
    "n_mpjpe_mm": "N-MPJPE mm",
    "mpjpe_mm": "MPJPE mm",
    "accel_err_mm_per_frame2": "acceleration error mm/frame²",
    "joint_angle_err_deg": "joint angles °",
    "height_err_mm": "stature error mm",
    "up_err_deg": "up direction °",
}
_IN_SPACE = {
    "foot_skate_m_s": "standing feet m/s",
    "foot_skate_true_m_s": "truth",
    "pelvis_accel_mm_per_frame2": "pelvis acceleration mm/frame²",
    "pelvis_accel_true_mm_per_frame2": "truth",
    "path_err_pct": "path error %",
    "contact_f1": "contact F1",
}


def markdown_table(rows: list[list[str]]) -> str:
    """Rows of cells, the first the head, as a Markdown table."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def terms_on(weights: Weights) -> dict[str, list[str]]:
    """Names and weights of the loss terms that were on, by the part of the config that holds them."""
    found: dict[str, list[str]] = {}

    def walk(part: dict[str, Any], name: str) -> None:
        for key, value in part.items():
            if isinstance(value, dict):
                walk(value, f"{name}.{key}" if name else key)
            elif key.endswith("_weight") and value:
                found.setdefault(name, []).append(f"{key.removesuffix('_weight')} {value:g}")

    walk(to_json(weights.config), "")
    return found


def body_length_m(clips: Clips) -> np.ndarray:
    """(C,) sum of a clip's true bones, metres: the person's size whatever the file knows of its body."""
    truth, bones = true_joints(clips), np.array(H36M17.bones)
    total = np.linalg.norm(truth[:, bones[:, 1]] - truth[:, bones[:, 0]], axis=-1).sum(axis=1)
    return np.add.reduceat(total, clips.clip_start[:-1]) / clips.lengths


def size_groups(clips: Clips) -> np.ndarray:
    """(N,) small, middle or large: thirds of the file's clips by the length of their bones."""
    size = body_length_m(clips)
    low, high = np.quantile(size, [1 / 3, 2 / 3])
    names = np.where(size < low, "small", np.where(size > high, "large", "middle"))
    return np.repeat(names, clips.lengths)


def grouped(prediction: Prediction, clips: Clips) -> str:
    """PA-MPJPE by action and by body size."""
    truth, actions = true_joints(clips), np.repeat(clips.actions, clips.lengths)
    sizes = size_groups(clips)
    errors = {player: frame_errors(joints, truth).pa_mpjpe_mm for player, joints in joints_of(prediction).items()}
    parts = []
    for title, groups in (("action", actions), ("body size (thirds by bone length)", sizes)):
        means = {player: mean_by_group(values, groups) for player, values in errors.items()}
        frames = {str(name): int((groups == name).sum()) for name in np.unique(groups)}
        rows = [[title, "frames", *means]]
        rows += [[n, f"{count}", *(f"{means[p][n]:.1f}" for p in means)] for n, count in frames.items()]
        parts.append(markdown_table(rows))
    return "\n\n".join(parts)


def by_elevation(predictor: Predictor) -> str:
    """PA-MPJPE on built-in motion seen from several heights."""
    clips, rows = held_out_clips(), []
    for elevation in ELEVATIONS_DEG:
        moved = seen_from(clips, elevation_deg=elevation)
        scores = predictor.score(moved, true_joints(moved))
        rows.append([f"{elevation:g}°", *(f"{score['pa_mpjpe_mm']:.1f}" for score in scores.values())])
    return markdown_table([["camera's elevation", *scores], *rows])


def by_rate(predictor: Predictor, clips: Clips) -> str:
    """PA-MPJPE at other frame rates."""
    scores = rates(predictor, clips)
    half, _ = every_other(clips)
    own = float(np.asarray(half.fps)[0]) * 2
    names = (f"{own:g} fps, every second frame", f"{own / 2:g} fps, the same frames", f"{2 * own:g} fps")
    rows = [["frame rate", *next(iter(scores.values()))]]
    for name, score in zip(names, scores.values(), strict=True):
        rows.append([name, *(f"{of['pa_mpjpe_mm']:.1f}" for of in score.values())])
    return markdown_table(rows)


def overall(files: dict[str, Clips], scores: dict[str, dict[str, Scores]]) -> str:
    """The main numbers of every file."""
    rows = [["file", "frames", "output", *_METRICS.values(), "depth-flipped"]]
    for name, clips in files.items():
        for player, score in scores[name].items():
            numbers = [f"{score[key]:.1f}" if key in score else "–" for key in _METRICS]
            rows.append([name, f"{clips.frames}", player, *numbers, f"{100 * score['depth_flipped_frac']:.2f} %"])
    return markdown_table(rows)


def in_space(scores: dict[str, dict[str, Scores]]) -> str:
    """How the student's body moves where it stands."""
    rows = [["file", *_IN_SPACE.values()]]
    for name, players in scores.items():
        score = players.get("student", {})
        rows.append([name, *(f"{score[key]:.2f}" if key in score else "–" for key in _IN_SPACE)])
    return markdown_table(rows)


def real_people(files: dict[str, Clips], predictions: dict[str, Prediction]) -> str:
    """Errors of twelve limb joints on real people, by genre where clips' names tell one."""
    rows = [["file", "people", "teacher PA / N mm", "student PA / N / MPJPE mm"]]
    for name, clips in files.items():
        cells: dict[str, dict[str, list[str]]] = {}
        for player, joints in joints_of(predictions[name]).items():
            scores = run_protocol("aist12", joints, clips, metric_scale=player == "student")
            for value in scores.values:
                for group, number in (value.per_action | {"all": value.value}).items():
                    cells.setdefault(group, {}).setdefault(player, []).append(f"{number:.1f}")
        rows += [[name, group, *(" / ".join(found[p]) for p in found)] for group, found in cells.items()]
    return markdown_table(rows)


def inputs(weights: Weights) -> str:
    """SHA-256 of every file that was trained on, and what was made beside them."""
    digests = weights.facts.get("input_sha256", {})
    lines = [f"- {name}: `{digest}`" for name, digest in digests.items()]
    data = weights.config.data
    if data.added_clips:
        made = (
            f"{data.added_clips} clips of built-in motion of {data.builtin_frames} frames, seed {weights.config.seed}"
        )
        lines.append(
            f"- {made}: {data.families_share:.0%} of families beyond the everyday, {data.random_share:.0%} of random "
            f"key poses, {data.wide_share:.0%} seen from far below to far above; made by code"
        )
    return "\n".join(lines)


def robustness_section(path: Path | None) -> str:
    """The rows of a robustness study, where it was run on these weights."""
    if path is None:
        return ""
    document = json.loads(path.read_text())
    parts = []
    for file, conditions in document["files"].items():
        players = list(next(iter(conditions.values())))
        rows = [[f"{file}: PA-MPJPE mm", *players]]
        rows += [[n, *(f"{s[p]['pa_mpjpe_mm']:.1f}" for p in players)] for n, s in conditions.items()]
        parts.append(markdown_table(rows))
    return "\n## What files do to it\n\n" + "\n\n".join(parts) + "\n"


def card(
    weights: Weights, name: str, files: dict[str, Clips], real: dict[str, Clips], date: str, robustness: Path | None
) -> str:
    """The whole card."""
    predictor = Predictor(weights)
    predictions = {label: predictor.predict(clips) for label, clips in (files | real).items()}
    scores = {
        label: evaluate_prediction(predictions[label], clips, body=predictor.body)
        for label, clips in (files | real).items()
    }
    data = weights.facts.get("training_data", {})
    sources = {"cmu": CMU_TERMS, "built-in": BUILTIN_TERMS}
    names = " ".join(data.get("files", []))
    terms = "\n".join(f"- {text}" for word, text in sources.items() if word in names)
    on = "\n".join(f"- {part}: {', '.join(terms)}" for part, terms in terms_on(weights).items())
    groups = "\n\n".join(f"**{label}**\n\n{grouped(predictions[label], clips)}" for label, clips in files.items())
    rate_file = next(iter(files))
    seconds = sum(weights.facts.get("seconds_per_stage", {}).values())
    devices = weights.facts.get("devices", "devices that were not recorded")
    took = f"; {seconds / 60:.0f} minutes on {devices}" if seconds else ""
    return f"""# Model card: {name}

2D keypoints of one person, frame by frame, to a 3D skeleton (17 joints) and an SMPL-like body of the built-in model.
Trained from 2D alone. SHA-256 of the npz: `{weights.sha256}`; {date}.

- command: `{weights.facts.get("command", "not recorded")}`; seed {weights.config.seed}{took}
- networks {weights.config.model.width} wide with {weights.config.model.blocks} residual blocks
- windows of {weights.config.model.window} frames at {weights.config.model.frame_rate:g} fps; body {weights.body_name}
- data: {", ".join(data.get("files", ["not recorded"]))}; {data.get("frames", "?")} frames of 2D
{inputs(weights)}
{terms}

No keypoint of the development sets below entered the training, the statistics of the noise, or what was fitted
afterwards (`readings`, `uncertainty` in the JSON); settings of prediction were chosen on `aist_dev`, and so was one
number of `uncertainty`, the power by which expected errors are stretched.

## Loss terms that were on

{on}

## Use

A camera that stands or, in videos, turns, and one person who is mostly in the picture. Keypoints from any detector that
pn3d reads; joints that are missing are masked. Not for medical, safety or identification purposes: it was measured on
walking, running, sports and traffic signs of adults in motion capture, on dancers, and on made-up motion.

## What it reaches

{overall(files, scores)}

**Real people** (twelve limb joints; two sequences of AIST++, a development set: settings were chosen by it)

{real_people(real, predictions) if real else "not measured"}

**Real people kept apart**, per detector, to be filled in by whoever holds them:

| sequences | detector | teacher | student |
| --- | --- | --- | --- |
| AIST++, others | of the data set's authors | | |
| HumanEva, markers | AlphaPose | | |
| fast and complex movement, Vicon | OpenPose | | |
| four calibrated, rolled cameras | OpenPose | | |
| the same | MediaPipe (its own 3D beside it) | | |

**Motion in space** (student; `docs/protocols.md` says what is measured)

{in_space(scores)}

{groups}

By elevation (built-in held-out motion, exact 2D):

{by_elevation(predictor)}

By frame rate ({rate_file}):

{by_rate(predictor, files[rate_file])}
{robustness_section(robustness)}
## Where it fails

- Cameras rolled by more than 30 degrees, or from more than 20 degrees below (see the rows by roll and elevation).
- Left and right exchanged by the detector for more than a few frames.
- Arms that point towards or away from the camera in unusual dance; lying and upside-down people (better than before,
  not good); long occlusions; several people merged into one track.
- Twists that 17 points do not show (forearms, feet, head) go to rest; stature and distance carry an uncertainty of some
  per cent.
"""


def main() -> None:
    """Measures and writes the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", metavar="FILE")
    source.add_argument("--run", metavar="DIR")
    parser.add_argument("--data", nargs="*", default=[], metavar="FILE", help="files with truth")
    parser.add_argument("--real", nargs="*", default=[], metavar="FILE", help="real people, truth of some joints")
    parser.add_argument("--robustness", type=Path, metavar="JSON")
    parser.add_argument("--date", required=True, help="of the training, YYYY-MM-DD")
    parser.add_argument("--output", type=Path, required=True, metavar="CARD.md")
    options = parser.parse_args()
    print(start_jax(), flush=True)
    weights, name = find_weights(options.run, options.weights)
    files = {
        "built-in held-out motion": held_out_clips(),
        "built-in held-out motion, new families": held_out_family_clips(),
    }
    files |= {Path(path).name: read_clips(Path(path), truth=True) for path in options.data}
    real = {Path(path).name: read_clips(Path(path), truth=True) for path in options.real}
    text = card(weights, Path(name).name, files, real, options.date, options.robustness)
    options.output.write_text(text)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
