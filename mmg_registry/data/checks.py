"""Checks of the data: they refuse unusable data, drop columns that do not change MI, and warn of doubtful data.

Every estimator in the registry gets data that passed these checks: finite, without constant or linearly dependent
columns, each of a known kind, and with a finite MI as far as the checks can tell. "Infinite" is said only where it
follows: an exact relation of columns that take finitely many values leaves MI finite.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data import curves, dependence, given
from mmg_registry.data.columns import of_labels_alone, told_by_place, with_kinds
from mmg_registry.data.dependence import Relation
from mmg_registry.data.labels import matched
from mmg_registry.data.pair import Pair, without_given
from mmg_registry.data.proof import demand_in_all
from mmg_registry.errors import DataError, DataWarning, about, demand
from mmg_registry.grids import Grid
from mmg_registry.kinds import Kind, KindName

Verdict = Literal["independent-by-constant", "independent-by-given", "infinite"]

MIN_ROWS = 10
FEW_ROWS = 100
_MIN_MONOTONE_ROWS = 20
_SEPARATELY = 4  # up to this many similar warnings are given one by one


NOT_OF_A_SAMPLE = (
    "In {source}: {told} in the rows that were drawn, so that I(x; y | given) is 0 there, and a sample does not prove "
    'it. Read all rows with --rows all (rows="all"), or leave these columns out.'
)


@dataclass(frozen=True)
class Cleaned:
    """Data that are ready for an estimator.

    Attributes:
        pair: the data without the dropped rows and columns, with the kind of each column.
        kept: for each side, the indices of the kept columns; evaluation rows need the same columns (see `matching`).
        warnings: complete sentences for the user, as `DataWarning`.
        verdict: the MI if it is known without estimating: "independent-by-constant" and "independent-by-given" (0),
            "infinite", or None.
        reason: the verdict as a sentence, or "".
        dims: for each side, the number of columns before any were dropped.
    """

    pair: Pair
    kept: dict[str, Index]
    warnings: list[str]
    verdict: Verdict | None
    reason: str
    dims: dict[str, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "warnings", about(DataWarning, self.warnings))


def clean(pair: Pair, drop_nan: bool = False, kinds: Mapping[str, KindName] | None = None) -> Cleaned:
    """Apply all checks to `pair` and return the data that are left, with warnings and a verdict.

    Rows with NaN or infinity are refused, or dropped with `drop_nan`. Constant and redundant columns are dropped,
    because they do not change MI. The kind of each other column is found, or taken from `kinds` (by names of columns).
    An exact relation between continuous columns of x and columns of y makes MI infinite. Columns that what is given
    determines are dropped too; where it determines all of x or of y, I(X; Y | Z) is 0.

    Raises:
        DataError: for non-finite values, fewer than 10 rows, no columns, text that is no category, or a kind that is
            told of a column that is not there or cannot be of it.

    Example:
        >>> from mmg_registry.data.pair import as_pair
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(200, 2))
        >>> cleaned = clean(as_pair(np.column_stack([x, x[:, 0]]), rng.normal(size=200)))
        >>> cleaned.kept["x"].tolist(), cleaned.warnings
        ([0, 1], ["The column 'x2' of x repeats 'x0' and is left out; MI does not change."])
    """
    _refuse_empty(pair)
    asked = told_by_place(pair, kinds or {})
    finite, warnings = _finite(pair, drop_nan)
    _refuse_few_rows(finite)
    found = {side: _kept(getattr(finite, side), getattr(finite, f"{side}_names"), side) for side in pair.sides}
    kept = {side: places for side, (places, _) in found.items()}
    left, doubts = with_kinds(_columns(finite, kept), kept, asked)
    cleaned = Cleaned(
        pair=left,
        kept=kept,
        warnings=[*pair.doubts, *warnings, *(sentence for _, told in found.values() for sentence in told), *doubts],
        verdict=None,
        reason="",
        dims={side: getattr(pair, side).shape[1] for side in pair.sides},
    )
    if "z" in kept and not kept["z"].size:
        cleaned = _nothing_given(cleaned)
    if not (kept["x"].size and kept["y"].size):
        side = "x" if not kept["x"].size else "y"
        demand_in_all(finite, lambda rows: bool(np.any(_spread(getattr(rows, side)))), f"{side} is constant")
        reason = f"All columns of {side} are constant, so MI is 0 by definition; nothing was estimated."
        return replace(cleaned, verdict="independent-by-constant", reason=reason)
    cleaned = _without_told(cleaned)
    return cleaned if cleaned.verdict else _related(_without_chance(cleaned))


def _nothing_given(cleaned: Cleaned) -> Cleaned:
    told = "All columns of what is given are constant, so I(X; Y) is what is asked for, and what is estimated."
    return replace(cleaned, pair=without_given(cleaned.pair), warnings=[*cleaned.warnings, told])


def matching(cleaned: Cleaned, rows: Pair, drop_nan: bool = False) -> Pair:
    """Return the evaluation rows with the columns that `clean` kept of the fitting rows.

    Args:
        cleaned: the checked fitting rows.
        rows: the evaluation rows, with the columns that the fitting rows had before `clean`.
        drop_nan: whether to drop evaluation rows with NaN or infinity instead of refusing them.

    Raises:
        DataError: for another number or order of columns, non-finite values, fewer than 2 rows, or a label that no
            fitting row has.
    """
    _refuse_empty(rows)
    demand(
        "z" not in cleaned.dims or rows.z is not None,
        f"The evaluation rows of {rows.source} lack the columns that are given; add them (given_eval=).",
        DataError,
    )
    for side, dim in cleaned.dims.items():
        columns = getattr(rows, side).shape[1]
        if columns != dim:
            raise DataError(
                f"The evaluation rows of {rows.source} have {_number(columns, 'column')} of {side} "
                f"where the fitting rows have {dim}."
            )
    finite, _ = _finite(rows, drop_nan)
    if len(finite) < 2:
        raise DataError(f"The evaluation rows of {rows.source} are {len(finite)} in number; give at least 2.")
    found = _columns(finite, cleaned.kept)
    found = found if "z" in cleaned.pair.sides else without_given(found)
    _refuse_other_order(cleaned.pair, found)
    return _coded_as(cleaned.pair, found)


def _coded_as(fit: Pair, rows: Pair) -> Pair:
    """Return the rows with the types, kinds and codes of the fitting rows."""
    found: dict[str, Any] = {}
    for side in fit.sides:
        array = getattr(rows, side).astype(getattr(fit, side).dtype, copy=False)
        labelled = any(any(getattr(pair, f"{side}_labels")) for pair in (fit, rows))
        found[side] = _matched(fit, rows, array, side) if labelled else array
        found |= {key: getattr(fit, key) for key in (f"{side}_kinds", f"{side}_labels")}
    return replace(rows, **found)


def _matched(fit: Pair, rows: Pair, array: Array, side: str) -> Array:
    none: tuple[tuple[str, ...], ...] = ((),) * array.shape[1]
    names, own, wanted = (
        getattr(pair, f"{side}_{what}") for pair, what in ((fit, "names"), (rows, "labels"), (fit, "labels"))
    )
    columns = zip(array.T, own or none, wanted or none, names, strict=True)
    where = f"in the evaluation rows of {rows.source}"
    found = [matched(column, a, b, f"The column '{name}' of {side} {where}") for column, a, b, name in columns]
    return np.column_stack(found)


def repeated_rows(fit: Pair, rows: Pair) -> list[str]:
    """Return a warning if more than 1 % of the evaluation rows are also fitting rows, else an empty list.

    A row of labels and atoms alone does not count, for it recurs by chance.

    Raises:
        DataError: when all evaluation rows are fitting rows; the estimate would measure memorisation.
    """
    block = dependence.block_of(fit.x, fit.y)
    prints = dependence.row_prints(block)
    again = np.isin(dependence.row_prints(replace(block, parts=(rows.x, rows.y))), prints)
    if not _varied(prints):
        return []
    if again.all():
        raise DataError(
            f"All evaluation rows of {rows.source} are also fitting rows; give rows that are not, or none: "
            "then a part of the data is held out."
        )
    share = float(np.mean(again & ~of_labels_alone(fit, rows)))
    if share <= 0.01:
        return []
    return [f"{share:.0%} of the evaluation rows are also fitting rows, so the estimate may be too high."]


# --- rows -----------------------------------------------------------------------------------------------------------


def _refuse_empty(pair: Pair) -> None:
    if not len(pair):
        raise DataError(f"There are no rows in {pair.source}.")
    for side in pair.sides:
        if not getattr(pair, side).shape[1]:
            raise DataError(f"In {pair.source} {side} has no columns.")


def _refuse_few_rows(pair: Pair) -> None:
    if len(pair) < MIN_ROWS:
        raise DataError(
            f"There {'is' if len(pair) == 1 else 'are'} only {_number(len(pair), 'usable row')} in {pair.source}; "
            f"no estimate can be made from fewer than {MIN_ROWS}."
        )


def _finite(pair: Pair, drop_nan: bool) -> tuple[Pair, list[str]]:
    good, told = np.ones(len(pair), dtype=bool), []
    for side in pair.sides:
        names = getattr(pair, f"{side}_names")
        nan, inf = _non_finite(getattr(pair, side), good)
        told += [_count_of(names[j], side, int(nan[j]), int(inf[j])) for j in np.flatnonzero(nan + inf)]
    if not told:
        return pair, []
    bad = int(len(pair) - good.sum())
    where = _few(told, 10, "; ")
    if not drop_nan:
        raise DataError(
            f"In {pair.source} {_number(bad, 'row')} of {len(pair)} {'holds' if bad == 1 else 'hold'} "
            f"NaN or infinity ({where}); repair them, or drop these rows with --drop-nan (drop_nan=True)."
        )
    return pair.take(good), [f"{_number(bad, 'row')} of {len(pair)} dropped for NaN or infinity ({where})."]


def _non_finite(array: Array, good: NDArray[np.bool_]) -> tuple[Index, Index]:
    """Return the counts of NaN and of infinity per column; set `good` to False for the rows that contain any."""
    nan, inf = (np.zeros(array.shape[1], dtype=np.int64) for _ in range(2))
    step = max(1, dependence.CHUNK // max(array.shape[1], 1))
    for start in range(0, len(array), step):
        chunk = array[start : start + step]
        finite = np.isfinite(chunk)
        if not finite.all():
            good[start : start + step] &= finite.all(axis=1)
            nan += np.isnan(chunk).sum(axis=0)
            inf += np.isinf(chunk).sum(axis=0)
    return nan, inf


def _count_of(name: str, side: str, nan: int, inf: int) -> str:
    counts = [f"{n} {word}" for n, word in ((nan, "NaN"), (inf, "infinite")) if n]
    return f"column '{name}' of {side}: {' and '.join(counts)}"


def _few_rows(pair: Pair) -> list[str]:
    n, dim = len(pair), pair.x.shape[1] + pair.y.shape[1]
    told = []
    if n < FEW_ROWS:
        told.append(f"There are only {n} rows; the estimate and its error bar are rough.")
    if dim > n:
        told.append(f"There are more dimensions ({dim}) than rows ({n}): too few rows for a reliable estimate.")
    return told


def _varied(prints: NDArray[np.float64]) -> bool:
    return len(np.unique(prints)) > 0.3 * len(prints)


# --- columns of one side --------------------------------------------------------------------------------------------


def _kept(array: Array, names: tuple[str, ...], side: str) -> tuple[Index, list[str]]:
    """Return the indices of columns that are neither constant nor redundant, and warnings about the other columns."""
    varying = np.flatnonzero(_spread(array))
    told = [f"{_columns_named(names, side, constant)} constant and left out." for constant in _others(array, varying)]
    if varying.size < 2:
        return varying, told
    part = array if varying.size == array.shape[1] else array[:, varying]
    redundant = _redundant(part)
    told += _redundancies([names[j] for j in varying], side, redundant)
    return np.delete(varying, list(redundant)), told


def _spread(array: Array) -> NDArray[np.bool_]:
    """Return which columns take more than one value."""
    return np.asarray(array.min(axis=0) < array.max(axis=0))


def _others(array: Array, varying: Index) -> list[Index]:
    """Return the constant columns as one group, or no group if all columns are constant (the verdict reports that)."""
    constant = np.setdiff1d(np.arange(array.shape[1]), varying)
    return [constant] if constant.size and varying.size else []


def _columns_named(names: Sequence[str], side: str, columns: Index) -> str:
    listed = _few([f"'{names[j]}'" for j in columns], 10)
    return f"The column {listed} of {side} is" if len(columns) == 1 else f"The columns {listed} of {side} are"


def _redundant(array: Array) -> dict[int, list[int]]:
    """Return the redundant columns, each with the earlier columns that determine it."""
    if len(array) < array.shape[1] + dependence.SPARE_ROWS or array.shape[1] > dependence.MAX_COLUMNS:
        return {column: [first] for column, first in dependence.copies(array).items()}
    found = dependence.linear_relations(dependence.block_of(array))
    return {relation.column: relation.on.tolist() for relation in found}


def _redundancies(names: Sequence[str], side: str, redundant: dict[int, list[int]]) -> list[str]:
    """Return one warning per redundant column, or one for all of them if there are more than four."""
    if len(redundant) > _SEPARATELY:
        listed = _few([f"'{names[column]}'" for column in redundant], 10)
        return [
            f"{len(redundant)} columns of {side} ({listed}) are copies or linear combinations of others "
            "and are left out; MI does not change."
        ]
    return [_redundancy(names, side, column, on) for column, on in redundant.items()]


def _redundancy(names: Sequence[str], side: str, column: int, on: list[int]) -> str:
    what = "repeats" if len(on) == 1 else "is a linear combination of"
    others = _few([f"'{names[k]}'" for k in on], 6)
    return f"The column '{names[column]}' of {side} {what} {others} and is left out; MI does not change."


def _columns(pair: Pair, kept: Mapping[str, Index]) -> Pair:
    """Return the pair with the kept columns only; a side that keeps all its columns is not copied."""
    found: dict[str, Any] = {}
    for side, places in kept.items():
        array = getattr(pair, side)
        if side != "z":
            grid, shape = getattr(pair, f"{side}_grid"), getattr(pair, f"{side}_shape")
            found[f"{side}_grid"] = (grid or Grid.whole(shape or array.shape[1:])).kept(places)
        if places.size == array.shape[1]:
            continue
        found[side] = array[:, places]
        for what in ("names", "labels", "kinds"):
            all_of = getattr(pair, f"{side}_{what}")
            found[f"{side}_{what}"] = tuple(all_of[j] for j in places) if all_of else ()
    whole = None if pair.whole is None else pair.whole.through(functools.partial(_columns, kept=kept))
    return replace(pair, **found, whole=whole)


def _refuse_other_order(fit: Pair, rows: Pair) -> None:
    for side in fit.sides:
        ours, theirs = (getattr(pair, f"{side}_names") for pair in (fit, rows))
        if ours != theirs and sorted(ours) == sorted(theirs):
            raise DataError(
                f"The evaluation rows of {rows.source} have the columns of {side} in another order "
                f"({_few(theirs, 6)}) than the fitting rows ({_few(ours, 6)}); name them in the same order."
            )


# --- both sides together ----------------------------------------------------------------------------------------------


def _without_told(cleaned: Cleaned) -> Cleaned:
    """Leave out columns of x and of y that what is given determines; where it determines a side, I(X; Y | Z) is 0."""
    for side in "xy" if cleaned.pair.z is not None else "":
        pair, names = cleaned.pair, getattr(cleaned.pair, f"{side}_names")
        found = given.determined(pair, side)
        told = [f"The column '{names[j]}' of {side} {how}" for j, how in found.items()]
        if len(found) == len(names):
            more = "" if len(told) == 1 else ", and so on"
            demand(pair.whole is None, NOT_OF_A_SAMPLE.format(source=pair.source, told=told[0]), DataError)
            reason = (
                f"{told[0]}{more}, so given that, {side} tells nothing and I(x; y | given) is 0; nothing was estimated."
            )
            return replace(cleaned, verdict="independent-by-given", reason=reason)
        left = np.delete(np.arange(len(names)), list(found))
        kept = {**cleaned.kept, side: cleaned.kept[side][left]}
        sentences = [f"{each} and is left out; the information given it does not change." for each in told]
        warnings = [*cleaned.warnings, *sentences]
        cleaned = replace(cleaned, pair=_columns(pair, {side: left}), kept=kept, warnings=warnings)
    return cleaned


def _without_chance(cleaned: Cleaned) -> Cleaned:
    """Leave columns out of y that only a few rows relate to x: they prove nothing, and would look like certainty."""
    pair, chance = cleaned.pair, dependence.by_chance(cleaned.pair.x, cleaned.pair.y)
    if not 0 < len(chance) < pair.y.shape[1]:
        return cleaned
    told = (
        f"{_columns_named(pair.y_names, 'y', np.array(chance))} left out: one value stands in all but a few rows, and "
        "so few do not prove that x determines the others."
    )
    kept = np.delete(np.arange(pair.y.shape[1]), chance)
    rest = {**cleaned.kept, "y": cleaned.kept["y"][kept]}
    return replace(cleaned, pair=_columns(pair, {"y": kept}), kept=rest, warnings=[*cleaned.warnings, told])


def _related(cleaned: Cleaned) -> Cleaned:
    """Add the verdict on exact relations between x and y, or warnings about doubtful properties of the data."""
    pair = cleaned.pair
    if (relation := _linear_relation(pair)) is not None:
        name, _ = _names_in(pair, relation)
        demand_in_all(pair, _related_column, f"{name} is a linear function of the other side")
        return replace(cleaned, verdict="infinite", reason=_linear_sentence(pair, relation))
    if (columns := _monotone(pair)) is not None:
        x, y = pair.x_names[columns[0]], pair.y_names[columns[1]]
        demand_in_all(pair, _monotone, f"'{x}' of x and '{y}' of y are in the same or opposite order")
        return replace(cleaned, verdict="infinite", reason=_monotone_sentence(pair, columns))
    return replace(cleaned, warnings=[*cleaned.warnings, *_few_rows(pair), *_noiseless(pair), *given.crowded(pair)])


def _sides(pair: Pair) -> tuple[tuple[Array, tuple[Kind, ...]], tuple[Array, tuple[Kind, ...]]]:
    return (pair.x, pair.x_kinds), (pair.y, pair.y_kinds)


def _noiseless(pair: Pair) -> list[str]:
    """Warn of columns that lie on a curve or surface: MI is infinite if there is no noise finer than the rows show."""
    found = curves.noiseless(pair.x, pair.y)
    if found is None:
        return []
    of_x, of_y = (
        _few([f"'{names[j]}'" for j in columns], 6)
        for names, columns in zip((pair.x_names, pair.y_names), found, strict=True)
    )
    return [
        f"The rows of {of_x} of x and {of_y} of y lie on a curve or surface, as closely as {len(pair)} rows show: the "
        "information is perhaps infinite, and an estimate then tells how many rows there are, not how they depend."
    ]


def _has_density(kind: Kind) -> bool:
    """Whether a column takes a continuum of values, so that knowing it exactly is infinite information.

    Rounded values are finitely many, and so are counts and categories.
    """
    return kind.name in ("continuous", "mixed", "angle") and not kind.grain


def _related_column(pair: Pair) -> int | None:
    """Return the column that a linear relation makes infinite: one that all blocks share with some rows is the same."""
    found = _linear_relation(pair)
    return None if found is None else found.column


def _linear_relation(pair: Pair) -> Relation | None:
    """Return the linear relation between x and y that makes MI infinite, or None.

    What is given may have a part in the relation; what x has in it then has to vary where that is known.
    """
    of_z = [] if pair.z is None else [pair.z]
    block, dense = dependence.block_of(pair.x, *of_z, pair.y), [_has_density(kind) for kind in pair.x_kinds]
    for relation in dependence.linear_relations(block, first=len(dense) + sum(z.shape[1] for z in of_z)):
        of_x = np.array([k for k in relation.on if k < len(dense)], dtype=np.int64)
        if not any(dense[k] for k in of_x) or not dependence.proved(block, relation, len(dense)):
            continue
        if given.varies(pair, of_x, relation.weights[np.isin(relation.on, of_x)]):
            return relation
    return None


def _linear_sentence(pair: Pair, relation: Relation) -> str:
    name, others = _names_in(pair, relation)
    if len(others) == 1:
        how = f"is a copy of {others[0]}, up to scale and shift"
    else:
        how = f"is a linear combination of {_few(others, 6)}"
    return f"The column {name} {how}, so MI is infinite; leave one of them out if that is not what you want to know."


def _names_in(pair: Pair, relation: Relation) -> tuple[str, list[str]]:
    labels = [f"'{name}' of x" for name in pair.x_names]
    labels += [f"'{name}' of what is given" for name in pair.z_names]
    labels += [f"'{name}' of y" for name in pair.y_names]
    return labels[relation.column], [labels[k] for k in relation.on]


def _monotone(pair: Pair) -> tuple[int, int] | None:
    """Return the columns of x and of y that are in one order, or in opposite ones, in all rows, or None."""
    if len(pair) < _MIN_MONOTONE_ROWS:
        return None
    x_columns, y_columns = ([j for j, kind in enumerate(kinds) if _has_density(kind)] for _, kinds in _sides(pair))
    found = dependence.monotone_pair(pair.x, pair.y, x_columns, y_columns)
    if found is None or not given.varies(pair, np.array([found[0]]), np.ones(1)):
        return None
    return found


def _monotone_sentence(pair: Pair, columns: tuple[int, int]) -> str:
    x, y, n = pair.x_names[columns[0]], pair.y_names[columns[1]], pair.whole.n if pair.whole else len(pair)
    return (
        f"The columns '{x}' of x and '{y}' of y are in the same or opposite "
        f"order in all {n} rows, so each is a function of the other and MI is infinite; "
        "leave one of them out if that is not what you want to know."
    )


def _few(words: Sequence[str], limit: int, glue: str = ", ") -> str:
    more = f"{glue}and {len(words) - limit} more" if len(words) > limit else ""
    return glue.join(words[:limit]) + more


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
