"""Lost numbers: the information against the exact log ratio on drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.dropout import dropout


@pytest.mark.parametrize("both", [False, True])
def test_rows_hold_the_information_where_neither_side_is_lost(both: bool) -> None:
    pair = dropout(0.9, 0.7, both)
    x, y = pair.sample(100_000)
    kept = ((x > 0) & (y > 0))[:, 0]
    assert (np.mean(x == 0), np.mean(y == 0)) == (pytest.approx(0.3 * both, abs=0.01), pytest.approx(0.3, abs=0.01))
    assert kept.mean() == pytest.approx(0.49 if both else 0.7, abs=0.01)
    a, b = np.log(x[kept, 0]), np.log(y[kept, 0])
    of_kept = -0.5 * math.log(1 - 0.81) - (0.81 * (a**2 + b**2) - 1.8 * a * b) / (2 * (1 - 0.81))
    ratio = np.zeros(len(x))
    ratio[kept] = of_kept
    assert ratio.mean() == pytest.approx(pair.true_mi, abs=4 * ratio.std() / math.sqrt(len(x)))


def test_a_probability_out_of_range_is_refused() -> None:
    with pytest.raises(OptionError, match="kept"):
        dropout(kept=1.2)
