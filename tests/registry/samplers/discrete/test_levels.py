"""Numbers cut into levels: probabilities of cells against SciPy's, and entropies of labels."""

from __future__ import annotations

import math

import numpy as np
import plug_in
import pytest
from scipy.stats import multivariate_normal

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.levels import level_masses, ordinal, quantised_normal, shares_of_entropy
from mmg_registry.samplers.tables import table_entropy


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("levels", [3, 12])
def test_quantile_labels_are_equally_likely_and_rise_with_the_number(dim: int, levels: int) -> None:
    pair = quantised_normal(dim, levels)
    x, y = pair.sample(50_000)
    assert pair.true_mi == pytest.approx(dim * math.log(levels))
    assert plug_in.entropy(y) == pytest.approx(pair.true_mi, abs=0.01)
    for j in range(dim):
        assert np.all(np.diff(y[np.argsort(x[:, j]), j]) >= 0)


@pytest.mark.parametrize("mi", [0.1, 1.0, math.log(5), 5.0, 10.0])
def test_shares_have_the_entropy_with_as_few_labels_as_can_be(mi: float) -> None:
    shares = shares_of_entropy(mi)
    assert table_entropy(shares) == pytest.approx(mi, abs=1e-9)
    assert shares.sum() == pytest.approx(1)
    assert len(shares) == max(2, math.ceil(math.exp(mi) - 1e-9))


def test_masses_of_levels_are_those_of_the_bivariate_normal() -> None:
    cuts_x, cuts_y = np.array([-1.0, 0.2, 1.5]), np.array([-0.4, 0.9])
    law = multivariate_normal(cov=[[1, -0.7], [-0.7, 1]], allow_singular=False)
    ends = [np.concatenate([[-12.0], cuts, [12.0]]) for cuts in (cuts_x, cuts_y)]
    below = np.array([[law.cdf([a, b]) for b in ends[1]] for a in ends[0]])
    np.testing.assert_allclose(level_masses(-0.7, cuts_x, cuts_y), np.diff(np.diff(below, axis=0), axis=1), atol=2e-6)


def test_ordinal_rows_hold_the_information() -> None:
    pair = ordinal()
    x, y = pair.sample(200_000)
    assert (np.unique(x).tolist(), np.unique(y).tolist()) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7])
    assert plug_in.mi(x, y) == pytest.approx(pair.true_mi, abs=0.008)


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="levels"):
        quantised_normal(1, 1)
    with pytest.raises(OptionError, match="rho"):
        ordinal(rho=1.0)
