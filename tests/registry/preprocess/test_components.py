"""Independent components: found where there are any, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.preprocess.components import unmixing

N = 20_000


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("dim", [2, 5])
def test_a_mixture_of_uniform_columns_is_undone(dim: int) -> None:
    sources = np.random.default_rng(0).random((dim, N))
    mixing = normal(1, dim, dim)
    found = unmixing(mixing @ sources)
    assert found is not None
    weights = np.abs(found @ mixing)
    assert np.all(np.sort(weights, axis=1)[:, -2] < 0.1 * weights.max(axis=1))  # one source a component
    assert len(set(weights.argmax(axis=1))) == dim


def test_normal_columns_have_no_components_to_settle_on() -> None:
    found = [unmixing(normal(seed, 8, 2_000)) for seed in range(3)]
    assert any(each is None for each in found)


def test_linearly_dependent_columns_are_not_unmixed() -> None:
    x = np.random.default_rng(0).random((2, N))
    assert unmixing(np.vstack([x, x.sum(axis=0)])) is None
