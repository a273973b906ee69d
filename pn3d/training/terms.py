"""Weighted terms, summed once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Terms = dict[str, jax.Array]
"""Name -> scalar, not weighted."""
Weighted = dict[str, tuple[float, Callable[..., jax.Array], *tuple[Any, ...]]]
"""Name -> weight, a function of ``pn3d.losses``, and what it is called with."""


def sum_terms(weighted: Weighted) -> tuple[jax.Array, Terms]:
    """The weighted sum and the unweighted terms. A weight of 0 leaves its term out of the graph."""
    terms = {name: term(*arrays) for name, (weight, term, *arrays) in weighted.items() if weight}
    total = sum((weighted[name][0] * value for name, value in terms.items()), jnp.zeros(()))
    return total, terms


def logged(total_name: str, total: jax.Array, terms: Terms) -> Terms:
    """Terms under the names that logs give them."""
    return {f"loss/{total_name}": total} | {f"loss/{name}": value for name, value in terms.items()}
