"""Counts of discrete pairs: known answers, the bias under independence, and intervals that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_plugins.baselines.counts import errors_of_counts, information_of_counts, labels_of, ratio_of_counts


def channel(n: int, flip: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n)
    return x, np.where(rng.random(n) < flip, 1 - x, x)


def test_a_binary_channel() -> None:
    truth = math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9)
    found = [information_of_counts(*channel(1_000, 0.1, seed)) for seed in range(100)]
    assert np.mean([each.mi for each in found]) == pytest.approx(truth, abs=0.006)
    assert np.mean([abs(each.mi - truth) <= 1.96 * each.std_error for each in found]) >= 0.88


@pytest.mark.parametrize("sizes", [(2, 2), (4, 3), (8, 6)])
def test_independent_labels_tell_nothing_and_the_interval_holds_zero(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    found = [information_of_counts(*(rng.integers(0, size, 400) for size in sizes)) for _ in range(200)]
    mean = np.mean([each.mi for each in found])
    assert mean == pytest.approx(0.0, abs=4 * np.std([each.mi for each in found]) / math.sqrt(200) + 1e-3)
    assert np.mean([abs(each.mi) <= 1.96 * each.std_error for each in found]) >= 0.9


def test_a_label_with_itself_tells_its_entropy_and_no_more() -> None:
    k = np.random.default_rng(0).integers(0, 4, 4_000)
    found = information_of_counts(k, k)
    assert found.mi == pytest.approx(found.limit, abs=0.002)
    assert found.mi <= found.limit
    assert found.values.mean() == pytest.approx(found.mi)


def test_names_of_labels_do_not_matter() -> None:
    x, y = channel(500, 0.2, 0)
    assert information_of_counts(x, y).mi == information_of_counts(1 - x, 7 * y).mi
    assert labels_of(np.array([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0]])).tolist() == [1, 1, 0]


def test_an_exclusive_or_is_seen_where_one_input_is_given() -> None:
    rng = np.random.default_rng(0)
    x, z = rng.integers(0, 2, (2, 4_000))
    assert information_of_counts(x, x ^ z).mi == pytest.approx(0.0, abs=0.002)
    assert information_of_counts(x, x ^ z, z).mi == pytest.approx(math.log(2), abs=0.002)


def test_labels_with_a_common_cause_tell_nothing_given_it_and_the_interval_holds_zero() -> None:
    rng, found = np.random.default_rng(0), []
    for _ in range(60):
        z = rng.integers(0, 5, 400)
        x, y = (np.where(rng.random(400) < 0.3, rng.integers(0, 5, 400), z) for _ in range(2))
        found.append(information_of_counts(x, y, z))
    assert np.mean([abs(each.mi) <= 1.96 * math.hypot(each.std_error, each.sparse) for each in found]) >= 0.88


def test_one_given_value_changes_nothing() -> None:
    x, y = channel(500, 0.2, 0)
    plain, given = information_of_counts(x, y), information_of_counts(x, y, np.zeros(500, dtype=np.int64))
    assert (plain.mi, plain.std_error, plain.limit) == (given.mi, given.std_error, given.limit)


def test_ratios_of_rows_are_those_of_other_rows_counts() -> None:
    cells, rows = (np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])), np.array([40, 10, 10, 40])
    found = ratio_of_counts(cells, rows, (np.array([0, 0, 2]), np.array([0, 1, 0])))
    np.testing.assert_allclose(found, [np.log(1.6), np.log(0.4), 0.0], atol=0.02)
    ends = np.array([0, 1])
    never = ratio_of_counts((ends, ends), np.array([99, 99]), (np.array([0]), np.array([1])))
    assert never[0] == pytest.approx(-np.log(199))


def test_given_the_cause_of_both_labels_their_log_ratio_is_small() -> None:
    rng = np.random.default_rng(0)
    z = rng.integers(0, 2, 4_000)
    x, y = (np.where(rng.random(4_000) < 0.2, 1 - z, z) for _ in range(2))
    rows = np.ones(4_000, dtype=np.int64)
    alone, given = (np.abs(ratio_of_counts(each, rows, each)).mean() for each in ((x, y), (x, y, z)))
    assert alone > 0.3
    assert given < 2.5 * errors_of_counts(x, y, z).mean()
