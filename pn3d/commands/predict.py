"""``pn3d predict``: a detector's keypoints in; joints, an SMPL body and files that open elsewhere out."""

import argparse
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.model import BodyModel
from pn3d.body.stature import stature_m
from pn3d.commands import session
from pn3d.commands.keypoint_options import add_keypoint_options, detections_of
from pn3d.commands.video_input import add_overlay_option, add_video_options, video_before, write_overlays
from pn3d.data.clips import Clips, select
from pn3d.detectors import person_clips
from pn3d.export.files import EXPORTS, write_exports
from pn3d.export.motion import Mesh, Motion
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.camera_path import camera_to_world
from pn3d.inference.predict import Prediction, predict, save_prediction
from pn3d.inference.warnings import doubts_summary
from pn3d.inference.weights import require_body
from pn3d.video import looks_like_video

FORMATS = (*EXPORTS, "mp4")
"""What ``--export`` takes: files of one person, and the overlay of everybody."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d predict``."""
    add_keypoint_options(parser)
    parser.add_argument("--output", required=True, metavar="DIR")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", metavar="FILE", help="weights (default: those that come with pn3d)")
    source.add_argument("--run", metavar="DIR", help="the weights of a run folder")
    parser.add_argument(
        "--height-m", type=float, metavar="M", help="how tall the person is (default: the shape says it)"
    )
    parser.add_argument("--no-refine", action="store_true", help="the student's pose as it said it")
    parser.add_argument("--body", metavar="FILE", help="SMPL file (default: the built-in body)")
    parser.add_argument("--export", default="", metavar="LIST", help=f"comma-separated, of {', '.join(FORMATS)}")
    add_overlay_option(parser)
    add_video_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predicts, writes the folder, and returns the exit status."""
    formats = [word for word in arguments.export.split(",") if word]
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise UserError(f"--export: unknown format {', '.join(unknown)}; formats: {', '.join(FORMATS)}")
    own_formats = [word for word in formats if word in EXPORTS]
    print(session.start_jax(), flush=True)
    weights, name = session.find_weights(arguments.run, arguments.weights)
    body, landmarks = session.find_body(arguments.body)
    require_body(weights, body)
    output = Path(arguments.output)
    if not looks_like_video(arguments.input):
        detections = detections_of(arguments)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {output}: {error.strerror}") from None
    video = video_before(arguments, output)
    if video is not None:
        detections = detections_of(arguments)
        if video.stopped:
            print(f"stopped: people of the first {len(video.raw.listed_frames)} frames are kept in {arguments.input}")
            return 130
    clips = person_clips(detections)
    began = time.monotonic()
    if detections.clips is not None:
        folders = [(output, clips)]
    else:
        folders = [(output / f"person_{i:02d}", select(clips, [i])) for i in range(clips.num_clips)]
    written: list[Path] = []
    predictions: list[tuple[Prediction, int]] = []
    for folder, part in folders:
        folder.mkdir(exist_ok=True)
        prediction = predict(
            weights, part, body, landmarks, refine=not arguments.no_refine, height_m=arguments.height_m
        )
        save_prediction(folder / "prediction.npz", prediction)
        predictions += [(prediction, index) for index in range(part.num_clips)]
        facts = {"weights": name, "format": detections.format, "layout": detections.layout.name}
        summary = summarise(prediction) | facts
        if prediction.betas is not None:
            summary["height_m"] = [round(float(tall), 3) for tall in stature_m(body, prediction.betas)]
            summary["height_source"] = "shape" if arguments.height_m is None else "given"
        write_json(folder / "summary.json", summary)
        written.append(folder / "prediction.npz")
        print(summary_text(folder.name, summary))
        if own_formats:
            for index in range(part.num_clips):
                place = folder if part.num_clips == 1 else folder / f"clip_{index:03d}"
                place.mkdir(exist_ok=True)
                written += write_exports(place, clip_motion(prediction, part, index, body), own_formats)
    if "mp4" in formats:
        written += write_overlays(arguments, output, detections, predictions, body, video)
    seconds = time.monotonic() - began
    print(f"{clips.frames} frames in {seconds:.1f} s; wrote " + ", ".join(str(path) for path in written[:12]))
    return 0


def summarise(prediction: Prediction) -> dict[str, Any]:
    """What a prediction says of itself, without truth: plain numbers."""
    measured = prediction.input_confidence > 0
    summary: dict[str, Any] = {
        "frames": len(prediction.keypoints_px),
        "missing_joints_pct": round(100.0 * float((~measured).mean()), 1),
        "elevation_deg": round(float(np.degrees(prediction.elevation_rad.mean())), 1),
        "intrinsics": prediction.intrinsics_source,
    }
    if prediction.reprojected_px is not None and measured.any():
        gap = np.linalg.norm(prediction.reprojected_px - prediction.keypoints_px, axis=-1)
        height_px = float(np.median(np.ptp(prediction.reprojected_px[..., 1], axis=1)))
        summary["reprojection_px"] = round(float(gap[measured].mean()), 2)
        summary["reprojection_pct_of_height"] = round(100.0 * float(gap[measured].mean()) / max(height_px, 1.0), 2)
    return summary | doubts_summary(prediction)


def summary_text(name: str, summary: dict[str, Any]) -> str:
    """The summary as lines for the terminal; warnings only where there is something to warn of."""
    lines = [f"{name}: {summary['frames']} frames, {summary['missing_joints_pct']} % of the joints missing"]
    if "reprojection_px" in summary:
        lines.append(
            f"  reprojection error {summary['reprojection_px']} px, "
            f"{summary['reprojection_pct_of_height']} % of the person's height"
        )
    if summary.get("height_source") == "shape":
        lines.append(f"  assumed: {summary['height_m'][0]:.2f} m tall, from the shape of the body (--height-m)")
    for key, what in _WARNED.items():
        if summary[key]:
            lines.append(f"  warning: {summary[key]} frames {what}")
    if summary["camera_likely_moves"]:
        lines.append(
            f"  warning: the camera's elevation drifts by {summary['camera_drift_deg']} degrees: does the camera move? "
            "It is taken to stand still"
        )
    look = summary["worth_a_look"]
    if look:
        places = ", ".join(f"{place['from_s']:g}-{place['to_s']:g} s ({place['why']})" for place in look[:6])
        lines.append(f"  worth a look: {places}" + (f" and {len(look) - 6} more" if len(look) > 6 else ""))
    return "\n".join(lines)


_WARNED = {
    "frames_likely_swapped": "are likely to have left and right exchanged in the input",
    "frames_likely_depth_flipped": "are likely flipped in depth",
    "frames_outside_elevation": "are seen from higher or lower than in training",
    "frames_outside_distance": "show the person nearer or further than in training",
}


def clip_motion(prediction: Prediction, clips: Clips, index: int, body: BodyModel) -> Motion:
    """One clip of a prediction as the exports take it."""
    frames = slice(int(prediction.clip_start[index]), int(prediction.clip_start[index + 1]))
    if prediction.poses_world is None or prediction.betas is None or prediction.transl_world_m is None:
        raise UserError("these weights hold no student yet, so there is no body to export")
    betas = jnp.asarray(prediction.betas[index])
    still = jnp.broadcast_to(jnp.eye(3), (24, 3, 3))
    shaped = np.asarray(jax.jit(body_model.vertices)(body, betas, still, jnp.zeros(3)))
    own = {
        key: getattr(prediction, key)[frames]
        for key in ("joints_world_m", "teacher_joints_world_m", "keypoints_px", "reprojected_px", "input_confidence")
    }
    return Motion(
        name=str(prediction.clip_name[index]),
        fps=float(prediction.fps[index]),
        poses_world=prediction.poses_world[frames],
        transl_world_m=prediction.transl_world_m[frames],
        rest_joints_m=np.asarray(body_model.rest_joints_m(body, betas)),
        body_name=prediction.body_name,
        betas=np.asarray(betas),
        zero_shape_rest_joints_m=np.asarray(body.joint_template_m),
        mesh=Mesh(shaped, np.asarray(body.faces), np.asarray(body.skin_weights)),
        layout=H36M17.name,
        image_size=(int(clips.image_size[index, 0]), int(clips.image_size[index, 1])),
        camera_to_world=camera_to_world(prediction, frames),
        intrinsics=np.asarray(prediction.intrinsics[index]),
        **own,
    )
