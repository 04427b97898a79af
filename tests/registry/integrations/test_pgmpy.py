"""The quick test as pgmpy calls it, and in its own search."""

from __future__ import annotations

import pytest
from known_graphs import EDGES, collider_and_chain

from mmg_registry.integrations.pgmpy import QuickTest

pandas = pytest.importorskip("pandas", reason="pandas is not installed")


def frame() -> object:
    return pandas.DataFrame(collider_and_chain(), columns=list("abcd"))


def test_it_says_whether_columns_are_independent_and_keeps_p() -> None:
    test = QuickTest(frame(), permutations=199)
    assert test("a", "b")
    assert not test("a", "b", ["c"])
    assert test.p_value_ < 0.05


def test_pc_finds_the_skeleton_of_a_known_graph() -> None:
    search = pytest.importorskip("pgmpy.causal_discovery", reason="pgmpy is not installed", exc_type=ImportError)
    found = search.PC(ci_test=QuickTest(frame(), permutations=199), return_type="pdag", show_progress=False).fit(
        frame()
    )
    edges = {frozenset("abcd".index(each) for each in edge[:2]) for edge in found.causal_graph_.edges()}
    assert edges == EDGES
