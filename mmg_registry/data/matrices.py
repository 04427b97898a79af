"""Anything like an array or a frame as a matrix of floats with names, or a refusal that names the column."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.errors import DataError

INSTEAD = "leave it out, or give numbers in its place"
EXACT = 2**53  # float64 holds every whole number up to here
MAX_DENSE = 1 << 32  # bytes that a sparse matrix may take when its zeros are written out


def row_shape(data: Any) -> tuple[int, ...] | None:
    """Return the shape of one row where it is more than a list of numbers, else None.

    Example:
        >>> row_shape(np.zeros((5, 28, 28))), row_shape(np.zeros((5, 3)))
        ((28, 28), None)
    """
    shape = getattr(data, "shape", ())
    return tuple(int(size) for size in shape[1:]) if len(shape) > 2 else None


def to_matrix(data: Any, label: str) -> tuple[Array, tuple[str, ...]]:
    """Return `data` as a `(n, d)` float array and its column names (`label` and a number where it has none).

    Raises:
        DataError: as `as_pair`.
    """
    if hasattr(data, "obs_names") and hasattr(data, "var_names"):  # AnnData
        return to_matrix(data.X, label)[0], tuple(str(name) for name in data.var_names)
    if hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "get_columns")):
        return frame_to_matrix(data, label)
    array = as_array(data, label)
    name = getattr(data, "name", None)
    named = str(name) if isinstance(name, (str, int, float)) else None
    if array.dtype == object and array.ndim == 1 and (vectors := _vectors(array, named or label)) is not None:
        return vectors, tuple(_numbered(named or label, vectors.shape[1]))
    matrix = _columns(to_float(array, named or label), label)
    return matrix, (named,) if named is not None and matrix.shape[1] == 1 else default_names(label, matrix.shape[1])


def default_names(label: str, dim: int) -> tuple[str, ...]:
    """Return the names of columns where the data have none.

    Example:
        >>> default_names("x", 1), default_names("x", 2)
        (('x',), ('x0', 'x1'))
    """
    return (label,) if dim == 1 else tuple(f"{label}{i}" for i in range(dim))


def to_float(array: np.ndarray[Any, Any], label: str) -> Array:
    """Return `array` as native float32 or float64, without a copy where it is one already.

    Raises:
        DataError: for text, dates, complex numbers and objects, and for whole numbers that float64 merges.
    """
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(_float_type(array, label)), np.nan)
    if array.dtype == object:
        array = _numbers_from_objects(array, label)
    found: Array = array.astype(_float_type(array, label), copy=False)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        _refuse_merged(array, found, label)
    return found


def _refuse_merged(whole: np.ndarray[Any, Any], floats: Array, label: str) -> None:
    """Refuse whole numbers, such as identifiers, that are different and whose floats are not.

    Raises:
        DataError: when there are such.
    """
    if not whole.size or float(np.abs(floats).max()) < EXACT:
        return
    columns = zip(
        np.atleast_2d(whole.reshape(len(whole), -1).T), np.atleast_2d(floats.reshape(len(floats), -1).T), strict=True
    )
    if any(len(np.unique(own)) > len(np.unique(theirs)) for own, theirs in columns):
        raise DataError(
            f"'{label}' holds whole numbers above 2**53 that are different and whose float64 are the same; "
            "leave it out, or subtract a common part."
        )


def _float_type(array: np.ndarray[Any, Any], label: str) -> type[np.floating[Any]]:
    dtype = array.dtype
    if dtype.kind in "biu":
        return np.float64
    if dtype.kind == "f" or dtype.name.startswith(("bfloat16", "float8")):  # the latter of ml_dtypes, as in JAX
        return np.float32 if dtype.itemsize <= 4 else np.float64
    if dtype.kind in "UST" and array.size:
        raise _refused(array.ravel()[0], label)
    kinds = {
        "U": "text",
        "S": "text",
        "T": "text",
        "M": "dates",
        "m": "time spans",
        "c": "complex numbers",
        "V": "records",
    }
    raise DataError(f"'{label}' holds {kinds.get(dtype.kind, str(dtype))}, not numbers; {INSTEAD}.")


def _refused(value: Any, label: str) -> DataError:
    """Return the refusal of a value that is no number."""
    if isinstance(value, (str, bytes)):
        word = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return DataError(f"'{label}' holds text ({word!r:.40}), which estimators here cannot take; {INSTEAD}.")
    return DataError(f"'{label}' holds an object of type {type(value).__name__}, not numbers; {INSTEAD}.")


def _numbers_from_objects(array: np.ndarray[Any, Any], label: str) -> Array:
    """Return a list or frame column of Python numbers, None a missing value; refuse anything else, such as text."""
    flat = array.ravel()
    wrong = [value for value in flat if not _is_number(value)]
    if wrong:
        raise _refused(next((value for value in wrong if not _reads_as_number(value)), wrong[0]), label)
    numbers: Array = np.array([np.nan if _is_missing(value) else float(value) for value in flat])
    large = [value for value in flat if isinstance(value, int) and abs(value) >= EXACT]
    if len(set(large)) > len({float(value) for value in large}):
        _refuse_merged(np.arange(2), np.full(2, 2.0 * EXACT), label)
    shaped: Array = numbers.reshape(array.shape)
    return shaped


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _is_number(value: Any) -> bool:
    single = not isinstance(value, (str, bytes)) and not getattr(value, "shape", ())
    return _is_missing(value) or (single and hasattr(value, "__float__"))


def _reads_as_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _vectors(array: np.ndarray[Any, Any], label: str) -> Array | None:
    """Return a column of vectors as a matrix, with a row of NaN where one is missing; None for other columns.

    Raises:
        DataError: for vectors of different lengths.
    """
    held = [(i, _flat(value)) for i, value in enumerate(array) if _is_vector(value)]
    if not held or any(not _is_vector(value) and not _is_missing(value) for value in array):
        return None
    lengths = sorted({len(value) for _, value in held})
    if len(lengths) > 1:
        raise DataError(
            f"'{label}' holds vectors of {lengths[0]} to {lengths[-1]} values; they must all have the same length."
        )
    block = to_float(np.stack([value for _, value in held]), label)
    matrix = np.full((len(array), lengths[0]), np.nan, dtype=block.dtype)
    matrix[[i for i, _ in held]] = block
    return matrix


def _flat(vector: Any) -> np.ndarray[Any, Any]:
    """Return the values of a vector, or of vectors in it, one after the other."""
    values = np.asarray(vector, dtype=object) if isinstance(vector, (list, tuple)) else np.asarray(vector)
    if values.dtype != object:
        return values.ravel()
    parts = [_flat(value) if _is_vector(value) else np.array([value]) for value in values.ravel()]
    return np.concatenate(parts) if parts else np.empty(0)


def _is_vector(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (hasattr(value, "__len__") and hasattr(value, "__array__"))


def as_array(data: Any, label: str) -> np.ndarray[Any, Any]:
    """Return anything like an array as NumPy's own.

    Raises:
        DataError: when that cannot be, as for a tensor on a device.
    """
    if hasattr(data, "tocsr"):
        return dense(data, label)
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


def dense(matrix: Any, label: str) -> np.ndarray[Any, Any]:
    """Return a sparse matrix with its zeros written out.

    Raises:
        DataError: when that takes more than 4 GiB.
    """
    size = math.prod(matrix.shape) * matrix.dtype.itemsize
    if size > MAX_DENSE:
        raise DataError(
            f"'{label}' is sparse and takes {size / 2**30:.0f} GiB with its zeros; choose fewer columns or rows."
        )
    return np.asarray(matrix.toarray())


def _from_torch(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor  # NumPy has no bfloat16


def _columns(array: Array, label: str) -> Array:
    if array.ndim == 0:
        raise DataError(f"'{label}' is a single number; give one row per sample.")
    return array[:, None] if array.ndim == 1 else array.reshape(len(array), math.prod(array.shape[1:]))


def frame_to_matrix(frame: Any, label: str) -> tuple[Array, tuple[str, ...]]:
    """A pandas or polars frame; a frame of one float type is taken as it lies, others column by column.

    Raises:
        DataError: as `to_matrix`.
    """
    names = tuple(str(name) for name in frame.columns)
    types = {str(dtype) for dtype in frame.dtypes}
    if types <= {"float32"} or types <= {"float64"}:
        return to_float(frame.to_numpy(), label), names
    series = [frame.iloc[:, i] for i in range(len(names))] if hasattr(frame, "iloc") else frame.get_columns()
    sides = [to_matrix(as_array(column, name), name)[0] for column, name in zip(series, names, strict=True)]
    found = [own for name, side in zip(names, sides, strict=True) for own in _numbered(name, side.shape[1])]
    return (np.column_stack(sides) if sides else np.empty((len(frame), 0))), tuple(found)


def _numbered(name: str, width: int) -> list[str]:
    """Return the names of the columns that a column of vectors becomes."""
    return [name] if width == 1 else [f"{name}[{j}]" for j in range(width)]
