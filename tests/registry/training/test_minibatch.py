"""The learner of modules that train on batches."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

from mmg_registry.training import minibatch
from mmg_registry.training.decay import Horizon
from mmg_registry.training.minibatch import MinibatchLearner, Trainable
from mmg_registry.training.rows import RowPair


@dataclass
class Recorded:
    """A descent that writes down what it is asked, and adds 1 to the weight a step."""

    module: nn.Linear
    picked: list[Tensor] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def run(self, picked: Tensor, rates: Tensor) -> None:
        self.picked.append(picked)
        self.rates += rates.tolist()
        with torch.no_grad():
            self.module.weight += len(picked)


class Line(Trainable):
    def __init__(self) -> None:
        self.module = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.module.weight)
        self.recorded = Recorded(self.module)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.module(x) - y).square().mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.cat([-(self.module(x) - y).square(), self.module(x)], 1)

    def descent(self, rows: RowPair) -> Recorded:
        return self.recorded


def learner(batch: int = 2) -> tuple[Line, MinibatchLearner]:
    x = torch.arange(1.0, 6.0)[:, None]
    line = Line()
    return line, MinibatchLearner(line, (x, 3 * x), (x[:2], 3 * x[:2]), batch, 0.1, seed=0)


def test_every_step_has_a_batch_and_the_rate_of_the_calls_first_step() -> None:
    line, made = learner()
    made.train(0, 3, Horizon(3, 3))
    made.train(5, 2, Horizon(3, 7))
    assert [picked.shape for picked in line.recorded.picked] == [(3, 2), (2, 2)]
    assert line.recorded.rates == pytest.approx([0.1] * 3 + [0.05] * 2)


def test_batches_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def picked() -> Tensor:
        line, made = learner()
        made.train(0, 5, Horizon(5, 5))
        return torch.cat(line.recorded.picked)

    at_once = picked()
    monkeypatch.setattr(minibatch, "MOST_PICKED", 4)
    assert torch.equal(picked(), at_once)


def test_held_out_rows_are_measured_without_a_gradient() -> None:
    _, made = learner()
    found = made.measure()
    assert not found.rows.requires_grad
    assert found.rows.tolist() == [[-9.0, 0.0], [-36.0, 0.0]]
    assert dict(found.means) == {"objective": -22.5, "mi": 0.0}
    assert found.mi == 0.0


def test_a_checkpoint_brings_the_weights_back_more_than_once() -> None:
    line, made = learner()
    made.train(0, 2, Horizon(9, 9))
    kept = made.checkpoint()
    for _ in range(2):
        made.train(2, 3, Horizon(9, 9))
        assert line.module.weight.item() == 5
        made.resume(kept)
        assert line.module.weight.item() == 2
