"""How far people turn each joint away from rest, as a soft prior for what 2D joints show badly or not at all.

A skeleton of 17 points leaves much of a body's pose open: how a bend is shared out over three spine joints, clavicle
and shoulder, and how an upper arm twists while its elbow's hinge leans. Elbows and knees are hinges, so pulling their
turns about other axes to rest makes the plane in which they bend show the twist of the limb above.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.body.joint_turns import about_axes

_SPREAD_RAD = np.radians(about_axes("spread")).astype(np.float32)
"""About body x, y, z in the components of ``limits.components_rad``."""


def relative_turns(angles_rad: Float[Array, "*N 24 3"]) -> Float[Array, "*N 24 3"]:
    """Turns away from rest over their human spread. (*, 24, 3) `limits.components_rad` -> (*, 24, 3), no unit."""
    return angles_rad / jnp.asarray(_SPREAD_RAD, angles_rad.dtype).reshape((1,) * (angles_rad.ndim - 2) + (24, 3))
