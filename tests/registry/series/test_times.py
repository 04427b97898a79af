"""Times become places: gaps count their steps, trials are apart, and what is no clock is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.series.times import APART, clock_places, seconds_of

ONE = np.zeros(6, dtype=np.int64)


def test_rows_without_times_follow_one_another_within_their_trial() -> None:
    order, places = clock_places(None, np.array([1, 0, 1, 0]))
    assert order.tolist() == [1, 3, 0, 2]
    assert places.tolist() == [0, 1, 1 + APART, 2 + APART]


def test_a_gap_counts_its_steps() -> None:
    _, places = clock_places(np.array([0.0, 10.0, 20.0, 70.0, 80.0, 90.0]), ONE)
    assert places.tolist() == [0, 1, 2, 7, 8, 9]


def test_months_are_steps_of_a_clock() -> None:
    months = np.arange("2023-01", "2023-07", dtype="datetime64[M]").astype("datetime64[D]")
    assert clock_places(seconds_of(months, "month"), ONE)[1].tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_out_of_order_are_put_in_order() -> None:
    order, places = clock_places(np.array([2.0, 0.0, 1.0, 5.0, 4.0, 3.0]), ONE)
    assert order.tolist() == [1, 2, 0, 5, 4, 3]
    assert places.tolist() == [0, 1, 2, 3, 4, 5]


def test_an_odd_stamp_breaks_the_series_there_and_nowhere_else() -> None:
    times = np.arange(60.0)
    times[30:] += 0.5
    _, places = clock_places(times, np.zeros(60, dtype=np.int64))
    steps = np.diff(places)
    assert steps[29] == APART
    assert set(np.delete(steps, 29)) == {1}


def test_times_without_a_step_are_refused() -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(size=200))
    with pytest.raises(DataError, match="The times 'stamp' have no regular step"):
        clock_places(times, np.zeros(200, dtype=np.int64), "stamp")


def test_two_rows_at_one_time_are_refused_but_not_in_two_trials() -> None:
    times = np.array([0.0, 1.0, 0.0, 1.0])
    with pytest.raises(DataError, match="Two rows of one trial have the same time"):
        clock_places(times, np.zeros(4, dtype=np.int64))
    assert clock_places(times, np.array([0, 0, 1, 1]))[1].tolist() == [0, 1, 1 + APART, 2 + APART]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (np.array(["2024-01-01", "soon"], dtype=object), "hold text that is no date, such as '2024-01-01'"),
        (np.array([0.0, np.nan]), "are missing in 1 of 2 rows"),
        (np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"), "are missing in 1 of 2 rows"),
    ],
)
def test_bad_times_are_refused(times: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        seconds_of(times, "t")


def test_numbers_as_text_are_numbers() -> None:
    assert seconds_of(np.array(["1.5", "2"], dtype=object), "t").tolist() == [1.5, 2.0]
