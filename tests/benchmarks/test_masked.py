"""The benchmark of labels and counts on both sides: its truths, and what a line says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import common, masked
from mmg_plugins.baselines.counts import information_of_counts, labels_of


@pytest.mark.parametrize("case", ["counts-1", "ordinal-12"])
def test_truths_are_what_many_rows_count(case: str) -> None:
    drawn = masked.CASES[case](np.random.default_rng(0), 100_000)
    assert information_of_counts(drawn.x[:, 0], drawn.y[:, 0]).mi == pytest.approx(drawn.mi, abs=0.006)


def test_the_truth_of_a_strip_is_that_of_its_cut() -> None:
    drawn = masked.strip(np.random.default_rng(0), 60_000, columns=2)
    beside = labels_of(drawn.x[:, -4:].astype(float)), labels_of(drawn.y[:, :4].astype(float))
    assert information_of_counts(*beside).mi == pytest.approx(drawn.mi, abs=0.01)


def test_a_line_says_whether_the_interval_holds(tmp_path: Path) -> None:
    chosen = ["--plugin", "masked", "--cases", "tables-3", "--seeds", "1", "--rows", "600"]
    masked.main([*chosen, "--output", str(tmp_path / "found.json")])
    (line,) = json.loads((tmp_path / "found.json").read_text())["results"]
    assert line["holds"] == (line["low"] <= line["true_mi"] <= line["high"])
    assert line["solved"] == (abs(line["mi"] - line["true_mi"]) <= max(0.05, 0.1 * line["true_mi"]))


def test_the_committed_intervals_hold_and_are_narrow() -> None:
    results = json.loads((common.RESULTS / "masked.json").read_text())["results"]
    assert np.mean([line["holds"] for line in results]) >= 0.9
    assert all(line["half_width"] < 0.25 and line["cpu_seconds"] < 30 for line in results)
