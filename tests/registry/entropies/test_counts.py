"""Entropies and divergences of labels from their counts."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.entropies.counts import codes_of, counted_divergence, counted_entropy

ZIPF = 1 / np.arange(1, 31)
ZIPF /= ZIPF.sum()


@pytest.mark.parametrize(("shares", "rows"), [(np.ones(8) / 8, 100), (ZIPF, 300), (np.array([0.9, 0.1]), 100)])
def test_the_mean_over_samples_is_the_entropy_and_bars_hold_it(shares: np.ndarray, rows: int) -> None:
    rng, truth = np.random.default_rng(0), -float(np.sum(shares * np.log(shares)))
    found = [counted_entropy(rng.choice(len(shares), rows, p=shares)) for _ in range(200)]
    values = np.array([each.value for each in found])
    assert abs(values.mean() - truth) < 3 * values.std() / 200**0.5 + 0.003
    assert np.mean([abs(each.value - truth) < 2 * each.std_error for each in found]) > 0.88


def test_labels_that_occur_once_are_said_to_hide_others() -> None:
    found = counted_entropy(np.arange(50))
    assert found.unseen == 1.0
    assert found.std_error > 0.5


def test_divergence_of_known_shares() -> None:
    rng = np.random.default_rng(1)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    found = counted_divergence(rng.choice(3, 5000, p=p), rng.choice(3, 5000, p=q))
    assert abs(found.value - np.sum(p * np.log(p / q))) < 3 * found.std_error
    assert found.std_error < 0.03
    assert found.unseen == 0.0


def test_labels_of_one_sample_alone_are_counted_as_unseen() -> None:
    assert counted_divergence(np.array([0, 1] * 50), np.zeros(100, dtype=np.int64)).unseen == 0.5


def test_rows_without_columns_are_one_label() -> None:
    assert codes_of(np.empty((3, 0))).tolist() == [0, 0, 0]
