"""Small stand-ins of every file that a command of README and docs names, under that name."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.data.clips import read_clips, select, without_truth, write_clips
from pn3d.datasets.bvh_names import UNITS_M
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.detectors.test_video_file import mp4 as mp4_header
from tests.support.aistpp_files import sequence, write_release
from tests.support.bvh_files import bvh_text, cmu_skeleton, motion_of
from tests.support.human36m_files import world_joints, write_2d, write_3d, write_cameras
from tools.stand_ins.detector_files import walking_people
from tools.stand_ins.detector_forms import FORMS
from tools.stand_ins.smpl_files import in_file_layout, random_smpl, write_python2_pickle

FRAMES = 24
DANCES = ("gBR_sBM_cAll_d06_mBR2_ch06", "gJS_sFM_cAll_d02_mJS4_ch09")


def write_doc_files(folder: Path) -> None:
    """Fills a folder in which the commands of the documents can be run."""
    _native(folder)
    for name, form in DETECTIONS.items():
        write_detections(folder / name, form)
    write_detections(folder / "walk.npz", "rtmlib", "halpe26")
    (folder / "walk.mp4").write_bytes(mp4_header())
    _data_sets(folder)
    for name in ("SMPL_NEUTRAL.pkl", "PERSON.pkl"):
        write_python2_pickle(folder / name, in_file_layout(random_smpl(5, vertices=60)), 2)


def _native(folder: Path) -> None:
    truth = make_synthetic_clips(1, 2, FRAMES)
    for name in ("D", "FILE", "TRUTH", "cmu_dev_gt", "cmu_dev_det", "aist_dev"):
        write_clips(folder / f"{name}.npz", truth)
    shutil.copy(folder / "FILE.npz", folder / "FILE")
    for name in ("A", "B", "cmu_train_gt", "builtin", "yoga"):
        write_clips(folder / f"{name}.npz", without_truth(make_synthetic_clips(2, 4, FRAMES)))


def write_views(path: Path) -> None:
    """Two clips that are views of one moment."""
    clips = select(make_synthetic_clips(1, 2, FRAMES), [0, 0])
    write_clips(path, replace(clips, clip_name=np.array(["walk/cam0", "walk/cam1"])))


def write_predictions(path: Path, truth: Path) -> None:
    """Somebody's joints for a file with truth: its own, slightly off."""
    clips = read_clips(truth, truth=True)
    joints = np.random.default_rng(0).normal(0, 0.3, (clips.frames, 17, 3)).astype(np.float32)
    np.savez(path, joints=joints + np.float32([0, 0, 4]), layout="h36m17")


DETECTIONS = {
    "walk_json": "openpose body25",
    "more_json": "openpose body25",
    "KEYPOINTS": "openpose body25",
    "INPUT": "openpose body25",
    "walk_alphapose/alphapose-results.json": "alphapose",
    "predictions/walk.json": "mmpose meta",
    "runs/pose/track/labels": "ultralytics text",
    "detections/walk.mp4.npz": "videopose3d detections",
    "walk.npy": "npy",
    "walk_Sports2D_px_person00.trc": "sports2d",
    **dict.fromkeys(("run.json", "first.json", "FOOTBALL.json", "last.json", "cam0.json", "cam1.json"), "mmpose meta"),
}
"""Name in the documents -> the form of detections that it has."""


def write_detections(path: Path, form: str, layout: str | None = None) -> None:
    """One person in a form of ``tools.stand_ins.detector_forms``."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "it").mkdir()
        made = FORMS[form].write(Path(scratch) / "it", walking_people(layout or FORMS[form].layout, FRAMES))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, path)


def _data_sets(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    write_3d(data, world_joints())
    write_2d(data, "cpn_ft_h36m_dbb", "coco")
    write_cameras(data, "py")
    write_release(folder / "aist_plusplus_final", {name: sequence(seed) for seed, name in enumerate(DANCES)})
    (folder / "FOLDER").mkdir()
    for number, trial in enumerate(("07_01", "07_02", "08_03", "09_01", "09_02", "06_02")):
        skeleton = cmu_skeleton()
        text = bvh_text(skeleton, *motion_of(skeleton, 161, seed=number), unit_m=UNITS_M["cmu"])
        (folder / "FOLDER" / f"{trial}.bvh").write_text(text)
