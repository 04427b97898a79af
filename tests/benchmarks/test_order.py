"""The benchmark of intervals of series, with an estimator that is off by a known amount."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import order
from mmg_registry.results import Estimate


def measure(monkeypatch: pytest.MonkeyPatch, path: Path, mi: float, *args: str) -> list[dict[str, Any]]:
    said = ["The order of the rows matters."]
    fake = SimpleNamespace(estimate=lambda x, y, **choices: Estimate(mi, 0.01, warnings=said))
    monkeypatch.setattr(order, "mmg", fake)
    assert order.main(["--pairs", "2", "--rows", "30", "--output", str(path), *args]) == 0
    return json.loads(path.read_text())["results"]


@pytest.mark.parametrize(
    ("share", "mi", "sides"),
    [
        ("0", 0.03, (1, 0)),
        ("0", 0.0, (0, 0)),
        ("0", -0.03, (0, 0)),  # cut to what is possible, the interval begins at 0
        ("0.6", 0.26, (1, 0)),
        ("0.6", 0.22, (0, 0)),
        ("0.6", 0.19, (0, 1)),
    ],
)
def test_intervals_on_either_side_are_counted(
    share: str, mi: float, sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    args = ("--plugin", "a", "--memory", "0.5", "--share", share)
    (row,) = measure(monkeypatch, tmp_path / "o.json", mi, *args)
    assert (row["above"], row["below"], row["warned"]) == (*sides, 1)


def test_the_truth_of_dependent_series_is_that_of_their_correlation() -> None:
    x, y = order.drawn(0.5, 0.6, 50_000, seed=0)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0.6, abs=0.02)
    assert np.corrcoef(x[1:], x[:-1])[0, 1] == pytest.approx(0.5, abs=0.02)


def test_rows_of_other_runs_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    measure(monkeypatch, path, 0.0, "--plugin", "b", "--memory", "0,0.9")
    found = measure(monkeypatch, path, 0.5, "--plugin", "a,b", "--memory", "0.9")
    assert [(row["plugin"], row["phi"], row["mean"]) for row in found] == [
        ("a", 0.9, 0.5),
        ("b", 0.0, 0.0),
        ("b", 0.9, 0.5),
    ]
