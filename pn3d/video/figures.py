"""The people of a video as the overlay draws them: vertices and joints in the camera, at any time of the video."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.model import BodyModel
from pn3d.detectors.filling import SHORT_GAP_SECONDS
from pn3d.detectors.records import Person
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.runs import runs
from pn3d.inference.camera_path import camera_to_world
from pn3d.inference.predict import Prediction
from pn3d.video.rasterise import Surface

CHUNK = 32  # frames whose vertices are made at once
COLOURS = (
    (0.95, 0.76, 0.40),
    (0.42, 0.72, 0.95),
    (0.62, 0.86, 0.50),
    (0.93, 0.55, 0.62),
    (0.74, 0.62, 0.95),
    (0.45, 0.86, 0.82),
    (0.98, 0.62, 0.30),
    (0.80, 0.80, 0.80),
)
"""RGB of the people in their order; from the ninth on they repeat."""


@dataclass
class Figure:
    """One person's predicted motion, placed on the frames of a video. T frames of the clip.

    Attributes:
        body: whose surface is drawn.
        colour: RGB in [0, 1].
        first: frame of the video's time line at which the clip begins.
        shown: (T,) bool; not shown is a person who was out of sight for long.
        poses_cam: (T, 24, 3) axis-angle.
        betas: (S,).
        transl_cam_m: (T, 3).
        joints_cam_m: (T, 17, 3) the student's data-set joints.
        reprojected_px: (T, 17, 2) their picture.
        intrinsics: (fx, fy, cx, cy) px.
        turn: (T, 3, 3), and ``shift_m`` (T, 3): camera axes -> the clip's upright world.
    """

    body: BodyModel
    colour: tuple[float, float, float]
    first: int
    shown: np.ndarray
    poses_cam: np.ndarray
    betas: np.ndarray
    transl_cam_m: np.ndarray
    joints_cam_m: np.ndarray
    reprojected_px: np.ndarray
    intrinsics: np.ndarray
    turn: np.ndarray
    shift_m: np.ndarray
    _made: tuple[int, np.ndarray] = field(default=(-1, np.zeros(0)), repr=False)

    def place(self, time: float) -> tuple[int, int, float] | None:
        """Frames of the clip before and after a time (in frames of the time line), and the share of the later one.

        None where the person is not there.
        """
        at = time - self.first
        before = int(np.floor(at + 1e-6))
        if not 0 <= before < len(self.shown) or not self.shown[before]:
            return None
        share = max(at - before, 0.0)
        after = min(before + (share > 1e-3), len(self.shown) - 1)
        return before, after, share

    def vertices_cam_m(self, place: tuple[int, int, float]) -> np.ndarray:
        """(V, 3) float32 at a place."""
        before, after, share = place
        one = self._vertices(before)
        return one if after == before else (1 - share) * one + share * self._vertices(after)

    def _vertices(self, frame: int) -> np.ndarray:
        chunk = frame // CHUNK
        if self._made[0] != chunk:
            rows = np.minimum(np.arange(chunk * CHUNK, (chunk + 1) * CHUNK), len(self.shown) - 1)
            points = _skinned(self.body, self.betas, self.poses_cam[rows], self.transl_cam_m[rows])
            self._made = (chunk, np.asarray(points))
        return self._made[1][frame % CHUNK]


@jax.jit
def _skinned(body: BodyModel, betas: jax.Array, poses: jax.Array, transl_m: jax.Array) -> jax.Array:
    shape = jnp.broadcast_to(betas, (len(poses), *betas.shape))
    return body_model.vertices(body, shape, axis_angle_to_matrix(poses), transl_m)


def make_figures(
    predictions: Sequence[tuple[Prediction, int]], people: Sequence[Person], body: BodyModel
) -> list[Figure]:
    """Figures of people of one video.

    Args:
        predictions: of each person, a prediction with a student and the number of the person's clip in it.
        people: the same people as detected, which say in which frames they are.
        body: the student's.
    """
    figures = []
    for number, ((prediction, clip), person) in enumerate(zip(predictions, people, strict=True)):
        part = slice(int(prediction.clip_start[clip]), int(prediction.clip_start[clip + 1]))
        own = {name: np.asarray(getattr(prediction, name))[part] for name in _ARRAYS}
        to_world = camera_to_world(prediction, part)
        intrinsics = np.asarray(prediction.intrinsics)
        figures.append(
            Figure(
                body=body,
                colour=COLOURS[number % len(COLOURS)],
                first=int(person.frames[0]),
                shown=_shown(person),
                poses_cam=own["poses_cam"],
                betas=np.asarray(prediction.betas)[clip],
                transl_cam_m=own["transl_cam_m"],
                joints_cam_m=own["joints_cam_m"],
                reprojected_px=own["reprojected_px"],
                intrinsics=intrinsics[clip] if intrinsics.ndim == 2 else intrinsics,
                turn=to_world[:, :3, :3],
                shift_m=to_world[:, :3, 3],
            )
        )
    return figures


_ARRAYS = ("poses_cam", "transl_cam_m", "joints_cam_m", "reprojected_px")


def surface_of(body: BodyModel) -> Surface:
    """The body's triangles, ready to be shaded."""
    return Surface.of(np.asarray(body.faces), body.num_vertices)


def _shown(person: Person) -> np.ndarray:
    """(T,) bool: detected, or in a gap of at most half a second."""
    shown = np.ones(len(person.filled), bool)
    for begin, end in runs(person.filled):
        if end - begin > SHORT_GAP_SECONDS * person.video.fps:
            shown[begin:end] = False
    return shown
