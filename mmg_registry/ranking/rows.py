"""A table as features, a target and perhaps what is given; and the rows of one feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.api import read
from mmg_registry.arrays import Index
from mmg_registry.data import Pair, as_pair
from mmg_registry.data.columns import told_by_place
from mmg_registry.data.pair import with_given, with_groups
from mmg_registry.data.reading import Spec
from mmg_registry.entropies.sample import is_names
from mmg_registry.errors import DataError, demand
from mmg_registry.kinds import KindName

EVERYTHING = "*"
FEWEST = 10  # rows in which a feature and the target both have a value


@dataclass(frozen=True)
class FeatureRows:
    """The rows of a table.

    Attributes:
        pair: features as x, the target as y, what is given as z; cells may be missing (NaN) or infinite.
        known: `(n,)` whether the target, and what is given, have a value.
        told: for each side, the kinds that a person tells of its columns, by their places.
    """

    pair: Pair
    known: NDArray[np.bool_]
    told: Mapping[str, Mapping[int, KindName]]

    @classmethod
    def of(cls, pair: Pair, kinds: Mapping[str, KindName]) -> FeatureRows:
        """Return the rows of a pair that was read, of whose columns a person tells some kinds.

        Raises:
            DataError: where fewer than ten rows have a target, or a kind is told of a column that is not there.
        """
        sides = [side for side in (pair.y, pair.z) if side is not None]
        known = np.all([np.isfinite(side).all(axis=1) for side in sides], axis=0)
        demand(
            int(known.sum()) >= FEWEST,
            f"In {pair.source} only {int(known.sum())} rows have a target; {FEWEST} are needed at least.",
            DataError,
        )
        told = told_by_place(pair, kinds)
        return cls(replace(pair, x_names=_distinct(pair.x_names)), known, told)

    def __len__(self) -> int:
        return len(self.pair)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return self.pair.x_names

    def complete(self, features: Sequence[int]) -> Index:
        """Return the rows in which these features, the target and what is given all have a value."""
        return np.flatnonzero(self.known & np.isfinite(self.pair.x[:, list(features)]).all(axis=1))

    def kinds(self, features: Sequence[int]) -> dict[str, KindName]:
        """Return the kinds that a person tells of these features, the target and what is given, by their names."""
        found = {self.names[j]: self.told["x"][j] for j in features if j in self.told["x"]}
        for side in self.pair.sides[1:]:
            found |= {getattr(self.pair, f"{side}_names")[j]: kind for j, kind in self.told[side].items()}
        return found

    def alone(self, feature: int) -> Pair:
        """Return a pair of one feature and the target, without rows that lack a cell."""
        kept = self.complete([feature])
        whole = self._side([feature])
        return whole if len(kept) == len(self) else whole.take(kept)

    def beside(self, feature: int, chosen: Sequence[int]) -> Pair:
        """Return a pair of one feature and the target, in which those `chosen` before are given too."""
        whole = self._side([feature])
        given = self._side(chosen)
        z = given.x if whole.z is None else np.hstack([whole.z, given.x])
        names = (*whole.z_names, *given.x_names)
        labels = (*(whole.z_labels or ((),) * (z.shape[1] - len(chosen))), *(given.x_labels or ((),) * len(chosen)))
        return replace(with_given(whole, z, names), z_labels=labels if any(labels) else ()).take(
            self.complete([feature, *chosen])
        )

    def _side(self, features: Sequence[int]) -> Pair:
        pair, places = self.pair, list(features)
        names = tuple(pair.x_names[j] for j in places)
        labels = tuple(pair.x_labels[j] for j in places) if pair.x_labels else ()
        own = labels if any(labels) else ()
        return replace(pair, x=pair.x[:, places], x_names=names, x_labels=own, x_shape=None, notes=(), doubts=())


def read_features(
    data: Any, target: Any, features: Spec | None, given: Any, groups: Any = None, **reading: Any
) -> Pair:
    """Return a pair of features and a target, from a table or from arrays.

    Args:
        data: a table, of which the others name columns: a frame, a file or several; or an array or frame of features.
        target: a column of the table, or values `(n,)`.
        features: columns of the table; all but the others, if None.
        given: columns of the table, or values `(n, dim_z)`, or None.
        groups: a column of the table, or values; None where nobody says.
        **reading: `text` and `where`, of files; `rows` and `seed` of a draw from a table, see `read`.

    Raises:
        DataError, OptionError: as `read` and `as_pair`; for names where the data are no table.
    """
    if isinstance(data, Pair):
        return data
    if is_names(target):
        column = groups if isinstance(groups, str) else None
        named = given if given is not None and is_names(given) else None
        pair = read(data, EVERYTHING if features is None else features, target, given=named, groups=column, **reading)
    else:
        demand(features is None, "features names columns, and the target is no column of a table; give its name.")
        pair, column, named = as_pair(data, target), None, None
    pair = pair if given is None or named is not None else with_given(pair, given)
    return pair if groups is None or column else with_groups(pair, groups)


def some_rows(pair: Pair, most: int, seed: int) -> Pair:
    """Return at most so many rows of `pair`, drawn with `seed`, in their order.

    Example:
        >>> len(some_rows(as_pair(np.arange(100), np.arange(100)), 30, seed=0))
        30
    """
    if len(pair) <= most:
        return pair
    return pair.take(np.sort(np.random.default_rng([seed, 3]).choice(len(pair), most, replace=False)))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of which each is there once: of equal ones the later have their number."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)
