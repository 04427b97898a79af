"""Anything like an array or a frame as a matrix of floats with names, or a refusal that names the column.

Text, booleans and categoricals become codes with the names of these; see `labels`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.data.labels import TRUTH, Labels, is_missing, of_categories, of_objects, of_text
from mmg_registry.errors import DataError

INSTEAD = "leave it out, or give numbers in its place"
EXACT = 2**53  # float64 holds every whole number up to here
MAX_DENSE = 1 << 32  # bytes that a sparse matrix may take when its zeros are written out


class Matrix(NamedTuple):
    """Columns side by side.

    Attributes:
        values: `(n, d)`, float32 or float64.
        names: of the columns.
        labels: names of each column's codes, () for a column of numbers; empty where all are.
    """

    values: Array
    names: tuple[str, ...]
    labels: tuple[Labels, ...] = ()


def row_shape(data: Any) -> tuple[int, ...] | None:
    """Return the shape of one row where it is more than a list of numbers, else None.

    Example:
        >>> row_shape(np.zeros((5, 28, 28))), row_shape(np.zeros((5, 3)))
        ((28, 28), None)
    """
    shape = getattr(data, "shape", ())
    return tuple(int(size) for size in shape[1:]) if len(shape) > 2 else None


def to_matrix(data: Any, label: str) -> Matrix:
    """Return `data` as columns of floats, with their names (`label` and a number where it has none).

    Raises:
        DataError: as `as_pair`.
    """
    if hasattr(data, "obs_names") and hasattr(data, "var_names"):  # AnnData
        return to_matrix(data.X, label)._replace(names=tuple(str(name) for name in data.var_names))
    if hasattr(data, "columns") and (hasattr(data, "iloc") or hasattr(data, "get_columns")):
        return frame_to_matrix(data, label)
    name = getattr(data, "name", None)
    named = str(name) if isinstance(name, (str, int, float)) else None
    if (categories := of_categories(data)) is not None:
        return Matrix(categories[0][:, None], (named or label,), (categories[1],))
    array = as_array(data, label)
    if array.dtype == object and array.ndim == 1 and (vectors := _vectors(array, named or label)) is not None:
        return Matrix(vectors, tuple(_numbered(named or label, vectors.shape[1])))
    matrix, labels = _coded(array, named or label)
    matrix = _columns(matrix, label)
    names = (named,) if named is not None and matrix.shape[1] == 1 else default_names(label, matrix.shape[1])
    return Matrix(matrix, names, labels)


def _coded(array: np.ndarray[Any, Any], label: str) -> tuple[Array, tuple[Labels, ...]]:
    """Return an array as floats, text and truth values as codes, and the labels of its columns, of which () has none.

    Raises:
        DataError: as `to_float`.
    """
    if array.dtype.kind not in "bOUST" or array.ndim == 0 or isinstance(array, np.ma.MaskedArray):
        return to_float(array, label), ()
    if array.dtype.kind == "b":
        return array.astype(np.float64), (TRUTH,) * math.prod(array.shape[1:])
    columns = (array if array.dtype.kind in "OUS" else array.astype(object)).reshape(
        len(array), math.prod(array.shape[1:])
    )
    found = [_coded_column(columns[:, j], label) for j in range(columns.shape[1])]
    labels = tuple(own for _, own in found)
    values: Array = np.stack([codes for codes, _ in found], axis=1) if found else np.empty(columns.shape)
    return values, labels if any(labels) else ()


def _coded_column(column: np.ndarray[Any, Any], label: str) -> tuple[Array, Labels]:
    coded = of_text(column) if column.dtype.kind in "US" else of_objects(column)
    return coded if coded is not None else (to_float(column, label), ())


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
        DataError: for text among numbers, dates, complex numbers and objects, and for whole numbers that float64
            merges.
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
    if dtype.kind in "Mm":
        raise _refused_time(label)
    kinds = {"U": "text", "S": "text", "T": "text", "c": "complex numbers", "V": "records"}
    raise DataError(f"'{label}' holds {kinds.get(dtype.kind, str(dtype))}, not numbers; {INSTEAD}.")


def _refused_time(label: str) -> DataError:
    return DataError(
        f"'{label}' holds dates or time spans, not numbers; leave it out, or give numbers in its place, such as "
        "seconds since the first, the hour of the day, or the name of the month."
    )


def _refused(value: Any, label: str) -> DataError:
    """Return the refusal of a value that is no number."""
    if isinstance(value, (str, bytes)):
        word = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return DataError(
            f"'{label}' holds text ({word!r:.40}) among numbers; repair it, leave it out, or make all of it text."
        )
    if hasattr(value, "isoformat") or hasattr(value, "total_seconds"):
        return _refused_time(label)
    return DataError(f"'{label}' holds an object of type {type(value).__name__}, not numbers; {INSTEAD}.")


def _numbers_from_objects(array: np.ndarray[Any, Any], label: str) -> Array:
    """A list or frame column of Python numbers (None is a missing value); anything else is text or worse."""
    flat = array.ravel()
    wrong = [value for value in flat if not _is_number(value)]
    if wrong:
        raise _refused(next((value for value in wrong if not _reads_as_number(value)), wrong[0]), label)
    numbers: Array = np.array([np.nan if is_missing(value) else float(value) for value in flat])
    large = [value for value in flat if isinstance(value, int) and abs(value) >= EXACT]
    if len(set(large)) > len({float(value) for value in large}):
        _refuse_merged(np.arange(2), np.full(2, 2.0 * EXACT), label)
    shaped: Array = numbers.reshape(array.shape)
    return shaped


def _is_number(value: Any) -> bool:
    single = not isinstance(value, (str, bytes)) and not getattr(value, "shape", ())
    return is_missing(value) or (single and hasattr(value, "__float__"))


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
    if not held or any(not _is_vector(value) and not is_missing(value) for value in array):
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
    if isinstance(value, (str, bytes)):  # NumPy's own text has a length and is an array
        return False
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
        array = np.asanyarray(data) if isinstance(data, np.ma.MaskedArray) else np.asarray(data)
        # NumPy makes text of all values of a list that holds some
        return np.asarray(data, dtype=object) if isinstance(data, (list, tuple)) and array.dtype.kind == "U" else array
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


def frame_to_matrix(frame: Any, label: str) -> Matrix:
    """Return a pandas or polars frame; a frame of one float type is taken as it lies, others column by column.

    Raises:
        DataError: as `to_matrix`.
    """
    names = tuple(str(name) for name in frame.columns)
    types = {str(dtype) for dtype in frame.dtypes}
    if types <= {"float32"} or types <= {"float64"}:
        return Matrix(to_float(frame.to_numpy(), label), names)
    series = [frame.iloc[:, i] for i in range(len(names))] if hasattr(frame, "iloc") else frame.get_columns()
    sides = [to_matrix(column, name) for column, name in zip(series, names, strict=True)]
    found = [own for name, side in zip(names, sides, strict=True) for own in _numbered(name, side.values.shape[1])]
    if not sides:
        return Matrix(np.empty((len(frame), 0)), ())
    return side_by_side(sides)._replace(names=tuple(found))


def side_by_side(parts: Sequence[Matrix]) -> Matrix:
    """Return the columns of several matrices of the same rows as one; a single one is taken as it lies."""
    if len(parts) == 1:
        return parts[0]
    labels = [own for part in parts for own in part.labels or ((),) * part.values.shape[1]]
    names = tuple(name for part in parts for name in part.names)
    return Matrix(np.column_stack([part.values for part in parts]), names, tuple(labels) if any(labels) else ())


def _numbered(name: str, width: int) -> list[str]:
    """Return the names of the columns that a column of vectors becomes."""
    return [name] if width == 1 else [f"{name}[{j}]" for j in range(width)]
