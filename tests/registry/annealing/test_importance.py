"""Sums of importance weights, draw by draw."""

from __future__ import annotations

import pytest
import torch

from mmg_registry.annealing import importance
from mmg_registry.annealing.importance import LogSums, log_sums
from mmg_registry.annealing.path import path_of
from mmg_registry.models.built_in import generator, linear_gaussian


def test_the_sums_are_those_of_all_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "BLOCK", 12)
    model = linear_gaussian(latent=2, data=3, mi=1.0)
    x, _ = model.sample(4, seed=0)
    path, seen = path_of(model, x), []

    def score(z):
        seen.append(path.log_ratio(z))
        return seen[-1]

    told: list[int] = []
    found = log_sums(path, score, x[:, 0], 7, generator(0), lambda sums: told.append(sums.count))
    assert told == [3, 6, 7]
    torch.testing.assert_close(found.total, torch.logsumexp(torch.cat(seen), 0))
    share = torch.softmax(torch.cat(seen), 0)
    assert found.effective == pytest.approx(float((1 / share.square().sum(0)).mean()))


def test_no_draws_are_a_sum_of_nothing() -> None:
    found = log_sums(None, None, torch.zeros(2), 0, generator(0))  # type: ignore[arg-type]
    assert (found.count, found.total.tolist()) == (0, [-torch.inf] * 2)
    one = found.with_one(torch.tensor([3.0, -2.0], dtype=torch.float64))
    assert (one.count, one.total.tolist(), one.effective) == (1, [3.0, -2.0], 1.0)


def test_weights_beyond_the_range_of_exp_are_added_up() -> None:
    huge = torch.tensor([2000.0], dtype=torch.float64)
    assert float(LogSums(huge, 2 * huge, 1).with_one(huge).total) == pytest.approx(2000 + 0.6931471805599453)
