"""Paired samples as every estimator receives them: two finite-width float arrays with equally many rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.errors import DataError

ENCODE = "leave it out or encode it as numbers (e.g. one column of 0 and 1 per category)"


@dataclass(frozen=True)
class Pair:
    """Paired samples: row i of `x` belongs to row i of `y`.

    Attributes:
        x, y: `(n_samples, dim_x)` and `(n_samples, dim_y)`, float32 or float64, NaN and infinity allowed.
        x_names, y_names: column names for messages.
        source: file name(s) for messages, "x and y" for arrays.

    Raises:
        DataError: when `x` and `y` differ in length.
    """

    x: Array
    y: Array
    x_names: tuple[str, ...]
    y_names: tuple[str, ...]
    source: str = "x and y"

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise DataError(
                f"In {self.source} x has {len(self.x)} rows and y has {len(self.y)}; "
                "row i of x must belong to row i of y."
            )

    def __len__(self) -> int:
        return len(self.x)


def as_pair(
    x: Any,
    y: Any,
    x_names: Sequence[str] | None = None,
    y_names: Sequence[str] | None = None,
    source: str = "x and y",
) -> Pair:
    """Take NumPy arrays, torch tensors, pandas or polars frames, lists, or anything with `__array__` or DLPack.

    One-dimensional input becomes one column; integers and booleans become float64, float16 becomes float32; float32
    and float64 arrays are taken without a copy.

    Raises:
        DataError: for text, dates, complex numbers, objects, other than one or two dimensions, or different lengths.

    Example:
        >>> pair = as_pair([1, 2, 3], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> pair.x.shape, pair.y.shape, pair.x_names
        ((3, 1), (3, 2), ('x',))
    """
    x_array, x_found = to_matrix(x, "x")
    y_array, y_found = to_matrix(y, "y")
    return Pair(x_array, y_array, tuple(x_names or x_found), tuple(y_names or y_found), source)


def to_matrix(data: Any, label: str) -> tuple[Array, tuple[str, ...]]:
    """`data` as a `(n, d)` float array and its column names (`label` and a number where it has none).

    Raises:
        DataError: as `as_pair`.
    """
    if hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "get_columns")):
        return _from_frame(data, label)
    matrix = _columns(to_float(_as_array(data, label), label), label)
    name = getattr(data, "name", None)
    return matrix, (str(name),) if name is not None and matrix.shape[1] == 1 else default_names(label, matrix.shape[1])


def default_names(label: str, dim: int) -> tuple[str, ...]:
    """Column names where the data have none.

    Example:
        >>> default_names("x", 1), default_names("x", 2)
        (('x',), ('x0', 'x1'))
    """
    return (label,) if dim == 1 else tuple(f"{label}{i}" for i in range(dim))


def to_float(array: np.ndarray[Any, Any], label: str) -> Array:
    """`array` as native float32 or float64, without a copy where it is one already.

    Raises:
        DataError: for text, dates, complex numbers and objects.
    """
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(_float_type(array.dtype, label)), np.nan)
    if array.dtype == object:
        array = _numbers_from_objects(array, label)
    return array.astype(_float_type(array.dtype, label), copy=False)


def _float_type(dtype: np.dtype[Any], label: str) -> type[np.floating[Any]]:
    if dtype.kind in "biu":
        return np.float64
    if dtype.kind == "f":
        return np.float32 if dtype.itemsize <= 4 else np.float64
    kinds = {"U": "text", "S": "text", "M": "dates", "m": "time spans", "c": "complex numbers", "V": "records"}
    raise DataError(f"'{label}' holds {kinds.get(dtype.kind, str(dtype))}, not numbers; {ENCODE}.")


def _numbers_from_objects(array: np.ndarray[Any, Any], label: str) -> Array:
    """A list or frame column of Python numbers (None is a missing value); anything else is text or worse."""
    flat = array.ravel()
    wrong = next((value for value in flat if not _is_number(value)), None)
    if wrong is not None:
        raise DataError(f"'{label}' holds {_described(wrong)}, not numbers; {ENCODE}.")
    numbers: Array = np.array([np.nan if _is_missing(value) else float(value) for value in flat])
    shaped: Array = numbers.reshape(array.shape)
    return shaped


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _is_number(value: Any) -> bool:
    return _is_missing(value) or (hasattr(value, "__float__") and not isinstance(value, (str, bytes)))


def _described(value: Any) -> str:
    return f"the text {value!r:.40}" if isinstance(value, str) else f"an object of type {type(value).__name__}"


def _as_array(data: Any, label: str) -> np.ndarray[Any, Any]:
    if hasattr(data, "detach"):
        data = _from_torch(data)
    try:
        if hasattr(data, "__dlpack__") and not hasattr(data, "__array__"):
            return np.from_dlpack(data)
        return np.asanyarray(data) if isinstance(data, np.ma.MaskedArray) else np.asarray(data)
    except (TypeError, ValueError, BufferError, RuntimeError) as error:
        reason = re.sub(r"\s+", " ", str(error)).rstrip(".")
        raise DataError(
            f"'{label}' cannot be taken as an array of numbers ({reason}); pass a two-dimensional array in CPU memory."
        ) from error


def _from_torch(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor  # NumPy has no bfloat16


def _columns(array: Array, label: str) -> Array:
    if array.ndim == 1:
        return array[:, None]
    if array.ndim == 2:
        return array
    if array.ndim == 0:
        raise DataError(f"'{label}' is a single number; give one row per sample.")
    raise DataError(
        f"'{label}' has shape {array.shape}; give one row per sample, e.g. {label}.reshape(len({label}), -1)."
    )


def _from_frame(frame: Any, label: str) -> tuple[Array, tuple[str, ...]]:
    """A pandas or polars frame; a frame of one float type is taken as it lies, others column by column."""
    names = tuple(str(name) for name in frame.columns)
    types = {str(dtype) for dtype in frame.dtypes}
    if types <= {"float32"} or types <= {"float64"}:
        return to_float(frame.to_numpy(), label), names
    series = [frame.iloc[:, i] for i in range(len(names))] if hasattr(frame, "iloc") else frame.get_columns()
    columns = [to_float(np.asarray(column), name) for column, name in zip(series, names, strict=True)]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0)), names
