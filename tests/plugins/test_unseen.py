"""What a training cannot have seen: bounds by rows and columns, and when they count."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ncx2

from mmg_plugins.unseen import early_weights, missed, nothing_learned, unheard, unseen
from mmg_registry.training import Report

NOTHING, EARLY, LAST = (Report(steps=900, kept=kept) for kept in (0, 300, 900))


@pytest.mark.parametrize(("n", "dim"), [(50, 1), (50, 5), (1_000, 12)])
def test_twice_the_bound_is_what_a_test_of_all_correlations_rarely_misses(n: int, dim: int) -> None:
    d, shift = dim * dim, 2 * n * 2 * unseen(n, dim, dim)
    assert ncx2.cdf(d, d, shift) < 0.05  # a statistic no larger than its mean without dependence


@pytest.mark.parametrize("n", [100, 10_000])
def test_held_out_rows_notice_a_learned_information_half_of_the_time(n: int) -> None:
    held_out, information = round(2 / unheard(n)), unheard(n)
    rng = np.random.default_rng(0)
    gains = information + math.sqrt(2 * information) * rng.standard_normal((2_000, held_out))
    seen = gains.mean(axis=1) > gains.std(axis=1) / math.sqrt(held_out)
    assert abs(seen.mean() - 0.5) < 0.06


def test_more_is_missed_where_less_was_learned() -> None:
    nothing, early, last = (missed([report], 1_000, (2, 2)) for report in (NOTHING, EARLY, LAST))
    assert nothing > early == unseen(1_000, 2, 2) > last == 0


def test_one_term_that_learned_counts_as_learning() -> None:
    assert not nothing_learned([NOTHING, LAST])
    assert missed([NOTHING, LAST], 1_000, (2, 2)) == unseen(1_000, 2, 2)


def test_a_second_opinion_counts_if_it_would_have_noticed_less() -> None:
    alone, helped, hindered = (missed([NOTHING], 100, (1, 1), others) for others in (math.inf, 1e-3, 9.0))
    assert helped < alone == hindered


def test_weights_of_the_first_half_are_said() -> None:
    assert "step 300 of 900" in early_weights([EARLY])[0]
    assert early_weights([NOTHING, LAST]) == []


def test_what_was_fitted_beside_a_training_is_no_nothing() -> None:
    helped = Report(steps=900, kept=0, of_others=0.3)
    assert not nothing_learned([helped])
    assert missed([helped], 1_000, (2, 2)) == unseen(1_000, 2, 2)


def test_early_weights_are_said_only_where_they_make_most_of_the_estimate() -> None:
    assert early_weights([replace(EARLY, of_others=0.4)])
    assert early_weights([replace(EARLY, of_others=0.6)]) == []
