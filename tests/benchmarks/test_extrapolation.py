"""The benchmark of extrapolation: what a line says, and that the committed biases go away where the law holds."""

from __future__ import annotations

import json

from benchmarks import common, extrapolation, subsampling
from mmg_registry.registry import register


def test_a_line_has_both_biases() -> None:
    register(subsampling.ClosedForm)
    line = extrapolation.measure("closed-form", 200, 5, draws=4, parts=4)
    assert line["bias"] > 0.03
    assert abs(line["bias_extrapolated"]) < line["bias"] + 0.05
    assert 0 <= line["holds_truth_extrapolated"] <= 1


def test_the_committed_biases_go_away_or_are_doubted() -> None:
    lines = json.loads((common.RESULTS / "extrapolation.json").read_text())["results"]
    assert all(line["holds_truth_extrapolated"] >= 0.85 or line["doubted"] >= 0.5 for line in lines)
    plug_in = [line for line in lines if line["plugin"] == "closed-form"]
    gone = [line for line in plug_in if abs(line["bias_extrapolated"]) < abs(line["bias"]) / 2]
    assert len(gone) >= 2
