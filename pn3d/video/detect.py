"""A video through a detector: people frame by frame, kept in a file that ``pn3d predict`` reads like any other."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector
from pn3d.detectors.detected import read_detected, write_detected
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import open_source
from pn3d.files.errors import UserError
from pn3d.video.camera_turn import CameraTurns
from pn3d.video.decode import Selection, VideoInfo, read_frames, read_info, select
from pn3d.video.detectors import Detector, chosen_name, make_detector
from pn3d.video.memory import give_back_memory
from pn3d.video.prefetch import prefetched
from pn3d.video.progress import progress

_DIGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class DetectOptions:
    """What ``pn3d detect`` and ``pn3d predict VIDEO`` are told.

    Attributes:
        detector: a name of ``DETECTORS``, ``auto``, or a detector itself.
        mode: lightweight, balanced or performance.
        models: model files, where none may be downloaded.
        start_s, end_s: seconds from the beginning; None = from the first to the last frame.
        stride: every n-th frame.
        still_camera: the camera is known to stand still, and its turning is not looked for.
    """

    detector: str | Detector = "auto"
    mode: str = "balanced"
    models: Sequence[str | Path] = ()
    start_s: float | None = None
    end_s: float | None = None
    stride: int = 1
    still_camera: bool = False


@dataclass(frozen=True)
class DetectedVideo:
    """A video, the frames of it that were asked for, and who is in them.

    Attributes:
        raw: the people; frame 0 is ``selection.first`` of the video's grid, frame 1 is ``stride`` frames later.
        stopped: whether it was interrupted; then ``raw`` holds the frames up to there.
        reused: whether the people come from an earlier run's file.
    """

    info: VideoInfo
    selection: Selection
    raw: RawVideo
    stopped: bool = False
    reused: bool = False


def detect_video(
    path: str | Path, options: DetectOptions, keep: Path | None = None, *, show: bool = True
) -> DetectedVideo:
    """Runs a detector over a video.

    Args:
        path: of the video.
        options: detector and frames.
        keep: file in which detections are kept. Where it holds those of the same video, frames and detector already,
            they are read instead; an interrupted run leaves what it has.
        show: whether to tell what is done and how far it is.

    Raises:
        UserError: not a video, no such detector, nobody in any frame.
    """
    info = read_info(path)
    selection = select(info, options.start_s, options.end_s, options.stride)
    made = _made(info, selection, options)
    kept = _kept(keep, made)
    if kept is not None:
        return DetectedVideo(info, selection, kept, reused=True)
    detector = _detector(options)
    if show:
        width, height = info.image_size
        print(f"{info.path}: {width} x {height} px, {float(info.rate):.6g} frames/s, {info.seconds:.2f} s", flush=True)
        for note in info.notes:
            print(f"warning: {note}", flush=True)
        print(f"detector: {detector.name}", flush=True)
    turns = None if options.still_camera else CameraTurns(info.image_size)
    raw, stopped = _detect(info, selection, detector, turns, show)
    name = detector.name
    del detector  # and with it what its models hold
    give_back_memory()
    if turns is not None and not stopped:
        raw.camera_steps_rad, raw.steps_focal_px = turns.steps_rad, turns.focal_px
        if show and turns.notice is not None:
            print(turns.notice, flush=True)
    if keep is not None:
        write_detected(keep, raw, made | {"detector": name, "finished": not stopped})
    return DetectedVideo(info, selection, raw, stopped)


def _detect(
    info: VideoInfo, selection: Selection, detector: Detector, turns: CameraTurns | None, show: bool
) -> tuple[RawVideo, bool]:
    """Everybody in the selected frames, and whether it was interrupted."""
    people = Collector(str(info.path))
    joints = detector_layout(detector.layout).count
    frames = prefetched(read_frames(info, selection))
    stopped = False
    try:
        for count, (_, picture) in enumerate(progress(frames, selection.frames, "detecting", show=show)):
            positions, scores = detector.detect(picture, float(count * selection.stride / info.rate))
            if positions.shape != (len(scores), joints, 2) or scores.shape != (len(positions), joints):
                raise UserError(
                    f"detector {detector.name}: expected joints (P, {joints}, 2) and scores (P, {joints}), found "
                    f"{positions.shape} and {scores.shape}"
                )
            people.add_frame(count)
            if turns is not None:
                turns.add(picture, np.where(scores[..., None] > 0, positions, np.nan))
            for person, score in zip(positions, scores, strict=True):
                people.add(count, np.concatenate([person, score[:, None]], axis=1).astype(np.float64))
    except KeyboardInterrupt:
        if not people.rows:
            raise
        stopped = True
    finally:
        frames.close()
    facts: dict[str, Any] = {"layout_name": detector.layout, "layout_reason": "the detector's", "normalised": False}
    facts |= {"image_size": info.image_size, "fps": float(info.rate / selection.stride)}
    return people.finish(info.path.stem, **facts), stopped


def _detector(options: DetectOptions) -> Detector:
    if isinstance(options.detector, str):
        return make_detector(options.detector, options.mode, options.models)
    return options.detector


def _made(info: VideoInfo, selection: Selection, options: DetectOptions) -> dict[str, object]:
    """What detections depend on: the video's content, the frames, the detector."""
    chosen = options.detector
    name = chosen_name(chosen, options.models) if isinstance(chosen, str) else chosen.name
    models = " ".join(Path(model).name for model in options.models)
    asked = f"{name} {options.mode} {models}".strip()
    frames = (selection.first, selection.last, selection.stride)
    made: dict[str, object] = {"from": _digest(info.path), "by": asked, "of": np.array(frames, np.int64)}
    return made | {"camera": "still"} if options.still_camera else made


def _digest(path: Path) -> str:
    """SHA-256 of a file's size, beginning and end: enough to tell videos apart without reading all of one."""
    size = path.stat().st_size
    whole = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        whole.update(file.read(_DIGEST_BYTES))
        file.seek(max(0, size - _DIGEST_BYTES))
        whole.update(file.read())
    return whole.hexdigest()


def _kept(path: Path | None, made: dict[str, object]) -> RawVideo | None:
    """What an earlier run kept of the same, finished; None where it is of something else or unreadable."""
    if path is None or not path.is_file():
        return None
    try:
        opened = open_source(path)
        content = opened.content
        same = all(np.array_equal(content.get(f"made_{key}"), np.array(value)) for key, value in made.items())
        same = same and ("made_camera" in content) == ("camera" in made)
        return read_detected(opened, Given())[0] if same and bool(content.get("made_finished")) else None
    except UserError:
        return None
