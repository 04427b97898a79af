"""Scores of features for scikit-learn's own selectors: `SelectKBest(mi_score, k=10)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from mmg_registry.arrays import F64
from mmg_registry.ranking.answer import Ranking, options_of
from mmg_registry.ranking.rows import read_features
from mmg_registry.tables import AnswerCell, AnswerTable


def mi_score(X: Any, y: Any, **choices: Any) -> tuple[F64, F64]:  # as scikit-learn calls it
    """Return the information of each feature with the target, and the p-values, as `score_func` of a selector.

    A score is the information in nats as `mmg.rank` estimates it; of a feature that gets no value (text that is no
    category, for example) it is 0 and the p-value 1, so that no selector takes it for its value.

    Args:
        X: `(n, d)` features: an array, a sparse matrix, or a frame. Called by itself it takes text and missing cells;
            scikit-learn's selectors make an array of numbers first, so that text needs an `OrdinalEncoder` before them.
        y: `(n,)` the target: numbers, labels or text.
        **choices: as of `mmg.rank`: plugin, rows, seed (0 unless given), kinds, options of the plugin ..; give them by
            `functools.partial(mi_score, seed=1)`.

    Returns:
        `(d,)` scores and `(d,)` p-values.

    Raises:
        ValueError: where X and y have different numbers of rows.
        OptionError, DataError, PluginError: as `mmg.rank`.

    Example:
        >>> from sklearn.feature_selection import SelectFdr
        >>> x, y = np.random.default_rng(0).standard_normal((500, 4)), np.arange(500) % 2
        >>> x[:, 2] += y
        >>> SelectFdr(mi_score, alpha=0.05).fit(x, y).get_support().tolist()
        [False, False, True, False]
    """
    check_consistent_length(X, y)
    options, request = options_of({"threads": 1, **choices})
    found = Ranked.of(Ranking.of(read_features(X, y, None, None), request, options))
    return found.column("mi"), found.column("p", 1.0)


@dataclass(frozen=True)
class Ranked:
    """A ranking's table, and its rows in the order of the features."""

    table: AnswerTable
    rows: Sequence[Mapping[str, AnswerCell]]

    @classmethod
    def of(cls, ranking: Ranking) -> Ranked:
        """Rank, and put the rows back into the order of the features."""
        table = ranking.table()
        rows = {row["feature"]: row for row in table.rows}
        return cls(table, [rows[name] for name in ranking.rows.names])

    def column(self, name: str, otherwise: float = 0.0) -> F64:
        """Return a column of numbers `(d,)`, with `otherwise` in the place of cells without a value."""
        cells = [row[name] for row in self.rows]
        return np.array([otherwise if cell is None else float(cell) for cell in cells])
