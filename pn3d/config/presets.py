"""Presets: what each changes against the defaults of ``pn3d.config``, by dotted names."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "teacher.optimiser.steps": 2500,
        "student.optimiser.steps": 2500,
    },
    # The defaults, on files.
    "cmu": {},
    # What the weights that ship are trained by: wider networks, built-in motion of all kinds beside the files (floor,
    # dance, falls, random poses), errors and confidences as detectors make them, cameras that roll and look from
    # below and above.
    "wild": {
        "model.width": 384,
        "model.blocks": 3,
        "model.roll_head": True,
        "augment.detector_noise": 1.0,
        "augment.undisturbed": 0.2,
        "augment.roll_deg": 45.0,
        "augment.wide_views": 0.15,
        "data.families_share": 0.25,
        "data.random_share": 0.1,
        "data.wide_share": 0.3,
        "data.beside_clips": 500,
        "teacher.optimiser.steps": 4000,
        "student.optimiser.steps": 2200,
        "joint.optimiser.steps": 1200,
    },
    # From weights that exist (--init) to one's own detections: a short joint stage in small steps.
    "tune": {
        "teacher.optimiser.steps": 0,
        "student.optimiser.steps": 0,
        "joint.optimiser.steps": 200,
        "joint.optimiser.learning_rate": 4e-5,
        "data.beside_clips": 40,
        "run.checkpoint_every": 100,
    },
    # What the paper and Chen 2019 name, without our additions; stage 2 and 3 as ours.
    "paper": {
        "model.elevation_head": False,
        "model.temporal": "flat",
        "model.correct": False,
        "augment.noise": 0.0,
        "augment.mask_probability": 0.0,
        "teacher.loss.elevation_weight": 0.0,
        "teacher.loss.roll_weight": 0.0,
        "teacher.loss.bone_constancy_weight": 0.0,
        "teacher.loss.symmetry_weight": 0.0,
        "teacher.loss.hinge_weight": 0.0,
        "teacher.loss.proportion_weight": 0.0,
        "teacher.loss.inpaint_weight": 0.0,
        "teacher.loss.denoise_weight": 0.0,
        "joint.fit_steps": 0,
        "joint.fit_weight": 0.0,
        "student.loss.limit_weight": 0.0,
        "student.loss.rest_weight": 0.0,
    },
    "human36m": {
        "teacher.optimiser.learning_rate": 4e-4,
        "model.width": 1024,
        "model.blocks": 4,
        "model.discriminator_width": 1024,
        "model.window": 27,
        "teacher.optimiser.batch_size": 2048,
        "student.optimiser.batch_size": 2048,
        "joint.optimiser.batch_size": 2048,
        "teacher.optimiser.steps": 60000,
        "student.optimiser.steps": 30000,
        "joint.optimiser.steps": 20000,
    },
    # Smallest thing that still has every part; for tests.
    "tiny": {
        "model.window": 3,
        "model.width": 16,
        "model.blocks": 1,
        "model.correct": False,
        "augment.noise": 0.0,
        "model.discriminator_width": 16,
        "model.discriminator_blocks": 1,
        "teacher.optimiser.batch_size": 8,
        "student.optimiser.batch_size": 8,
        "joint.optimiser.batch_size": 8,
        "teacher.optimiser.steps": 8,
        "student.optimiser.steps": 8,
        "joint.optimiser.steps": 8,
        "data.builtin_clips": 6,
        "data.builtin_frames": 30,
        "run.steps_per_dispatch": 2,
        "run.checkpoint_every": 4,
        "run.digest_every": 4,
    },
}
