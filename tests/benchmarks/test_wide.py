"""The benchmark of wide data: its truths, its lines, and that a committed interval holds or is warned of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import common, wide


def test_truths_are_those_of_the_laws() -> None:
    assert wide.information(wide.covariance("pair", 4, 0)) == pytest.approx(0.5108, abs=1e-4)
    assert wide.information(wide.covariance("independent", 4, 0)) == 0
    assert wide.information(wide.covariance("low-rank", 40, 0)) > 1


def test_lines_of_the_same_case_are_replaced(tmp_path: Path) -> None:
    how = ["--plugins", "gaussian", "--rows", "300", "--columns", "5", "--output", str(tmp_path / "found.json")]
    for seconds in ("9", "9", "8"):
        wide.main([*how, "--seconds", seconds])
    lines = json.loads((tmp_path / "found.json").read_text())["results"]
    assert [(line["law"], line["limit"]) for line in lines[:2]] == [("independent", 8.0), ("independent", 9.0)]
    assert len(lines) == 6


def test_every_committed_interval_holds_or_is_warned_of() -> None:
    lines = json.loads((common.RESULTS / "wide.json").read_text())["results"]
    assert all(line["holds"] or line["warned"] for line in lines)
