"""Recordings: which row lies a lag before which, and which rows have values there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmg_registry.errors import DataError
from mmg_registry.series.recording import of_arrays


def test_rows_look_back_over_gaps_but_not_into_another_trial() -> None:
    found = of_arrays({"x": np.arange(6.0)}, time=[0, 1, 3, 0, 1, 2], trial=list("aaabbb"))
    assert found.back(1).tolist() == [-1, 0, -1, -1, 3, 4]
    assert found.back(2).tolist() == [-1, -1, 1, -1, -1, 3]
    assert found.back(3).tolist() == [-1, -1, 0, -1, -1, -1]
    assert found.back(-1).tolist() == [1, -1, -1, 4, 5, -1]


def test_a_missing_value_is_missing_wherever_it_is_looked_for() -> None:
    found = of_arrays({"x": [0.0, np.nan, 2.0, 3.0], "y": [0.0, 1.0, 2.0, 3.0]})
    assert found.has("x", 0).tolist() == [True, False, True, True]
    assert found.has("x", 1).tolist() == [False, True, False, True]
    assert found.has("y", 1).tolist() == [False, True, True, True]
    assert found.missing == 1


def test_trials_that_alternate_are_put_together() -> None:
    found = of_arrays({"x": [0.0, 10.0, 1.0, 11.0]}, trial=["a", "b", "a", "b"])
    assert found.side("x").values.ravel().tolist() == [0.0, 1.0, 10.0, 11.0]
    assert found.trials == 2
    assert found.notes == ("The rows are put in the order of trials and time.",)


def test_the_index_of_pandas_tells_the_times() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05"])
    found = of_arrays({"x": pd.Series([1.0, 2.0, 3.0], index=days), "y": pd.Series([1.0, 2.0, 3.0], index=days)})
    assert found.place.tolist() == [0, 1, 4]


def test_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="these differ: 'x' 3, 'y' 2, 'time' 3"):
        of_arrays({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0]}, time=[0, 1, 2])


def test_missing_trials_are_refused() -> None:
    with pytest.raises(DataError, match="The trials 'trial' are missing in 1 of 2 rows"):
        of_arrays({"x": [1.0, 2.0]}, trial=["a", None])
