"""The measurement of engines, on a few works of processes here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import engines


def test_information_of_two_columns_is_that_of_their_correlation(tmp_path: Path) -> None:
    columns = np.random.default_rng(0).normal(size=(500, 2))
    columns[:, 1] += columns[:, 0]
    np.save(tmp_path / "a.npy", columns)
    correlation = np.corrcoef(columns.T)[0, 1]
    found = engines.information(str(tmp_path / "a.npy"), 0, 1)["mi"]
    assert found == pytest.approx(-0.5 * np.log(1 - correlation**2))


def test_every_row_is_there_though_workers_were_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "FEW", 5)
    found = engines.measure("local", 30, 2)
    assert (found["killed"], found["rows"], found["keys"], found["statuses"]) == (2, 30, 30, {"ok": 30})
    assert found["milliseconds_per_work"] > 0


def test_works_are_pairs_of_different_columns_with_different_keys() -> None:
    found = list(engines.works("file", 450))
    assert len({work.key for work in found}) == 450
    assert all(work.arguments["i"] != work.arguments["j"] for work in found)
