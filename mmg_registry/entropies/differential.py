"""Differential entropy of continuous columns: some rows are fitted, others say how surprising they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmg_registry import registry
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, guarded
from mmg_registry.data.units import Units
from mmg_registry.diffusion.adjustment import KnownMeans, adjust
from mmg_registry.entropies.contract import EntropyEstimator, Surprisals
from mmg_registry.errors import DataError, MMGError, demand
from mmg_registry.estimation.dependent import of_dependent_rows
from mmg_registry.request import Request, run_of
from mmg_registry.results import Estimate, widened

EVAL_FRACTION = 0.2  # of the rows, unless a share is given

MakeEntropy = Callable[..., EntropyEstimator]


@dataclass(frozen=True)
class Mean:
    """A mean over rows of what was estimated, in nats.

    Attributes:
        value: the mean.
        sampling: its standard error over rows.
        systematic: how far all rows together may be off.
        diagnostics: numbers and texts, JSON-serialisable.
        warnings: complete sentences for the user.
        n_train, n_eval: numbers of rows.
    """

    value: float
    sampling: float
    systematic: float = 0.0
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    n_train: int = 0
    n_eval: int = 0

    @property
    def std_error(self) -> float:
        """Return the standard error, both parts together."""
        return math.hypot(self.sampling, self.systematic)


@dataclass(frozen=True)
class DensityFit:
    """An estimator fitted to some rows of a sample, and the places of the others."""

    estimator: EntropyEstimator
    fitted: Array
    evaluated: Array
    units: Units
    places: Index

    @classmethod
    def of(cls, x: Array, units: Units, request: Request, make: MakeEntropy) -> DensityFit:
        """Fit four fifths of the rows `x` `(n, dim)`, or the share that is asked for.

        Raises:
            DataError: for more columns or fewer rows than the estimator takes.
            MMGError: when it fails.
        """
        fit, places = units.hold_out(request.eval_fraction or EVAL_FRACTION, request.seed)
        estimator = make(run=run_of(request))
        _demand_applies(estimator, x.shape[1], len(fit))
        rows = np.ascontiguousarray(x[fit], dtype=np.float64)
        groups = units.take(fit).labels
        guarded(estimator, lambda: estimator.fit(rows, groups))
        evaluated = np.ascontiguousarray(x[places], dtype=np.float64)
        return cls(estimator, rows, evaluated, units.take(places), places)

    def surprisals(self, rows: Array) -> Surprisals:
        """Return what the fit says of rows, after a look at the numbers.

        Raises:
            MMGError: when the estimator fails, or returns what is not finite.
        """
        found = guarded(self.estimator, lambda: self.estimator.surprisals(rows))
        sound = found.values.shape == (len(rows),) and bool(np.isfinite(found.values).all())
        demand(sound, f"The entropy estimator '{self.estimator.name}' returned no finite number a row.", MMGError)
        return found


def make_of(request: Request) -> MakeEntropy:
    """Return what makes the entropy estimator that is asked for.

    Raises:
        PluginError: when it is missing or broken.
        OptionError: for an option that it does not have.
    """
    cls = registry.load_entropy(request.plugin)

    def make(**how: Any) -> EntropyEstimator:
        return cls(**how, **request.options)

    make(run=run_of(request))  # options are refused before any data are read
    return make


def entropy_of(x: Array, units: Units, request: Request, make: MakeEntropy) -> Mean:
    """Return the differential entropy of continuous columns `x` `(n, dim)` in nats.

    What the closed form says of all rows makes the mean over evaluation rows more precise (`diffusion.adjustment`).

    Raises:
        DataError: for more columns or fewer rows than the estimator takes.
        MMGError: when it fails.
    """
    fit = DensityFit.of(x, units, request, make)
    found = fit.surprisals(fit.evaluated)
    # rows that were fitted lie nearer to their own closed form, by twice what others lie farther
    known = float(fit.estimator.first_guess(fit.fitted).mean()) + 2 * found.guess_optimism
    controls = {"own": (fit.estimator.first_guess(fit.evaluated), known)}
    return mean_of(fit, found.values, controls, found)


def mean_of(fit: DensityFit, values: F64, controls: Mapping[str, tuple[F64, float]], found: Surprisals) -> Mean:
    """Return the mean of `values` `(n,)` of evaluation rows, adjusted by controls whose means are known.

    Args:
        fit: what was fitted, and the rows.
        values: `(n,)` in nats.
        controls: for each, its values of the evaluation rows `(n,)`, and its mean over the fitted ones.
        found: optimism, errors and warnings of the estimator.
    """
    own = np.stack([column for column, _ in controls.values()], axis=1)
    adjusted = adjust(values, own, KnownMeans(np.array([mean for _, mean in controls.values()]), len(fit.fitted)))
    independent = Estimate(
        mi=adjusted.mean, std_error=widened(adjusted.std_error, len(values)), pointwise=values - values.mean()
    )
    dependent = of_dependent_rows(independent, fit.units, fit.places)
    return Mean(
        value=adjusted.mean - found.optimism,
        sampling=dependent.std_error or 0.0,
        systematic=math.hypot(found.unlearned, found.optimism / 2),  # the optimism is one of first order
        diagnostics={**found.diagnostics, "explained": adjusted.explained, "optimism": found.optimism},
        warnings=found.warnings,
        n_train=len(fit.fitted),
        n_eval=len(values),
    )


def _demand_applies(estimator: EntropyEstimator, dim: int, rows: int) -> None:
    most, least = estimator.max_dim, estimator.rows_a_column * dim
    columns = most is None or dim <= most
    demand(columns, f"The entropy estimator '{estimator.name}' takes {most} columns at most, not {dim}.", DataError)
    demand(
        rows >= least,
        f"The entropy estimator '{estimator.name}' needs {least} rows to fit {dim} columns, and {rows} are left beside "
        "those that evaluate; give more rows or fewer columns.",
        DataError,
    )
