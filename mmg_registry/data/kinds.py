"""The kind of a column, found from its values or told, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.contracts import Array
from mmg_registry.data.dependence import sample_rows
from mmg_registry.data.labels import RECURRING, TRUTH, Labels
from mmg_registry.data.sentinels import sentinels
from mmg_registry.errors import DataError
from mmg_registry.kinds import Kind, KindName

ROWS_LOOKED_AT = 20_000  # of a column: what a value needs to be an atom (2 %) is then known to a tenth of itself
FEW_VALUES = 20  # different values up to which whole numbers count as labels
ROWS_A_VALUE = 5  # rows a value at least, on average, for a column to be a category
ATOM_SHARE = 0.02  # of the rows that a single value takes at least to be an atom
ATOM_ROWS = 5  # and rows
ATOM_EXCESS = 10.0  # and times the rows of the values beside it, so that neither a grain nor a count makes atoms
BESIDE = 3  # values on each side that an atom is compared with
MOST_ATOMS = 8
TIED = 0.05  # share of rows that repeat a value, from which a grain is looked for


@dataclass(frozen=True)
class Look:
    """What one look at a column's values finds.

    Attributes:
        kind: its kind.
        sentinels: values that look like codes for missing ones, with their shares of the rows.
    """

    kind: Kind
    sentinels: dict[float, float]


def found_in(column: Array, labels: Labels = ()) -> Look:
    """Return the kind of a finite column `(n,)` and its sentinels; of many rows some are looked at.

    Args:
        labels: names of the column's codes where it was text.
    """
    if labels:
        return Look(_of_labels(column, labels), {})
    some = column[sample_rows(len(column), ROWS_LOOKED_AT)]
    values, counts = np.unique(some, return_counts=True)
    kind = _kind(values, counts)
    if kind.name == "category" and len(some) < len(column):  # its values must be all there are
        values, counts = np.unique(column, return_counts=True)
        kind = _kind(values, counts)
    return Look(kind, sentinels(values, counts, labels=kind.name == "category"))


def _of_labels(codes: Array, labels: Labels) -> Kind:
    many = len(np.unique(codes))
    reason = "true or false" if labels == TRUTH else f"text of {many} values"
    return Kind("category", reason, many, labels=labels)


def kind_of(column: NDArray[Any]) -> Kind:
    """Return the kind of a finite column `(n,)` of numbers or booleans.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> kind_of(rng.standard_normal(1000)).name, kind_of(rng.integers(0, 3, 1000)).name
        ('continuous', 'category')
        >>> kind_of(rng.poisson(50, 1000)).name
        'count'
        >>> zeros = np.where(rng.random(1000) < 0.4, 0.0, rng.standard_normal(1000))
        >>> kind_of(zeros).name, kind_of(zeros).atoms
        ('mixed', (0.0,))
    """
    return _kind(*np.unique(column, return_counts=True))


def _kind(values: NDArray[Any], counts: NDArray[np.int64]) -> Kind:
    n, many, whole = int(counts.sum()), len(values), _whole(values)
    if many <= 2:
        return Kind("category", "two values" if many == 2 else "one value", many)
    if whole and many <= FEW_VALUES and many * ROWS_A_VALUE <= n:
        return Kind("category", f"{many} whole values, each many times", many)
    atoms = _atoms(values, counts)
    if len(atoms) == many:
        return Kind("category", f"{many} values, each many times", many)
    tied = n - many > TIED * n
    grain = _grain(np.setdiff1d(values, atoms)) if tied else 0.0
    if atoms:
        share = counts[np.isin(values, atoms)].sum() / n
        return Kind("mixed", f"{share:.0%} of the rows are {_listed(atoms)}", many, atoms, grain)
    if whole and tied and values[0] >= 0:
        return Kind("count", f"{many} whole numbers from {values[0]:g} to {values[-1]:g}", many, grain=grain)
    return Kind("continuous", _why_continuous(tied, grain), many, grain=grain)


def _why_continuous(tied: bool, grain: float) -> str:
    if grain:
        return f"rounded to {grain:g}"
    return "values recur, on no grid" if tied else "as good as no value twice"


def _whole(values: NDArray[Any]) -> bool:
    return bool(np.all(values == np.rint(values)))


def _atoms(values: NDArray[Any], counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the values that stand out, the commonest first; all values where every one does."""
    n, typical = int(counts.sum()), float(np.median(counts))
    often = np.flatnonzero(counts >= max(ATOM_ROWS, ATOM_SHARE * n))
    if typical < ATOM_SHARE * n:
        often = often[[counts[at] >= ATOM_EXCESS * _beside(counts, int(at)) for at in often]]
    if len(often) > MOST_ATOMS and len(often) < len(values):
        return ()
    order = often[np.argsort(-counts[often], kind="stable")]
    return tuple(float(value) for value in values[order])


def _beside(counts: NDArray[np.int64], at: int) -> int:
    """Return the lower median of the rows that the nearest values take, so that another atom beside does not count."""
    near = np.sort(np.concatenate([counts[max(0, at - BESIDE) : at], counts[at + 1 :][:BESIDE]]))
    return int(near[(len(near) - 1) // 2])


def _grain(values: NDArray[Any]) -> float:
    """Return the distance of which all values are multiples, up to rounding; 0 where none explains the ties."""
    steps = np.diff(values.astype(np.float64))
    if not len(steps):
        return 0.0
    grain = float(steps.min())
    apart = (values - values[0]) / grain
    return grain if bool(np.all(np.abs(apart - np.rint(apart)) < 1e-3 * np.maximum(1.0, np.abs(apart) * 1e-6))) else 0.0


def _listed(values: Sequence[float]) -> str:
    return " or ".join(f"{value:g}" for value in values[:3]) + (" .." if len(values) > 3 else "")


# --- Kinds that a person tells --------------------------------------------------------------------------------------
def told(name: KindName, column: Array, found: Kind, where: str) -> Kind:
    """Return the kind that a person tells of a column, with what its values say of atoms and grain.

    Args:
        found: the kind that the values tell.
        where: the column and its side, for the sentence.

    Raises:
        DataError: where the values cannot be of that kind.
    """
    values, counts = np.unique(column, return_counts=True)
    wrong = _contradiction(name, values, counts, found)
    if wrong:
        raise DataError(f"{where} is told to be {_WORDS[name]}, and {wrong}; it looks {_LOOKS[found.name]}.")
    atoms = found.atoms or (float(values[counts.argmax()]),) if name == "mixed" else ()
    grain = 0.0 if name == "category" else found.grain
    return Kind(name, _TOLD.get(name, "as told"), len(values), atoms, grain, found.labels, told=True)


_WORDS = {
    "continuous": "continuous",
    "count": "a count",
    "category": "a category",
    "mixed": "mixed",
    "angle": "an angle",
}
_LOOKS = {**_WORDS, "category": "like a category", "count": "like a count"}
_TOLD = {"angle": "as told, in radians"}


def _contradiction(name: KindName, values: NDArray[Any], counts: NDArray[np.int64], found: Kind) -> str:
    n = int(counts.sum())
    if found.labels and name != "category":
        return "holds text" if found.labels != TRUTH else "holds true and false"
    if name == "category" and len(values) * RECURRING > n:
        return f"has {len(values)} different values in {n} rows, where those of a category recur"
    if name == "count" and not (_whole(values) and values[0] >= 0):
        return "holds other than whole numbers from 0 on"
    if name == "mixed" and counts.max() < ATOM_ROWS:
        return "no value of it recurs"
    return ""
