"""Paired samples as every estimator receives them: two finite-width float arrays with equally many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.frames import aligned, names_in
from mmg_registry.data.matrices import frame_to_matrix, row_shape, to_matrix
from mmg_registry.data.split import coded
from mmg_registry.errors import DataError, demand
from mmg_registry.kinds import Kind


@dataclass(frozen=True)
class Pair:
    """Paired samples: row i of `x` belongs to row i of `y`.

    Attributes:
        x, y: `(n_samples, dim_x)` and `(n_samples, dim_y)`, float32 or float64, NaN and infinity allowed.
        x_names, y_names: column names for messages.
        source: file name(s) for messages, "x and y" for arrays.
        x_shape, y_shape: shape of one row as it was given, e.g. (28, 28) for images whose pixels are the columns; None
            where rows are plain.
        x_kinds, y_kinds: kind of each column, found by `clean`; empty before.
        groups: `(n_samples,)` what each row belongs to (a subject, a trial), as numbers; None where nobody said.
        notes: what was guessed, left out or put in order while reading, for a person who asks.
        doubts: the same where the reading may be wrong; warnings of the result.

    Raises:
        DataError: when `x` and `y` differ in length.
    """

    x: Array
    y: Array
    x_names: tuple[str, ...]
    y_names: tuple[str, ...]
    source: str = "x and y"
    x_shape: tuple[int, ...] | None = None
    y_shape: tuple[int, ...] | None = None
    x_kinds: tuple[Kind, ...] = ()
    y_kinds: tuple[Kind, ...] = ()
    groups: Index | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

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
    """Take NumPy arrays, torch tensors, pandas or polars frames, sparse matrices, lists, or anything with `__array__`.

    One-dimensional input becomes one column, more than two axes become columns, and so do columns of vectors. Integers
    and booleans become float64, float16 and bfloat16 become float32; float32 and float64 arrays are taken without a
    copy. Rows of two pandas objects are matched by their index.

    Raises:
        DataError: for text, dates, complex numbers, objects, indexes with different labels, or different lengths.

    Example:
        >>> pair = as_pair([1, 2, 3], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> pair.x.shape, pair.y.shape, pair.x_names
        ((3, 1), (3, 2), ('x',))
    """
    y, notes = aligned(x, y)
    x_array, x_found = to_matrix(x, "x")
    y_array, y_found = to_matrix(y, "y")
    return Pair(
        x_array, y_array, tuple(x_names or x_found), tuple(y_names or y_found), source,
        x_shape=row_shape(x), y_shape=row_shape(y), notes=notes,
    )  # fmt: skip


def pair_from_frame(frame: Any, x: str | Sequence[Any], y: str | Sequence[Any]) -> Pair:
    """Take x and y from the columns of one pandas or polars frame.

    Args:
        frame: the frame.
        x, y: the name of a column, or names.

    Raises:
        DataError: for a column that is not there or there twice, and as `as_pair`.

    Example:
        >>> import pandas as pd
        >>> pair = pair_from_frame(pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]}), x=["a", "b"], y="c")
        >>> pair.x_names, pair.y[:, 0].tolist()
        (('a', 'b'), [5.0, 6.0])
    """
    x_array, x_names = frame_to_matrix(frame[names_in(frame, x, "x")], "x")
    y_array, y_names = frame_to_matrix(frame[names_in(frame, y, "y")], "y")
    return Pair(x_array, y_array, x_names, y_names, "the frame")


def with_groups(pair: Pair, groups: Any, name: str = "groups") -> Pair:
    """Return `pair` with what each row belongs to.

    Args:
        pair: rows, `n` of them.
        groups: `(n,)` numbers, text or anything else that can be told apart.
        name: what messages call them.

    Raises:
        DataError: for another length than `n`, more than one column, or a missing value.

    Example:
        >>> with_groups(as_pair([1, 2, 3], [4, 5, 6]), ["anna", "ben", "anna"]).groups.tolist()
        [0, 1, 0]
    """
    given = np.asarray(groups, dtype=object)
    demand(
        given.size == len(given) == len(pair),
        f"The groups '{name}' are {given.size} values for {len(pair)} rows.",
        DataError,
    )
    words = ["" if each is None or each != each else str(each) for each in given.reshape(len(pair)).tolist()]
    missing = sum(not word.strip() for word in words)
    demand(
        not missing,
        f"The groups '{name}' are missing in {missing} of {len(pair)} rows; fill or drop these rows.",
        DataError,
    )
    return replace(pair, groups=coded(np.array(words))[0])
