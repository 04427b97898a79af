"""One fit on some rows, and one estimate on other rows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Estimator, guarded
from mmg_registry.data import Pair
from mmg_registry.errors import DataError, MMGError, PluginError, demand
from mmg_registry.estimation.subsampling import with_error
from mmg_registry.results import Estimate

Make = Callable[..., Estimator]


@dataclass(frozen=True)
class Held:
    """A fitted estimator, and the rows that it evaluated."""

    estimator: Estimator
    rows: Pair


@dataclass(frozen=True)
class Part:
    """An estimate in nats, with the fitted estimator, the times and the sizes behind it.

    Attributes:
        estimate: the estimate that the estimator returned, checked.
        estimator: the fitted estimator; None where several were fitted, or none.
        seconds: the duration of "fit" and of "estimate".
        n_train, n_eval: the numbers of fitting and of evaluation rows.
        fits: every estimator that was fitted for it, with the rows that it evaluated; empty where others combined them.
    """

    estimate: Estimate
    estimator: Estimator | None
    seconds: dict[str, float]
    n_train: int
    n_eval: int
    fits: tuple[Held, ...] = ()


def fitted(estimator: Estimator, train: Pair, rows: Pair, groups: Index | None = None) -> Part:
    """Fit `estimator` on `train`, estimate on `rows`, and return the checked estimate with its times and sizes.

    Rows of `train` with the same number in `groups` `(n,)` belong together; None where every row is its own.
    An estimate without a standard error gets one, unless the estimator declines it; see `subsampling`.

    Raises:
        DataError: when an estimator that trains would see one value of x or of y alone.
        MMGError: when the estimator fails, or returns NaN, an infinite estimate or an invalid standard error.
        PluginError: when it returns an object that is not an `Estimate`.
    """
    if estimator.trains:
        _refuse_constant(train)
    start = time.perf_counter()
    fit(estimator, train, groups)
    middle = time.perf_counter()
    result = _sound(estimator, guarded(estimator, lambda: estimator.estimate(*rows.arrays())))
    result = with_error(estimator, train, rows, result)
    seconds = {"fit": middle - start, "estimate": time.perf_counter() - middle}
    return Part(result, estimator, seconds, len(train), len(rows), (Held(estimator, rows),))


def fit(estimator: Estimator, train: Pair, groups: Index | None = None) -> None:
    """Fit `estimator` on `train`, after telling it the kinds and places of the columns and which rows belong together.

    Raises:
        MMGError: when the estimator fails.
    """
    estimator.x_kinds, estimator.y_kinds, estimator.z_kinds = train.x_kinds, train.y_kinds, train.z_kinds
    estimator.x_grid, estimator.y_grid, estimator.groups = train.x_grid, train.y_grid, groups
    guarded(estimator, lambda: estimator.fit(*train.arrays()))


def _refuse_constant(train: Pair) -> None:
    """Refuse fitting rows in which nothing of a side varies, as where all rows of a rare label are held out."""
    for side, array in (("x", train.x), ("y", train.y)):
        demand(
            bool(np.any(array != array[:1])),
            f"In {train.source} no column of {side} varies in the {len(train)} rows that are fitted, for its other "
            "values are rare and held out; take another --seed, a smaller --eval-fraction, or other folds.",
            DataError,
        )


def _sound(estimator: Estimator, result: Any) -> Estimate:
    """Check that `result` is a valid estimate, so that no NaN leaves this module as a number; return it in nats."""
    name = f"The estimator '{estimator.name}'"
    demand(isinstance(result, Estimate), f"{name} returned {type(result).__name__}, not an Estimate.", PluginError)
    error, known = result.std_error, result.status != "estimated" or math.isfinite(result.mi)
    demand(known, f"{name} returned {result.mi}, so there is no estimate.", MMGError)
    usable = error is None or (math.isfinite(error) and error >= 0)
    demand(usable, f"{name} returned {error} as standard error, so there is no estimate.", MMGError)
    nats: Estimate = result.to_unit("nats")
    return nats
