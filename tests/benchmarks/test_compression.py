"""The benchmark of wide sides: its draws, and how a line is made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import compression


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("blob-16", (16, 16)),
        ("box-16", (16, 16)),
        ("ring-16", (16, 16)),
        ("grating-12x20", (12, 20)),
        ("disc-16x16x3", (16, 16, 3)),
        ("networks-768", (768,)),
        ("low-rank-500", (500,)),
    ],
)
def test_sides_are_as_wide_as_they_say_and_differ_from_row_to_row(name: str, shape: tuple[int, ...]) -> None:
    x, y = compression.CASES[name].draw(40, seed=0)
    assert x.shape == y.shape == (40, *shape)
    assert len(np.unique(x, axis=0)) == 40
    assert np.isfinite(x).all()


def test_correlations_share_the_information_that_is_asked_for() -> None:
    assert compression.WidePair(compression.correlations(2.0, 4), compression.boxes(8)).truth == pytest.approx(2.0)


def test_a_line_holds_the_truth_beside_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(compression.CASES, "small", compression.WidePair((0.5,), lambda rows, which: rows))
    compression.main(
        ["--only", "small", "--rows", "200", "--evaluation", "100", "--output", str(tmp_path / "found.json")]
    )
    (line,) = json.loads((tmp_path / "found.json").read_text())["results"]
    assert line["truth"] == pytest.approx(0.144, abs=1e-3)
    assert line["compressed_to"] is None
    assert abs(line["mi"] - line["truth"]) < 0.3
