"""`auto`: an MMG estimate that needs no choice of variant.

What it decides, and by what; nothing else, and never what is to be estimated:

- **Coordinates** (`mmg_registry.preprocess`): by the likelihood of each side alone, maps of single columns, independent
  components, a common scale; by the pair's likelihood on held-out rows, a turn of the rows by their length.
- **Direction**: the variable with fewer columns is noised, x where they tie; the identity holds either way, and the
  noise to be guessed, the output of the network and the variance of the integrand grow with the noised one.
- **What is noised given what**: where few of many columns are linearly dependent, the chain rule
  I(X_1, X_2; Y) = I(X_1; Y | X_2) + I(X_2; Y) splits them off. The network then need not learn to leave alone what
  tells nothing. The sum is exact, whatever the split.
- **Window and proposal over log-SNR**: from the held-out gap itself; bins are drawn in proportion to the square root of
  their second moment's proxy, the gap, which minimises the variance of an importance-sampled integral.
- **Length of training, and the weights to keep**: the held-out loss, as for all variants.
- **Size of the network**: where few rows are over-fitted by a network of use, half the width is tried, and half again,
  until training no longer over-fits or the held-out loss surely rises.
- **Direct or orthogonal**: see `cross_weight`.
- **Floor**: what the lengths of x and y alone share (`mmg_registry.diffusion.norms`), the whole shares too; an
  estimate that is surely lower is raised to it, and half of that widens the error, for there may be more.
- **What was learned by heart**: half of what the network sees more in training rows than in evaluation rows is added
  to the estimate, and widens the error as well.
- **Doubts**: what nearest neighbours find in training rows beyond the estimate widens the error.
- **Rows**: the mean over evaluation rows is adjusted to all rows by regression on simple features of (x, y), whose
  means over the training rows no network has touched (`mmg_registry.diffusion.adjustment`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from typing_extensions import Self

from mmg_plugins.baselines import KSG
from mmg_plugins.mmg.mmg import MMG, Combined, Fitted, MMGOptions, Rows, by_gap
from mmg_plugins.mmg.recipes import Prepared, Term
from mmg_registry.contracts import Array, Run
from mmg_registry.core import Proposal
from mmg_registry.diffusion import Adjusted, GapEstimate, KnownMeans, adjust, features, length_information
from mmg_registry.diffusion.learner import EXCESS, Refine
from mmg_registry.diffusion.proposals import FLOOR
from mmg_registry.results import Estimate
from mmg_registry.training.evaluation import gained

MANY_COLUMNS = 8  # from more on, linear dependence in few of them is split off
NEIGHBOUR_COLUMNS = 20  # of x and y together; with more, nearest neighbours find next to nothing
NEIGHBOUR_ROWS = SEEN_ROWS = 4_000  # of the training rows, that nearest neighbours look at and the network again
LEAST_RHO = 0.05  # canonical correlation from which a pair counts as linearly dependent, if noise is lower still


class AutoOptions(MMGOptions):
    """Options of `auto`; none needs to be set."""

    preset: Literal["default"] = Field("default", description="only the default recipe")
    steps: int | None = Field(24_000, ge=20, le=10_000_000, description="most training steps")
    tolerance: float = Field(
        0.0015, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    width: int = Field(
        64, ge=4, le=2048, description="units of the network; unless given, half of them where few rows are over-fitted"
    )
    direction: Literal["auto", "x", "y"] = Field(
        "auto", description="the variable to noise; auto: the one with fewer columns"
    )


class Auto(MMG):
    """MMG that chooses direction, window, proposal, length of training and the mix of its two integrands.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> estimate = Auto(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1), estimate.diagnostics["choices"]["noised"]
        (True, 'x')
    """

    name = "auto"
    summary = "MMSE gap; chooses direction, proposal and integrand from the data"
    reference = "this project, after MMG, arXiv 2509.20609"
    Options: ClassVar[type[AutoOptions]] = AutoOptions
    adaptive = True

    options: AutoOptions

    def fit(self, x: Array, y: Array) -> Self:
        super().fit(x, y)
        seen = self._seen(x, y)
        self._need_fit().extras.update(
            neighbours=np.array(_neighbours(x, y, self.run)), seen=np.array([seen.mean, seen.residual_error])
        )
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        found = super().estimate(x, y)
        found.diagnostics["choices"] = self._choices(found.diagnostics, x, y)
        found.warnings.extend(_lengths_warning(found) + _neighbours_warning(found))
        if self._swapped(x, y):
            done = found.diagnostics["coordinates"]
            found.diagnostics["coordinates"] = {"x": done["y"], "y": done["x"]}
        return found

    def _swapped(self, x: Array, y: Array) -> bool:
        if self.options.direction == "auto":
            return bool(y.shape[1] < x.shape[1])
        return self.options.direction == "y"

    def _orient(self, x: Array, y: Array) -> tuple[Array, Array]:
        return (y, x) if self._swapped(x, y) else (x, y)

    def _refine(self, prepared: Prepared) -> Refine:
        return by_gap(FLOOR)

    def _trained(self, prepared: Prepared, rows: Rows, held_out: Rows) -> Fitted:
        last = best = super()._trained(prepared, rows, held_out)
        spent = _seconds(last)
        while self._time_for(spent + _seconds(last)) and (smaller := self._smaller(best)) is not None:
            last = super()._trained(smaller, rows, held_out)
            spent += _seconds(last)
            gain, error = gained(*(-self._losses(each, best.proposal, held_out) for each in (best, last)))
            if gain < -error:
                break
            best = last
        return best

    def _smaller(self, fitted: Fitted) -> Prepared | None:
        """What to try next, if anything: nothing where the size was given, or where no network beat the linear ones."""
        over_fitted = any(report.stopped == "overfitting" and report.kept > 0 for report in fitted.reports)
        return fitted.prepared.narrower() if over_fitted and not self._size_given else None

    def _time_for(self, seconds: float) -> bool:
        return self.run.max_seconds is None or seconds <= self.run.max_seconds

    @property
    def _size_given(self) -> bool:
        return self.denoiser is not None or "width" in self.options.model_fields_set

    def _losses(self, fitted: Fitted, proposal: Proposal, held_out: Rows) -> Tensor:
        """Each row's excess over the linear denoisers, without and with y, on the same noise for every network."""
        repeats = self._repeats(len(held_out[0]))
        sums = [self._sums(each, *each.term.rows(*held_out), proposal, repeats)[1] for each in fitted.terms]
        return torch.stack(sums).sum(0)[:, EXCESS].sum(1)

    def _terms(self, prepared: Prepared, x: Tensor, y: Tensor) -> list[Term]:
        noise = 3 * math.sqrt((x.shape[1] + y.shape[1]) / len(x))  # no sample correlation of independent rows is larger
        linear = int(np.count_nonzero(prepared.rho > max(LEAST_RHO, noise)))
        if prepared.dim_x <= MANY_COLUMNS or not 0 < linear <= prepared.dim_x // 2 or self.denoiser is not None:
            return super()._terms(prepared, x, y)
        return [Term(0, linear), Term(linear, prepared.dim_x)]

    def _extras(self, prepared: Prepared, x: Tensor, y: Tensor) -> dict[str, NDArray[Any]]:
        known = KnownMeans.of(x.numpy(), y.numpy(), prepared.rho)
        lengths = np.array(length_information(x.numpy(), y.numpy()))
        return {"feature_mean": known.mean, "n_rows": np.array([known.count]), "lengths": lengths}

    def _combine(self, gap: GapEstimate, x: Tensor, y: Tensor) -> Combined:
        fitted = self._need_fit()
        weight = cross_weight(gap.cross, gap.cross_se)
        rows = gap.rows[:, 1] + weight * (gap.rows[:, 0] - gap.rows[:, 1])
        found, direct = self._adjusted(x, y, rows, gap.rows[:, 0])
        # from n rows no estimate can be surer than the spread of the log-density ratio over sqrt(n): direct values
        # have that spread, orthogonal ones less, and what those lack is in the denoisers fitted to the same rows
        of_rows = math.hypot(found.residual_error, max(found.fitted_error, direct.fitted_error))
        by_heart = half_by_heart(direct, *fitted.extras["seen"].tolist())
        raised, doubt = raised_to(found.mean + by_heart, *fitted.extras["lengths"].tolist())
        errors = {"rows": of_rows, "cross": abs((1 - weight) * gap.cross), "generalisation": by_heart, "lengths": doubt}
        mean = found.mean + by_heart + raised
        return Combined(mean, errors, rows + (mean - float(rows.mean())))

    def _adjusted(self, x: Tensor, y: Tensor, *values: Tensor) -> list[Adjusted]:
        """Means of rows' values, adjusted to all rows by their features."""
        fitted = self._need_fit()
        known = KnownMeans(fitted.extras["feature_mean"], int(fitted.extras["n_rows"][0]))
        own = features(x.numpy(), y.numpy(), fitted.prepared.rho)
        return [adjust(each.numpy(), own, known) for each in values]

    def _doubts(self, gap: GapEstimate, mi: float) -> dict[str, float]:
        """What nearest neighbours find in training rows beyond the estimate and two of their own errors.

        They are low where dependence is strong or columns many, so nothing is concluded where they find less.
        """
        found, error = self._need_fit().extras["neighbours"].tolist()
        return {"neighbours": max(0.0, found - 2 * error - mi)}

    def _seen(self, x: Array, y: Array) -> Adjusted:
        """The direct value on rows of the training."""
        fitted, step = self._need_fit(), -(-len(x) // SEEN_ROWS)
        zx, zy = fitted.prepared.transform(*self._orient(x[::step], y[::step]))
        gap = self._gap(fitted, zx, zy, self._repeats(len(zx)))
        return self._adjusted(zx, zy, gap.rows[:, 0])[0]

    def _choices(self, diagnostics: dict[str, Any], x: Array, y: Array) -> dict[str, Any]:
        weight = cross_weight(diagnostics["cross"], diagnostics["cross_se"])
        return {
            "noised": "y" if self._swapped(x, y) else "x",
            "noised_why": "asked for" if self.options.direction != "auto" else "fewer columns, or x where they tie",
            "weight_of_cross_term": weight,
            "weight_why": "shrinkage of the measured cross term by its error; half of it where it is negative",
            "width": diagnostics["network"]["width"],
            "width_why": "asked for" if self._size_given else "half while few rows are over-fitted and the loss allows",
            "training_stopped": diagnostics["training"]["stopped"],
            "split": [term["noised"] for term in diagnostics["terms"]],
            "split_why": "columns without linear dependence, noised apart" if diagnostics["terms"] else "none",
            "coordinates_why": "the likeliest density of each side alone; a turn, of the pair on held-out rows",
        }


def _seconds(fitted: Fitted) -> float:
    return sum(report.seconds for report in fitted.reports)


def _neighbours(x: Array, y: Array, run: Run) -> tuple[float, float]:
    """Information by nearest neighbours in some of the rows, and its standard error; zeros where they cannot tell."""
    step = -(-len(x) // NEIGHBOUR_ROWS)
    x, y = x[::step], y[::step]
    if x.shape[1] + y.shape[1] > NEIGHBOUR_COLUMNS or len(x) < 2:
        return 0.0, 0.0
    found = KSG(run=replace(run, progress=None, device="cpu")).fit(x, y).estimate(x, y)
    return (0.0, 0.0) if found.diagnostics["rows_with_copies"] else (found.mi, found.std_error or 0.0)


def _slight(part: float, mi: float) -> bool:
    """Whether a part of the error is too small to warn of."""
    return part <= max(0.01, 0.02 * abs(mi))


def _lengths_warning(found: Estimate) -> list[str]:
    doubt = found.diagnostics["errors"]["lengths"]
    if _slight(doubt, found.mi):
        return []
    return [
        f"The lengths of x and y alone share at least {found.mi:.2f} nats, more than the network learned of the whole; "
        f"the estimate was raised to that, and {doubt:.2f} went into its standard error. Give it more rows."
    ]


def _neighbours_warning(found: Estimate) -> list[str]:
    short = found.diagnostics["errors"].get("neighbours", 0.0)
    if _slight(short, found.mi):
        return []
    return [
        f"Nearest neighbours find at least {found.mi + short:.2f} nats in the training rows, {short:.2f} more than the "
        "network learned; the standard error includes that. Give it more rows, or compare with --plugin ksg."
    ]


def half_by_heart(direct: Adjusted, seen: float, seen_error: float) -> float:
    """Half of what the network surely sees more in rows it was trained on, in nats.

    What was learned by heart is gained there and lost on other rows, to first order as much (the optimism of a fit:
    Efron, "How biased is the apparent error rate of a prediction rule?", JASA 1986), so that the truth lies midway.
    What training was stopped too early to learn is in neither: the same half is the error of this correction.

    Example:
        >>> half_by_heart(Adjusted(0.3, 0.0, 0.0, 0.0), 0.4, 0.0), half_by_heart(Adjusted(0.3, 0.0, 0.0, 0.0), 0.2, 0.0)
        (0.05000000000000002, 0.0)
    """
    return 0.5 * surely_above(seen - direct.mean, math.hypot(seen_error, direct.residual_error))


def raised_to(mi: float, floor: float, error: float) -> tuple[float, float]:
    """What to add to an estimate that lies below a floor with a standard error, and what that adds to its own.

    Example:
        >>> raised_to(0.1, 0.3, 0.0), raised_to(0.3, 0.1, 0.0), raised_to(0.1, 0.11, 0.02)
        ((0.19999999999999998, 0.09999999999999999), (0.0, 0.0), (0.0, 0.0))
    """
    raised = surely_above(floor - mi, error)
    return raised, math.hypot(raised / 2, error) if raised else 0.0


def surely_above(value: float, error: float) -> float:
    """What of a noisy value is believed to lie above zero.

    Example:
        >>> surely_above(0.2, 0.1), surely_above(0.1, 0.2), surely_above(-0.2, 0.1)
        (0.15000000000000002, 0.0, 0.0)
    """
    return max(0.0, value) * shrinkage(value, error)


def cross_weight(cross: float, error: float) -> float:
    """How much of the cross term to count: believed by `shrinkage`, and half where it is negative.

    An error of the conditional denoiser that is unrelated to the gap (noise of the training, over-fitting) takes its
    square from the direct value and adds it to the orthogonal one: the truth is midway, and the cross term is
    negative. A gap that is learned too small makes the orthogonal value wrong to first order and the direct one to
    second: the truth is near the direct value, and the cross term is positive.

    Example:
        >>> cross_weight(0.1, 0.0), cross_weight(-0.1, 0.0), cross_weight(0.01, 0.05)
        (1.0, 0.5, 0.0)
    """
    return shrinkage(cross, error) * (1.0 if cross > 0 else 0.5)


def shrinkage(value: float, error: float) -> float:
    """Share of a noisy value to believe: `max(0, 1 - error^2 / value^2)`.

    Example:
        >>> shrinkage(0.1, 0.05), shrinkage(0.01, 0.05)
        (0.75, 0.0)
    """
    return max(0.0, 1.0 - (error / value) ** 2) if value else 0.0
