"""Kinds of all columns of a pair: found from their values, or told by a person; with what is doubtful about them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data.kinds import found_in, told
from mmg_registry.data.labels import Labels, refuse_text
from mmg_registry.data.pair import Pair
from mmg_registry.errors import DataError
from mmg_registry.kinds import Kind, KindName
from mmg_registry.names import nearest

Told = dict[int, KindName]  # from the place of a column in its side to the kind that a person tells

TURNS = 2.0  # that the values of an angle span at most without a word: more look like degrees


def told_by_place(pair: Pair, kinds: Mapping[str, KindName]) -> tuple[Told, Told]:
    """Return the kinds that a person tells, by the places of the columns of x and of y.

    A key is the name of a column (of x, of y, or of both), else a whole side "x" or "y", else a pattern.

    Raises:
        DataError: for a key that means no column, with the nearest names.

    Example:
        >>> from mmg_registry.data.pair import as_pair
        >>> told_by_place(as_pair(np.zeros((3, 2)), np.zeros(3)), {"x1": "angle", "y": "category"})
        ({1: 'angle'}, {0: 'category'})
    """
    x: Told = {}
    y: Told = {}
    for key, kind in kinds.items():
        of_x, of_y = _meant(key, pair)
        x |= dict.fromkeys(of_x, kind)
        y |= dict.fromkeys(of_y, kind)
    return x, y


def _meant(key: str, pair: Pair) -> tuple[list[int], list[int]]:
    sides = {"x": pair.x_names, "y": pair.y_names}
    named = [[place for place, name in enumerate(names) if name == key] for names in sides.values()]
    if not any(named) and key in sides:
        named = [list(range(len(names))) if side == key else [] for side, names in sides.items()]
    if not any(named):
        named = [
            [place for place, name in enumerate(names) if fnmatch.fnmatchcase(name, key)] for names in sides.values()
        ]
    if not any(named):
        known = list(dict.fromkeys([*pair.x_names, *pair.y_names]))
        shown = known[:20]
        raise DataError(
            f"In {pair.source} there is no column '{key}', of which a kind is told; {nearest(key, shown, 'it has')}."
        )
    return named[0], named[1]


def with_kinds(pair: Pair, kept: tuple[Index, Index], asked: tuple[Told, Told]) -> tuple[Pair, list[str]]:
    """Return a pair of kept columns with their kinds, and warnings about values that look like codes for missing ones.

    Args:
        pair: the kept columns, with the labels of these.
        kept: their places among all columns, by which `asked` tells kinds.

    Raises:
        DataError: for text that is no category, and for a kind that a column cannot be of.
    """
    (x_kinds, told_x), (y_kinds, told_y) = (
        _side(side, array, names, labels, {place: asks[j] for place, j in enumerate(keeps) if j in asks}, pair.source)
        for side, array, names, labels, keeps, asks in (
            ("x", pair.x, pair.x_names, pair.x_labels, kept[0].tolist(), asked[0]),
            ("y", pair.y, pair.y_names, pair.y_labels, kept[1].tolist(), asked[1]),
        )
    )
    return replace(pair, x_kinds=x_kinds, y_kinds=y_kinds), [*told_x, *told_y]


def _side(
    side: str, array: Array, names: Sequence[str], labels: Sequence[Labels], asked: Told, source: str
) -> tuple[tuple[Kind, ...], list[str]]:
    kinds, doubts = [], []
    for j, name in enumerate(names):
        column, where = array[:, j], f"In {source} the column '{name}' of {side}"
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
