"""The benchmark of pointwise values: its truths, its lines, and what the committed ones reach."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import common, pointwise


@pytest.mark.parametrize(("case", "mi"), [("three", 0.446), ("student", 0.0508)])
def test_true_ratios_average_to_the_information(case: str, mi: float) -> None:
    draw, ratio = pointwise.LAWS[case]
    found = ratio(np.hstack(draw(np.random.default_rng(0), 20_000)))
    assert found.mean() == pytest.approx(mi, abs=4 * found.std() / np.sqrt(20_000))


def test_lines_of_the_same_case_are_replaced(tmp_path: Path) -> None:
    how = ["--plugins", "gaussian", "--cases", "three", "--output", str(tmp_path / "found.json")]
    for rows in ("300", "300", "400"):
        pointwise.main([*how, "--rows", rows])
    lines = json.loads((tmp_path / "found.json").read_text())["results"]
    assert [line["rows"] for line in lines] == [300, 400]
    assert 0.3 < lines[0]["rms_error"] < lines[0]["rms_truth"] + 0.1
    assert lines[0]["rms_noise"] == lines[0]["rms_std_error"]


def test_committed_values_of_auto_follow_every_law_and_more_rows_help() -> None:
    lines = json.loads((common.RESULTS / "pointwise.json").read_text())["results"]
    found = {(line["case"], line["rows"]): line for line in lines if line["plugin"] == "auto" and not line["halves"]}
    for case in pointwise.LAWS:
        few, many = found[case, 20_000], found[case, 100_000]
        assert few["rms_error"] < few["rms_truth"] / 2.5
        assert many["rms_error"] < few["rms_error"]


def test_committed_errors_from_halves_are_of_the_size_of_the_errors_made() -> None:
    lines = [line for line in json.loads((common.RESULTS / "pointwise.json").read_text())["results"] if line["halves"]]
    assert lines
    assert all(0.5 < line["rms_std_error"] / line["rms_error"] < 2 and line["held"] > 0.8 for line in lines)
