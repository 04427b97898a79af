"""`MISelector`: the features that tell most of y, as a transformer of scikit-learn."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from typing_extensions import Self

from mmg_registry.errors import demand, issue
from mmg_registry.ranking.answer import Ranking, options_of
from mmg_registry.significance.answer import EFFECT
from mmg_registry.sklearn.rows import seed_from, validated
from mmg_registry.sklearn.scores import Ranked

KEPT = 10  # features that are kept unless told, as of scikit-learn's SelectKBest
NO_LIMIT = "Nothing says which features to keep; give k (how many), alpha (the largest q), or greedy=True."


class MISelector(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the features that tell most of the target, in the order of `mmg.rank`.

    X holds numbers; missing cells (NaN) leave their row out for that feature alone. Of text make numbers before, by an
    `OrdinalEncoder`. There are no weights of rows. An object holds parameters and results alone, so that it can be
    copied and pickled, by those who trust where a pickle is from.

    Args:
        k: how many features are kept at most; None for no such limit. All are kept where there are fewer.
        alpha: keep only features with q <= alpha, that is with a share of false discoveries of alpha at most; None for
            no such limit. With `greedy` it is the level at which a feature is added, 0.05 unless given.
        greedy: keep those that surely add something to those before, by conditional information, one after the other;
            copies of a feature are then left out.
        plugin: name of the estimator, or "distribution:name".
        options: the plugin's own options, and those of `mmg.rank`, e.g. {"value_rows": 2000}.
        threads: that an estimate may keep busy; 1 leaves cores to scikit-learn's own `n_jobs`.
        random_state: seed of everything random; None for another one in each `fit`, or a `RandomState`.

    Attributes:
        scores_: `(d,)` the information of each feature with the target in nats; 0 where there is no value.
        pvalues_, qvalues_: `(d,)` of the test of independence, and after counting all features; 1 where there is none.
        ranking_: `(d,)` the place of each feature in the order, from 1.
        table_: the whole `AnswerTable` of `mmg.rank`, with intervals, reasons, warnings and provenance.
        n_features_in_, feature_names_in_: as of all estimators of scikit-learn.

    Example:
        >>> import numpy as np
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> x, y = np.random.default_rng(0).standard_normal((500, 4)), np.arange(500) % 2
        >>> x[:, 2] += 2 * y
        >>> MISelector(k=None, alpha=0.05).fit(x, y).get_support(indices=True).tolist()
        [2]
        >>> make_pipeline(MISelector(k=1), LogisticRegression()).fit(x, y).score(x, y) > 0.8
        True
    """

    def __init__(
        self,
        k: int | None = KEPT,
        *,
        alpha: float | None = None,
        greedy: bool = False,
        plugin: str = EFFECT,
        options: Mapping[str, Any] | None = None,
        threads: int | None = 1,
        random_state: Any = 0,
    ) -> None:
        self.k = k
        self.alpha = alpha
        self.greedy = greedy
        self.plugin = plugin
        self.options = options
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Rank the features X `(n, d)` by what they tell of y `(n,)`, numbers or labels; return self.

        Warns:
            MMGWarning: once for each of the ranking's warnings.

        Raises:
            ValueError: for X and y that scikit-learn's estimators refuse: text in X, infinity, fewer than ten rows ..
            OptionError, DataError, PluginError: as `mmg.rank`; also where nothing says which features to keep.
        """
        self._demand_limits()
        options, request = options_of(self._choices())
        found = Ranked.of(Ranking.of(validated(self, X, y), request, options))
        self.table_ = found.table
        self.scores_, self.pvalues_, self.qvalues_ = found.column("mi"), found.column("p", 1.0), found.column("q", 1.0)
        self.ranking_ = found.column("rank").astype(int)
        self._kept = self._wanted(found)
        issue(found.table.warnings)
        return self

    def _demand_limits(self) -> None:
        demand(self.greedy or self.k is not None or self.alpha is not None, NO_LIMIT)
        whole = self.k is None or (isinstance(self.k, numbers.Integral) and self.k > 0)
        demand(whole, f"The option 'k' is {self.k!r} and must be a whole number from 1, or None.")

    def _choices(self) -> dict[str, Any]:
        """Return what is asked of `mmg.rank`; `top` would leave features without a value, but for a greedy search."""
        limits = {"top": int(self.k) if self.greedy and self.k else None, "alpha": self.alpha}
        asked = {"greedy": self.greedy, **{name: value for name, value in limits.items() if value is not None}}
        run = {"plugin": self.plugin, "threads": self.threads, "seed": seed_from(self.random_state)}
        return {**(self.options or {}), **asked, **run}

    def _wanted(self, found: Ranked) -> NDArray[np.bool_]:
        if self.greedy:
            return found.column("step") > 0
        first = self.ranking_ <= (self.n_features_in_ if self.k is None else self.k)
        return first if self.alpha is None else first & (self.qvalues_ <= self.alpha)

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self._kept

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags
