"""Splits: disjoint, complete, seeded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmg_registry.data.split import folds, hold_out
from mmg_registry.errors import OptionError


@pytest.mark.parametrize(("n", "fraction", "size"), [(100, 0.2, 20), (10, 0.01, 1), (10, 0.99, 9), (2, 0.5, 1)])
def test_hold_out(n: int, fraction: float, size: int) -> None:
    fit, evaluate = hold_out(n, fraction, seed=1)
    assert len(evaluate) == size
    assert np.array_equal(np.sort(np.concatenate([fit, evaluate])), np.arange(n))
    assert np.all(np.diff(fit) > 0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, math.nan, "half"])
def test_a_share_out_of_range_is_refused_by_the_sentence_of_all_options(fraction: Any) -> None:
    with pytest.raises(OptionError, match=r"^The option 'fraction' is .* and must be between 0 and 1, e\.g\. 0\.2\.$"):
        hold_out(10, fraction, seed=0)


@pytest.mark.parametrize(("n", "k"), [(10, 2), (11, 4), (5, 5)])
def test_folds(n: int, k: int) -> None:
    parts = folds(n, k, seed=1)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    sizes = [len(part) for part in parts]
    assert len(parts) == k
    assert max(sizes) - min(sizes) <= 1


def test_the_seed_decides() -> None:
    assert np.array_equal(hold_out(100, 0.2, 1)[1], hold_out(100, 0.2, 1)[1])
    assert not np.array_equal(hold_out(100, 0.2, 1)[1], hold_out(100, 0.2, 2)[1])
    assert not np.array_equal(folds(100, 5, 1)[0], folds(100, 5, 2)[0])
