"""Lengths and directions of vectors, coordinates last, with finite gradients at zero, where masked joints sit."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def safe_norm(vectors: Float[Array, "*N C"], floor: float = 1e-8) -> Float[Array, "*N"]:
    """sqrt(|v|^2 + floor): the length, off by at most sqrt(floor), with a finite gradient at zero."""
    return jnp.sqrt(jnp.sum(vectors * vectors, axis=-1) + floor)


def safe_unit(vectors: Float[Array, "*N C"], floor: float = 1e-8) -> Float[Array, "*N C"]:
    """v / sqrt(|v|^2 + floor): the direction; zero stays zero."""
    return vectors * jax.lax.rsqrt(jnp.sum(vectors * vectors, axis=-1, keepdims=True) + floor)
