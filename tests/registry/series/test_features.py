"""Functions of columns: orthonormal, of ranks alone, and as many as a column can have."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import DataError
from mmg_registry.series.features import functions_of
from mmg_registry.series.recording import Channels

NORMAL = np.random.default_rng(0).standard_normal((500, 1))


def of(values: np.ndarray, *labels: tuple[str, ...]) -> Channels:
    return Channels(values, tuple(f"c{j}" for j in range(values.shape[1])), labels)


def test_functions_are_orthonormal_and_missing_where_the_column_is() -> None:
    values = NORMAL.copy()
    values[::10] = np.nan
    (found,) = functions_of(of(values), 4)
    assert np.isnan(found[::10]).all()
    there = found[np.isfinite(found[:, 0])]
    np.testing.assert_allclose(there.T @ there / len(there), np.eye(4), atol=1e-9)
    np.testing.assert_allclose(there.mean(axis=0), 0, atol=1e-9)


def test_rising_maps_change_nothing() -> None:
    (plain,), (mapped,) = functions_of(of(NORMAL), 3), functions_of(of(np.exp(5 * NORMAL)), 3)
    np.testing.assert_allclose(plain, mapped)


@pytest.mark.parametrize(("values", "count"), [(2, 1), (3, 2), (4, 3), (9, 3)])
def test_few_values_have_few_functions(values: int, count: int) -> None:
    column = np.arange(360.0)[:, None] % values
    assert functions_of(of(column), 3)[0].shape == (360, count)


def test_labels_have_a_function_each_whatever_their_codes() -> None:
    codes = np.arange(400.0)[:, None] % 4
    other = np.array([2.0, 0.0, 3.0, 1.0])[codes.astype(int)]
    spans = [functions_of(of(each, tuple("abcd")), 1)[0] for each in (codes, other)]
    assert spans[0].shape == (400, 3)
    assert np.linalg.matrix_rank(np.column_stack(spans)) == 3


def test_a_constant_and_too_many_labels_are_refused() -> None:
    with pytest.raises(DataError, match="'c0' does not vary"):
        functions_of(of(np.ones((60, 1))), 3)
    with pytest.raises(DataError, match="'c0' has 31 labels, and 30 are told apart"):
        functions_of(of(np.arange(62.0)[:, None] % 31, tuple(map(str, range(31)))), 3)
