"""The measurement of gaps: how many draws of noise a time limit allows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmg_plugins.mmg.parts import gap
from mmg_plugins.mmg.parts.gap import GapMeasure
from mmg_plugins.mmg.thresholds import MEASURING_SHARE, PROBED_ROWS
from mmg_registry.core import BIN_SUMS


class Counted:
    """Sums of nothing, each row and draw of which takes a millisecond of a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[int, int]] = []
        self.now = 0.0
        monkeypatch.setattr(gap, "time", SimpleNamespace(perf_counter=lambda: self.now))
        monkeypatch.setattr(gap, "summarise", lambda *sums: "a gap")

    def __call__(self, denoiser: Any, rows: Any, proposal: Any, repeats: int, seed: int) -> Any:
        self.asked.append((len(rows[0]), repeats))
        self.now += 1e-3 * len(rows[0]) * repeats
        return torch.ones(1, len(BIN_SUMS)), torch.zeros(len(rows[0]), 4)


ALL_COLUMNS = SimpleNamespace(denoiser=None, term=SimpleNamespace(rows=lambda rows: rows))
ONE_TERM = SimpleNamespace(proposal=None, terms=[ALL_COLUMNS])


@pytest.mark.parametrize(("limit", "repeats"), [(None, 40), (1e9, 40), (100.0, 12), (0.01, 1)])
def test_a_limit_leaves_as_many_draws_as_it_has_time_for(
    monkeypatch: pytest.MonkeyPatch, limit: float | None, repeats: int
) -> None:
    counted, rows = Counted(monkeypatch), (torch.zeros(1_000, 1), torch.zeros(1_000, 1))
    measure = GapMeasure(0, 40, sums=counted).within(limit)
    assert measure.seconds == (None if limit is None else MEASURING_SHARE * limit)
    assert measure(ONE_TERM, rows) == "a gap"  # type: ignore[arg-type, comparison-overlap]
    assert counted.asked == [*([] if limit is None else [(PROBED_ROWS, 1)]), (1_000, repeats)]
