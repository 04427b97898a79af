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


def test_no_committed_mixture_is_far_off() -> None:
    lines = json.loads((common.RESULTS / "pointwise.json").read_text())["results"]
    assert {line["case"] for line in lines} == set(pointwise.LAWS)
    assert all(line["rms_error"] < line["rms_truth"] / 2.5 for line in lines)
