"""The quick test in causal-learn's own search."""

from __future__ import annotations

import numpy as np
import pytest
from known_graphs import EDGES, collider_and_chain

pytest.importorskip("causallearn", reason="causal-learn is not installed", exc_type=ImportError)

from mmg_registry.integrations import causal_learn


def test_pc_finds_the_skeleton_of_a_known_graph() -> None:
    from causallearn.search.ConstraintBased.PC import pc

    causal_learn.register("mmg", permutations=199)
    found = pc(collider_and_chain(), indep_test="mmg", show_progress=False).G.graph
    assert {frozenset(pair) for pair in np.argwhere(found != 0).tolist()} == EDGES


def test_a_test_of_the_same_columns_is_made_once() -> None:
    from causallearn.utils.cit import CIT

    causal_learn.register("mmg", permutations=99, seed=3)
    test = CIT(collider_and_chain(), "mmg")
    assert test(0, 3, [2]) == test(3, 0, [2])
    assert test(0, 3) < 0.05 < test(0, 1)
