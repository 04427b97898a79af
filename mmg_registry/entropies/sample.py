"""One sample of columns, read, checked and described: what entropies and divergences are taken of.

Reading and checks are those of pairs, so that files, frames, kinds, groups and blocks mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry.api import read
from mmg_registry.contracts import Array
from mmg_registry.data import Pair, as_pair, clean
from mmg_registry.data.pair import with_groups
from mmg_registry.data.reading import Spec, is_frame
from mmg_registry.data.units import Units, units_of
from mmg_registry.errors import DataError, demand
from mmg_registry.kinds import Kind
from mmg_registry.request import Request

EVERYTHING = "*"
FLAT = (
    "In {source} the column '{name}' repeats another or is a linear combination of others, so that the rows have no "
    "density and the differential entropy is minus infinity; leave the column out."
)
GRAINED = (
    "The columns {names} are rounded; they are spread within their grain, and the entropy is that of what is spread."
)


@dataclass(frozen=True)
class ColumnSample:
    """Checked rows of one set of columns.

    Attributes:
        x: `(n, dim)` rows, finite, without constant columns.
        names, kinds: of its columns.
        units: which rows belong together.
        warnings: sentences for the user.
        pair: the pair that was read, before the checks; its y is what is given, or x again.
    """

    x: Array
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    units: Units
    warnings: tuple[str, ...]
    pair: Pair

    def __len__(self) -> int:
        return len(self.x)


def sample_of(pair: Pair, request: Request) -> ColumnSample:
    """Check x of a pair and return it; y is not looked at.

    Raises:
        DataError: for rows that no entropy can be estimated from (see `data.checks.clean`), or whose entropy is minus
            infinity because columns determine others.
    """
    alone = beside_noise(pair, request.seed)
    cleaned = clean(alone, request.drop_nan, request.kinds)
    varying = [name for j, name in enumerate(pair.x_names) if np.ptp(alone.x[:, j]) > 0]
    dropped = [name for name in varying if name not in cleaned.pair.x_names]
    flat = bool(dropped) and not _all_discrete(cleaned.pair.x_kinds)
    demand(not flat, FLAT.format(source=pair.source, name=(dropped or [""])[0]), DataError)
    x, spread = _ungrained(cleaned.pair, request.seed)
    told = [each for each in cleaned.warnings if not each.endswith("MI does not change.")]
    whole = replace(cleaned.pair, x=x, y=x, y_names=cleaned.pair.x_names, y_kinds=cleaned.pair.x_kinds)
    units = units_of(whole, request.blocks)
    warnings = (*told, *units.told, *spread)
    return ColumnSample(x, cleaned.pair.x_names, cleaned.pair.x_kinds, units, warnings, pair)


def beside_noise(pair: Pair, seed: int) -> Pair:
    """Return x of `pair` beside a column of noise, of which the checks of a pair find nothing to say."""
    noise = np.random.default_rng(seed).standard_normal((len(pair), 1))
    return replace(pair, y=noise, y_names=("",), y_labels=(), y_kinds=(), y_shape=None)


def _all_discrete(kinds: Sequence[Kind]) -> bool:
    return all(kind.name in ("category", "count") for kind in kinds)


def _ungrained(pair: Pair, seed: int) -> tuple[Array, list[str]]:
    """Return x with rounded columns spread within their grain by seeded noise, and a sentence that says so."""
    rounded = [j for j, kind in enumerate(pair.x_kinds) if kind.grain and kind.name not in ("count", "category")]
    if not rounded:
        return pair.x.astype(np.float64), []
    x, rng = pair.x.astype(np.float64), np.random.default_rng(seed)
    for j in rounded:
        free = ~np.isin(x[:, j], pair.x_kinds[j].atoms)
        x[free, j] += pair.x_kinds[j].grain * (rng.random(int(free.sum())) - 0.5)
    return x, [GRAINED.format(names=", ".join(f"'{pair.x_names[j]}'" for j in rounded))]


def read_sample(data: Any, x: Spec | None, given: Any, groups: Any, **reading: Any) -> Pair:
    """Return a pair of x and of what is given, from arrays or a table; without the latter y is x again.

    Args:
        data: an array or a frame of x; or a table, of which `x` and `given` name columns: a frame or a file.
        x: columns of a table; all of them but those given, if None.
        given: columns of the table, an array or a frame with a row for each of x, or None.
        groups: what each row belongs to, values or the name of a column; None where nobody said.
        **reading: `text` and `where`, of files.

    Raises:
        DataError: as `read` and `as_pair`.
        OptionError: for names of columns where x is no table.
    """
    if isinstance(data, Pair):
        demand(x is None and given is None, "The pair holds its columns already; choose them where it is read.")
        return data if groups is None else with_groups(data, groups)
    named = given is None or is_names(given)
    if _is_file(data) or (is_frame(data) and named):
        column = groups if isinstance(groups, str) else None
        spec = EVERYTHING if x is None else x
        pair = read(data, spec, spec if given is None else given, groups=column, **reading)
        return pair if groups is None or column else with_groups(pair, groups)
    demand(x is None, "x names columns, and the data are no table; give the rows of x alone.")
    demand(given is None or not is_names(given), "given names columns, and the data are no table; give its rows.")
    pair = as_pair(data, data if given is None else given)
    return pair if groups is None else with_groups(pair, groups)


def is_names(given: Any) -> bool:
    """Return whether `given` names columns, rather than to hold values."""
    some = given if isinstance(given, (list, tuple)) else [given]
    return len(some) > 0 and all(isinstance(each, str) for each in some)


def _is_file(data: Any) -> bool:
    return isinstance(data, (str, Path)) or (isinstance(data, list) and len(data) > 0 and is_names(data))


def same_columns(a: Pair, b: Pair) -> Pair:
    """Return `b` with its columns in the order of those of `a`, by their names where these are of tables.

    Raises:
        DataError: for other columns, naming both sources and the columns that differ.
    """
    width = a.x.shape[1], b.x.shape[1]
    if width[0] == width[1] and (a.x_names == b.x_names or not _from_tables(a, b)):
        return b
    if len(set(a.x_names)) == width[0] and sorted(a.x_names) == sorted(b.x_names):
        return _in_order(b, [b.x_names.index(name) for name in a.x_names])
    only = [name for name in (*a.x_names, *b.x_names) if (name in a.x_names) != (name in b.x_names)]
    which = f" ({', '.join(only[:5])})" if only else ""
    raise DataError(
        f"{a.source} and {b.source} have other columns, {width[0]} and {width[1]}{which}; choose the same with --x."
    )


def _in_order(pair: Pair, places: list[int]) -> Pair:
    x, names = pair.x[:, places], tuple(pair.x_names[j] for j in places)
    labels = tuple(pair.x_labels[j] for j in places) if pair.x_labels else ()
    return replace(pair, x=x, y=x, x_names=names, y_names=names, x_labels=labels, y_labels=labels)


def _from_tables(a: Pair, b: Pair) -> bool:
    return any(pair.source != "x and y" for pair in (a, b))
