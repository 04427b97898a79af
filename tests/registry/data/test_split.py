"""Splits: disjoint, complete, seeded, with groups whole and with gaps kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmg_registry.data.split import away_from, blocks, coded, folds, hold_out
from mmg_registry.errors import DataError, OptionError

ROWS = st.integers(2, 300)
SEEDS = st.integers(0, 2**63 - 1)
SHARES = st.floats(0.001, 0.999)


@st.composite
def grouped(draw: st.DrawFn, least: int = 2) -> np.ndarray:
    """Numbers of groups for some rows, of any sizes, in any order."""
    sizes = draw(st.lists(st.integers(1, 20), min_size=least, max_size=30))
    numbers = np.repeat(draw(st.permutations(range(len(sizes)))), sizes)
    return np.random.default_rng(draw(SEEDS)).permutation(numbers)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, math.nan, "half"])
def test_a_share_out_of_range_is_refused_by_the_sentence_of_all_options(fraction: Any) -> None:
    with pytest.raises(OptionError, match=r"^The option 'fraction' is .* and must be between 0 and 1, e\.g\. 0\.2\.$"):
        hold_out(10, fraction, seed=0)


def covers(parts: list[np.ndarray], n: int) -> bool:
    return np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def apart(parts: list[np.ndarray], groups: np.ndarray) -> bool:
    return sum(len(np.unique(groups[part])) for part in parts) == len(np.unique(groups))


@given(n=ROWS, fraction=SHARES, seed=SEEDS)
def test_a_split_has_the_asked_size_and_all_rows_once(n: int, fraction: float, seed: int) -> None:
    parts = hold_out(n, fraction, seed)
    assert covers(list(parts), n)
    assert len(parts[1]) == min(max(round(n * fraction), 1), n - 1)
    assert all(np.all(np.diff(part) > 0) for part in parts)


@given(groups=grouped(), fraction=SHARES, seed=SEEDS)
def test_a_split_keeps_groups_whole(groups: np.ndarray, fraction: float, seed: int) -> None:
    parts = list(hold_out(len(groups), fraction, seed, groups))
    assert covers(parts, len(groups))
    assert apart(parts, groups)
    assert min(map(len, parts)) > 0
    largest = int(coded(groups)[1].max())
    assert abs(len(parts[1]) - min(max(round(len(groups) * fraction), 1), len(groups) - 1)) <= largest


@given(n=ROWS, k=st.integers(1, 12), seed=SEEDS)
def test_folds_cover_all_rows_in_equal_shares(n: int, k: int, seed: int) -> None:
    parts = folds(n, k, seed)
    assert covers(parts, n)
    sizes = [len(part) for part in parts]
    assert (len(parts), max(sizes) - min(sizes) <= 1) == (k, True)


@given(groups=grouped(least=5), k=st.integers(2, 5), seed=SEEDS)
def test_folds_keep_groups_whole_and_differ_by_the_largest_at_most(groups: np.ndarray, k: int, seed: int) -> None:
    parts = folds(len(groups), k, seed, groups)
    assert covers(parts, len(groups))
    assert apart(parts, groups)
    sizes = [len(part) for part in parts]
    assert 0 < min(sizes) >= max(sizes) - int(coded(groups)[1].max())


@given(n=ROWS, length=st.integers(1, 400))
def test_blocks_are_stretches_of_at_least_the_length(n: int, length: int) -> None:
    labels = blocks(n, length)
    _, sizes = coded(labels)
    assert np.all(np.diff(labels) >= 0)
    assert len(labels) == n
    assert len(sizes) == max(1, n // length)
    assert min(sizes) >= min(length, n)
    assert max(sizes) < 2 * length or len(sizes) == 1


@given(n=st.integers(20, 300), gap=st.integers(0, 3), seed=SEEDS)
def test_a_gap_is_kept_on_both_sides(n: int, gap: int, seed: int) -> None:
    rows, evaluated = hold_out(n, 0.1, seed, blocks(n, max(2, n // 10)))
    kept = away_from(rows, evaluated, gap)
    assert np.abs(kept[:, None] - evaluated).min() > gap
    assert np.abs(np.setdiff1d(rows, kept)[:, None] - evaluated).min(initial=0) <= gap
    assert np.array_equal(kept, np.intersect1d(kept, rows))


def test_the_seed_decides() -> None:
    groups = np.arange(100) // 4
    for more in ((), (groups,)):
        assert np.array_equal(hold_out(100, 0.2, 1, *more)[1], hold_out(100, 0.2, 1, *more)[1])
        assert not np.array_equal(hold_out(100, 0.2, 1, *more)[1], hold_out(100, 0.2, 2, *more)[1])
        assert not np.array_equal(folds(100, 5, 1, *more)[0], folds(100, 5, 2, *more)[0])


def test_rows_without_groups_are_split_as_ever() -> None:
    """The same seed held out these rows in every version so far."""
    assert hold_out(20, 0.2, seed=0)[1].tolist() == [2, 4, 6, 19]


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match="There is only 1 group or block of rows, too few for a split"):
        hold_out(10, 0.2, 0, np.zeros(10, dtype=int))
    with pytest.raises(DataError, match="There are only 3 groups or blocks of rows, too few for 5 folds"):
        folds(9, 5, 0, np.arange(9) // 3)


def test_a_gap_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="leave no rows to fit on; give shorter ones with --blocks"):
        away_from(np.array([0, 1, 5]), np.array([2, 3, 4]), gap=2)
