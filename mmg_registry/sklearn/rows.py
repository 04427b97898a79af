"""X and y as scikit-learn hands them over, checked as its own estimators check them, and the seed of a run."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import validate_data

from mmg_registry.data import Pair, as_pair
from mmg_registry.data.checks import MIN_ROWS
from mmg_registry.data.reading import is_frame
from mmg_registry.errors import DataError, demand

TEXT = (
    "X holds something else than numbers ({names}); put an encoder before it (ColumnTransformer with OrdinalEncoder), "
    "or ask mmg.estimate or mmg.rank, which take text and categories as they are."
)


def validated(estimator: BaseEstimator, X: Any, y: Any, *, fitted: bool = False) -> Pair:
    """Return X `(n, d)` and y `(n,)` as a pair, after scikit-learn's own checks of both.

    Args:
        estimator: whose tags say whether missing cells are allowed; its `n_features_in_` and `feature_names_in_` are
            set, or compared with X where it is `fitted`.
        X: numbers: an array, a list, or a frame.
        y: numbers, labels or text.
        fitted: whether it is fitted already.

    Raises:
        ValueError: from scikit-learn, for X and y that its estimators refuse.
        DataError: for a frame with columns that are no numbers, with their names.
    """
    how: dict[str, Any] = {
        "reset": not fitted,
        "dtype": [np.float64, np.float32],
        "ensure_all_finite": "allow-nan" if get_tags(estimator).input_tags.allow_nan else True,
        "ensure_min_samples": MIN_ROWS,
    }
    try:
        values, target = validate_data(estimator, X, y, **how)
    except (TypeError, ValueError) as error:
        names = _no_numbers(X)
        if not names:
            raise
        raise DataError(TEXT.format(names=", ".join(names))) from error
    names = list(getattr(estimator, "feature_names_in_", ()))
    return as_pair(values, target, names, ["y"], source="X and y")


def _no_numbers(X: Any) -> list[str]:
    """Return the names of columns of a frame that are no numbers."""
    return [repr(str(name)) for name in X.columns if not _is_numeric(X[name])] if is_frame(X) else []


def _is_numeric(column: Any) -> bool:
    try:
        np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return True


def seed_from(random_state: Any) -> int:
    """Return the seed that `random_state` means: an integer is one; of anything else, as in scikit-learn, one is drawn.

    Raises:
        OptionError: for a negative integer.
        ValueError: from scikit-learn, for what is neither None, an integer nor a `RandomState`.

    Example:
        >>> seed_from(3), seed_from(np.random.RandomState(0)) == seed_from(np.random.RandomState(0))
        (3, True)
    """
    if isinstance(random_state, numbers.Integral):
        seed = int(random_state)
        demand(seed >= 0, f"The option 'random_state' is {seed} and must be 0 or more.")
        return seed
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
