"""Motion capture -> 2D seen by seeded virtual cameras: BVH, ASF with AMC, and AMASS npz files with SMPL parameters.

Training clips hold no 3D. Test clips hold the true joints in camera axes; from AMASS also SMPL's parameters, the root
turned into the camera's axes about the rest pelvis.
"""

import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.body.landmarks import Landmarks, builtin_landmarks
from pn3d.body.model import BodyModel
from pn3d.body.smpl_file import load_body
from pn3d.data.clips import Clips
from pn3d.data.simulated_detector import detect
from pn3d.data.virtual_cameras import IMAGE_SIZE, VirtualCamera, cameras_around
from pn3d.datasets.amass_file import is_motion, read_amass_file
from pn3d.datasets.asf_amc import CMU_LENGTH, Asf, read_asf
from pn3d.datasets.asf_amc import read_amc as read_amc_file
from pn3d.datasets.assembly import ClipRecord, assemble
from pn3d.datasets.bvh import read_bvh_file
from pn3d.datasets.bvh_names import h36m17_joints_m, joints17_of_tree_m
from pn3d.datasets.notes import DataNote
from pn3d.datasets.smpl_motion import joints_by_landmarks, moved_frame, pelvis_at_rest
from pn3d.files.errors import UserError

SPLITS = ("train", "test")
_Z_UP_TO_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def read_bvh(
    source: str | Path | Sequence[str | Path],
    *,
    split: str = "train",
    seed: int = 0,
    cameras: int = 4,
    fps: float = 30.0,
    unit: str | None = None,
    up: str | None = None,
    skip_frames: int = 0,
    detector: bool = False,
) -> dict[str, Clips]:
    """BVH files as native clips of h36m17 joints, named ``<path of the file>/camK``.

    Args:
        source: a file, a folder (searched for ``*.bvh`` at any depth), or several files.
        split: ``train`` (2D only) or ``test`` (with the true joints); the key of the result.
        seed: of cameras and detector. A file's draws depend on the seed and the file's name alone.
        cameras: per file.
        fps: the rate to come down to, by whole steps from the file's own.
        unit: ``bvh_names.UNITS_M``; by the person's height where None.
        up: ``y`` or ``z``; told by the trunk where None.
        skip_frames: how many first frames to leave out (1 for CMU as converted by Hahne: a T-pose that nobody made).
        detector: whether 2D is as a simulated detector sees it, or exact.

    Raises:
        UserError: no file is there, or one cannot be read (``read_bvh_file``, ``h36m17_joints_m``).
    """
    _check_split(split)
    records: list[ClipRecord] = []
    for path, name in _files(source, ".bvh"):
        bvh = read_bvh_file(path)
        taken = _taken_frames(path, len(bvh.motion), bvh.fps, fps, skip_frames)
        joints_m = h36m17_joints_m(bvh, unit=unit, up=up, frames=taken)
        views = render(name, joints_m, bvh.fps / taken.step, generator(seed, name), cameras, detector=detector)
        records += [record if split == "test" else without_truth(record) for record, _ in views]
    return {split: assemble(records, _where(source))}


def read_amc(
    source: str | Path | Sequence[str | Path],
    *,
    split: str = "train",
    seed: int = 0,
    cameras: int = 4,
    fps: float = 30.0,
    rate: float | None = None,
    skeleton: str | Path | None = None,
    unit: str | None = None,
    up: str | None = None,
    skip_frames: int = 0,
    detector: bool = False,
) -> dict[str, Clips]:
    """CMU's own ASF and AMC as native clips of h36m17 joints, named ``<path of the file>/camK``.

    Args:
        source: an AMC file, a folder (searched for ``*.amc`` at any depth), or several files.
        split: ``train`` (2D only) or ``test`` (with the true joints); the key of the result.
        seed: of cameras and detector. A file's draws depend on the seed and the file's name alone.
        cameras: per file.
        fps: the rate to come down to, by whole steps from ``rate``.
        rate: frames per second of the files, which do not state it; where None 120, as of CMU's, aloud.
        skeleton: the ASF file; beside each AMC file where None: ``07.asf`` for ``07_01.amc``, or the only one.
        unit: ``bvh_names.UNITS_M``; by the file's unit of length or the person's height where None.
        up: ``y`` or ``z``; y in CMU's files, told by the trunk in others where None.
        skip_frames: how many first frames to leave out.
        detector: whether 2D is as a simulated detector sees it, or exact.

    Raises:
        UserError: a file or its skeleton is missing, or cannot be read (``asf_amc``, ``joints17_of_tree_m``).
    """
    _check_split(split)
    if rate is None:
        rate = 120.0
        warnings.warn("AMC states no frame rate; 120 per second are taken, as of CMU's", DataNote, stacklevel=2)
    records: list[ClipRecord] = []
    skeletons: dict[Path, Asf] = {}
    for path, name in _files(source, ".amc"):
        where = Path(skeleton) if skeleton is not None else skeleton_beside(path)
        if where not in skeletons:
            skeletons[where] = read_asf(where)
        asf = skeletons[where]
        amc = read_amc_file(path, asf)
        for bones, what in ((amc.still, "moves nowhere, at rest"), (amc.held, "left out by some frames, held there")):
            if bones:
                warnings.warn(f"{path}: {what}: {', '.join(bones[:8])}", DataNote, stacklevel=2)
        taken = _taken_frames(path, len(amc.channels[0]), rate, fps, skip_frames)
        by_cmu = asf.length == CMU_LENGTH
        joints_m = joints17_of_tree_m(
            amc,
            amc.world_joints(taken),
            unit="cmu" if unit is None and by_cmu else unit,
            up="y" if up is None and by_cmu else up,
        )
        views = render(name, joints_m, rate / taken.step, generator(seed, name), cameras, detector=detector)
        records += [record if split == "test" else without_truth(record) for record, _ in views]
    return {split: assemble(records, _where(source))}


def skeleton_beside(path: Path) -> Path:
    """The ASF of an AMC file: of the same name, of the name before its last "_", or the only one in the folder."""
    beside = sorted(one for one in path.parent.iterdir() if one.suffix.lower() == ".asf")
    for stem in (path.stem, path.stem.rpartition("_")[0]):
        named = [one for one in beside if stem and one.stem.lower() == stem.lower()]
        if named:
            return named[0]
    if len(beside) != 1:
        found = ", ".join(one.name for one in beside[:4]) or "none"
        raise UserError(
            f"{path}: its skeleton is not clear: expected {path.stem}.asf or one .asf beside it, found {found}"
        )
    return beside[0]


def read_amass(
    source: str | Path | Sequence[str | Path],
    *,
    split: str = "train",
    seed: int = 0,
    cameras: int = 4,
    fps: float = 30.0,
    body: BodyModel | str | Path | None = None,
    landmarks: Landmarks | None = None,
    detector: bool = False,
) -> dict[str, Clips]:
    """AMASS ``*_poses.npz`` (SMPL-H), ``*_stageii.npz`` (SMPL-X), and such files of SMPL, as clips of h36m17 joints.

    The 22 joints that SMPL shares with SMPL-H and SMPL-X move ``body``; hands are at rest. ``shape.npz`` and
    ``*_stagei.npz``, which hold no motion, are left out. Shape coefficients are
    used where ``body`` is an SMPL file (the first ten; those of SMPL-X only fit approximately) and are zero for the
    built-in body, whose coefficients are its own.

    Args:
        source: a file, a folder (searched for ``*.npz``), or several files.
        split: ``train`` (2D only) or ``test`` (with joints and SMPL parameters); the key of the result.
        seed: of cameras and detector. A file's draws depend on the seed and the file's name alone.
        cameras: per file.
        fps: the rate to come down to, by whole steps from the file's own.
        body: a body or an SMPL model file; the built-in body where None.
        landmarks: how h36m17 follows from the body; those of the built-in body where None.
        detector: whether 2D is as a simulated detector sees it, or exact.

    Raises:
        UserError: no file is there, or one is not of this layout.
    """
    _check_split(split)
    body = body if isinstance(body, BodyModel) else load_body(body)
    joints_of_body = joints_by_landmarks(body, builtin_landmarks() if landmarks is None else landmarks)
    records: list[ClipRecord] = []
    files = [(path, name) for path, name in _files(source, ".npz") if is_motion(path)]
    if not files:
        raise UserError(f"{_where(source)}: only shapes of subjects (shape.npz, *_stagei.npz), which are no motion")
    for path, name in files:
        poses, betas, transl_m, rate = read_amass_file(path, body)
        stride = frame_step(path, rate, fps)
        pelvis_m = pelvis_at_rest(body, betas)
        poses, transl_m = moved_frame(poses[::stride], transl_m[::stride], pelvis_m, _Z_UP_TO_Y_UP, np.zeros(3))
        joints_m = joints_of_body(betas, poses, transl_m)
        for record, camera in render(name, joints_m, rate / stride, generator(seed, name), cameras, detector=detector):
            if split == "train":
                records.append(without_truth(record))
                continue
            shift_m = -camera.rotation @ camera.centre_m
            poses_cam, transl_cam_m = moved_frame(poses, transl_m, pelvis_m, camera.rotation, shift_m)
            padded = np.zeros(10)
            padded[: len(betas[:10])] = betas[:10]
            records.append(replace(record, poses_cam=poses_cam, transl_cam_m=transl_cam_m, betas=padded))
    return {split: assemble(records, _where(source), body=body.name if split == "test" else None)}


def render(
    name: str,
    joints_world_m: np.ndarray,
    fps: float,
    rng: np.random.Generator,
    cameras: int,
    *,
    detector: bool,
) -> Iterator[tuple[ClipRecord, VirtualCamera]]:
    """One motion (T, 17, 3) in a y-up world as cameras around it see it: clips ``name/camK`` with their truth.

    Joints outside the picture are missing; with ``detector`` the 2D is as a simulated detector sees it.
    """
    for k, camera in enumerate(cameras_around(rng, joints_world_m, cameras)):
        joints_cam_m = camera.to_camera(joints_world_m)
        visible = camera.sees(joints_cam_m)
        keypoints = camera.project(np.where(visible[..., None], joints_cam_m, 1.0))
        keypoints, confidence = np.where(visible[..., None], keypoints, 0.0), visible.astype(np.float32)
        if detector:
            keypoints, confidence = detect(rng, keypoints, fps, visible)
        record = ClipRecord(
            name=f"{name}/cam{k}",
            keypoints_px=keypoints.astype(np.float32),
            image_size=IMAGE_SIZE,
            fps=fps,
            confidence=confidence,
            intrinsics=camera.intrinsics,
            joints_cam_m=joints_cam_m.astype(np.float32),
            up_cam=camera.up,
        )
        yield record, camera


def without_truth(record: ClipRecord) -> ClipRecord:
    """What training may know of a rendered clip: its 2D, and nothing of the camera either, as of a found video."""
    return ClipRecord(record.name, record.keypoints_px, record.image_size, record.fps, record.confidence)


def _taken_frames(path: Path, frames: int, rate: float, fps: float, skip_frames: int) -> slice:
    """The frames of one file at ``rate`` that come down to about ``fps``; the step is whole.

    Raises:
        UserError: none is left, or ``frame_step`` finds none.
    """
    step = frame_step(path, rate, fps)
    if not 0 <= skip_frames < frames:
        raise UserError(f"{path}: {frames} frames, none is left after skipping {skip_frames}")
    return slice(skip_frames, None, step)


def _files(source: str | Path | Sequence[str | Path], suffix: str) -> list[tuple[Path, str]]:
    """(path, name for its clips) of each file; names are paths within the folder that was given, without ending."""
    found = []
    for entry in [source] if isinstance(source, str | Path) else source:
        path = Path(entry)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() == suffix and p.is_file())
            found += [(p, str(p.relative_to(path).with_suffix("").as_posix())) for p in inside]
        elif path.is_file():
            found.append((path, path.stem))
        else:
            raise UserError(f"{path}: no such file or folder; expected {suffix} files")
    if not found:
        raise UserError(f"{_where(source)}: no {suffix} file is in it")
    return found


def _where(source: str | Path | Sequence[str | Path]) -> str:
    return str(source) if isinstance(source, str | Path) else f"{len(source)} files"


def frame_step(path: Path, rate: float, fps: float) -> int:
    """Every how many frames to take, so that the rate comes nearest to ``fps`` without inventing frames."""
    if not 1 <= rate <= 1000 or fps <= 0:
        raise UserError(f"{path}: cannot come from {rate:g} to {fps:g} frames per second; expected 1 to 1000")
    return max(1, round(rate / fps))


def generator(seed: int, name: str) -> np.random.Generator:
    """The draws of one file depend on the seed and its name, not on which other files there are."""
    if seed < 0:
        raise UserError(f"the seed must be 0 or more, found {seed}")
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}; motion capture becomes {' or '.join(SPLITS)}")
