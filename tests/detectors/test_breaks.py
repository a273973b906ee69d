"""People who run, kick in a jump and turn cartwheels are not cut, at 30 frames per second and at 5; a cut is told."""

from pathlib import Path

import numpy as np
import pytest

from pn3d.data.clips import Clips
from pn3d.detectors import read_keypoints
from pn3d.detectors.records import Detections
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips

FPS = 30.0
STATURE_M = 1.7


def of_family(family: str) -> Clips:
    """Four clips, among them one of each motion of the family that is drawn first."""
    return make_synthetic_clips(0, 4, mixture=Mixture(families_share=1.0, families=(family,)))


def keypoints_of(clips: Clips, motion: str) -> np.ndarray:
    """(T, 17, 2) px of the first clip of a motion."""
    clip = next(i for i, name in enumerate(clips.clip_name) if name.startswith(f"{motion}/"))
    return clips.keypoints[clips.clip_start[clip] : clips.clip_start[clip + 1]].astype(np.float64)


def moved(keypoints: np.ndarray, path_m: np.ndarray) -> np.ndarray:
    """The same person along ``path_m`` (T, 2), right and down in the picture."""
    height_px = np.ptp(keypoints[..., 1], axis=-1).max()
    return keypoints + path_m[:, None] * (height_px / STATURE_M)


def read(folder: Path, keypoints: np.ndarray, every: int) -> Detections:
    np.save(folder / "somebody.npy", keypoints[::every] - keypoints.min(axis=(0, 1)))
    size = tuple(int(side) + 2 for side in np.ptp(keypoints, axis=(0, 1)))
    return read_keypoints(folder / "somebody.npy", layout="h36m17", fps=FPS / every, image_size=size)


@pytest.fixture(scope="module")
def fast() -> dict[str, np.ndarray]:
    """A runner at 6 m/s, a flying kick (over 3 m in 0.6 s, 0.8 m high, in each of five seconds), a cartwheel."""
    running, kicking = keypoints_of(held_out_clips(), "run"), keypoints_of(of_family("combat"), "fight_kick")
    time_s = np.arange(len(running)) / FPS
    flight = np.clip((time_s % 1.0) / 0.6, 0, 1)
    flown_m = np.stack([3 * (np.floor(time_s) + flight), -3.2 * flight * (1 - flight)], axis=-1)
    return {
        "runner": moved(running, np.stack([6 * time_s, 0 * time_s], axis=-1)),
        "jump kick": moved(kicking, flown_m),
        "cartwheel": keypoints_of(of_family("acrobatics"), "cartwheel"),
    }


@pytest.mark.parametrize("every", [1, 6])
@pytest.mark.parametrize("what", ["runner", "jump kick", "cartwheel"])
def test_fast_people_are_not_cut(what: str, every: int, fast: dict[str, np.ndarray], tmp_path: Path) -> None:
    found = read(tmp_path, fast[what], every)
    assert (found.broken_s, found.people_found) == ((), 1)
    assert found.people[0].frames_seen == len(fast[what][::every])
    assert not any("step" in sentence or "faster" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("what", ["runner", "jump kick", "cartwheel"])
def test_a_cut_among_fast_motion_is_told(what: str, fast: dict[str, np.ndarray], tmp_path: Path) -> None:
    cut = fast[what].copy()
    cut[75:] += [0, 1.2 * np.ptp(cut[75], axis=0).max()]
    assert read(tmp_path, cut, 1).broken_s == (2.5,)
