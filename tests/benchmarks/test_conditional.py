"""The benchmark of conditional information: what a line says, and what the committed ones do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import common, conditional
from mmg_registry.samplers import CONDITIONAL


def test_a_line_holds_the_truth_beside_what_was_found_and_what_the_difference_gives(tmp_path: Path) -> None:
    chosen = ["--plugin", "gaussian", "--triples", "collider-normal-1,chain-normal-1", "--compared", "chain-normal-1"]
    conditional.main([*chosen, "--train", "800", "--evaluate", "200", "--output", str(tmp_path / "found.json")])
    collider, chain = json.loads((tmp_path / "found.json").read_text())["results"]
    assert collider["hit"] == (collider["low"] <= collider["true_mi"] <= collider["high"])
    assert collider["off"] == pytest.approx(collider["mi"] - collider["true_mi"])
    assert collider["agrees"] is collider["difference"] is None
    assert chain["agrees"]
    assert chain["relative_time"] > 0


def test_auto_holds_the_truth_agrees_with_the_difference_and_takes_no_longer() -> None:
    lines = json.loads((common.RESULTS / "conditional_auto.json").read_text())["results"]
    assert {line["triple"] for line in lines} == set(CONDITIONAL)
    assert sum(line["hit"] for line in lines) >= 0.92 * len(lines)
    assert all(line["mi"] < 0.01 for line in lines if line["true_mi"] == 0)
    compared = [line for line in lines if line["agrees"] is not None]
    assert all(line["agrees"] and line["relative_time"] < 1.3 for line in compared)


def test_normal_triples_are_what_the_closed_form_is_for() -> None:
    lines = json.loads((common.RESULTS / "conditional.json").read_text())["results"]
    normal = [line for line in lines if line["plugin"] == "gaussian" and "normal" in line["triple"]]
    assert all(line["hit"] and line["agrees"] for line in normal)
