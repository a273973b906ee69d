"""Exports say which part of the video they are, and which frames were filled in."""

import base64
import csv
import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from pn3d.export.files import write_exports
from pn3d.export.motion import Motion
from pn3d.export.viewer import _page_data
from tests.support.export_samples import sample_motion

FIRST = 37


@pytest.fixture
def motion() -> Motion:
    plain = sample_motion()
    frames = plain.num_frames
    filled = np.zeros(frames, bool)
    filled[3:5] = True
    numbers = FIRST + np.arange(frames)
    return dataclasses.replace(plain, frame_number=numbers, time_s=numbers / plain.fps, filled=filled)


def test_every_export_says_where_it_starts(tmp_path: Path, motion: Motion) -> None:
    write_exports(tmp_path, motion, ["bvh", "glb", "csv", "trc", "amass"])
    start_s = FIRST / motion.fps
    for name in ("joints.csv", "angles.csv"):
        with (tmp_path / name).open() as stream:
            rows = list(csv.DictReader(stream))
        assert [int(row["frame"]) for row in rows] == motion.frame_numbers.tolist()
        assert float(rows[0]["time_s"]) == pytest.approx(start_s, abs=1e-6)
        assert [int(row["filled"]) for row in rows] == motion.filled.astype(int).tolist()
    trc = (tmp_path / "motion.trc").read_text().splitlines()
    assert trc[2].split("\t")[6] == str(FIRST)
    assert float(trc[6].split("\t")[1]) == pytest.approx(start_s, abs=1e-6)
    said = json.loads((tmp_path / "motion.json").read_text())
    glb = (tmp_path / "body.glb").read_bytes()
    (length,) = struct.unpack("<I", glb[12:16])
    for facts in (said, json.loads(glb[20 : 20 + length])["extras"]):
        assert facts["first_frame"] == FIRST
        assert facts["start_s"] == pytest.approx(start_s, abs=1e-6)
        assert facts["filled"] == [[3, 5]]
    with np.load(tmp_path / "motion_amass.npz") as amass:
        assert int(amass["pn3d_first_frame"]) == FIRST
        assert float(amass["pn3d_start_s"]) == pytest.approx(start_s)


def test_the_viewer_counts_as_the_video_does(motion: Motion) -> None:
    page = _page_data(motion, 2)
    assert page["frame_numbers"][:2] == [FIRST, FIRST + 2]
    assert page["start_s"] == pytest.approx(FIRST / motion.fps)


def test_confidence_is_of_the_joints_that_the_layout_has(motion: Motion) -> None:
    has = np.zeros(17, bool)
    has[:4] = True
    confidence = np.where(has, 0.8, 0.0) * np.ones((motion.num_frames, 1))
    seen = dataclasses.replace(motion, input_confidence=confidence, has_joint=has)
    packed = _page_data(seen, 1)["arrays"]["mean_confidence"]["data"]
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(packed), np.float32), 0.8, rtol=1e-6)
