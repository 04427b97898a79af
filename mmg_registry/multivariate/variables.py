"""VariableRows of one or several columns each, with the same rows, checked once for all estimates."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.data import Pair, as_pair, clean
from mmg_registry.data.labels import Labels
from mmg_registry.data.pair import with_given, with_groups
from mmg_registry.data.reading import Spec
from mmg_registry.data.units import Units, units_of
from mmg_registry.entropies.sample import beside_noise, read_sample
from mmg_registry.errors import demand
from mmg_registry.multivariate.terms import SharedTerm
from mmg_registry.request import Request

FEWEST = 3
TWO = "Different variables here: {n} ({names}); give three or more, or ask `mmg estimate` what two share."


@dataclass(frozen=True)
class VariableRows:
    """Rows of several variables.

    Attributes:
        whole: all columns side by side, as x of a pair.
        columns: the places of the columns of each variable.
        names: what each variable is called.
        units: which rows belong together.
    """

    whole: Pair
    columns: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    units: Units

    def __len__(self) -> int:
        return len(self.columns)

    def pair(self, term: SharedTerm) -> Pair:
        """Return the rows that a term is estimated from: some variables as x, some as y, some as given."""
        x, y, z = (self._side(places) for places in (term.first, term.second, term.given))
        groups = None if self.units.labels is None else self.units.labels
        pair = replace(
            self.whole, x=x.values, y=y.values, x_names=x.names, y_names=y.names, x_labels=x.labels,
            y_labels=y.labels, groups=groups, notes=(), doubts=(),
        )  # fmt: skip
        if not term.given:
            return pair
        return replace(with_given(pair, z.values), z_names=z.names, z_labels=z.labels)

    def _side(self, variables: Sequence[int]) -> _Columns:
        places = [place for i in variables for place in self.columns[i]]
        labels = tuple(self.whole.x_labels[j] for j in places) if self.whole.x_labels else ()
        return _Columns(self.whole.x[:, places], tuple(self.whole.x_names[j] for j in places), labels)


@dataclass(frozen=True)
class _Columns:
    values: Array
    names: tuple[str, ...]
    labels: tuple[Labels, ...]


def read_variables(data: Any, columns: Spec | None, variables: Sequence[Any] | None, groups: Any) -> list[Pair]:
    """Return a pair for each variable, whose x holds its columns.

    Args:
        data: a list of arrays, one a variable; or an array, frame or table whose columns are variables.
        columns: the columns of a table that are variables of one column each; all, if None.
        variables: columns of a table for each variable, in place of `columns`.
        groups: what each row belongs to, values or the name of a column; None where nobody said.

    Raises:
        DataError, OptionError: as `read_sample`; for fewer than three variables.
    """
    demand(
        columns is None or variables is None, "Give either columns, each a variable, or variables of several columns."
    )
    if _is_arrays(data):
        demand(
            columns is None and variables is None, "Arrays are variables as they are; columns name those of a table."
        )
        pairs = [as_pair(each, each, _named(each, i), _named(each, i)) for i, each in enumerate(data)]
        return pairs if groups is None else [with_groups(pair, groups) for pair in pairs]
    if variables is not None:
        return [read_sample(data, each, None, groups) for each in variables]
    return one_each(read_sample(data, columns, None, groups))


def _is_arrays(data: Any) -> bool:
    some = isinstance(data, (list, tuple)) and len(data) > 0
    return some and all(hasattr(each, "shape") or isinstance(each, (list, tuple)) for each in data)


def _named(array: Any, i: int) -> tuple[str, ...] | None:
    """Return names of the columns of variable `i`; None where it is a frame, which has its own."""
    if hasattr(array, "columns"):
        return None
    width = 1 if np.ndim(array) == 1 else int(np.prod(np.shape(array)[1:]))
    return (f"x{i}",) if width == 1 else tuple(f"x{i}_{j}" for j in range(width))


def one_each(pair: Pair) -> list[Pair]:
    """Return a pair for each column of x."""
    labels = pair.x_labels or ((),) * pair.x.shape[1]
    return [
        replace(pair, x=pair.x[:, [j]], x_names=(name,), x_labels=(labels[j],) if labels[j] else (), x_shape=None)
        for j, name in enumerate(pair.x_names)
    ]


def variables_of(pairs: Sequence[Pair], request: Request) -> tuple[VariableRows, list[str]]:
    """Put variables side by side and check their rows; return them, and sentences for the user.

    Raises:
        DataError: for rows that no information can be estimated from; see `data.checks.clean`.
        OptionError: for fewer than three variables.
    """
    demand(len(pairs) >= FEWEST, TWO.format(n=len(pairs), names=_names(pairs)))
    x = np.concatenate([pair.x for pair in pairs], axis=1)
    names = tuple(name for pair in pairs for name in pair.x_names)
    labels = tuple(own for pair in pairs for own in pair.x_labels or ((),) * pair.x.shape[1])
    whole = replace(pairs[0], x=x, x_names=names, x_labels=labels if any(labels) else (), x_shape=None)
    cleaned = clean(beside_noise(whole, request.seed), request.drop_nan, request.kinds)
    told = [each for each in cleaned.warnings if not each.endswith("MI does not change.")]
    good = np.isfinite(x).all(axis=1)
    groups = None if whole.groups is None else whole.groups[good]
    kept = replace(whole, x=x[good], groups=groups)
    alike = replace(cleaned.pair, y=cleaned.pair.x, y_names=cleaned.pair.x_names, y_kinds=cleaned.pair.x_kinds)
    units = units_of(alike, request.blocks)
    ends = np.cumsum([0, *(pair.x.shape[1] for pair in pairs)])
    columns = tuple(tuple(range(low, high)) for low, high in itertools.pairwise(ends.tolist()))
    called = tuple(_called(pair.x_names) for pair in pairs)
    return VariableRows(replace(kept, y=kept.x, y_names=names), columns, called, units), [*told, *units.told]


def _called(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({names[0]} .. {names[-1]})"


def _names(pairs: Sequence[Pair]) -> str:
    return ", ".join(" and ".join(pair.x_names) for pair in pairs)
