"""The suite of pairs with labels, counts or zeros."""

from __future__ import annotations

import math

from mmg_registry.samplers import discrete_pairs


def test_names_are_unique_and_informations_what_labels_can_have() -> None:
    pairs = [pair for family in discrete_pairs().values() for pair in family]
    assert len({pair.name for pair in pairs}) == len(pairs) >= 24
    assert all(math.isfinite(pair.true_mi) and 0 <= pair.true_mi < 6 for pair in pairs)


def test_the_independent_pairs_are_the_only_ones_without_information() -> None:
    for family, pairs in discrete_pairs().items():
        assert all((pair.true_mi == 0) == (family == "independent") for pair in pairs)
