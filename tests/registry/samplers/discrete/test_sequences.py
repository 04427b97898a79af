"""Strings of letters: the information of each position from counts of rows."""

from __future__ import annotations

import numpy as np
import plug_in
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.sequences import sequences


def test_positions_hold_the_information_one_by_one() -> None:
    pair = sequences()
    x, y = pair.sample(100_000)
    found = sum(plug_in.mi(x[:, [j]], y[:, [j]]) for j in range(8))
    assert found == pytest.approx(pair.true_mi, abs=0.02)
    crossed = [plug_in.mi(x[:, [j]], y[:, [(j + 1) % 8]]) for j in range(8)]
    assert np.max(np.abs(crossed)) < 0.001


def test_two_positions_together_hold_the_sum_of_both() -> None:
    pair = sequences(length=2, letters=3)
    assert plug_in.mi(*pair.sample(200_000)) == pytest.approx(pair.true_mi, abs=0.01)


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="length"):
        sequences(0)
    with pytest.raises(OptionError, match="letters"):
        sequences(2, 1)
