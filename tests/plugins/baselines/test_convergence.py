"""Estimates that rise with the rows: what is a rise, and what it leaves to go."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_plugins.baselines.convergence import rise_of, still_rising


@pytest.mark.parametrize("power", [1.2, 2.0])
def test_what_is_left_is_the_bias_of_a_power_of_the_rows(power: float) -> None:
    columns, truth = 6, 2.0
    whole, middle, small = (truth - 3.0 * n ** (-power / columns) for n in (1e4, 10**3.5, 1e3))
    found = rise_of(10, whole, middle, small, 0.01, columns)
    assert found is not None
    assert found.left == pytest.approx(truth - whole, rel=1e-6)


def test_a_rise_within_its_error_is_none() -> None:
    assert rise_of(10, 1.0, 0.99, 0.98, 0.01, 4) is None
    assert rise_of(10, 0.9, 0.95, 1.0, 0.01, 4) is None


def test_a_rise_that_grows_leaves_most_within_what_neighbours_can_do() -> None:
    shares = [
        found.left / found.total for found in (rise_of(10, 1.0, m, 0.5, 0.01, 4) for m in (0.5, 0.6, 0.75)) if found
    ]
    assert np.all(np.diff(shares) <= 0)
    assert shares[0] == pytest.approx(10**-0.25 / (1 - 10**-0.25))


def test_the_sentence_names_both_values() -> None:
    found = rise_of(10, 1.0, 0.8, 0.5, 0.01, 2)
    assert found is not None
    assert "0.50 nats, all 1.00" in still_rising(found, 1.0)
