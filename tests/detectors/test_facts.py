"""What a file says of its joints, scores, people and size is used, and the implausible is refused or warned of."""

import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.detectors import person_clips, read_keypoints
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17

FRAMES = 40
GIVEN = {"fps": 30.0, "image_size": (1000, 1000)}


def _walk(shift_px: float = 0.0) -> np.ndarray:
    """(T, 17, 3) somebody who sways: px and confidence, every joint at a place of its own."""
    generator = np.random.default_rng(0)
    places = np.stack([generator.uniform(300, 500, 17), np.linspace(200, 800, 17)], axis=-1)
    for low, parts in ((800, "ankle"), (650, "knee"), (500, "hip"), (260, "shoulder"), (150, "nose eye ear")):
        for joint, name in enumerate(COCO17.joints):
            if any(part in name for part in parts.split()):
                places[joint, 1] = low
    sway = 5.0 * np.sin(np.arange(FRAMES) / 5.0)
    moving = places[None] + np.stack([sway + shift_px, 0 * sway], axis=-1)[:, None]
    return np.concatenate([moving, np.full((FRAMES, 17, 1), 0.9)], axis=-1)


def _coco(folder: Path, name: str, values: np.ndarray, joints: list[str], ids: list[int] | None = None) -> Path:
    entries = [
        {"image_id": t, "category_id": 1, "track_id": ids[t] if ids else 1, "keypoints": frame.reshape(-1).tolist()}
        for t, frame in enumerate(values)
    ]
    images = [{"id": t, "file_name": f"{t:05d}.jpg", "width": 1000, "height": 1000} for t in range(len(values))]
    content = {
        "images": images,
        "annotations": entries,
        "categories": [{"id": 1, "name": "person", "keypoints": joints}],
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content))
    return path


def test_joints_go_by_the_names_that_the_file_gives(tmp_path: Path) -> None:
    values = _walk()
    values[..., 2] = 2.0  # COCO's visible
    order = np.random.default_rng(1).permutation(17)
    plain = _coco(tmp_path, "plain", values, list(COCO17.joints))
    shuffled = _coco(tmp_path, "shuffled", values[:, order], [COCO17.joints[joint] for joint in order])
    ours, theirs = (person_clips(read_keypoints(path, fps=30.0)) for path in (plain, shuffled))
    np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=1e-3)
    strange = _coco(tmp_path, "strange", values, [*COCO17.joints[:16], "tail"])
    with pytest.raises(UserError, match="tail"):
        read_keypoints(strange, fps=30.0)


def test_scores_of_another_scale_are_brought_to_one_aloud(tmp_path: Path) -> None:
    values = _walk()
    values[..., 2] = np.random.default_rng(2).uniform(0.1, 1.0, values.shape[:2])
    np.save(tmp_path / "shares.npy", values)
    values[..., 2] *= 8.0
    np.save(tmp_path / "logits.npy", values)
    plain, large = (read_keypoints(tmp_path / f"{name}.npy", layout="coco17", **GIVEN) for name in ("shares", "logits"))
    assert not any("above 1" in sentence for sentence in plain.warnings)
    assert any("95th percentile" in sentence for sentence in large.warnings)
    a, b = (person_clips(found).confidence for found in (plain, large))
    np.testing.assert_allclose(np.clip(a / 0.955, 0, 1), b, atol=0.05)


def test_scores_in_an_array_of_their_own_are_kept(tmp_path: Path) -> None:
    values = _walk()
    values[:, 5, 2] = 0.3
    np.save(tmp_path / "one.npy", values)
    np.savez(tmp_path / "two.npz", keypoints=values[..., :2], scores=values[..., 2])
    one, two = (person_clips(read_keypoints(tmp_path / n, layout="coco17", **GIVEN)) for n in ("one.npy", "two.npz"))
    np.testing.assert_allclose(one.confidence, two.confidence, atol=1e-6)
    np.testing.assert_allclose(one.keypoints, two.keypoints, atol=1e-3)


def test_exchanged_track_ids_are_put_right_and_named(tmp_path: Path) -> None:
    left, right = _walk(), _walk(400.0)
    swapped = np.arange(FRAMES) % 3 == 2
    both = [frame for pair in zip(left, right, strict=True) for frame in pair]
    entries = [
        {"image_id": f"{t // 2:05d}.jpg", "category_id": 1, "idx": int((t % 2) ^ swapped[t // 2]), "score": 1.0,
         "keypoints": frame.reshape(-1).tolist()}
        for t, frame in enumerate(both)
    ]  # fmt: skip
    (tmp_path / "two.json").write_text(json.dumps(entries))
    found = read_keypoints(tmp_path / "two.json", all_people=True, **GIVEN)
    assert any("exchanged" in sentence for sentence in found.warnings)
    for person in found.people:
        assert np.abs(np.diff(person.keypoints_px[:, 5, 0])).max() < 20, "nobody jumps"


def test_a_size_that_would_fit_exchanged_is_warned_of(tmp_path: Path) -> None:
    values = _walk(300.0)
    values[..., 1] *= 0.6
    np.save(tmp_path / "walk.npy", values)
    sizes = {"right": (1280, 720), "exchanged": (720, 1280)}
    said = {
        name: " ".join(read_keypoints(tmp_path / "walk.npy", layout="coco17", fps=30.0, image_size=size).warnings)
        for name, size in sizes.items()
    }
    assert "exchanged" in said["exchanged"]
    assert "exchanged" not in said["right"]
