"""What the evidence of a pair is where nothing is there: rows of one copy of the features permuted, pooled over pairs.

One permutation serves all pairs. Pairs without ties have one null law, whatever their values, and others nearly that of
pairs whose features rest on as few rows, so that the draws of some columns tell the law of all: `permutations` of some
40 by 40 columns are 160,000 draws at the price of a hundredth of the products of 5,000 columns. What is rarer than the
draws can show follows an exponential tail in the evidence, which is exact where the chi-square law is, with a rate
fitted to the rarest draws (Knijnenburg et al., Bioinformatics 2009, fit a Pareto tail) and never above 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.screen.evidence import evidence_of
from mmg_registry.screen.groups import Group

COLUMNS = 40  # of each side whose draws are pooled; more would draw the same law again
FEWEST_DRAWS, MOST_PERMUTATIONS = 20_000, 2_000  # few columns are permuted more often, until there are so many draws
TAIL = 0.01  # share of draws that the tail is fitted to
ERRORS = 3.0  # standard errors that the rate is taken lower by: a p-value is rather too large than too small


@dataclass(frozen=True)
class Null:
    """The law of the evidence of one class of pairs.

    Attributes:
        draws: rising, those below the tail's start and the start itself last.
        beyond: share of draws in the tail.
        rate: at which the tail falls for each nat of evidence.
    """

    draws: F64
    beyond: float
    rate: float

    @classmethod
    def of(cls, draws: F64) -> Null:
        """Return the law of which `draws` were drawn.

        Example:
            >>> null = Null.of(np.random.default_rng(0).exponential(size=20_000))
            >>> bool(0.75 < null.rate <= 1), bool(abs(null.surprise(np.array([2.0]))[0] - 2) < 0.1)
            (True, True)
        """
        rising = np.sort(draws)
        count = max(1, int(TAIL * len(rising)))
        start = rising[-count - 1]
        fitted = count / max(float((rising[-count:] - start).sum()), 1e-12)
        rate = min(1.0, fitted * max(0.1, 1 - ERRORS / np.sqrt(count)))
        return cls(rising[: len(rising) - count], (count + 1) / (len(rising) + 1), rate)

    def surprise(self, found: F64) -> F64:
        """Return -ln of the p-value of evidence `found`."""
        total = len(self.draws) / (1 - self.beyond)
        above = total - np.searchsorted(self.draws, found)
        inner = -np.log(np.minimum(1.0, above / total))
        tail = self.rate * (found - self.draws[-1]) - np.log(self.beyond)
        both: F64 = np.where(found > self.draws[-1], tail, inner)
        return both


class Nulls:
    """The laws of all classes of pairs, each drawn when it is first asked for."""

    def __init__(self, left: Sequence[Group], right: Sequence[Group], permutations: int, seed: int) -> None:
        self._left, self._right, self._permutations, self._seed = left, right, permutations, seed
        self._known: dict[tuple[int, int], Null] = {}

    def of(self, a: Group, b: Group) -> Null:
        """Return the law for pairs of a column of `a` with one of `b`."""
        key = (a.weight, b.weight)
        if key not in self._known:
            self._known[key] = Null.of(self._draws(*key))
        return self._known[key]

    def _draws(self, of_left: int, of_right: int) -> F64:
        rng = np.random.default_rng([self._seed, of_left, of_right])
        left = _some([group for group in self._left if group.weight == of_left], rng)
        right = _some([group for group in self._right if group.weight == of_right], rng)
        each = sum(len(a.places) for a in left) * sum(len(b.places) for b in right)
        times = min(max(self._permutations, -(-FEWEST_DRAWS // each)), MOST_PERMUTATIONS)
        n = left[0].rows.shape[2]
        parts = [_permuted(left, right, rng.permutation(n)) for _ in range(times)]
        return np.concatenate(parts)


def _some(groups: list[Group], rng: np.random.Generator) -> list[Group]:
    """Return about `COLUMNS` of the columns of `groups`, from each its share and at least one."""
    share = COLUMNS / sum(len(group.places) for group in groups)
    chosen = []
    for group in groups:
        m = len(group.places)
        kept = np.sort(rng.choice(m, min(m, max(1, round(share * m))), replace=False))
        chosen.append(Group(group.places[kept], group.rows[:, kept], group.levels, group.weight))
    return chosen


def _permuted(left: list[Group], right: list[Group], order: Index) -> F64:
    moved = [Group(b.places, b.rows[:, :, order], b.levels, b.weight) for b in right]
    return np.concatenate([evidence_of(a, b).ravel() for a in left for b in moved])
