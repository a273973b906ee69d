"""The settings of a run: frozen dataclasses, one for each concern."""

from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["teacher", "student", "joint"]
STAGES: tuple[Stage, ...] = ("teacher", "student", "joint")


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the networks (our choice: the paper names none)."""

    window: int = 9
    """Frames of a window; a power of 3."""
    width: int = 256
    """Units of every layer of teacher and student."""
    blocks: int = 2
    """Residual blocks after the temporal trunk."""
    temporal: Literal["conv", "flat"] = "conv"
    """How frames are joined: strided temporal convolutions, or one dense layer on all frames."""
    elevation_head: bool = True
    """Whether the teacher tells the camera's elevation and views are drawn from its statistics (ElePose 2022); without
    it views are Chen 2019's: elevation uniform within 20 degrees of the horizon, about the camera's own axes."""
    roll_head: bool = False
    """Whether the teacher tells the camera's roll as well, and views turn about the told up (our addition). Its target
    comes from ``augment.roll_deg``."""
    correct: bool = True
    """Whether the teacher corrects measured 2D (our addition); without it, measured joints keep their 2D."""
    discriminator_width: int = 256
    discriminator_blocks: int = 2
    root_depth: float = 10.0
    """Virtual depth c of the root in the unit camera, head-root units (Chen 2019); 0: that of each window's person,
    from its size under the real focal length."""
    frame_rate: float = 30.0
    """Frames per second of the windows; prediction resamples in time."""


@dataclass(frozen=True)
class AugmentConfig:
    """Augmentation of windows, drawn in the step from the example's key."""

    flip: bool = True
    noise: float = 0.03
    """Largest mean error of simulated detector noise, as a share of a standing person's height (detectors: 0.02)."""
    detector_noise: float = 0.0
    """Strength of errors and confidences as real detectors make them (``pn3d.data.detector_noise``; 1: as measured), in
    the place of ``noise``; 0 leaves it to ``noise``."""
    undisturbed: float = 0.0
    """Share of windows that ``detector_noise`` leaves as they are, confidences included: exact 2D, as from motion
    capture."""
    mask_probability: float = 0.2
    """Share of windows in which joints are dropped."""
    mask_rounds: int = 1
    """How many times that is drawn for a window; with two or more it may lose the joints that COCO has not and an arm
    at once."""
    mask_limbs: float = 0.25
    """Share of those draws that hide an arm, a leg or both legs in the whole window; two thirds of the others hide what
    COCO has not, one third some joints for some frames."""
    roll_deg: float = 0.0
    """Largest angle by which windows are turned in the picture; small angles are drawn most. What the networks see is
    turned, discriminators see windows upright."""
    wide_views: float = 0.0
    """Share of novel views from 35 degrees below to 60 above, evenly, which data need not show: no discriminator judges
    them, and lifting them again teaches the networks such cameras."""

    @property
    def noisy(self) -> bool:
        """Whether what the networks see differs from the data."""
        return self.noise > 0 or self.detector_noise > 0


@dataclass(frozen=True)
class OptimiserConfig:
    """Adam with cosine decay, for every player of a stage."""

    steps: int = 2200
    batch_size: int = 256
    """Windows per step over all devices."""
    learning_rate: float = 2e-4
    warmup_steps: int = 20
    b1: float = 0.5
    b2: float = 0.99
    final_fraction: float = 0.02
    """Learning rate at the end, as a fraction of the peak."""
    ema: float = 0.995
    """Decay of the exponential moving average that is evaluated and saved."""
    clip_norm: float = 10.0
    """Gradients of a player longer than this are shortened to it."""


@dataclass(frozen=True)
class TeacherLossConfig:
    """Weights of the teacher's terms; 0 removes a term. Squared losses in head-root units."""

    reprojection_weight: float = 10.0
    """Self-consistency in 2D (lift, view, lift again, back, project)."""
    relift_weight: float = 1.0
    """Self-consistency in 3D, in the new view."""
    elevation_weight: float = 1.0
    """The lifted-again elevation must be the one the view was drawn with."""
    roll_weight: float = 1.0
    """Roll must be what augmentation turned the window by, and 0 in the novel view (where there is a roll head)."""
    pose_adversarial_weight: float = 0.5
    motion_adversarial_weight: float = 1.0
    bone_constancy_weight: float = 50.0
    """Bone ratios do not change over time."""
    symmetry_weight: float = 10.0
    """Left bones are as long as right ones (our addition)."""
    hinge_weight: float = 5.0
    """Knees bend one way (our addition)."""
    proportion_weight: float = 10.0
    """Bone ratios of the built-in body (our addition)."""
    inpaint_weight: float = 5.0
    """2D of joints that augmentation hid (our addition)."""
    denoise_weight: float = 2.0
    """2D before noise was added, where the teacher corrects measured joints (our addition)."""
    noise_weight: float = 0.0
    """The skeleton of a window with a detector's errors and confidences is that of the window without, in stage 1 (our
    addition): else the teacher sees no confidence but 0 and 1 before stage 3."""


@dataclass(frozen=True)
class DiscriminatorConfig:
    """How the discriminators learn."""

    learning_rate: float = 4e-4
    every: int = 1
    """Discriminators step once per this many steps."""
    gradient_penalty: float = 0.02
    """R1 on reals (Mescheder et al., ICML 2018)."""
    input_scale: float = 1.0
    """Window coordinates are multiplied by this before both discriminators see them."""
    motion_gain: float = 1.0
    """Differences of frames are multiplied by this for the motion discriminator."""


@dataclass(frozen=True)
class StudentLossConfig:
    """Weights of the student's terms; 0 removes a term."""

    distillation_weight: float = 10.0
    """Root-relative, per frame, the student scaled onto the teacher."""
    reprojection_weight: float = 5.0
    """Under the real camera, in head-root units."""
    shape_weight: float = 0.02
    limit_weight: float = 1.0
    rest_weight: float = 0.2
    """Pulls turns that 17 points show badly or not at all (twists, spine, clavicles, hinges off axis) to rest."""
    smoothness_weight: float = 1.0
    landmark_weight: float = 1.0
    """Keeps landmark corrections small."""


@dataclass(frozen=True)
class TeacherStageConfig:
    """Stage 1."""

    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(learning_rate=1.2e-3))
    loss: TeacherLossConfig = field(default_factory=TeacherLossConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)


@dataclass(frozen=True)
class StudentStageConfig:
    """Stage 2: the teacher is frozen."""

    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(steps=1500, learning_rate=1e-3, b1=0.9, b2=0.99)
    )
    loss: StudentLossConfig = field(default_factory=StudentLossConfig)
    wide_views: float = 0.0
    """Share of the windows that are exchanged for what a camera 35 degrees below to 60 above would see of the teacher's
    skeleton: views that data need not show (our addition)."""
    mixed_share: float = 0.0
    """Share of those that have the upper body of another example: what arms and legs need not do together in the data
    (our addition)."""


@dataclass(frozen=True)
class JointStageConfig:
    """Stage 3: teacher and student together."""

    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(steps=1000, learning_rate=4e-4, b1=0.5, b2=0.99)
    )
    discriminator: DiscriminatorConfig = field(default_factory=lambda: DiscriminatorConfig(learning_rate=1e-4))
    teacher_to_student_weight: float = 1.0
    """Multiplies the student's distillation."""
    student_to_teacher_weight: float = 15.0
    """The teacher learns from the student's skeleton, fitted to the keypoints."""
    fit_steps: int = 1
    """Gauss-Newton steps of that fit; 0 leaves the student as it is."""
    fit_weight: float = 2.0
    """The student learns from its own fit to the keypoints (our addition, after SPIN)."""
    student_consistency_weight: float = 0.5
    """The student's body, in a novel view, gives the same pose and shape again."""
    student_adversarial_weight: float = 0.1
    """The student's body, in a novel view, is shown to the pose discriminator (as in the paper)."""


@dataclass(frozen=True)
class DataConfig:
    """Built-in motion, used where no files are named."""

    builtin_clips: int = 400
    builtin_frames: int = 150
    families_share: float = 0.0
    """Share of built-in clips of the families beyond everyday motion."""
    families: str = "floor,yoga,acrobatics,dance,combat,work,falls"
    """Which of them, separated by commas."""
    random_share: float = 0.0
    """Share of built-in clips of random key poses, also lying, bent and upside down."""
    wide_share: float = 0.0
    """Share of built-in clips seen from far below to far above (35 degrees below to 55 above) instead of 0 to 30."""
    added_clips: int = 0
    """Clips of built-in motion added to the files; these are then repeated until they are a sixth of it all or more."""
    held_out_share: float = 0.0
    """Share of the scenes (by name) whose 2D is kept from training. Where it is not 0, stage 1 hands on the checkpoint
    with the best 2D-only score (``pn3d.training.model_selection``) in the place of its last."""


@dataclass(frozen=True)
class RunConfig:
    """How often a run reports and saves."""

    steps_per_dispatch: int = 25
    """Optimiser steps in one call of the compiled step; also the step count between two log lines."""
    checkpoint_every: int = 500
    digest_every: int = 500
    """Steps between two digests of the state in the log, which ``pn3d verify`` compares; 0 logs none."""
    matmul: Literal["default", "float32", "bfloat16"] = "default"
    """How networks multiply: as the device does by itself (TF32 on a GPU), exactly, or in bfloat16 with float32 sums.
    Losses and the body are float32 in any case."""


@dataclass(frozen=True)
class Config:
    """Everything that, with the seed and the data, determines a run."""

    preset: str = "quick"
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    teacher: TeacherStageConfig = field(default_factory=TeacherStageConfig)
    student: StudentStageConfig = field(default_factory=StudentStageConfig)
    joint: JointStageConfig = field(default_factory=JointStageConfig)
    data: DataConfig = field(default_factory=DataConfig)
    run: RunConfig = field(default_factory=RunConfig)
