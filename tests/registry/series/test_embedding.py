"""Embeddings by hand: which rows there are, what stands in their columns, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.series.embedding import Reach, columns_at, left_out, rows_of
from mmg_registry.series.recording import Recording, of_arrays

LONG = np.arange(100.0)


def two(trial: object = None, time: object = None, **values: np.ndarray) -> Recording:
    return of_arrays({"x": LONG, "y": 1000 + LONG, **values}, time=time, trial=trial)


def test_columns_hold_the_source_at_its_lag_and_the_past() -> None:
    series = two()
    rows = rows_of(series, Reach(lags=(2, 5), own=3))
    assert rows.tolist() == list(range(5, 100))
    columns, names = columns_at(series, rows, [("x", 2), ("x", 5), ("y", 0), ("y", 1), ("y", 3)])
    assert names == ("x[t-2]", "x[t-5]", "y[t]", "y[t-1]", "y[t-3]")
    assert columns[0].tolist() == [3.0, 0.0, 1005.0, 1004.0, 1002.0]
    assert columns[-1].tolist() == [97.0, 94.0, 1099.0, 1098.0, 1096.0]


def test_a_negative_lag_looks_ahead() -> None:
    series = two()
    rows = rows_of(series, Reach(lags=(-3, 0)))
    assert (rows[0], rows[-1]) == (0, 96)
    assert columns_at(series, rows, [("x", -3)])[0][0, 0] == 3.0


def test_trials_are_not_joined() -> None:
    rows = rows_of(two(trial=np.repeat([0, 1, 2, 3], 25)), Reach(lags=(4,), own=2))
    assert rows.tolist() == [start + k for start in (0, 25, 50, 75) for k in range(4, 25)]


def test_a_gap_is_not_joined_and_lags_across_it_count_time() -> None:
    time = np.where(LONG < 50, LONG, LONG + 3)  # 47, 48, 49, then 53, 54, ..
    series = two(time=time)
    rows = rows_of(series, Reach(lags=(4,)))
    assert rows.tolist() == [*range(4, 51), *range(54, 100)]  # 53 has 49 four steps before it; 54, 55, 56 have none
    assert columns_at(series, np.array([50]), [("x", 4)])[0].tolist() == [[49.0]]


def test_a_missing_value_takes_out_the_rows_that_reach_it() -> None:
    x = LONG.copy()
    x[40] = np.nan
    series = two(x=x)
    reach = Reach(lags=(1, 3), own=1)
    rows = rows_of(series, reach)
    assert sorted(set(range(3, 100)) - set(rows.tolist())) == [41, 43]
    assert left_out(series, rows, reach) == [
        "1 of 100 rows misses a value, and every row whose lags or history reach it is left out: 95 remain."
    ]


def test_short_trials_are_left_out_with_a_word() -> None:
    trial = np.array([0] * 90 + [1] * 10)
    reach = Reach(lags=(20,))
    rows = rows_of(two(trial=trial), reach)
    assert rows.tolist() == list(range(20, 90))
    (told,) = left_out(two(trial=trial), rows, reach)
    assert told.startswith("1 of 2 trials is shorter than 21 steps")


@pytest.mark.parametrize(
    ("trial", "reach", "said"),
    [
        (None, Reach(lags=(100,)), r"reach over 101 steps of time, which is longer than the series of .* \(100 rows\)"),
        (np.repeat([0, 1], 50), Reach(lags=(60,)), r"longer than every trial of the series \(50 rows\)"),
        (np.arange(100), Reach(lags=(1,)), r"longer than every trial of the series \(1 row\)"),
        (None, Reach(lags=(70,)), "Only 30 of the 100 rows of the series have all that belongs to them"),
        (np.repeat(np.arange(20), 5), Reach(lags=(3,)), "Only 40 of the 100 rows"),
    ],
)
def test_what_is_too_long_or_too_few_is_refused(trial: object, reach: Reach, said: str) -> None:
    with pytest.raises(DataError, match=said):
        rows_of(two(trial=trial), reach)


def test_a_column_that_is_mostly_missing_is_named() -> None:
    with pytest.raises(DataError, match="90 miss a value of 'x': fill them"):
        rows_of(two(x=np.where(np.arange(100) < 10, 1.0, np.nan)), Reach(lags=(1,)))


@pytest.mark.parametrize(
    ("reach", "longest"),
    [(Reach((3,)), 4), (Reach((-2, 3)), 6), (Reach((-2,)), 3), (Reach((1,), own=5), 6), (Reach((1,), 2, 7), 8)],
)
def test_the_reach_counts_both_ends(reach: Reach, longest: int) -> None:
    assert reach.longest == longest
