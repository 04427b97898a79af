"""Columns as an estimator takes them: categories as columns of 0 and 1 or as codes, angles as cosine and sine.

What each becomes is found from all rows at once, so that training rows, held-out rows and folds are coded alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array, Estimator
from mmg_registry.data import Pair
from mmg_registry.errors import DataError
from mmg_registry.kinds import Kind

MAX_CODED = 1 << 28  # numbers that columns of 0 and 1 may hold, i.e. 2 GiB of float64

Code = Callable[[Array], NDArray[Any]]  # from the values of one column `(n,)` to columns `(n, k)`


@dataclass(frozen=True)
class _Coded:
    """What one column becomes.

    Attributes:
        name: its own.
        names, kinds: of the columns that it becomes.
        code: from values `(n,)` to these columns `(n, k)`; None where the column stays as it is.
    """

    name: str
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    code: Code | None = None


@dataclass(frozen=True)
class Encoding:
    """What the columns of each side become for one estimator; made by `encoding_for`."""

    sides: dict[str, tuple[_Coded, ...]]

    def __call__(self, pair: Pair) -> Pair:
        """Return the same rows, coded; a side in which nothing changes is not copied.

        Raises:
            DataError: for a value of a category, of text or told by a person, that was not among the rows for which
                the encoding was made. Numbers that look like a category take the nearest value that was.
        """
        changed: dict[str, Any] = {}
        for side, columns in self.sides.items():
            given = getattr(pair, side)
            changed[side] = _applied(columns, given, side, pair.source)
            changed[f"{side}_names"] = tuple(name for each in columns for name in each.names)
            changed[f"{side}_kinds"] = tuple(kind for each in columns for kind in each.kinds)
            changed[f"{side}_labels"] = ()
            if side != "z" and changed[side] is not given:
                changed[f"{side}_grid"] = None
        return replace(pair, **changed)


def encoding_for(cls: type[Estimator], pair: Pair) -> Encoding:
    """Return what the columns of checked rows become for an estimator.

    Raises:
        DataError: for categories of so many values that columns of 0 and 1 would not fit into memory.

    Example:
        >>> from mmg_registry.data import as_pair, clean
        >>> pair = clean(as_pair(["a", "b", "c", "a"] * 25, np.random.default_rng(0).normal(size=100))).pair
        >>> from mmg_registry.registry import load_plugin
        >>> encoding_for(load_plugin("gaussian"), pair)(pair).x[:3].tolist()
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    _refuse_many(cls, pair)
    return Encoding({side: _coded_side(cls, pair, side) for side in pair.sides})


def _coded_side(cls: type[Estimator], pair: Pair, side: str) -> tuple[_Coded, ...]:
    array, names, kinds = (getattr(pair, name) for name in (side, f"{side}_names", f"{side}_kinds"))
    columns = enumerate(zip(kinds, names, strict=True))
    return tuple(_coded(cls, kind, name, array[:, j]) for j, (kind, name) in columns)


def width_for(cls: type[Estimator], kind: Kind) -> int:
    """Return how many columns one column of a kind becomes for an estimator.

    Example:
        >>> from mmg_registry.registry import load_plugin
        >>> four = Kind("category", "text", 4)
        >>> width_for(load_plugin("gaussian"), four), width_for(load_plugin("ksg"), four)
        (3, 1)
    """
    if kind.name == "angle" and "angle" not in cls.kinds:
        return 2
    return max(kind.values - 1, 1) if kind.name == "category" and cls.one_hot else 1


def _applied(columns: Sequence[_Coded], array: Array, side: str, source: str) -> Array:
    if all(each.code is None for each in columns):
        return array
    parts = []
    for j, each in enumerate(columns):
        try:
            parts.append(array[:, [j]] if each.code is None else each.code(array[:, j]))
        except _UnknownValue as unknown:
            raise DataError(
                f"The column '{each.name}' of {side} in {source} is a category and holds {unknown.args[0]:g}, which no "
                "fitting row has; leave these rows out, add such rows to those that are fitted, or tell another kind "
                "(--kind, kinds=)."
            ) from None
    return np.concatenate(parts, axis=1, dtype=array.dtype)


class _UnknownValue(Exception):
    """A value of a category that was not seen."""


def _coded(cls: type[Estimator], kind: Kind, name: str, column: Array) -> _Coded:
    if kind.name == "angle" and "angle" not in cls.kinds:
        parts = [replace(kind, name="continuous", reason=f"the {part} of an angle") for part in ("cosine", "sine")]
        return _Coded(name, (f"cos {name}", f"sin {name}"), tuple(parts), _circle)
    if kind.name != "category":
        return _Coded(name, (name,), (kind,))
    values = np.unique(column)
    plain = np.array_equal(values, np.arange(len(values)))
    labels = tuple(kind.labels[int(value)] for value in values) if kind.labels else ()
    own = replace(kind, values=len(values), labels=labels)
    strict = kind.told or bool(kind.labels)
    if not cls.one_hot or len(values) <= 2:
        return _Coded(name, (name,), (own,), None if plain else _codes(values, strict))
    kept = np.delete(np.arange(len(values)), np.unique(column, return_counts=True)[1].argmax())
    shown = labels or tuple(f"{value:g}" for value in values)
    names = tuple(f"{name}={shown[k]}" for k in kept)
    kinds = tuple(Kind("category", f"whether {each}", 2) for each in names)
    return _Coded(name, names, kinds, _one_hot(values, kept, strict))


def _circle(column: Array) -> Array:
    return np.stack([np.cos(column), np.sin(column)], axis=1)


def _places(values: Array, column: Array, strict: bool) -> Index:
    """Return the place of each value among the known `values`, which rise.

    A value that is not known raises `_UnknownValue` where `strict`; else it takes the place of the nearest one: which
    numbers a count takes is a matter of chance, and a function of a column tells no more than the column.
    """
    places = np.minimum(np.searchsorted(values, column), len(values) - 1)
    below = np.maximum(places - 1, 0)
    places = np.where(np.abs(column - values[below]) < np.abs(values[places] - column), below, places)
    wrong = values[places] != column
    if strict and wrong.any():
        raise _UnknownValue(float(column[wrong][0]))
    return places


def _codes(values: Array, strict: bool) -> Code:
    return lambda column: _places(values, column, strict)[:, None]


def _one_hot(values: Array, kept: Index, strict: bool) -> Code:
    return lambda column: _places(values, column, strict)[:, None] == kept


def _refuse_many(cls: type[Estimator], pair: Pair) -> None:
    if not cls.one_hot:
        return
    many = [kind.values for kind in (*pair.x_kinds, *pair.y_kinds, *pair.z_kinds) if kind.name == "category"]
    if sum(many) * len(pair) > MAX_CODED:
        raise DataError(
            f"The categories of {pair.source} have {sum(many)} values, which '{cls.name}' takes as so many columns of "
            f"0 and 1, too many for {len(pair)} rows; put rare ones together, or ask for an estimator that takes codes."
        )
