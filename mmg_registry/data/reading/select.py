"""Which columns are meant: names, patterns, positions, ranges, all but some; and what is taken when nothing is said.

a,b            names, in this order             "a,b",c        a name with a comma in it
gene_*         all that fit the pattern          0, 3           positions from 0, where no name is so
a:c, 2:5       from one to another, inclusive    !id, *,!q*     without these (alone: all but these)
"""

from __future__ import annotations

import csv
import fnmatch
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmg_registry.data.reading.faults import listed
from mmg_registry.data.reading.table import Table
from mmg_registry.errors import DataError

Spec = str | int | Sequence[Any]  # a choice as it is written, or its parts, as in Python: ["a", "b"]


@dataclass(frozen=True)
class Choice:
    """Columns chosen for one side.

    Attributes:
        places: their places in the table's names.
        named: those of them that were named one by one; the others were swept in by a pattern, a range or "all but".
    """

    places: list[int]
    named: frozenset[int]


def parts_of(spec: Spec) -> list[str]:
    """Return the parts of a choice; double quotes keep a comma in a name, and the parts of a list are taken whole.

    Example:
        >>> parts_of('a, "b,c",!d'), parts_of(["b,c", 3])
        (['a', 'b,c', '!d'], ['b,c', '3'])
    """
    if isinstance(spec, int):
        return [str(spec)]
    if not isinstance(spec, str):
        return [str(part) for part in spec]
    if "\n" in spec or "\r" in spec:  # a name with a line break is taken whole
        return [spec]
    return [part.strip() for part in next(csv.reader([spec], skipinitialspace=True), []) if part.strip()]


def asked_for(*specs: Spec | None) -> frozenset[str]:
    """Return the names and positions in choices, without patterns: what tells whether a row of numbers is a header."""
    parts = [part.lstrip("!") for spec in specs if spec is not None for part in parts_of(spec)]
    ends = [end.strip() for part in parts for end in part.split(":")]
    return frozenset(end for end in ends if end and not any(sign in end for sign in "*?["))


def select(table: Table, spec: Spec) -> Choice:
    """Return the columns of `table` that `spec` asks for, in that order.

    Raises:
        DataError: for what is not there (what is there is listed) or there twice.
    """
    parts = [spec] if isinstance(spec, str) and spec in table.names else parts_of(spec)
    without = [part for part in parts if _negated(table, part)]
    wanted = [part for part in parts if part not in without]
    found = [(place, one) for part in wanted for places, one in [_found(table, part)] for place in places]
    if without and not wanted:
        found = [(place, False) for place in _unambiguous(table, range(len(table.open_names)))]
    gone = {place for part in without for place in _found(table, part[1:].strip())[0]}
    kept = [(place, one) for place, one in found if place not in gone]
    named = frozenset(place for place, one in kept if one)
    return Choice(list(dict.fromkeys(place for place, _ in kept)), named)


def _negated(table: Table, part: str) -> bool:
    return part.startswith("!") and part not in table.names


def _found(table: Table, part: str) -> tuple[list[int], bool]:
    """Return the places that one part means, and whether it names a single column."""
    if part in table.names:
        return _unambiguous(table, [table.names.index(part)]), True
    shown = table.open_names
    if re.fullmatch(r"\d+", part, re.ASCII) and int(part) < len(shown):
        return [int(part)], True
    ends = _ends(table, part)
    if ends is not None:
        return list(range(ends[0], ends[1] + 1)), False
    found = [place for place, name in enumerate(shown) if fnmatch.fnmatchcase(name, part)]
    if not found:
        raise DataError(f"it has no {table.kind} '{part}'; it has {listed(table.names)}")
    return _unambiguous(table, found), False


def _ends(table: Table, part: str) -> tuple[int, int] | None:
    """Return the first and last place of a range, or None where the part is none."""
    first, colon, last = (piece.strip() for piece in part.partition(":"))
    if not colon:
        return None
    low = _end(table, first, 0, part)
    high = _end(table, last, len(table.open_names) - 1, part)
    if low > high:
        raise DataError(f"the range {part} runs backwards: '{last}' stands before '{first}'")
    return low, high


def _end(table: Table, name: str, default: int, part: str) -> int:
    if not name:
        return default
    if name in table.names:
        return _unambiguous(table, [table.names.index(name)])[0]
    if re.fullmatch(r"\d+", name, re.ASCII) and int(name) < len(table.open_names):
        return int(name)
    raise DataError(f"it has no {table.kind} '{name}', where the range {part} ends; it has {listed(table.names)}")


def _unambiguous(table: Table, places: Sequence[int]) -> list[int]:
    """Refuse a name that stands twice; columns chosen by position are told apart and do not come here."""
    counts = Counter(table.names)
    for place in places:
        name = table.names[place]
        if counts[name] > 1:
            twice = [str(other) for other, each in enumerate(table.names) if each == name]
            raise DataError(
                f"the name '{name}' stands twice, at the positions {' and '.join(twice)}: rename one, or "
                f"choose by position (--x {twice[0]})"
            )
    return list(places)


# --- both sides ---------------------------------------------------------------------------------------------------


def choose(
    table: Table, x: Spec | None, y: Spec | None, given: Spec | None = None, groups: int | None = None
) -> tuple[dict[str, list[int]], list[str]]:
    """Return the places of x, of y, and of z where it is `given`, and notes.

    A pattern for one side leaves out what another side names, and the place of the `groups`.

    Raises:
        DataError: as `select`, and for a side that nothing is left of.
    """
    if x is None and y is None and given is None and _is_pair(table):
        places = _unambiguous(table, [0, 1])
        return {"x": places[:1], "y": places[1:]}, []  # MI is symmetric, so there is nothing to guess
    specs = {"x": x, "y": y} | ({} if given is None else {"z": given})
    sides = {side: _not_swept(_side(table, spec, side), groups) for side, spec in specs.items()}
    _refuse_given_twice(table, sides)
    notes: list[str] = []
    return {side: _without(table, side, sides, notes) for side in sides}, notes


def _refuse_given_twice(table: Table, sides: Mapping[str, Choice]) -> None:
    """Refuse columns that are named both as given and as x or y: they would tell nothing beyond themselves."""
    for side in ("x", "y") if "z" in sides else ():
        twice = sorted(sides["z"].named & sides[side].named)
        if twice:
            names = listed([table.names[place] for place in twice], 5)
            raise DataError(f"{names} is named both as {side} and as given, where it tells nothing more; leave out one")


def place_of(table: Table, name: str, option: str = "groups") -> int:
    """Return the place of the one column that `name` means; `option` is what asks for it.

    Raises:
        DataError: as `select`, and for more than one.
    """
    places = select(table, name).places
    if len(places) != 1:
        raise DataError(f"'{name}' means {len(places)} {table.kind}s, and --{option} takes one")
    return places[0]


def _not_swept(choice: Choice, groups: int | None) -> Choice:
    kept = [place for place in choice.places if place != groups or place in choice.named]
    return Choice(kept, choice.named)


def _is_pair(table: Table) -> bool:
    named = _default(table, "x") and _default(table, "y")
    return table.kind == "column" and len(table.open_names) == 2 and not named


def _without(table: Table, side: str, sides: Mapping[str, Choice], notes: list[str]) -> list[int]:
    own, others = sides[side], [choice for name, choice in sides.items() if name != side]
    shared = [place for place in own.places if place not in own.named and any(place in each.named for each in others)]
    kept = [place for place in own.places if place not in shared]
    if shared:
        names = listed([table.names[place] for place in shared], 5)
        notes.append(f"{side} is taken without {names}, for it is named on the other side.")
    if not kept:
        raise DataError(f"no {table.kind} is left for {side}")
    return kept


def _side(table: Table, spec: Spec | None, side: str) -> Choice:
    if spec is not None:
        choice = select(table, spec)
        if parts_of(spec) and not choice.places:
            raise DataError(f"no {table.kind} is left for {side}")
        return _nonempty(table, choice, side)
    places = _default(table, side)
    return _nonempty(table, Choice(_unambiguous(table, places), frozenset(places)), side)


def _nonempty(table: Table, choice: Choice, side: str) -> Choice:
    if choice.places:
        return choice
    raise DataError(
        f"it has no {table.kind} '{side}' but {listed(table.open_names)}; "
        f"say which {table.kind}s are x and y with --x and --y"
    )


def _default(table: Table, side: str) -> list[int]:
    names = table.open_names
    if table.kind == "array":
        return [names.index(name) for name in (side, side.upper()) if name in names][:1]
    return [place for place, name in enumerate(names) if re.fullmatch(rf"{side}_?\d*", name, re.IGNORECASE)]


def whole(table: Table, spec: Spec | None, side: str) -> list[int]:
    """Return everything in a source that holds one side: what is asked for, all columns, or its only array.

    Raises:
        DataError: as `select`.
    """
    if spec is not None or (table.kind == "array" and len(table.open_names) != 1):
        return _side(table, spec, side).places
    return _unambiguous(table, range(len(table.open_names)))
