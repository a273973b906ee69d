"""``pn3d predict``: a detector's keypoints in; joints, an SMPL body and files that open elsewhere out."""

import argparse
import time
from pathlib import Path

from pn3d.commands import session
from pn3d.commands.keypoint_options import add_keypoint_options, detections_of
from pn3d.data.clips import require_somebody, select
from pn3d.detectors import person_clips
from pn3d.export.files import EXPORTS
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from pn3d.inference.predict import predict
from pn3d.inference.summary import summary_text
from pn3d.inference.weights import require_body


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d predict``."""
    add_keypoint_options(parser)
    parser.add_argument("--output", required=True, metavar="DIR")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", metavar="FILE", help="weights (default: those that come with pn3d)")
    source.add_argument("--run", metavar="DIR", help="the weights of a run folder")
    parser.add_argument("--height-m", type=float, metavar="M", help="how tall the person is (default: as the shape is)")
    parser.add_argument("--no-refine", action="store_true", help="the student's pose as it is")
    parser.add_argument("--body", metavar="FILE", help="SMPL file (default: the built-in body)")
    parser.add_argument("--export", default="", metavar="LIST", help=f"comma-separated, of {', '.join(EXPORTS)}")


def run(arguments: argparse.Namespace) -> int:
    """Predicts, writes the folder, and returns the exit status."""
    formats = [word for word in arguments.export.split(",") if word]
    unknown = sorted(set(formats) - set(EXPORTS))
    if unknown:
        raise UserError(f"--export: unknown format {', '.join(unknown)}; formats: {', '.join(EXPORTS)}")
    print(session.start_jax(), flush=True)
    weights, name = session.find_weights(arguments.run, arguments.weights)
    body, landmarks = session.find_body(arguments.body)
    require_body(weights, body)
    detections = detections_of(arguments)
    clips = person_clips(detections)
    require_somebody(clips, arguments.input)
    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {output}: {error.strerror}") from None
    began = time.monotonic()
    if detections.clips is not None:
        folders = [(output, clips)]
    else:
        folders = [(output / f"person_{i:02d}", select(clips, [i])) for i in range(clips.num_clips)]
    written: list[Path] = []
    for folder, part in folders:
        folder.mkdir(exist_ok=True)
        prediction = predict(
            weights, part, body, landmarks, refine=not arguments.no_refine, height_m=arguments.height_m
        )
        prediction.save(folder / "prediction.npz")
        facts = {"weights": name, "format": detections.format, "layout": detections.layout.name}
        write_json(folder / "summary.json", prediction.summary | facts)
        written.append(folder / "prediction.npz")
        print(summary_text(folder.name, prediction.summary))
        if formats:
            written += prediction.export(folder, formats)
    seconds = time.monotonic() - began
    print(f"{clips.frames} frames in {seconds:.1f} s; wrote " + ", ".join(str(path) for path in written[:12]))
    return 0
