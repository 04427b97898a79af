"""The critics' speed: both sides do the same work, and the figures are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import critic_speed
from mmg_registry.core import compiled

pytestmark = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")


def test_figures_are_written_with_what_made_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critic_speed, "STEPS", 2)
    monkeypatch.setattr(critic_speed, "EVALUATED", 40)
    threads = torch.get_num_threads()
    try:
        assert critic_speed.main(["--dim", "2", "--rounds", "1", "--output", str(tmp_path / "found.json")]) == 0
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "found.json").read_text())
    assert [row["case"] for row in found["results"]][-1] == "evaluation, s"
    assert len(found["results"]) == 6
    assert all(row["torch over core"] == pytest.approx(row["torch"] / row["core"]) for row in found["results"])
    assert found["parameters"]["dim"] == 2


def test_medians_leave_the_first_round_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 9.0, 0.0, 1.0, 0.0, 3.0, 0.0, 2.0])
    monkeypatch.setattr(critic_speed.time, "process_time", lambda: next(clock))
    assert critic_speed.medians({"one": lambda: None}, 3) == {"one": 2.0}
