"""The quick test as pgmpy's searches (PC and its kin) take it as `ci_test`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from mmg_registry.integrations.asking import ask
from mmg_registry.request import Request
from mmg_registry.significance.evaluated import SCORES


class QuickTest:
    """The quick test of columns of a frame: `PC(ci_test=QuickTest(frame)).fit(frame)`.

    Args:
        data: a frame of pandas; text and categories are taken as labels.
        permutations: exchanges of rows at most.
        seed: of the exchanges.

    Attributes:
        statistic_, p_value_, effect_size_: of the last call; the statistic stands for the size of the effect, for which
            no estimate is made.

    Example:
        >>> import numpy as np, pandas as pd
        >>> frame = pd.DataFrame(np.random.default_rng(0).standard_normal((400, 2)), columns=["a", "b"])
        >>> frame["c"] = frame["a"] + frame["b"] ** 2
        >>> test = QuickTest(frame)
        >>> test("a", "b"), test("a", "b", ["c"])
        (True, False)
    """

    def __init__(self, data: Any, permutations: int = SCORES, seed: int = 0) -> None:
        self.data, self.permutations, self.request = data, permutations, Request(seed=seed)
        self.statistic_ = self.p_value_ = self.effect_size_ = float("nan")

    def __call__(
        self, X: Hashable, Y: Hashable, Z: Sequence[Hashable] = (), significance_level: float = 0.05, **_: Any
    ) -> bool:
        """Return whether the columns X and Y are independent given the columns Z, as pgmpy calls it."""
        x, y, z = (self.data[columns] for columns in ([X], [Y], list(Z)))
        found = ask(x, y, z, self.request, self.permutations)
        self.statistic_ = self.effect_size_ = found.statistic
        self.p_value_ = found.p.value
        return self.p_value_ >= significance_level
