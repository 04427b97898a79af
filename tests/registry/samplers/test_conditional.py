"""Triples of known conditional information."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_t

from mmg_plugins.baselines.counts import information_of_counts
from mmg_plugins.baselines.gaussian import of_gaussian_pair, residuals
from mmg_registry.errors import OptionError
from mmg_registry.samplers.conditional import CONDITIONAL, normal, student


def test_there_are_twelve_with_the_columns_that_their_names_tell() -> None:
    assert len(CONDITIONAL) == 12
    for name, triple in CONDITIONAL.items():
        x, y, z = triple.sample(50, seed=1)
        assert (len(x), len(y), len(z), z.shape[1]) == (50, 50, 50, int(name.rsplit("-", 1)[1]))
        assert np.array_equal(triple.sample(50, seed=1).y, y)
        assert triple.true_mi >= 0


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="'n'"):
        CONDITIONAL["xor-1"].sample(0)


@pytest.mark.parametrize("name", ["chain-normal-1", "collider-normal-1", "normal-5", "normal-20"])
def test_normal_ones_agree_with_partial_correlations(name: str) -> None:
    x, y, z = CONDITIONAL[name].sample(20_000)
    found = of_gaussian_pair(residuals(x, z), residuals(y, z), z.shape[1])[0]
    assert abs(found.mi - CONDITIONAL[name].true_mi) < 4 * max(found.std_error, 1e-4)


def test_the_exclusive_or_agrees_with_its_counts() -> None:
    rows = CONDITIONAL["xor-1"].sample(20_000)
    found = information_of_counts(*(side[:, 0].astype(int) for side in rows))
    assert abs(found.mi - CONDITIONAL["xor-1"].true_mi) < 4 * found.std_error


def test_a_common_scale_agrees_with_the_densities() -> None:
    rows = np.hstack(student(1).sample(20_000))
    loaded = np.array([[2.0, 1.6, 1.0], [1.6, 2.0, 1.0], [1.0, 1.0, 1.0]])  # x = z + e, y = z + .6 e + .8 f

    def density(*columns: int) -> np.ndarray:
        law = multivariate_t(np.zeros(len(columns)), loaded[np.ix_(columns, columns)], df=4)
        return np.asarray(law.logpdf(rows[:, columns]))

    ratio = density(0, 1, 2) + density(2) - density(0, 2) - density(1, 2)
    assert abs(ratio.mean() - student(1).true_mi) < 4 * ratio.std() / np.sqrt(len(rows))


def test_columns_of_z_change_nothing_about_what_is_shared_beyond_them() -> None:
    assert normal(5).true_mi == normal(20).true_mi
