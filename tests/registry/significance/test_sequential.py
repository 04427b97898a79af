"""The p-value of Besag and Clifford."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.significance.sequential import PValue, p_value


def counting(values: list[float]):
    """Return a source of the given statistics, one after the other."""
    left = iter(values)
    return lambda count: np.array([next(left) for _ in range(count)])


def test_all_exchanges_count_where_few_reach() -> None:
    assert p_value(1.0, counting([0, 1, 2, 0]), 4) == PValue(3 / 5, 4, 2)


@pytest.mark.parametrize("first", [1, 3, 64])
def test_it_ends_with_the_last_that_is_needed(first: int) -> None:
    assert p_value(1.0, counting([0, 2, 0, 2, 0, 0]), 6, enough=2, first=first) == PValue(2 / 4, 4, 2)


def test_rounding_makes_no_difference() -> None:
    assert p_value(0.3, counting([0.1 + 0.2, 0.3 - 1e-16]), 2).reached == 2


def test_it_keeps_its_level() -> None:
    rng = np.random.default_rng(0)
    found = np.array([p_value(rng.standard_normal(), rng.standard_normal, 99, enough=5).value for _ in range(2_000)])
    for level in (0.01, 0.05, 0.2):
        assert abs((found <= level).mean() - level) < 3 * np.sqrt(level / 2_000) + 0.002
