"""Writes small files in the exact form of each detector, of people whose true joints are known.

For the tests, and as the seeds of ``benchmarks.fuzz_detectors``; ``benchmarks.detector_forms`` lists all forms. People
are (T, P, K, 3) float64: x, y in pixels and confidence, NaN where a person is not in a frame.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.layout_pictures import standing_pose
from pn3d.detectors.layouts import DETECTOR_LAYOUTS

SIZE = (1280, 720)


def walking_people(layout: str, frames: int, people: int = 1, seed: int = 0) -> np.ndarray:
    """(T, P, K, 3): people of different heights who swing their limbs and walk across the picture."""
    rng = np.random.default_rng(seed)
    known = DETECTOR_LAYOUTS[layout]
    pose, joints = standing_pose(known.layout), known.layout.joints
    result = np.zeros((frames, people, known.count, 3))
    swing = np.array(
        [(1 if joint.startswith("left") else -1) * ("knee" in joint or "elbow" in joint) for joint in joints]
    )
    swing = swing + 2 * np.array(
        [
            (1 if j.startswith("left") else -1) * any(part in j for part in ("wrist", "ankle", "toe", "heel"))
            for j in joints
        ]
    )
    for person in range(people):
        height = 420.0 - 60 * person
        time = np.arange(frames)[:, None]
        phase = np.sin(0.25 * time + person)
        start = 250 + 260 * person
        x = start + (2.0 - person) * time + (pose[:, 0] + 30 * swing * phase) * height / 1000
        y = 200.0 + pose[:, 1] * height / 1000 + 3 * np.abs(phase)
        result[:, person, : len(joints), 0], result[:, person, : len(joints), 1] = x, y
        result[:, person, len(joints) :, :2] = result[:, person, :1, :2] + 5
    result[..., :2] += rng.normal(0, 0.5, result[..., :2].shape)
    result[..., 2] = rng.uniform(0.4, 0.95, result.shape[:3])
    return result


def present(frame: np.ndarray) -> list[int]:
    """Indices of the people who are in one frame (P, K, 3)."""
    return [p for p in range(len(frame)) if not np.isnan(frame[p]).all()]


def dump(path: Path, content: Any) -> Path:
    """Writes JSON."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def openpose_frame(frame: np.ndarray, key: str = "pose_keypoints_2d", people: str = "people") -> dict[str, Any]:
    """One frame as OpenPose writes it."""
    persons = [{"person_id": [-1], key: frame[p].ravel().tolist(), "face_keypoints_2d": []} for p in present(frame)]
    return {"version": 1.3, people: persons}


def openpose_folder(folder: Path, data: np.ndarray, key: str = "pose_keypoints_2d") -> Path:
    """``NAME_000000000000_keypoints.json`` per frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, frame in enumerate(data):
        dump(folder / f"clip_{t:012d}_keypoints.json", openpose_frame(frame, key))
    return folder


def openpose_old(folder: Path, data: np.ndarray) -> Path:
    """As openpose_folder, with version 1.0's key."""
    return openpose_folder(folder, data, "pose_keypoints")


def openpose_one(folder: Path, data: np.ndarray) -> Path:
    """The first frame as one file."""
    return dump(folder / "frame_keypoints.json", openpose_frame(data[0]))


def alphapose(folder: Path, data: np.ndarray, nested_idx: bool = True) -> Path:
    """AlphaPose's default: unsorted, ``idx`` sometimes nested, frames without people absent."""
    people = [
        {
            "image_id": f"{t}.jpg",
            "category_id": 1,
            "keypoints": frame[p].ravel().tolist(),
            "score": 2.5 + p,
            "box": [1.0, 2.0, 3.0, 4.0],
            "idx": [[p + 1.0], [p + 1.0]] if nested_idx and t % 2 else p + 1,
        }
        for t, frame in enumerate(data)
        for p in present(frame)
    ]
    np.random.default_rng(3).shuffle(people)
    return dump(folder / "alphapose-results.json", people)


def alphapose_cmu(folder: Path, data: np.ndarray) -> Path:
    """``--format cmu``: one object of frames by image name."""
    content = {f"{t}.jpg": openpose_frame(frame, "joints", "bodies") for t, frame in enumerate(data)}
    return dump(folder / "cmu.json", content)


def alphapose_open(folder: Path, data: np.ndarray) -> Path:
    """``--format open``: the same with OpenPose's keys."""
    return dump(folder / "open.json", {f"{t}.jpg": openpose_frame(frame) for t, frame in enumerate(data)})


def alphapose_separate(folder: Path, data: np.ndarray) -> Path:
    """The ``sep-json`` folder of ``--format cmu``."""
    target = folder / "sep-json"
    target.mkdir(parents=True)
    for t, frame in enumerate(data):
        dump(target / f"{t}.json", openpose_frame(frame, "joints", "bodies"))
    return target


def coco_results(folder: Path, data: np.ndarray) -> Path:
    """COCO results, images counted from 1."""
    people = [
        {"image_id": t + 1, "category_id": 1, "keypoints": frame[p].ravel().tolist(), "score": 0.9}
        for t, frame in enumerate(data)
        for p in present(frame)
    ]
    return dump(folder / "coco_results.json", people)


def coco_annotations(folder: Path, data: np.ndarray) -> Path:
    """COCO annotations with visibilities 1 and 2 and images by file name."""
    images = [{"id": 7 * t, "file_name": f"{t:06d}.jpg", "width": SIZE[0], "height": SIZE[1]} for t in range(len(data))]
    annotations = []
    for t, frame in enumerate(data):
        for p in present(frame):
            flags = np.where(frame[p, :, 2:] > 0.5, 2, 1)
            keypoints = np.concatenate([frame[p, :, :2], flags], axis=-1).ravel().tolist()
            annotations.append({"image_id": 7 * t, "category_id": 1, "keypoints": keypoints, "num_keypoints": 17})
    return dump(folder / "person_keypoints.json", {"images": images, "annotations": annotations, "categories": []})


def mmpose_frames(data: np.ndarray, first: int = 0) -> list[dict[str, Any]]:
    """Frames of MMPose's bare list."""
    return [{"frame_id": t + first, "instances": _mmpose_people(frame)} for t, frame in enumerate(data)]


def _mmpose_people(frame: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "keypoints": frame[p, :, :2].tolist(),
            "keypoint_scores": frame[p, :, 2].tolist(),
            "bbox": [[1.0, 2.0, 3.0, 4.0]],
            "bbox_score": 0.9,
        }
        for p in present(frame)
    ]


def mmpose_bare(folder: Path, data: np.ndarray) -> Path:
    """A video's bare list, last frame first."""
    return dump(folder / "video.json", mmpose_frames(data)[::-1])


def mmpose_meta(folder: Path, data: np.ndarray) -> Path:
    """A video's object with ``meta_info``, frames counted from 1."""
    joints = DETECTOR_LAYOUTS["coco17"].layout.joints
    meta = {"dataset_name": "coco", "num_keypoints": 17, "keypoint_id2name": dict(enumerate(joints))}
    return dump(folder / "results_video.json", {"meta_info": meta, "instance_info": mmpose_frames(data, first=1)})


def mmpose_images(folder: Path, data: np.ndarray) -> Path:
    """``predictions/`` with a list of people per image."""
    target = folder / "predictions"
    target.mkdir(parents=True)
    for t, frame in enumerate(data):
        dump(target / f"{t:06d}.json", _mmpose_people(frame))
    return folder


def ultralytics_frame(frame: np.ndarray) -> list[dict[str, Any]]:
    """One image as ``results.to_json()`` gives it."""
    return [
        {
            "name": "person",
            "class": 0,
            "confidence": 0.9,
            "box": {"x1": 1.0, "y1": 2.0, "x2": 3.0, "y2": 4.0},
            "track_id": p + 1,
            "keypoints": {
                "x": frame[p, :, 0].tolist(),
                "y": frame[p, :, 1].tolist(),
                "visible": frame[p, :, 2].tolist(),
            },
        }
        for p in present(frame)
    ]


def ultralytics_folder(folder: Path, data: np.ndarray) -> Path:
    """One JSON file per image."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, frame in enumerate(data):
        dump(folder / f"video_{t}.json", ultralytics_frame(frame))
    return folder


def ultralytics_lists(folder: Path, data: np.ndarray) -> Path:
    """A list of images."""
    return dump(folder / "frames.json", [ultralytics_frame(frame) for frame in data])


def ultralytics_lines(folder: Path, data: np.ndarray) -> Path:
    """JSON lines, one image each."""
    path = folder / "frames.jsonl"
    path.write_text("\n".join(json.dumps(ultralytics_frame(frame)) for frame in data), encoding="utf-8")
    return path


def ultralytics_text(folder: Path, data: np.ndarray) -> Path:
    """``labels/NAME_i.txt`` of ``save_txt``: normalised, frames without people absent."""
    target = folder / "labels"
    target.mkdir(parents=True)
    for t, frame in enumerate(data):
        lines = []
        for p in present(frame):
            points = np.concatenate([frame[p, :, :2] / SIZE, frame[p, :, 2:]], axis=-1)
            lines.append("0 0.5 0.5 0.2 0.4 " + " ".join(f"{v:.6g}" for v in points.ravel()) + f" {p + 1}")
        if lines:
            (target / f"video_{t + 1}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def _landmarks(person: np.ndarray) -> list[dict[str, float]]:
    points = np.concatenate([person[:, :2] / SIZE, person[:, 2:]], axis=-1).tolist()
    return [{"x": x, "y": y, "z": -0.1, "visibility": c} for x, y, c in points]


def mediapipe_objects(folder: Path, data: np.ndarray) -> Path:
    """Frames as objects, landmarks as objects, several people."""
    frames = [{"frame": t, "pose_landmarks": [_landmarks(f[p]) for p in present(f)]} for t, f in enumerate(data)]
    return dump(folder / "landmarks.json", {"frames": frames})


def mediapipe_lists(folder: Path, data: np.ndarray) -> Path:
    """Landmarks as x, y, z, visibility; null without a person."""
    frames = [[list(point.values()) for point in _landmarks(frame[0])] if present(frame) else None for frame in data]
    return dump(folder / "landmarks.json", frames)


def mediapipe_wide(folder: Path, data: np.ndarray) -> Path:
    """CSV with a row per frame, cells empty without a person."""
    names = [f"{axis}{j}" for j in range(33) for axis in "xyzv"]
    rows = [",".join(["frame", *names])]
    for t, frame in enumerate(data):
        values = [v for point in _landmarks(frame[0]) for v in point.values()] if present(frame) else [""] * 132
        rows.append(",".join(map(str, [t, *values])))
    return text(folder / "landmarks.csv", rows)


def mediapipe_long(folder: Path, data: np.ndarray) -> Path:
    """CSV with a row per landmark."""
    rows = ["frame,landmark,x,y,z,visibility"]
    for t, frame in enumerate(data):
        if present(frame):
            rows += [f"{t},{j}," + ",".join(map(str, p.values())) for j, p in enumerate(_landmarks(frame[0]))]
    return text(folder / "landmarks.csv", rows)


def text(path: Path, rows: list[str]) -> Path:
    """Writes lines."""
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def gastnet(folder: Path, data: np.ndarray) -> Path:
    """GAST-Net's JSON, frames counted from 1."""
    frames = [
        {
            "frame_index": t + 1,
            "skeleton": [
                {"pose": f[p, :, :2].tolist(), "score": f[p, :, 2:].tolist(), "bbox": [1, 2, 3, 4]} for p in present(f)
            ],
        }
        for t, f in enumerate(data)
    ]
    return dump(folder / "gast.json", {"label": "x", "label_index": 0, "data": frames})


def kinetics(folder: Path, data: np.ndarray) -> Path:
    """ST-GCN's JSON: flat lists, normalised."""
    frames = [
        {
            "frame_index": t + 1,
            "skeleton": [
                {"pose": (f[p, :, :2] / SIZE).ravel().tolist(), "score": f[p, :, 2].tolist()} for p in present(f)
            ],
        }
        for t, f in enumerate(data)
    ]
    return dump(folder / "kinetics.json", {"data": frames, "label": "x", "label_index": 0})
