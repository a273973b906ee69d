"""Clipped Adam: optax's numbers and state, in as few passes over memory as a step can do with."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from pn3d.lifting.lifters import Params


class ClippedAdam(NamedTuple):
    """``as_optax`` with its update written out, for chained transformations read every array twice as often.

    Attributes:
        schedule: learning rate by the number of updates done.
        b1: decay of the mean of gradients.
        b2: decay of the mean of their squares.
        clip_norm: longer gradients of a player are shortened to this.
    """

    schedule: optax.Schedule
    b1: float
    b2: float
    clip_norm: float

    @property
    def as_optax(self) -> optax.GradientTransformation:
        """The transformation whose state this one keeps, and whose updates it makes up to rounding."""
        return optax.chain(
            optax.clip_by_global_norm(self.clip_norm), optax.adam(self.schedule, b1=self.b1, b2=self.b2, eps=_EPS)
        )

    def init(self, params: Params) -> Any:
        """The state before the first update."""
        return self.as_optax.init(params)

    def move(
        self, params: Params, gradients: Params, norm: jax.Array, state: Any, due: jax.Array
    ) -> tuple[Params, Any, jax.Array]:
        """One update, or none.

        Args:
            params: what moves.
            gradients: by it.
            norm: () theirs.
            state: of ``init`` or of the last update.
            due: () bool; parameters and state stay bit by bit as they are where it is false.

        Returns:
            Parameters and state afterwards, and the norm of the update.
        """
        clipping, (adam, scheduled) = state
        factor = jnp.where(norm < self.clip_norm, 1.0, self.clip_norm / norm)
        clipped = optax.tree.scale(factor, gradients)
        mu = optax.tree.where(due, optax.tree.update_moment(clipped, adam.mu, self.b1, 1), adam.mu)
        nu = optax.tree.where(due, optax.tree.update_moment_per_elem_norm(clipped, adam.nu, self.b2, 2), adam.nu)
        # Whoever reads the new moments reads these; otherwise XLA makes them again from copies of the old ones.
        mu, nu = jax.lax.optimization_barrier((mu, nu))
        count = adam.count + 1
        unbias_mu, unbias_nu = (1.0 / (1.0 - b ** count.astype(jnp.float32)) for b in (self.b1, self.b2))
        direction = jax.tree.map(lambda m, v: unbias_mu * m / (jnp.sqrt(unbias_nu * v) + _EPS), mu, nu)
        direction = jax.lax.optimization_barrier(direction)
        rate = self.schedule(scheduled.count)
        moved = optax.tree.where(due, optax.tree.add_scale(params, -rate, direction), params)
        counts = optax.tree.where(due, (count, scheduled.count + 1), (adam.count, scheduled.count))
        adam, scheduled = adam._replace(count=counts[0], mu=mu, nu=nu), scheduled._replace(count=counts[1])
        return moved, (clipping, (adam, scheduled)), rate * optax.tree.norm(direction)


_EPS = 1e-8
