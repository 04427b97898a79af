"""What every sampler is: shapes, seeds, names, and pairs side by side."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.samplers import HIGH_MI, NULL, SAMPLERS, Sampler, discrete_pairs, gaussian, mutinfo_grid, product_of

ALL = {
    **SAMPLERS,
    **HIGH_MI,
    **NULL,
    **{pair.name: pair for family in (discrete_pairs(), mutinfo_grid()) for pairs in family.values() for pair in pairs},
}


@pytest.mark.parametrize("name", ALL)
def test_rows_have_the_declared_shape_and_follow_the_seed(name: str) -> None:
    task = ALL[name]
    assert task.name == name
    x, y = task.sample(50, seed=3)
    assert (x.shape, y.shape) == ((50, task.dim_x), (50, task.dim_y))
    assert x.dtype == y.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    again, other = task.sample(50, seed=3), task.sample(50, seed=4)
    np.testing.assert_array_equal(again[0], x)
    np.testing.assert_array_equal(again[1], y)
    assert not np.array_equal(np.hstack(other), np.hstack([x, y]))


def test_no_two_samplers_have_one_name() -> None:
    grid = sum(len(pairs) for pairs in mutinfo_grid().values())
    pairs = [pair.name for family in discrete_pairs().values() for pair in family]
    both = set(pairs) & set(NULL)
    assert all(name.startswith("independent-") for name in both)
    assert len(ALL) == len(SAMPLERS) + len(HIGH_MI) + len(NULL) + grid + len(pairs) - len(both)


@pytest.mark.parametrize(
    "name", ["spiral-normal_cdf-multinormal-sparse-3-3-2-2.0", "ising-8-8", "turned-uniform-3-5nats"]
)
def test_samplers_can_be_sent_to_other_processes(name: str) -> None:
    task = pickle.loads(pickle.dumps(ALL[name]))
    np.testing.assert_array_equal(task.sample(5)[0], ALL[name].sample(5)[0])


@pytest.mark.parametrize("n", [0, -1])
def test_no_rows_are_refused(n: int) -> None:
    with pytest.raises(OptionError, match=r"The option 'n' is .* from 1 to"):
        SAMPLERS["1v1-normal-0.75"].sample(n)


def test_pairs_product_of_are_independent_of_one_another() -> None:
    pair = product_of("two", [gaussian(1, 0.5), gaussian(2, 0.25)])
    assert pair == Sampler("two", 3, 3, 0.75, pair.draw)
    z = np.corrcoef(np.hstack(pair.sample(20_000)).T)
    assert z[0, 3] == pytest.approx(np.sqrt(-np.expm1(-1.0)), abs=0.02)
    assert np.abs(z[0, [1, 2, 4, 5]]).max() < 0.03


@pytest.mark.parametrize("name", ALL)
def test_kinds_are_told_of_columns_that_there_are(name: str) -> None:
    task = ALL[name]
    columns = {
        side if dim == 1 else f"{side}{j}" for side, dim in (("x", task.dim_x), ("y", task.dim_y)) for j in range(dim)
    }
    assert set(task.kinds) <= columns
