"""Arrays of many kinds become two float matrices, or are refused by name."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.matrices import to_matrix
from mmg_registry.data.pair import as_pair
from mmg_registry.errors import DataError

Y = np.arange(3.0)


class OnlyDLPack:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **choices: Any) -> Any:
        return self.array.__dlpack__(**choices)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


class OnDevice(OnlyDLPack):
    def __dlpack__(self, **_: Any) -> Any:
        raise BufferError("the array lies on device 1")


class OnlyArray:
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.arange(3, dtype=dtype)


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([1, 2, 3], np.float64),
        ([[1.5], [2], [3]], np.float64),
        ([1, None, 3], np.float64),
        ([decimal.Decimal("1.5"), 2, 3], np.float64),
        (np.arange(3, dtype=np.int8), np.float64),
        (np.array([True, False, True]), np.float64),
        (np.arange(3, dtype=np.float16), np.float32),
        (np.arange(3, dtype=np.float32), np.float32),
        (np.arange(3, dtype=">f8"), np.float64),
        (np.arange(3, dtype=np.longdouble), np.float64),
        (OnlyDLPack(np.arange(3, dtype=np.float32)), np.float32),
        (OnlyArray(), np.float64),
        (pd.Series([1, 2, 3], name="a"), np.float64),
        (range(3), np.float64),
    ],
)
def test_anything_like_an_array_becomes_columns(data: Any, dtype: Any) -> None:
    matrix = to_matrix(data, "x").values
    assert matrix.shape == (3, 1)
    assert matrix.dtype == dtype
    assert matrix.dtype.isnative


def test_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    kinds = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64]
    found = [to_matrix(torch.ones(3, 2, dtype=kind), "x")[0].dtype for kind in kinds]
    assert found == [np.float32, np.float64, np.float32, np.float32, np.float64]
    assert to_matrix(torch.ones(3, requires_grad=True), "x")[0].tolist() == [[1]] * 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_arrays_are_not_copied(dtype: Any) -> None:
    x = np.zeros((3, 2), dtype)
    assert np.shares_memory(as_pair(x, Y).x, x)
    frame = pd.DataFrame(x)
    assert np.shares_memory(as_pair(frame, Y).x, frame.to_numpy())


def test_missing_values_become_nan() -> None:
    masked = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    nullable = pd.Series([1, None, 3], dtype="Int64")
    for data in (masked, nullable, [1, None, 3]):
        assert np.isnan(to_matrix(data, "x")[0][:, 0]).tolist() == [False, True, False]


def test_names() -> None:
    frame = pd.DataFrame({"age": [1, 2, 3], "height": [1.5, 2, 3]})
    pair = as_pair(frame, pd.Series([1.0, 2, 3], name="weight"))
    assert (pair.x_names, pair.y_names) == (("age", "height"), ("weight",))
    assert as_pair(np.zeros((3, 2)), Y).x_names == ("x0", "x1")
    assert as_pair(np.zeros((3, 2)), Y, x_names=["a", "b"]).x_names == ("a", "b")


def test_frames_of_mixed_types() -> None:
    frame = pd.DataFrame({"a": np.arange(3, dtype=np.float32), "b": [True, False, True], "a2": [1, 2, 3]})
    frame.columns = ["a", "b", "a"]
    assert to_matrix(frame, "x")[0].tolist() == [[0, 1, 1], [1, 0, 2], [2, 1, 3]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([1, "b", 3], "'x' holds text ('b') among numbers; repair it"),
        (np.array([1, "b", 3], dtype=object), "'x' holds text ('b')"),
        (pd.DataFrame({"n": [1, 2, 3], "city": ["a", "b", 4]}), "'city' holds text ('a') among numbers"),
        (pd.Series(pd.date_range("2020-01-01", periods=3, tz="UTC"), name="t"), "'t' holds dates"),
        (pd.date_range("2020-01-01", periods=3), "'x' holds dates"),
        (np.array([1j, 2, 3]), "complex numbers"),
        (np.zeros(3, dtype=[("a", float)]), "records"),
        (np.array([{}, 1, 2], dtype=object), "an object of type dict"),
        ([[1, 2], [3], [4]], "'x' cannot be taken as an array of numbers"),
        (3.0, "'x' is a single number"),
        (OnDevice(Y), "lies on device 1); pass a two-dimensional array in CPU memory"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(data: Any, told: str) -> None:
    with pytest.raises(DataError) as caught:
        as_pair(data, Y)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_different_lengths() -> None:
    with pytest.raises(DataError, match="In x and y x has 2 rows and y has 3; row i of x must belong to row i of y"):
        as_pair([1.0, 2.0], Y)
