"""Walking, running and stepping, from published joint-angle curves of the gait cycle.

The tables hold one cycle from one contact of a foot to its next, every 5 %, in degrees. Walking: sagittal hip, knee and
ankle after Winter, "The biomechanics and motor control of human gait" (1991), natural cadence; frontal hip and pelvis
after Kadaba et al. (1990); arms after Murray et al. (1967). Running at about 3.5 m/s: after Novacheck (1998) and
Schache et al. (2011). Values were read from the plots to a degree or two. How amplitude and cadence grow with speed
follows Grieve (1968): both about with its square root. Everything named a style is our choice.
"""

from dataclasses import dataclass, replace

import numpy as np

from pn3d.synthetic.motion.angles import INDEX, pose
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.timing import FPS, Motion, smooth_noise, still

_WALK = {
    "hip_flex": (24, 23, 20, 15, 10, 5, 0, -5, -9, -12, -13, -11, -5, 4, 13, 20, 24.5, 26.5, 26.5, 25.5),
    "knee": (4, 9, 15.5, 19.5, 18.5, 15.5, 12, 9, 7.5, 8.5, 13, 23, 37, 52, 62, 64.5, 58, 44, 25, 9),
    "ankle": (0, -5, -4, 0, 3.5, 5.5, 7, 8.5, 9.5, 9.5, 6, -3, -15, -18, -13, -7, -2, 1, 2.5, 2),
    "toe": (10, 4, 0, 0, 0, 0, 1, 3, 7, 14, 24, 30, 20, 6, 2, 2, 4, 7, 10, 11),
}
_RUN = {
    "hip_flex": (31, 30, 26, 19, 10, 1, -6, -11, -13, -10, -2, 9, 21, 32, 41, 46, 47, 44, 39, 34),
    "knee": (17, 27, 37, 42, 41, 34, 25, 19, 21, 33, 52, 73, 91, 101, 101, 92, 74, 51, 30, 18),
    "ankle": (8, 12, 19, 24, 23, 14, 0, -16, -23, -20, -13, -7, -3, 0, 2, 4, 5, 6, 6, 7),
    "toe": (8, 2, 0, 2, 8, 18, 28, 26, 14, 6, 3, 2, 2, 2, 3, 4, 6, 8, 9, 9),
}
_HARMONICS = 7
_RUN_STANCE = 0.36


def periodic(table: tuple[float, ...], phase: np.ndarray) -> np.ndarray:
    """A table of degrees over one cycle as a Fourier series of seven harmonics, at ``phase`` (cycles) -> radians."""
    coefficients = np.fft.rfft(np.radians(table))[: _HARMONICS + 1] / len(table)
    coefficients[1:] *= 2.0
    return np.real(np.exp(2j * np.pi * phase[..., None] * np.arange(_HARMONICS + 1)) @ coefficients)


@dataclass(frozen=True)
class Style:
    """How somebody walks or runs. Angles in degrees, amplitudes relative to the tables.

    Attributes:
        stride_hz: full cycles per second; negative walks backwards.
        legs: amplitude of hip and knee swing.
        crouch: knees stay bent by about twice this.
        lean: trunk forward, half of it in the pelvis.
        stoop: the upper back rounded and the head forward.
        sway: of pelvis and trunk to the sides.
        twist: of trunk against pelvis.
        arm_swing: amplitude at the shoulder; elbow, elbow_swing: mean flexion and its change; arm_out: abduction.
        width: extra abduction of the hips; toe_out: outward rotation.
        lift: knees raised in swing.
        limp: how much one leg's swing is reduced.
        tiptoe: plantarflexion throughout.
    """

    stride_hz: float
    legs: float
    crouch: float
    lean: float
    stoop: float
    sway: float
    twist: float
    arm_swing: float
    elbow: float
    elbow_swing: float
    arm_out: float
    width: float
    toe_out: float
    lift: float
    limp: float
    tiptoe: float


def natural_walk(generator: np.random.Generator) -> Style:
    """An ordinary walk between 0.8 and 1.9 m/s."""
    u, n = generator.uniform, generator.normal
    pace = np.sqrt(u(0.8, 1.9) / 1.35)
    return Style(
        stride_hz=0.92 * pace * (1 + 0.05 * n()),
        legs=pace * u(0.95, 1.18),
        crouch=np.clip(3 * n() + 2, 0, 10),
        lean=3 + 3 * n(),
        stoop=4 + 6 * n(),
        sway=u(0.5, 1.6),
        twist=u(0.5, 1.7),
        arm_swing=pace**2 * u(0.5, 1.6),
        elbow=np.clip(24 + 12 * n(), 8, 80),
        elbow_swing=u(5, 35),
        arm_out=u(6, 18),
        width=u(-1, 3),
        toe_out=6 + 5 * n(),
        lift=np.clip(4 * n(), 0, 12),
        limp=0.0,
        tiptoe=0.0,
    )


def odd_walk(generator: np.random.Generator) -> Style:
    """A walk with one to three habits of its own: crouched, stooped, swaggering, marching, limping, on tiptoe …"""
    u, style = generator.uniform, natural_walk(generator)
    habits = {
        "crouch": u(8, 26),
        "lean": u(8, 28),
        "stoop": u(12, 35),
        "sway": u(1.8, 3.2),
        "twist": u(1.8, 3.2),
        "arm_swing": u(1.6, 2.8),
        "elbow": u(45, 100),
        "arm_out": u(18, 42),
        "width": u(4, 9),
        "toe_out": u(-8, 25),
        "lift": u(15, 55),
        "limp": u(0.25, 0.6),
        "tiptoe": u(10, 22),
        "legs": style.legs * u(0.4, 0.75),
        "stride_hz": style.stride_hz * (u(0.6, 0.85) if u() < 0.6 else -u(0.6, 0.9)),
    }
    chosen = generator.choice(sorted(habits), size=generator.integers(1, 4), replace=False)
    style = replace(style, **{str(name): habits[str(name)] for name in chosen})
    return replace(style, legs=0.7 * style.legs) if style.stride_hz < 0 else style


def jog_or_run(generator: np.random.Generator) -> Style:
    """Running between a jog on the spot and about 4.5 m/s."""
    u, n = generator.uniform, generator.normal
    pace = np.sqrt(u(0.45, 1.35))
    return Style(
        stride_hz=1.38 * (0.75 + 0.25 * pace) * (1 + 0.04 * n()),
        legs=pace,
        crouch=np.clip(2 + 2 * n(), 0, 8),
        lean=6 + 3 * n() if u() < 0.8 else u(10, 24),
        stoop=4 + 4 * n(),
        sway=u(0.5, 1.5),
        twist=u(1.0, 2.6),
        arm_swing=u(1.0, 2.2) * pace,
        elbow=np.clip(78 + 16 * n(), 35, 110),
        elbow_swing=u(5, 35),
        arm_out=u(10, 30),
        width=u(-1, 2),
        toe_out=5 + 4 * n(),
        lift=0.0,
        limp=0.0,
        tiptoe=0.0,
    )


def gait(generator: np.random.Generator, frames: int, style: Style, running: bool, turn_rate: np.ndarray) -> Motion:
    """The gait of a style along a path that turns by ``turn_rate`` (T,) rad/s."""
    hurry = 1.0 + 0.04 * smooth_noise(generator, frames, 1, 0.15, 0.5)[:, 0]
    phase = generator.uniform() + np.cumsum(style.stride_hz * hurry) / FPS
    angles = np.repeat(pose()[None], frames, axis=0)
    lame = generator.integers(2)
    for index, (side, own) in enumerate((("left", phase + 0.5), ("right", phase))):
        _leg(angles, side, own, style, running, style.limp if index == lame else 0.0)
        _arm(angles, side, own, style, running)
    _trunk(angles, phase, style, running, turn_rate)
    motion = replace(still(angles), turn_rate=turn_rate)
    if running:
        motion = replace(motion, airborne=(phase % 1.0 >= _RUN_STANCE) & ((phase + 0.5) % 1.0 >= _RUN_STANCE))
    return motion


def _leg(angles: np.ndarray, side: str, phase: np.ndarray, style: Style, running: bool, limp: float) -> None:
    """Hip, knee, ankle and toes of one leg."""
    rad, table = np.radians, _RUN if running else _WALK
    amplitude = style.legs * (1.0 - limp)
    mean = {"hip_flex": rad(13.0 if running else 7.0), "knee": rad(22.0 if running else 8.0), "ankle": 0.0, "toe": 0.0}
    power = {"hip_flex": 1.0, "knee": 0.7, "ankle": 0.6, "toe": 0.6}
    values = {
        name: mean[name] + amplitude ** power[name] * (periodic(table[name], phase) - mean[name]) for name in table
    }
    swing = np.exp(-0.5 * (((phase - 0.78 + 0.5) % 1.0 - 0.5) / 0.10) ** 2)
    bent = rad(style.crouch)
    values["hip_flex"] += 0.9 * bent + rad(style.lift) * swing + rad(0.5 * style.lean)
    values["knee"] += 1.7 * bent * (1 - 0.6 * swing) + 1.25 * rad(style.lift) * swing
    values["ankle"] += 0.8 * bent - rad(style.tiptoe) * (1 - 0.5 * swing)
    values["toe"] += rad(style.tiptoe)
    # the pelvis moves over the foot that stands: a step about 10 cm wide
    over = np.sin(2 * np.pi * phase + 0.6)
    values["hip_abd"] = rad(-1.0 + style.width - 2.2 * style.sway * over)
    values["hip_rot"] = rad(-style.toe_out) + 0.0 * phase
    for name, value in values.items():
        angles[:, INDEX[f"{side}_{name}"]] = value


def _arm(angles: np.ndarray, side: str, phase: np.ndarray, style: Style, running: bool) -> None:
    """The arm swings against the leg of its side (Murray 1967: 24 degrees back to 8 forward)."""
    rad = np.radians
    ahead = -np.cos(2 * np.pi * (phase - 0.03))
    middle, amplitude = (-14.0, 22.0) if running else (-6.0, 15.0)
    angles[:, INDEX[f"{side}_arm_flex"]] = rad(middle + style.arm_swing * amplitude * ahead)
    angles[:, INDEX[f"{side}_arm_abd"]] = rad(style.arm_out - 2.0 * style.arm_swing * ahead)
    angles[:, INDEX[f"{side}_arm_rot"]] = rad((22.0 if running else 10.0) + 6.0 * style.arm_swing * ahead)
    lag = -np.cos(2 * np.pi * (phase - 0.07))
    angles[:, INDEX[f"{side}_elbow"]] = rad(style.elbow + 0.5 * style.elbow_swing * lag)


def _trunk(angles: np.ndarray, phase: np.ndarray, style: Style, running: bool, turn_rate: np.ndarray) -> None:
    """Pelvis, spine and head; legs are corrected for what the pelvis does, so that feet keep their direction."""
    rad = np.radians
    over, front = np.sin(2 * np.pi * phase + 0.6), np.cos(2 * np.pi * phase)
    bank = np.clip(turn_rate * (0.30 if running else 0.13), -0.35, 0.35)
    roll = rad(3.6) * style.sway * over
    yaw = rad(5.0) * style.twist * style.legs * front * np.sign(style.stride_hz)
    turn = -rad(11.0 if not running else 15.0) * style.twist * style.legs * front * np.sign(style.stride_hz)
    bob = np.cos(4 * np.pi * phase + 0.5)
    angles[:, INDEX["pelvis_roll"]] = roll + bank
    angles[:, INDEX["pelvis_yaw"]] = yaw
    angles[:, INDEX["pelvis_pitch"]] = rad(0.5 * style.lean + 1.2 * bob)
    angles[:, INDEX["spine_flex"]] = rad(0.5 * style.lean + style.stoop + 1.5 * bob)
    angles[:, INDEX["spine_side"]] = -1.15 * roll - 0.15 * bank - rad(1.0) * (style.sway - 1.0) * over
    angles[:, INDEX["spine_turn"]] = turn + 0.10 * turn_rate
    angles[:, INDEX["neck_turn"]] = -0.8 * (yaw + turn) + 0.18 * turn_rate
    angles[:, INDEX["neck_flex"]] = rad(4.0 - 0.45 * style.lean - 0.55 * style.stoop)
    angles[:, INDEX["neck_side"]] = -0.5 * bank
    for side, sign in (("left", 1.0), ("right", -1.0)):
        angles[:, INDEX[f"{side}_hip_abd"]] += sign * roll
        angles[:, INDEX[f"{side}_hip_rot"]] += sign * yaw


def wandering(generator: np.random.Generator, frames: int, strength: float) -> np.ndarray:
    """(T,) rad/s of a path: mostly nearly straight, at times a bend one way or the other."""
    rate = 0.12 * strength * smooth_noise(generator, frames, 1, 0.1, 0.4)[:, 0]
    if generator.uniform() < 0.55:
        rate = rate + generator.normal() * 0.45 * strength
    if generator.uniform() < 0.35:
        centre, width = generator.uniform(0.1, 0.9) * frames, generator.uniform(8, 22)
        angle = generator.uniform(0.5, 2.6) * generator.choice([-1, 1]) * strength
        bump = np.exp(-0.5 * ((np.arange(frames) - centre) / width) ** 2)
        rate = rate + angle * FPS * bump / (width * np.sqrt(2 * np.pi))
    return rate


def walk(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """An ordinary walk."""
    return gait(generator, frames, natural_walk(generator), False, wandering(generator, frames, 1.0))


def styled_walk(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A walk with habits."""
    return gait(generator, frames, odd_walk(generator), False, wandering(generator, frames, 0.8))


def run(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A jog or a run, at times round a wide bend."""
    bend = generator.choice([-1, 1]) * generator.uniform(0.5, 1.1) * (generator.uniform() < 0.4)
    return gait(generator, frames, jog_or_run(generator), True, wandering(generator, frames, 0.6) + bend)


def turn(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Turning on the spot with small steps, to and fro."""
    style = replace(natural_walk(generator), lift=generator.uniform(6, 22), stride_hz=generator.uniform(0.7, 1.1))
    style = replace(style, legs=0.25, arm_swing=0.3 * style.arm_swing, width=generator.uniform(0, 5))
    rate = generator.uniform(0.8, 2.6) * generator.choice([-1, 1])
    course = np.tanh(2 * smooth_noise(generator, frames, 1, 0.1, 0.35)[:, 0] + generator.normal())
    return gait(generator, frames, style, False, rate * course)


def sidestep(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Steps to one side, the body square: the leading foot goes out, the other follows."""
    u = generator.uniform
    phase = u() + np.cumsum(np.full(frames, u(0.7, 1.5))) / FPS
    apart, low, lean = u(12, 26), u(4, 22), u(0, 18)
    angles = np.repeat(pose(arm_abd=u(8, 35), arm_flex=u(-5, 35), elbow=u(15, 85))[None], frames, axis=0)
    spread = np.radians(3.0 + apart * 0.5 * (1 - np.cos(2 * np.pi * phase)))
    for side, own in (("left", phase), ("right", phase + 0.5)):
        lifted = np.radians(u(10, 22)) * np.maximum(np.sin(2 * np.pi * own), 0.0) ** 2
        angles[:, INDEX[f"{side}_hip_abd"]] = spread
        angles[:, INDEX[f"{side}_hip_flex"]] = np.radians(0.9 * low + 0.5 * lean) + lifted
        angles[:, INDEX[f"{side}_knee"]] = np.radians(4 + 1.8 * low) + 2.0 * lifted
        angles[:, INDEX[f"{side}_ankle"]] = np.radians(0.9 * low) + 0.6 * lifted
        angles[:, INDEX[f"{side}_ankle_inv"]] = -0.8 * spread + np.radians(3.0)
    sway = np.cos(2 * np.pi * phase)
    angles[:, INDEX["pelvis_pitch"]] = np.radians(0.5 * lean)
    angles[:, INDEX["spine_flex"]] = np.radians(0.5 * lean + 3)
    angles[:, INDEX["spine_side"]] = np.radians(u(0, 5)) * sway
    angles[:, INDEX["neck_flex"]] = np.radians(-0.5 * lean)
    return still(angles)
