"""Rounds of joblib: rows as everywhere, also where a worker dies."""

from __future__ import annotations

from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from works import doubles

from mmg_registry.engines.engine import Place
from mmg_registry.engines.joblib import open_joblib
from mmg_registry.engines.run import carry_out
from mmg_registry.engines.shards import rows


def test_rows_are_those_of_any_engine(tmp_path: Path) -> None:
    done = list(carry_out(doubles(9), tmp_path, engine="joblib:threading", jobs=2))
    assert {each.status for each in done} == {"ok"}
    assert sorted(row["result"]["double"] for row in rows(tmp_path)) == [2 * number for number in range(9)]


def test_an_error_of_a_round_is_that_of_its_calls() -> None:
    with open_joblib(Place(address="sequential")) as executor:
        future = executor.submit(int, "no number")
        with pytest.raises(ValueError, match="invalid literal"):
            future.result(timeout=20)


def test_stopping_does_not_wait_for_what_was_not_begun() -> None:
    executor = open_joblib(Place(address="sequential"))
    executor.shutdown(cancel_futures=True)
    future = executor.submit(int, 3)
    future.cancel()
    with pytest.raises(CancelledError):
        future.result(timeout=1)
