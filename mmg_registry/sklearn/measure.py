"""`MIEstimator`: I(X; y) as an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from typing_extensions import Self

from mmg_registry.errors import issue
from mmg_registry.estimation.run import asked_for, run
from mmg_registry.kinds import KindName
from mmg_registry.request import Request, run_of
from mmg_registry.significance.answer import EFFECT
from mmg_registry.sklearn.rows import seed_from, validated


class MIEstimator(BaseEstimator):  # type: ignore[misc]
    """Measure the information I(X; y) of all features together with the target, in nats.

    `fit` answers as `mmg.estimate` does. `score` has the plugin learn from all rows of `fit` and evaluate other rows,
    so that `cross_val_score` and `GridSearchCV` take it as it stands; a plugin that trains nothing (`ksg`, `gaussian`)
    is asked for the other rows alone. More information is better only among lower bounds (`infonce`, `nwj`): of
    other plugins the one that errs upwards most has the largest score, so read `cv_results_` there, not `best_params_`.

    There are no weights of rows, and no groups: `mmg.estimate` takes `groups`. An object holds its parameters, the rows
    of `fit` and results, no trained model; so it can be copied and pickled, by those who trust where a pickle is from.

    Args:
        plugin: name of the estimator, or "distribution:name".
        options: the plugin's own options, e.g. {"k": 5}.
        cross_fit: K to have `fit` use every row for both learning and evaluation, in K folds; None for what
            `mmg.estimate` does.
        blocks: "auto" to look whether the order of rows matters, the number of rows of a block, or "none".
        kinds: kinds of columns by the names of features (x0, x1 .. of an array) and "y", where what is found from the
            values is not what is meant.
        threads: that an estimate may keep busy; 1 leaves cores to scikit-learn's own `n_jobs`.
        random_state: seed of everything random; None for another one in each `fit`, or a `RandomState`.

    Attributes:
        mi_: the information in nats; `inf` where the data prove that it is infinite.
        std_error_: its standard error in nats, or None.
        interval_: the ends of its 95 % interval in nats, or None.
        estimate_: the whole `Estimate`, with its warnings and provenance.
        seed_: the seed that was used.
        n_features_in_, feature_names_in_: as of all estimators of scikit-learn.

    Example:
        >>> import numpy as np
        >>> from sklearn.model_selection import cross_val_score
        >>> x = np.random.default_rng(0).standard_normal((600, 2))
        >>> found = MIEstimator().fit(x, x[:, 0] > 0)
        >>> bool(found.interval_[0] < np.log(2) < found.interval_[1])
        True
        >>> cross_val_score(MIEstimator("gaussian"), x, x[:, 0] + x[:, 1], cv=3).shape
        (3,)
    """

    def __init__(
        self,
        plugin: str = EFFECT,
        *,
        options: Mapping[str, Any] | None = None,
        cross_fit: int | None = None,
        blocks: int | str = "auto",
        kinds: Mapping[str, KindName] | None = None,
        threads: int | None = 1,
        random_state: Any = 0,
    ) -> None:
        self.plugin = plugin
        self.options = options
        self.cross_fit = cross_fit
        self.blocks = blocks
        self.kinds = kinds
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Measure I(X; y) on rows X `(n, d)`, numbers, and y `(n,)`, numbers or labels; return self.

        Warns:
            MMGWarning: once for each of the result's warnings.

        Raises:
            ValueError: for X and y that scikit-learn's estimators refuse: text in X, NaN, fewer than ten rows ..
            OptionError, DataError, PluginError, MMGError: as `mmg.estimate`.
        """
        self.seed_ = seed_from(self.random_state)
        self._rows = validated(self, X, y)
        self.estimate_ = run(self._rows, self._request()).estimate
        self.mi_ = self.estimate_.mi
        self.std_error_ = self.estimate_.std_error
        self.interval_ = self.estimate_.ci
        issue(self.estimate_.warnings)
        return self

    def score(self, X: Any, y: Any) -> float:
        """Return the information in nats that other rows X `(m, d)` and y `(m,)` show.

        Warns, Raises:
            As `fit`; NotFittedError of scikit-learn before it; DataError for the rows of `fit` themselves where the
            plugin trains, for it would find in them what it learned from them.
        """
        check_is_fitted(self)
        rows, request = validated(self, X, y, fitted=True), replace(self._request(), cross_fit=None)
        asked = asked_for(request, has_eval_rows=True)
        trains = asked[1](run=run_of(request)).trains
        found = run(self._rows, request, rows, asked).estimate if trains else run(rows, request).estimate
        issue(found.warnings)
        return float(found)

    def _request(self) -> Request:
        return Request(
            plugin=self.plugin,
            options=self.options or {},
            cross_fit=self.cross_fit,
            blocks=self.blocks,
            kinds=self.kinds or {},
            threads=self.threads,
            seed=self.seed_,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
