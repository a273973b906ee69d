"""``pn3d predict``: a detector's keypoints in; joints, an SMPL body and files that open elsewhere out."""

import argparse
import time
from pathlib import Path
from typing import Any

from pn3d.api import LONGEST_SMOOTH_S, smooth_seconds
from pn3d.body.stature import SHORTEST_M, TALLEST_M, check_stature
from pn3d.commands import session
from pn3d.commands.earlier_results import clear, earlier_results, left_over
from pn3d.commands.keypoint_options import add_keypoint_options, detections_of, input_facts
from pn3d.commands.video_input import (
    PAGE_VIDEO,
    add_picture_options,
    add_video_options,
    person_footage,
    video_before,
    write_footage,
    write_overlays,
    write_people_page,
)
from pn3d.data.clips import require_somebody, select
from pn3d.detectors import person_clips
from pn3d.export.files import EXPORTS, check_formats
from pn3d.export.rigs import RIG_NAMES
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from pn3d.files.folders import folder_in_use, make_folder, require_writable
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.summary import summary_text
from pn3d.inference.weights import require_body
from pn3d.video import looks_like_video
from pn3d.video.progress import progress
from pn3d.video.rasterise import require_rasteriser

FORMATS = (*EXPORTS, "mp4")
"""What ``--export`` takes: files of one person, and the overlay of everybody."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d predict``."""
    add_keypoint_options(parser, video=True)
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder of the results, made where it is missing"
    )
    parser.add_argument("--overwrite", action="store_true", help="clear results of an earlier run in DIR first")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", metavar="FILE", help="weights (default: those that come with pn3d)")
    source.add_argument("--run", metavar="DIR", help="the weights of a run folder")
    parser.add_argument(
        "--height-m",
        type=float,
        metavar="M",
        help=f"how tall the person is, {SHORTEST_M:g} to {TALLEST_M:g} (default: an average adult)",
    )
    parser.add_argument("--no-refine", action="store_true", help="the student's pose as it is")
    parser.add_argument("--no-path", action="store_true", help="place every frame by itself; feet may slide")
    parser.add_argument("--keep-sides", action="store_true", help="left and right as they are, where exchanged too")
    parser.add_argument(
        "--smooth",
        type=_smooth_s,
        default="auto",
        metavar="none|auto|SECONDS",
        help="averages over time: none, following the motion (default), or of this half width",
    )
    parser.add_argument("--body", metavar="FILE", help="SMPL file (default: the built-in body)")
    parser.add_argument("--export", default="", metavar="LIST", help=f"comma-separated, of {', '.join(FORMATS)}")
    parser.add_argument(
        "--rig", default="smpl", choices=RIG_NAMES, help="skeleton of bvh and glb (vrm: glb alone; default: smpl)"
    )
    add_picture_options(parser)
    add_video_options(parser)


def _smooth_s(word: str) -> float | None:
    """What ``--smooth`` means."""
    try:
        return smooth_seconds(word if word in ("none", "auto") else float(word))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected none, auto or seconds up to {LONGEST_SMOOTH_S:g}, found {word!r}"
        ) from error


def run(arguments: argparse.Namespace) -> int:
    """Predicts, writes the folder, and returns the exit status."""
    formats = [word for word in arguments.export.split(",") if word]
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise UserError(f"--export: unknown format {', '.join(unknown)}; formats: {', '.join(FORMATS)}")
    own_formats = [word for word in formats if word in EXPORTS]
    check_formats(own_formats, arguments.rig)
    if arguments.height_m is not None:
        check_stature(arguments.height_m)
    if "mp4" in formats:
        require_rasteriser()  # nobody should wait for the detector to learn this
    print(session.start_jax(), flush=True)
    weights, name = session.find_weights(arguments.run, arguments.weights)
    body, landmarks = session.find_body(arguments.body)
    require_body(weights, body)
    output = Path(arguments.output)
    # A video's detections are kept in the output folder; of everything else nothing is made before it is read.
    if not looks_like_video(arguments.input):
        detections = detections_of(arguments)
        clips = person_clips(detections)
        require_somebody(clips, arguments.input)
    with folder_in_use(output):
        video = video_before(arguments, output)
    if video is not None:
        detections = detections_of(arguments)
        if video.stopped:
            print(f"stopped: people of the first {len(video.raw.listed_frames)} frames are kept in {arguments.input}")
            return 130
        clips = person_clips(detections)
        require_somebody(clips, arguments.input)
    began = time.monotonic()
    if detections.clips is not None:
        folders = [(output, clips)]
    else:
        folders = [(output / f"person_{i:02d}", select(clips, [i])) for i in range(clips.num_clips)]
    for folder, _ in folders:
        require_writable(make_folder(folder) / name for name in ("prediction.npz", "summary.json"))
    earlier = earlier_results(output)
    if arguments.overwrite:
        clear(earlier, output)
        earlier = []
    written: list[Path] = []
    whole = True
    summaries: list[Path] = []
    footage = write_footage(arguments, output, detections, video) if "html" in formats else None
    written += [output / PAGE_VIDEO] if footage is not None else []
    predictions: list[tuple[Prediction, int]] = []
    options: dict[str, Any] = {
        "refine": not arguments.no_refine,
        "height_m": arguments.height_m,
        "path": not arguments.no_path,
        "keep_sides": arguments.keep_sides,
        "smooth_s": arguments.smooth,
    }
    facts = {"weights": name, **input_facts(detections)}
    try:
        for number, (folder, part) in enumerate(
            progress(folders, clips.frames, "predicting", frames_of=lambda one: one[1].frames)
        ):
            make_folder(folder)
            prediction = predict(weights, part, body, landmarks, **options)
            prediction.save(folder / "prediction.npz")
            predictions += [(prediction, index) for index in range(part.num_clips)]
            summaries.append(write_json(folder / "summary.json", prediction.summary | facts))
            written.append(folder / "prediction.npz")
            print(summary_text(folder.name, prediction.summary))
            if own_formats:
                own = None if detections.clips is not None else person_footage(footage, detections.people[number])
                written += prediction.export(folder, own_formats, rig=arguments.rig, footage=own)
    except KeyboardInterrupt:
        if not summaries:
            raise
        print(f"stopped: {len(summaries)} of {len(folders)} people are finished, in {output}")
        return 130
    if "html" in formats and detections.clips is None:
        written.append(write_people_page(output, predictions, detections.people, footage))
    if "mp4" in formats:
        overlays, whole = write_overlays(arguments, output, detections, predictions, body, video)
        written += overlays
    seconds = time.monotonic() - began
    print(f"{clips.frames} frames in {seconds:.1f} s; wrote " + ", ".join(str(path) for path in written[:12]))
    left = left_over(earlier, written + summaries, output)
    if left:
        print(f"warning: {left}")
    return 0 if whole else 130
