"""The suite of pairs with labels, counts or zeros."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mmg_registry.samplers.contract import Sampler
from mmg_registry.samplers.discrete.channels import binary_symmetric, rerolled, two_texts, z_channel
from mmg_registry.samplers.discrete.counts import counts_of_counts, poisson_population, zero_inflated_poisson
from mmg_registry.samplers.discrete.dropout import dropout
from mmg_registry.samplers.discrete.groups import clusters, named_groups, two_arms, uniform_ladder
from mmg_registry.samplers.discrete.levels import ordinal, quantised_normal
from mmg_registry.samplers.discrete.sequences import sequences
from mmg_registry.samplers.discrete.spins import ising
from mmg_registry.samplers.null import independent_pair, independent_texts

Family = Callable[[], list[Sampler]]


def _quantised() -> list[Sampler]:
    return [quantised_normal(dim, levels) for dim in (1, 2) for levels in (3, 5, 12)]


def _counts() -> list[Sampler]:
    inflated = [zero_inflated_poisson(zeros) for zeros in (0, 0.15, 0.5)]
    return [*inflated, counts_of_counts(), poisson_population(1), poisson_population(4, peak=4.0)]


def _independent() -> list[Sampler]:
    alike = [
        independent_pair(kind, kind, dim) for kind, dim in (("category", 1), ("binary", 5), ("count", 5), ("zeros", 5))
    ]
    return [*alike, independent_pair("category", "normal", 5), independent_texts()]


FAMILIES: dict[str, Family] = {
    "channel": lambda: [binary_symmetric(), z_channel(), rerolled(), sequences()],
    "quantised": _quantised,
    "label": lambda: [uniform_ladder(), clusters(2), clusters(20, seed=1), two_arms()],
    "count": _counts,
    "dropout": lambda: [dropout(both=False), dropout(both=True)],
    "spins": lambda: [ising(4, 4), ising(8, 8, coupling=0.35)],
    "ordinal": lambda: [ordinal()],
    "text": lambda: [named_groups(), two_texts()],
    "independent": _independent,
}


@lru_cache(maxsize=1)
def discrete_pairs() -> dict[str, list[Sampler]]:
    """Return the pairs by family, made when first asked for: their true values take half a second.

    Example:
        >>> [pair.name for pair in discrete_pairs()["dropout"]]
        ['dropout-one-0.7', 'dropout-both-0.7']
    """
    return {family: make() for family, make in FAMILIES.items()}
