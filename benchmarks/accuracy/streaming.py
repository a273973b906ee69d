"""How far a stream is from the whole clip: ``python -m benchmarks.accuracy.streaming``.

Held-out built-in motion with the simulated detector, each clip once by ``predict`` and once frame by frame, with the
lag and without (``causal``), of the same shape: distances of the pelvis and of joints relative to it, how many feet are
told alike (the larger of heel and toe at 0.5), and how fast ankles move while their foot stands in the whole clip's
result. Options: ``--clips``.
"""

import argparse

import numpy as np

from pn3d import PoseStream, load_weights
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, select
from pn3d.evaluation.path_metrics import CONTACT, speeds
from pn3d.geometry.skeleton import H36M17_ANKLES
from pn3d.inference.predict import predict
from pn3d.inference.weights import Weights
from pn3d.synthetic.scenes import held_out_clips


def standing(foot_contact: np.ndarray) -> np.ndarray:
    """(T, 4) probabilities -> (T, 2) which feet stand."""
    return foot_contact.reshape(-1, 2, 2).max(axis=1) >= CONTACT


def streamed(weights: Weights, clip: Clips, betas: np.ndarray, causal: bool) -> tuple[np.ndarray, np.ndarray]:
    """(F, 17, 3) metres and (F, 4) contacts of the last F frames: the first ones of a causal stream are missing."""
    assert clip.image_size is not None
    assert clip.intrinsics is not None
    width, height = (int(value) for value in clip.image_size[0])
    stream = PoseStream(
        weights,
        image_size=(width, height),
        layout="h36m17",
        fps=float(clip.fps[0]),
        focal_px=float(clip.intrinsics[0, 0]),
        betas=betas,
        causal=causal,
    )
    frames = np.concatenate([clip.keypoints, clip.confidence[..., None]], axis=-1)
    poses = [pose for frame in frames if (pose := stream.push(frame)) is not None] + stream.flush()
    contacts = [pose.foot_contact for pose in poses if pose.foot_contact is not None]
    return np.stack([pose.joints_cam_m for pose in poses]), np.stack(contacts)


def main() -> None:
    """Streams and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8)
    options = parser.parse_args()
    weights, clips = load_weights(), held_out_clips(options.clips, detector_noise=True)
    ankles = list(H36M17_ANKLES)
    rows: dict[str, list[tuple[np.ndarray, ...]]] = {"the whole clip": [], "with its lag": [], "causal": []}
    for index in range(clips.num_clips):
        clip = select(clips, [index])
        found = predict(weights, clip, builtin_body(), builtin_landmarks())
        assert found.joints_cam_m is not None
        assert found.foot_contact is not None
        assert found.betas is not None
        results = {"the whole clip": (found.joints_cam_m, found.foot_contact)}
        for name, causal in (("with its lag", False), ("causal", True)):
            results[name] = streamed(weights, clip, found.betas[0], causal)
        for name, (joints, contact) in results.items():
            whole, stands = found.joints_cam_m[-len(joints) :], standing(found.foot_contact[-len(joints) :])
            gap = np.linalg.norm(joints[:, 0] - whole[:, 0], axis=1)
            relative = np.linalg.norm(joints - joints[:, :1] - whole + whole[:, :1], axis=-1)
            slow = speeds(joints[:, ankles], float(clip.fps[0]))[stands[1:] & stands[:-1]]
            rows[name].append((gap, relative.ravel(), (standing(contact) == stands).ravel(), slow))
    for name, parts in rows.items():
        gap, relative, alike, slow = (np.concatenate(values) for values in zip(*parts, strict=True))
        print(
            f"{name:15s} pelvis {1000 * gap.mean():5.1f} mm away, joints relative to it "
            f"{1000 * relative.mean():.1f} mm, {alike.mean():.1%} of the feet told alike, standing "
            f"ones move at {slow.mean():.2f} m/s (median {np.median(slow):.2f})"
        )


if __name__ == "__main__":
    main()
