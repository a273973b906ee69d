"""Writes the files of further tools, each in the layout that it documents or that its source writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.detectors.layouts import DETECTOR_LAYOUTS
from tools.stand_ins.detector_files import SIZE, dump, present, text

COCO = DETECTOR_LAYOUTS["coco17"].layout.joints
HALPE = DETECTOR_LAYOUTS["halpe26"].layout.joints

VISION = {"nose": "head_joint", "thorax": "neck_1_joint", "pelvis": "root"}
for _side in ("left", "right"):
    for _ours, _theirs in (("shoulder", "shoulder_1"), ("elbow", "forearm"), ("wrist", "hand"), ("hip", "upLeg")):
        VISION[f"{_side}_{_ours}"] = f"{_side}_{_theirs}_joint"
    for _ours, _theirs in (("knee", "leg"), ("ankle", "foot"), ("eye", "eye"), ("ear", "ear")):
        VISION[f"{_side}_{_ours}"] = f"{_side}_{_theirs}_joint"

_KINECT = (
    "PELVIS SPINE_NAVEL SPINE_CHEST NECK CLAVICLE_LEFT SHOULDER_LEFT ELBOW_LEFT WRIST_LEFT HAND_LEFT HANDTIP_LEFT "
    "THUMB_LEFT CLAVICLE_RIGHT SHOULDER_RIGHT ELBOW_RIGHT WRIST_RIGHT HAND_RIGHT HANDTIP_RIGHT THUMB_RIGHT HIP_LEFT "
    "KNEE_LEFT ANKLE_LEFT FOOT_LEFT HIP_RIGHT KNEE_RIGHT ANKLE_RIGHT FOOT_RIGHT HEAD NOSE EYE_LEFT EAR_LEFT EYE_RIGHT "
    "EAR_RIGHT"
)
_MARKERS = (
    "Hip RHip RKnee RAnkle RBigToe RSmallToe RHeel LHip LKnee LAnkle LBigToe LSmallToe LHeel Neck Head Nose RShoulder "
    "RElbow RWrist LShoulder LElbow LWrist"
)
KINECT, TRC_MARKERS = _KINECT.split(), _MARKERS.split()


def _camel(joint: str) -> str:
    first, *rest = joint.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _lines(path: Path, frames: list[Any]) -> Path:
    return text(path, [json.dumps(frame) for frame in frames])


def openpifpaf_people(frame: np.ndarray) -> list[dict[str, Any]]:
    """One image's list."""
    return [
        {"keypoints": frame[p].ravel().tolist(), "bbox": [1, 2, 3, 4], "score": 0.9, "category_id": 1}
        for p in present(frame)
    ]


def openpifpaf_video(folder: Path, data: np.ndarray) -> Path:
    """``openpifpaf.video --json-output``: a line per frame, counted from 1."""
    return _lines(
        folder / "video.json", [{"frame": t + 1, "predictions": openpifpaf_people(f)} for t, f in enumerate(data)]
    )


def openpifpaf_folder(folder: Path, data: np.ndarray) -> Path:
    """``openpifpaf.predict --json-output``: a file per image."""
    target = folder / "images"
    target.mkdir(parents=True)
    for t, frame in enumerate(data):
        dump(target / f"walk_{t:04d}.jpg.predictions.json", openpifpaf_people(frame))
    return target


def posenet(folder: Path, data: np.ndarray) -> Path:
    """tfjs PoseNet's multiple poses, a list per frame."""
    frames = [
        [
            {
                "score": 0.9,
                "keypoints": [
                    {"score": c, "part": _camel(joint), "position": {"x": x, "y": y}}
                    for joint, (x, y, c) in zip(COCO, f[p].tolist(), strict=True)
                ],
            }
            for p in present(f)
        ]
        for f in data
    ]
    return dump(folder / "posenet.json", frames)


def movenet(folder: Path, data: np.ndarray) -> Path:
    """tfjs pose-detection's MoveNet with its tracker, JSON lines with times."""
    frames = [
        {
            "timestamp": 40.0 * t,
            "poses": [
                {
                    "id": p + 1,
                    "score": 0.8,
                    "keypoints": [
                        {"y": y, "x": x, "score": c, "name": joint}
                        for joint, (x, y, c) in zip(COCO, f[p].tolist(), strict=True)
                    ],
                }
                for p in present(f)
            ],
        }
        for t, f in enumerate(data)
    ]
    return _lines(folder / "movenet.jsonl", frames)


def ml5_posenet(folder: Path, data: np.ndarray) -> Path:
    """ml5's PoseNet of one person, a result per frame."""
    frames = []
    for f in data:
        points = dict(zip((_camel(joint) for joint in COCO), f[0].tolist(), strict=True))
        keypoints = [{"score": c, "part": part, "position": {"x": x, "y": y}} for part, (x, y, c) in points.items()]
        named = {part: {"x": x, "y": y, "confidence": c} for part, (x, y, c) in points.items()}
        frames.append([{"pose": {"score": 0.9, "keypoints": keypoints, **named}, "skeleton": []}])
    return dump(folder / "ml5.json", frames)


def ml5_bodypose(folder: Path, data: np.ndarray) -> Path:
    """ml5's bodyPose, version 1: every point in a list and once more under its name."""
    frames = []
    for f in data:
        poses = []
        for p in present(f):
            points = [
                {"x": x, "y": y, "confidence": c, "name": joint}
                for joint, (x, y, c) in zip(COCO, f[p].tolist(), strict=True)
            ]
            named = {point["name"]: {key: point[key] for key in ("x", "y", "confidence")} for point in points}
            box = {"xMin": 0, "yMin": 0, "xMax": 1, "yMax": 1, "width": 1, "height": 1}
            poses.append({"keypoints": points, **named, "box": box, "id": p + 1, "confidence": 0.5})
        frames.append(poses)
    return dump(folder / "bodypose.json", {"frames": frames})


def vision_frames(data: np.ndarray, from_top: bool = False) -> list[dict[str, Any]]:
    """Frames of Vision's points: shares of the picture, y from the bottom."""
    frames = []
    for t, f in enumerate(data):
        people = []
        for p in present(f):
            points = {}
            for joint, name in VISION.items():
                x, y, c = (f[p, HALPE.index(joint)] / [*SIZE, 1]).tolist()
                points[name] = {"x": x, "y": y if from_top else 1 - y, "confidence": c}
            people.append({"joints": points, "confidence": 0.9})
        frames.append({"frame": t, "time": t / 25, "observations": people})
    return frames


def apple_vision(folder: Path, data: np.ndarray) -> Path:
    """People's points under their names, with times."""
    return dump(folder / "vision.json", {"frames": vision_frames(data)})


def kinect_frames(data: np.ndarray, positions: str = "joint_positions_2d") -> dict[str, Any]:
    """``offline_processor``'s file with places in the picture and levels of confidence."""
    rows = [HALPE.index(_kinect_joint(name) or "thorax") for name in KINECT]
    frames = []
    for t, f in enumerate(data):
        levels = [2] * len(rows)
        bodies = [
            {"body_id": p + 1, positions: f[p, rows, :2].tolist(), "confidence_levels": levels} for p in present(f)
        ]
        times = {"timestamp_usec": 1_000_000 + 40_000 * t, "frame_id": t, "num_bodies": len(bodies)}
        frames.append({**times, "bodies": bodies})
    facts = {"k4abt_sdk_version": "1.1.2", "source_file": "a.mkv", "bone_list": [["SPINE_CHEST", "SPINE_NAVEL"]]}
    return {**facts, "joint_names": KINECT, "frames": frames}


def _kinect_joint(name: str) -> str:
    """Our name of a joint of Azure Kinect that halpe26 has."""
    part, _, side = name.lower().rpartition("_")
    ours = f"{side}_{part}" if part else name.lower()
    return ours if ours in HALPE and ours != "head" else ""


def azure_kinect(folder: Path, data: np.ndarray) -> Path:
    """Places in the picture beside the joints' names."""
    return dump(folder / "kinect.json", kinect_frames(data))


def poseflow(folder: Path, data: np.ndarray) -> Path:
    """PoseFlow's dictionary."""
    content = {
        f"{t:06d}.jpg": [{"keypoints": f[p].ravel().tolist(), "scores": 2.5, "idx": p + 1} for p in present(f)]
        for t, f in enumerate(data)
    }
    return dump(folder / "alphapose-results-forvis-tracked.json", content)


def deeplabcut(folder: Path, data: np.ndarray) -> Path:
    """``analyze_videos(…, save_as_csv=True)`` of a project with one individual."""
    parts = [joint for joint in COCO for _ in "xyl"]
    rows = [",".join(["scorer", *(["DLC_resnet50_walkNov30shuffle1_100000"] * len(parts))])]
    rows += [",".join(["bodyparts", *parts]), ",".join(["coords", *(["x", "y", "likelihood"] * len(COCO))])]
    rows += [",".join(map(str, [t, *f[0].ravel().tolist()])) for t, f in enumerate(data)]
    return text(folder / "walkDLC_resnet50_walkNov30shuffle1_100000.csv", rows)


def deeplabcut_individuals(folder: Path, data: np.ndarray) -> Path:
    """The same of a project with individuals."""
    people = [f"person{p + 1}" for p in range(data.shape[1]) for _ in range(3 * len(COCO))]
    parts = [joint for _ in range(data.shape[1]) for joint in COCO for _ in "xyl"]
    rows = [",".join(["scorer", *(["DLC_dlcrnet"] * len(parts))]), ",".join(["individuals", *people])]
    rows += [",".join(["bodyparts", *parts]), ",".join(["coords", *(["x", "y", "likelihood"] * (len(parts) // 3))])]
    rows += [",".join(map(str, [t, *f.ravel().tolist()])) for t, f in enumerate(data)]
    return text(folder / "walkDLC_el.csv", rows)


def sports2d(folder: Path, data: np.ndarray, name: str = "walk_Sports2D_px_person00.trc") -> Path:
    """TRC in pixels: frames from 0, time, x, y and a zero for each marker."""
    rows = [f"PathFileType\t4\t(X/Y/Z)\t{name}"]
    rows += ["DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"]
    rows += ["\t".join(map(str, [25, 25, len(data), len(TRC_MARKERS), "m", 25, 0, len(data)]))]
    rows += ["Frame#\tTime\t" + "\t\t\t".join(TRC_MARKERS) + "\t\t\t"]
    rows += ["\t\t" + "\t".join(f"X{i + 1}\tY{i + 1}\tZ{i + 1}" for i in range(len(TRC_MARKERS))) + "\t"]
    places = [HALPE.index(trc_joint(marker)) for marker in TRC_MARKERS]
    for t, f in enumerate(data):
        cells = np.concatenate([f[0, places, :2], np.zeros((len(places), 1))], axis=1).ravel()
        rows.append("\t".join(map(str, [t, round(t / 25, 6), *cells.tolist()])))
    return text(folder / name, rows)


def trc_joint(marker: str) -> str:
    """Our name of a marker of Sports2D."""
    middle = {"Hip": "pelvis", "Neck": "thorax", "Head": "head", "Nose": "nose"}
    part = {"BigToe": "big_toe", "SmallToe": "small_toe"}.get(marker[1:], marker[1:].lower())
    return middle.get(marker) or f"{'left' if marker[0] == 'L' else 'right'}_{part}"


def simple_hrnet(folder: Path, data: np.ndarray) -> Path:
    """Frame, detection, and y, x, confidence of each joint, as the network returns them."""
    rows = [
        ",".join(map(str, [t, n, *f[p][:, [1, 0, 2]].ravel().tolist()]))
        for t, f in enumerate(data)
        for n, p in enumerate(present(f))
    ]
    return text(folder / "output.csv", rows)


def rtmlib_npz(folder: Path, data: np.ndarray) -> Path:
    """``np.savez(path, keypoints, scores)`` of what rtmlib returns."""
    np.savez(folder / "rtmlib.npz", data[..., :2], data[..., 2])
    return folder / "rtmlib.npz"


def dwpose(folder: Path, data: np.ndarray) -> Path:
    """ControlNet's DWPose, a list of frames."""
    frames = [
        {
            "people": [
                {
                    "pose_keypoints_2d": f[p].ravel().tolist(),
                    "face_keypoints_2d": None,
                    "hand_left_keypoints_2d": None,
                    "hand_right_keypoints_2d": None,
                }
                for p in present(f)
            ],
            "canvas_width": SIZE[0],
            "canvas_height": SIZE[1],
        }
        for f in data
    ]
    return dump(folder / "dwpose.json", frames)
