"""A body carried over a leap in depth: what went for the mirror image comes back, all else is left alone."""

import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import select, without_truth
from pn3d.data.joints17 import to_h36m17
from pn3d.evaluation.metrics import frame_errors
from pn3d.inference.fit import student_body
from pn3d.inference.leaps import FADE_S, carried_over_leaps, find_leaps
from pn3d.inference.lifted import LiftedClip, lift_clips
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips

_DEPTH = np.array([1.0, 1.0, -1.0], np.float32)


def mirrored(clip: LiftedClip, frames: slice) -> LiftedClip:
    """The clip as networks have it that take the person for its depth twin in some frames: every bone points as far
    away from the camera as it pointed to it. Windows at both ends disagree."""
    outputs = clip.outputs
    assert outputs.sixd is not None
    joints, sixd, square = outputs.teacher_joints.copy(), outputs.sixd.copy(), outputs.mean_square.copy()
    joints[frames] *= _DEPTH
    # A body at rest is flat: with its depth mirrored before and after every turn, its bones are those of the twin.
    sixd[frames] *= np.tile(_DEPTH, 2)
    for end in (frames.start, frames.stop):
        if 0 < end < len(joints):
            square[end - 1 : end + 1] += outputs.size[end] ** 2
    return clip._replace(outputs=outputs._replace(teacher_joints=joints, sixd=sixd, mean_square=square))


def test_a_stretch_of_mirrored_depth_is_carried_over_and_nothing_else_changes() -> None:
    weights = load_weights(SHIPPED_WEIGHTS)
    student = student_body(weights, builtin_body(), builtin_landmarks())
    clip = lift_clips(weights, to_h36m17(without_truth(held_out_clips(1))))[0]
    assert clip.outputs.betas is not None
    betas = clip.outputs.betas.mean(axis=0)
    assert carried_over_leaps(student, betas, clip) is clip
    # Nothing tells where there is no leap.
    assert find_leaps(mirrored(clip, slice(0, len(clip.rays))).outputs, clip.fps) == []
    frames = slice(50, 100)
    changed = mirrored(clip, frames)
    first, second = find_leaps(changed.outputs, clip.fps)
    assert first.before < 50 <= first.after
    assert second.before < 100 <= second.after
    found = carried_over_leaps(student, betas, changed)
    assert found.carried is not None
    assert found.carried[frames].all()

    def apart(one: LiftedClip) -> float:
        gap = (
            np.linalg.norm(one.outputs.teacher_joints - clip.outputs.teacher_joints, axis=-1)
            / clip.outputs.size[:, None]
        )
        return float(gap[frames].mean())

    assert apart(found) < 0.3 * apart(changed)
    fade = round(FADE_S * clip.fps) + 1
    # Behind its stretch the carried body gives way to what the networks say, little by little.
    left = np.abs(found.outputs.sixd - changed.outputs.sixd).max(axis=(1, 2))
    behind = left[second.after + 1 : second.after + fade]
    assert behind[0] > 1.5 * behind[len(behind) // 2] > 0
    assert np.all(np.diff(behind) < 0.2 * behind[0])
    for part in (slice(0, first.before - fade), slice(second.after + fade, None)):
        for before, after in zip(changed.outputs, found.outputs, strict=True):
            np.testing.assert_array_equal(before[part], after[part])


@pytest.mark.slow
def test_who_lies_and_lifts_the_hips_does_not_turn_over() -> None:
    clips = held_out_family_clips()
    clip = select(clips, [index for index, name in enumerate(clips.clip_name) if str(name).startswith("bridge")])
    found = predict(load_weights(SHIPPED_WEIGHTS), clip, builtin_body(), builtin_landmarks())
    assert found.joints_cam_m is not None
    assert found.depth_carried is not None
    assert found.expected_error_mm is not None
    assert clip.joints_cam is not None
    carried = found.depth_carried
    assert 60 < carried.sum() < 120
    errors = frame_errors(found.joints_cam_m, clip.joints_cam)
    assert errors.pa_mpjpe_mm.mean() < 80
    assert errors.depth_flipped.mean() < 0.02
    # What two networks do not say together is not taken for sure.
    assert found.expected_error_mm[carried].min() >= np.median(found.expected_error_mm[~carried]) - 1e-3
    assert "depth" in {place["why"] for place in found.summary["worth_a_look"]}
