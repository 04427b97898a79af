"""Samples as every estimator receives them: float arrays x, y and perhaps z, with equally many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.frames import aligned
from mmg_registry.data.labels import Labels
from mmg_registry.data.matrices import row_shape, to_matrix
from mmg_registry.data.split import coded
from mmg_registry.data.whole import Whole, drawn, told_of_sample
from mmg_registry.errors import DataError, demand
from mmg_registry.grids import Grid
from mmg_registry.kinds import Kind


@dataclass(frozen=True)
class Pair:
    """Paired samples: row i of `x` belongs to row i of `y`, and of `z` where a variable is given.

    Attributes:
        x, y: `(n_samples, dim_x)` and `(n_samples, dim_y)`, float32 or float64, NaN and infinity allowed.
        z: `(n_samples, dim_z)` the variable that is given, of I(X; Y | Z); None where I(X; Y) is asked for.
        x_names, y_names, z_names: column names for messages.
        source: file name(s) for messages, "x and y" for arrays.
        x_shape, y_shape: shape of one row as it was given, e.g. (28, 28) for images whose pixels are the columns; None
            where rows are plain.
        x_grid, y_grid: where the columns that are left stand in a row as it was given, found by `clean`; None before.
        x_labels, y_labels, z_labels: names of each column's codes 0, 1 .., () for a column of numbers; empty where all
            are.
        x_kinds, y_kinds, z_kinds: kind of each column, found by `clean`; empty before.
        groups: `(n_samples,)` what each row belongs to (a subject, a trial), as numbers; None where nobody said.
        rows: `(n_samples,)` the place of each row in the source, from 0, where some were left out; None where all are
            there in order.
        whole: all rows, where these are a sample of them that was drawn at random; else None.
        notes: what was guessed, left out or put in order while reading, for a person who asks.
        doubts: the same where the reading may be wrong; warnings of the result.

    Raises:
        DataError: when `x`, `y` and `z` differ in length.
    """

    x: Array
    y: Array
    x_names: tuple[str, ...]
    y_names: tuple[str, ...]
    source: str = "x and y"
    x_shape: tuple[int, ...] | None = None
    y_shape: tuple[int, ...] | None = None
    x_grid: Grid | None = None
    y_grid: Grid | None = None
    x_labels: tuple[Labels, ...] = ()
    y_labels: tuple[Labels, ...] = ()
    x_kinds: tuple[Kind, ...] = ()
    y_kinds: tuple[Kind, ...] = ()
    z: Array | None = None
    z_names: tuple[str, ...] = ()
    z_labels: tuple[Labels, ...] = ()
    z_kinds: tuple[Kind, ...] = ()
    groups: Index | None = None
    rows: Index | None = None
    whole: Whole | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise DataError(
                f"In {self.source} x has {len(self.x)} rows and y has {len(self.y)}; "
                "row i of x must belong to row i of y."
            )
        if self.z is not None and len(self.z) != len(self.x):
            raise DataError(
                f"In {self.source} x and y have {len(self.x)} rows and what is given has {len(self.z)}; "
                "row i of each must belong together."
            )

    def __len__(self) -> int:
        return len(self.x)

    @property
    def places(self) -> Index:
        """Return the place of each row in the source `(n_samples,)`, from 0."""
        return np.arange(len(self)) if self.rows is None else self.rows

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the names of the variables that are there: "x", "y", and "z" where one is given."""
        return ("x", "y") if self.z is None else ("x", "y", "z")

    def arrays(self) -> list[Array]:
        """Return x, y, and z where it is given, row-major and writeable, as torch requires; copied only if need be."""
        return [np.require(getattr(self, side), requirements=["C", "W"]) for side in self.sides]

    def take(self, rows: Any) -> Pair:
        """Return the rows that an index, a mask or a slice chooses, with their groups and places."""
        whole = {side: getattr(self, side)[rows] for side in self.sides}
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, **whole, groups=groups, rows=self.places[rows])


def as_pair(
    x: Any,
    y: Any,
    x_names: Sequence[str] | None = None,
    y_names: Sequence[str] | None = None,
    source: str = "x and y",
) -> Pair:
    """Take NumPy arrays, torch tensors, pandas or polars frames, sparse matrices, lists, or anything with `__array__`.

    One-dimensional input becomes one column, more than two axes become columns, and so do columns of vectors. Integers
    become float64, float16 and bfloat16 become float32; float32 and float64 arrays are taken without a copy. Text,
    booleans and categoricals become codes 0, 1 .. of their sorted names, which are kept. Rows of two pandas objects
    are matched by their index.

    Raises:
        DataError: for dates, complex numbers, objects, text among numbers, indexes with different labels, or different
            lengths.

    Example:
        >>> pair = as_pair([1, 2, 3], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> pair.x.shape, pair.y.shape, pair.x_names
        ((3, 1), (3, 2), ('x',))
    """
    y, notes = aligned(x, y)
    of_x, of_y = to_matrix(x, "x"), to_matrix(y, "y")
    return Pair(
        of_x.values, of_y.values, tuple(x_names or of_x.names), tuple(y_names or of_y.names), source,
        x_shape=row_shape(x), y_shape=row_shape(y), x_labels=of_x.labels, y_labels=of_y.labels, notes=notes,
    )  # fmt: skip


def with_given(pair: Pair, z: Any, names: Sequence[str] | None = None) -> Pair:
    """Return `pair` with the variable that is given, of I(X; Y | Z).

    Args:
        pair: rows, `n` of them.
        z: `(n,)` or `(n, dim_z)`, in any form that `as_pair` takes.
        names: of its columns; else those that it has, or z0, z1 ..

    Raises:
        DataError: as `as_pair`.

    Example:
        >>> with_given(as_pair([1, 2, 3], [4, 5, 6]), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).z_names
        ('z0', 'z1')
    """
    of_z = to_matrix(z, "z")
    return replace(pair, z=of_z.values, z_names=tuple(names or of_z.names), z_labels=of_z.labels)


def without_given(pair: Pair) -> Pair:
    """Return `pair` without the variable that is given."""
    whole = None if pair.whole is None else pair.whole.through(without_given)
    return replace(pair, z=None, z_names=(), z_labels=(), z_kinds=(), whole=whole)


def sampled(pair: Pair, size: int, seed: int) -> Pair:
    """Return `size` rows of a pair that were drawn at random, with what shows all of them again.

    Example:
        >>> found = sampled(as_pair(range(100), range(100)), 3, seed=0)
        >>> len(found), found.x[:, 0].tolist() == found.places.tolist()
        (3, True)
    """
    whole = Whole(len(pair), seed, lambda: iter([pair]))
    doubts = (*pair.doubts, told_of_sample(size, len(pair), seed, pair.source))
    return replace(pair.take(drawn(len(pair), size, seed)), whole=whole, doubts=doubts)


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
