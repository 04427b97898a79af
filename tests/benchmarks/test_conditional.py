"""The benchmark of conditional information: what a line says, and what the committed ones do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import conditional


def test_a_line_holds_the_truth_beside_what_was_found_and_what_the_difference_gives(tmp_path: Path) -> None:
    chosen = ["--plugin", "gaussian", "--triples", "collider-normal-1,chain-normal-1", "--compared", "chain-normal-1"]
    conditional.main([*chosen, "--train", "800", "--evaluate", "200", "--output", str(tmp_path / "found.json")])
    collider, chain = json.loads((tmp_path / "found.json").read_text())["results"]
    assert collider["hit"] == (collider["low"] <= collider["true_mi"] <= collider["high"])
    assert collider["off"] == pytest.approx(collider["mi"] - collider["true_mi"])
    assert collider["agrees"] is collider["difference"] is None
    assert chain["agrees"]
    assert chain["relative_time"] > 0
