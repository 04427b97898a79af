"""How long a decay is, where it starts from, and its rates."""

from __future__ import annotations

import pytest

from mmg_registry.training.decay import Decay, Horizon, after_overfitting, linear_rate, wherever_learned


@pytest.mark.parametrize("most", [20, 21, 22, 333, 6_000, 6_001])
@pytest.mark.parametrize("share", [0.0, 1e-6, 0.4, 0.6])
def test_both_stretches_together_are_no_longer_than_the_training(most: int, share: float) -> None:
    decay = Decay(share, wherever_learned, least_steps=1)
    constant = decay.constant_steps(most)
    assert most - 1 <= constant + decay.steps(constant, most) <= most


def test_a_decay_is_its_share_of_the_whole() -> None:
    decay = Decay(0.4, wherever_learned)
    assert decay.steps(300, most_steps=10_000) == 200
    assert decay.steps(0, most_steps=10_000) == 0
    assert Decay(0.4, wherever_learned, least_steps=1).steps(0, most_steps=10_000) == 1


def test_pieces_cut_an_interval_and_are_never_empty() -> None:
    decay = Decay(0.4, wherever_learned, pieces=5)
    assert [decay.piece(interval) for interval in (250, 7, 3)] == [50, 1, 1]


@pytest.mark.parametrize("stopped", ["plateau", "overfitting", "max_steps", "max_seconds"])
def test_where_a_decay_starts_from(stopped: str) -> None:
    assert after_overfitting(stopped, 100) == (stopped == "overfitting")
    assert wherever_learned(stopped, 100)
    assert not wherever_learned(stopped, 0)


def test_the_linear_rate_is_constant_before_the_decay_and_reaches_zero_at_its_end() -> None:
    assert linear_rate(0.2, 99, Horizon(100, 100)) == 0.2
    rates = [linear_rate(0.2, step, Horizon(100, 200)) for step in (0, 100, 150, 200)]
    assert rates == pytest.approx([0.2, 0.2, 0.1, 0.0])
