"""Stopping rules, on evaluations that are written down."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from mmg_registry.training.evaluation import Evaluation
from mmg_registry.training.stopping import NothingGained, Settled, first_verdict


def seen(objective: Mapping[int, float]) -> list[Evaluation]:
    """Evaluations without noise, by step."""
    return [Evaluation(step, torch.full((9, 2), value)) for step, value in objective.items()]


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [([0.1, 0.2], ""), ([0.1, 0.1001], "plateau"), ([0.1, 0.0], "overfitting"), ([], "")],
)
def test_a_training_has_settled_when_its_last_third_gains_nothing(gains: list[float], verdict: str) -> None:
    found = seen({300 * (i + 1): gain for i, gain in enumerate([0.0, *gains])})
    assert Settled(0.01).verdict(found) == verdict


def test_what_is_lost_within_the_noise_is_a_plateau() -> None:
    noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    found = [Evaluation(1, torch.zeros(100, 2)), Evaluation(2, noise - noise.mean(0) - 0.02)]
    assert Settled(0.01).verdict(found) == "plateau"


def test_nothing_has_settled_before_the_least_steps() -> None:
    found = seen(dict.fromkeys((0, 100, 200, 300), 0.0))
    assert Settled(0.01, least_steps=301).verdict(found) == ""
    assert Settled(0.01, least_steps=300).verdict(found) == "plateau"


def test_nothing_is_gained_while_all_are_like_the_start() -> None:
    rule = NothingGained(0.01, least_steps=200)
    assert rule.verdict(seen({0: 1.0, 100: 1.001})) == ""  # too early to tell
    assert rule.verdict(seen({0: 1.0, 100: 1.001, 200: 0.5})) == "start"
    assert rule.verdict(seen({0: 1.0, 100: 1.1, 200: 0.5})) == ""  # something was gained on the way


def test_the_first_rule_with_a_verdict_counts() -> None:
    found = seen({0: 0.0, 100: 0.0})
    start, plateau = NothingGained(0.01, 100), Settled(0.01)
    assert first_verdict([start, plateau], found) == "start"
    assert first_verdict([plateau, start], found) == "plateau"
    assert first_verdict([NothingGained(0.01, 101), plateau], found) == "plateau"
    assert first_verdict([], found) == ""
