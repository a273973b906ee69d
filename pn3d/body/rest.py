"""How far people turn each joint away from rest, as a soft prior for what 2D joints show badly or not at all.

A skeleton of 17 points leaves much of a body's pose open: how a bend is shared out over three spine joints, clavicle
and shoulder, and how an upper arm twists while its elbow's hinge leans. Elbows and knees are hinges, so pulling their
turns about other axes to rest makes the plane in which they bend show the twist of the limb above.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry.skeleton import SMPL24

_ANY = 1e6
"""Degrees; no prior."""

SPREAD_DEG: dict[str, tuple[float, float, float]] = {
    "pelvis": (_ANY, _ANY, _ANY),
    "hip": (90.0, 30.0, 45.0),
    "knee": (_ANY, 6.0, 6.0),
    "ankle": (20.0, 15.0, 15.0),
    "foot": (15.0, 10.0, 10.0),
    "spine1": (12.0, 10.0, 10.0),
    "spine2": (12.0, 10.0, 10.0),
    "spine3": (12.0, 10.0, 10.0),
    "neck": (15.0, 15.0, 12.0),
    "head": (15.0, 15.0, 12.0),
    "collar": (12.0, 12.0, 12.0),
    "shoulder": (60.0, 90.0, 120.0),
    "elbow": (6.0, _ANY, 6.0),
    "wrist": (20.0, 20.0, 20.0),
    "hand": (20.0, 20.0, 20.0),
}
"""Spread about body x, y, z in the components of ``limits.components_rad``, degrees; same left and right. Our choice:
about the standard deviation over everyday movement; hinges get the play of a healthy joint."""

_SPREAD_RAD = np.radians([SPREAD_DEG[name.split("_")[-1]] for name in SMPL24.joints]).astype(np.float32)


def relative_turns(angles_rad: Float[Array, "*N 24 3"]) -> Float[Array, "*N 24 3"]:
    """Turns away from rest over their human spread. (*, 24, 3) `limits.components_rad` -> (*, 24, 3), no unit."""
    return angles_rad / jnp.asarray(_SPREAD_RAD, angles_rad.dtype).reshape((1,) * (angles_rad.ndim - 2) + (24, 3))
