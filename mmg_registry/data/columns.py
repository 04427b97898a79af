"""Kinds of all columns of a pair: found from their values, or told by a person; with what is doubtful about them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.kinds import found_in, told
from mmg_registry.data.labels import refuse_text
from mmg_registry.data.pair import Pair
from mmg_registry.errors import DataError
from mmg_registry.kinds import Kind, KindName
from mmg_registry.names import nearest

Told = dict[int, KindName]  # from the place of a column in its side to the kind that a person tells

TURNS = 2.0  # that the values of an angle span at most without a word: more look like degrees


def told_by_place(pair: Pair, kinds: Mapping[str, KindName]) -> dict[str, Told]:
    """Return the kinds that a person tells: for each side of the pair, by the places of its columns.

    A key is the name of a column (of one side or of several), else a whole side "x", "y" or "z", else a pattern.

    Raises:
        DataError: for a key that means no column, with the nearest names.

    Example:
        >>> from mmg_registry.data.pair import as_pair
        >>> told_by_place(as_pair(np.zeros((3, 2)), np.zeros(3)), {"x1": "angle", "y": "category"})
        {'x': {1: 'angle'}, 'y': {0: 'category'}}
    """
    asked: dict[str, Told] = {side: {} for side in pair.sides}
    for key, kind in kinds.items():
        for side, places in _meant(key, pair).items():
            asked[side] |= dict.fromkeys(places, kind)
    return asked


def _meant(key: str, pair: Pair) -> dict[str, list[int]]:
    sides: dict[str, tuple[str, ...]] = {side: getattr(pair, f"{side}_names") for side in pair.sides}
    named = {side: [place for place, name in enumerate(names) if name == key] for side, names in sides.items()}
    if not any(named.values()) and key in sides:
        named = {side: list(range(len(names))) if side == key else [] for side, names in sides.items()}
    if not any(named.values()):
        named = {
            side: [place for place, name in enumerate(names) if fnmatch.fnmatchcase(name, key)]
            for side, names in sides.items()
        }
    if not any(named.values()):
        known = list(dict.fromkeys(name for names in sides.values() for name in names))
        shown = known[:20]
        raise DataError(
            f"In {pair.source} there is no column '{key}', of which a kind is told; {nearest(key, shown, 'it has')}."
        )
    return named


def with_kinds(pair: Pair, kept: Mapping[str, Index], asked: Mapping[str, Told]) -> tuple[Pair, list[str]]:
    """Return a pair of kept columns with their kinds, and warnings about values that look like codes for missing ones.

    Args:
        pair: the kept columns, with the labels of these.
        kept: for each side, their places among all its columns, by which `asked` tells kinds.

    Raises:
        DataError: for text that is no category, and for a kind that a column cannot be of.
    """
    found: dict[str, Any] = {}
    doubts: list[str] = []
    for side, places in kept.items():
        asks = asked[side]
        own = {place: asks[column] for place, column in enumerate(places.tolist()) if column in asks}
        found[f"{side}_kinds"], told_of_side = _side(pair, side, own)
        doubts += told_of_side
    return replace(pair, **found), doubts


def _side(pair: Pair, side: str, asked: Told) -> tuple[tuple[Kind, ...], list[str]]:
    array, names, labels = (getattr(pair, name) for name in (side, f"{side}_names", f"{side}_labels"))
    kinds, doubts = [], []
    for j, name in enumerate(names):
        column, where = array[:, j], f"In {pair.source} the column '{name}' of {side}"
        own = labels[j] if labels else ()
        found = found_in(column, own)
        if own:
            refuse_text(column, own, where, told=j in asked)
        kind = told(asked[j], column, found.kind, where) if j in asked else found.kind
        kinds.append(kind)
        doubts += [] if own else [_sentinel(value, share, name, side) for value, share in found.sentinels.items()]
        doubts += _degrees(kind, column, name, side)
    return tuple(kinds), doubts


def _sentinel(value: float, share: float, name: str, side: str) -> str:
    return (
        f"The value {value:.10g} stands in {share:.1%} of the rows of the column '{name}' of {side}, far from all "
        f'others, as a code for missing values does; if it is one, leave these rows out by --where "{name} != '
        f'{value:.10g}", or in text by --na {value:.10g} with --drop-nan (NaN in its place with drop_nan=True).'
    )


def _degrees(kind: Kind, column: Array, name: str, side: str) -> list[str]:
    if kind.name != "angle":
        return []
    span = float(column.max()) - float(column.min())
    if span <= TURNS * 2 * np.pi:
        return []
    return [
        f"The column '{name}' of {side} is told to be an angle and spans {span:.4g} radians; if it is in degrees, "
        "multiply it by pi / 180."
    ]


def of_labels_alone(fit: Pair, rows: Pair) -> NDArray[np.bool_]:
    """Return which rows `(n,)` hold nothing but labels of categories and atoms of mixed columns."""
    if not (fit.x_kinds and fit.y_kinds):
        return np.zeros(len(rows), dtype=np.bool_)
    columns, kinds = [*rows.x.T, *rows.y.T], [*fit.x_kinds, *fit.y_kinds]
    rest = [(column, kind) for column, kind in zip(columns, kinds, strict=True) if kind.name != "category"]
    alone: NDArray[np.bool_] = np.all([np.isin(column, kind.atoms) for column, kind in rest], axis=0)
    return np.broadcast_to(alone, len(rows))
