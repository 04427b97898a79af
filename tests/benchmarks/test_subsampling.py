"""The benchmark of the registry's standard errors: what a line says, and that the committed table covers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import common, subsampling
from mmg_registry.registry import register


def test_a_line_counts_the_intervals_that_hold_the_truth() -> None:
    register(subsampling.ClosedForm)
    line = subsampling.measure(300, 1, 0.6, draws=10)
    assert line["true_mi"] == pytest.approx(-0.5 * math.log(1 - 0.36))
    assert line["mean_std_error"] == pytest.approx(0.6 / math.sqrt(300), rel=0.3)  # delta method
    assert line["holds_truth"] >= 0.7


def test_the_result_says_how_to_repeat_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsampling, "ROWS", (50,))
    subsampling.main(["--draws", "2", "--output", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["seeds"], len(found["results"])) == ([0, 1], 6)


def test_the_committed_intervals_cover() -> None:
    results = json.loads((common.RESULTS / "subsampling.json").read_text())["results"]
    assert all(line["holds_truth"] >= 0.9 and line["holds_mean"] >= 0.9 for line in results)
