"""The benchmark of intervals at few rows: what a line says, and that the committed intervals cover."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import common, coverage


def test_a_line_counts_the_intervals_that_hold_the_truth() -> None:
    line = coverage.measure("gaussian", 300, 1, 0.8, draws=10)
    assert line["true_mi"] == pytest.approx(-0.5 * math.log(1 - 0.64))
    assert line["mean"] == pytest.approx(line["true_mi"], abs=0.1)
    assert line["holds"] == line["holds_uncut"] >= 0.7
    assert coverage.share(0.5, [(0.4, 0.6), (0.6, 0.7), None, (0.0, 0.5)]) == 0.5


def test_the_result_says_how_to_repeat_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "ROWS", (50,))
    coverage.main(["--plugin", "cca", "--draws", "2", "--output", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["seeds"], len(found["results"])) == ([0, 1], 6)  # 12 + 12 columns ask for more rows


def test_the_committed_intervals_cover() -> None:
    results = json.loads((common.RESULTS / "coverage.json").read_text())["results"]
    assert {(line["plugin"], line["rows"]) for line in results} >= {("gaussian", 30), ("cca", 1_500)}
    assert all(line["holds"] >= 0.9 for line in results)
