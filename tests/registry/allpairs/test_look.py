"""The screen of all pairs: that it finds what is there, and that its p-values are of one law whatever the tiles."""

from __future__ import annotations

import numpy as np

from mmg_registry.allpairs.columns import ColumnRows
from mmg_registry.allpairs.look import look
from mmg_registry.data import as_pair
from mmg_registry.request import Request


def columns(n: int = 300) -> ColumnRows:
    rng = np.random.default_rng(1)
    x, e, u, v = rng.standard_normal((4, n))
    label = (x + e > 0).astype(float)
    table = np.stack([u, x, x**2 + 0.2 * e, label, v, rng.poisson(2.0, n)], axis=1)
    return ColumnRows.of(as_pair(table, table), {"x3": "category"}, False)


def test_what_depends_is_found_and_nothing_else() -> None:
    found = look(columns(), Request(blocks="none"), 0.01, "independent", 100)
    first = set(zip(found.i[: found.found].tolist(), found.j[: found.found].tolist(), strict=True))
    assert first == {(1, 2), (1, 3), (2, 3)} or first == {(1, 2), (1, 3)}
    assert found.n_pairs == 15
    assert (found.i < found.j).all()
    assert np.all(np.diff(found.p) >= 0)
    assert np.all(np.diff(found.q) >= 0)


def test_dependent_false_discoveries_are_no_fewer() -> None:
    one, other = (look(columns(), Request(blocks="none"), 0.05, fdr, 100) for fdr in ("independent", "dependent"))
    assert (other.q >= one.q).all()
    assert (other.q > one.q).any()


def test_two_series_are_tested_by_shifts_and_not_by_the_law_of_independent_rows() -> None:
    walks = np.random.default_rng(3).standard_normal((400, 2)).cumsum(axis=0)
    rows = ColumnRows.of(as_pair(walks, walks), {}, False)
    assert rows.remembering == {0, 1}
    assert look(rows, Request(blocks="none"), 0.05, "independent", 1).p[0] < 1e-6
    assert look(rows, Request(), 0.05, "independent", 1).p[0] > 0.001


def test_few_rows_are_tested_pair_by_pair() -> None:
    x, noise, other = np.random.default_rng(0).standard_normal((3, 40))
    table = np.stack([x, other, x + 0.1 * noise], axis=1)
    rows = ColumnRows.of(as_pair(table, table), {}, False)
    found = look(rows, Request(blocks="none"), 0.05, "independent", 3)
    assert (found.i[0], found.j[0], found.found) == (0, 2, 1)
    assert 0 < found.p[0] <= 0.01
