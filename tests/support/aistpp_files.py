"""Files in the layout of AIST++'s release: pickles of protocol 4, cameras as aniposelib writes them, lists as text."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

NAME, IGNORED = "gBR_sBM_cAll_d04_mBR0_ch02", "gPO_sFM_cAll_d11_mPO1_ch08"
FRAMES = 12
MATRIX = [[1550.5, 0.0, 960.0], [0.0, 1550.5, 540.0], [0.0, 0.0, 1.0]]


def camera(number: int) -> dict[str, Any]:
    """Camera ``c0{number}`` of a ring about the dancer, 5 m away, level; world y is up, in cm."""
    turn = Rotation.from_euler("y", 180 - 45 * number, degrees=True) * Rotation.from_euler("z", 180, degrees=True)
    return {
        "name": f"c{number:02d}",
        "size": [1920, 1080],
        "matrix": MATRIX,
        "distortions": [0.01, 0.0, 0.0, 0.0, 0.0],
        "rotation": turn.as_rotvec().tolist(),
        "translation": [0.0, 90.0, 500.0],
    }


def project(joints_cm: np.ndarray, number: int) -> np.ndarray:
    """(T, J, 3) world -> (T, J, 2) px, by OpenCV's convention."""
    found = camera(number)
    points = joints_cm @ Rotation.from_rotvec(found["rotation"]).as_matrix().T + found["translation"]
    return points[..., :2] / points[..., 2:] * MATRIX[0][0] + [960.0, 540.0]


def sequence(seed: int = 0) -> dict[str, dict[str, Any]]:
    """What the three pickles of a sequence hold: folder -> content."""
    rng = np.random.default_rng(seed)
    joints_cm = rng.normal(0, 1, (1, 17, 3)) * [25, 50, 20] + [0, 90, 0] + rng.normal(0, 1, (FRAMES, 17, 3))
    seen = np.stack([project(joints_cm, number) for number in range(1, 10)])
    score = rng.uniform(0.05, 1.02, (9, FRAMES, 17, 1))
    return {
        "keypoints2d": {
            "keypoints2d": np.concatenate([seen, score], axis=-1).astype(np.float32),
            "det_scores": rng.uniform(0.9, 1, (9, FRAMES)).astype(np.float32),
            "timestamps": np.arange(FRAMES) * 16667,
        },
        "keypoints3d": {"keypoints3d": joints_cm + 1.0, "keypoints3d_optim": joints_cm},
        "motions": {
            "smpl_poses": rng.normal(0, 0.3, (FRAMES, 72)).astype(np.float32),
            "smpl_trans": rng.normal(0, 5, (FRAMES, 3)).astype(np.float32) + np.float32([0, 110, 0]),
            "smpl_scaling": np.array([93.8], np.float32),
            "smpl_loss": np.float32(3.1),
        },
    }


def write_release(root: Path, sequences: dict[str, dict[str, dict[str, Any]]] | None = None) -> Path:
    """Writes a release with these sequences (one usable and one ignored where None); returns its folder."""
    sequences = {NAME: sequence(), IGNORED: sequence(1)} if sequences is None else sequences
    for name, parts in sequences.items():
        for folder, content in parts.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol=4))
    (root / "cameras").mkdir()
    (root / "cameras" / "mapping.txt").write_text("".join(f"{name} setting1\n" for name in sequences))
    (root / "cameras" / "setting1.json").write_text(json.dumps([camera(number) for number in range(1, 10)]))
    (root / "ignore_list.txt").write_text(f"{IGNORED}\ngLH_sFM_cAll_d17_mLH1_ch13\n")
    return root
