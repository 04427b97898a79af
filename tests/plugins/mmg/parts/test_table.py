"""Counted labels."""

from __future__ import annotations

import numpy as np
import pytest
from labelled import channel, channel_mi, column

from mmg_plugins.columns import PairParts
from mmg_plugins.mmg.parts.links import Sample
from mmg_plugins.mmg.parts.table import LabelTable
from mmg_plugins.mmg.thresholds import ROWS_A_CELL


def test_training_and_evaluation_rows_are_counted_together() -> None:
    x, y = channel(3_000)
    sides = PairParts.of(x, y)
    whole = LabelTable.of(sides, Sample(x[:2_000], y[:2_000])).estimate(sides, Sample(x[2_000:], y[2_000:]))
    other = LabelTable.of(sides, Sample(x[:1_000], y[:1_000])).estimate(sides, Sample(x[1_000:], y[1_000:]))
    assert whole.mi == pytest.approx(other.mi, abs=1e-12)
    assert whole.mi == pytest.approx(channel_mi(), abs=0.04)
    assert whole.pointwise is not None
    assert whole.pointwise.shape == (1_000,)
    assert whole.pointwise.mean() == pytest.approx(whole.mi)


@pytest.mark.parametrize(("rows", "small"), [(25 * ROWS_A_CELL, True), (25 * ROWS_A_CELL - 1, False)])
def test_a_table_is_small_for_its_rows(rows: int, small: bool) -> None:
    x, y = column(np.arange(rows) % 5), column(np.arange(rows) // 5 % 5)
    assert LabelTable.of(PairParts.of(x, y), Sample(x, y)).is_small is small


def test_intervals_of_random_tables_hold_what_counts_cannot_know() -> None:
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.full(100, 0.5)).reshape(10, 10)
        cells = rng.choice(100, 100 * ROWS_A_CELL, p=shares.ravel())
        x, y = column(cells // 10), column(cells % 10)
        sides = PairParts.of(x, y)
        found = LabelTable.of(sides, Sample(x[:-50], y[:-50])).estimate(sides, Sample(x[-50:], y[-50:]))
        expected = shares.sum(1)[:, None] * shares.sum(0)
        truth = float(np.sum(shares[shares > 0] * np.log((shares / expected)[shares > 0])))
        held += abs(found.mi - truth) < 1.96 * (found.std_error or 0.0)
    assert held >= 35


def test_a_table_comes_back_from_its_arrays() -> None:
    x, y = channel(500)
    sides = PairParts.of(x, y)
    table = LabelTable.of(sides, Sample(x, y))
    assert LabelTable(**table.state()[0]).estimate(sides, Sample(x, y)) == table.estimate(sides, Sample(x, y))
