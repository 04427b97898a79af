"""MMG: mutual information as half the gap between unconditional and conditional denoising errors.

    I(X; Y) = 1/2 integral over log-SNR of E|eps - eps_hat(z)|^2 - E|eps - eps_hat(z, y)|^2

(MMG, arXiv 2509.20609; the identity goes back to Guo, Shamai and Verdu 2005 and, in this form, to Kong et al.,
arXiv 2302.03792.) Four variants differ in two switches: the integrand, direct as above or orthogonal
(`1/2 E|eps_hat(z) - eps_hat(z, y)|^2`, the same for exact denoisers), and the proposal over log-SNR, fixed or
adaptive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor
from typing_extensions import Self

from mmg_plugins.mmg.recipes import Prepared, Recipe, Term, default_recipe, paper_recipe
from mmg_registry.contracts import Array, Estimator, Options, Run, below
from mmg_registry.core import BIN_SUMS, Proposal, TrainPlan, chosen_device
from mmg_registry.diffusion import (
    Denoiser,
    GapEstimate,
    Refine,
    Schedule,
    TrainingSetup,
    adaptive_logistic,
    default_logistic,
    envelope,
    gaussian_tail,
    summarise,
    train,
)
from mmg_registry.diffusion.proposals import gap_proposal, pilot
from mmg_registry.errors import OptionError
from mmg_registry.results import Estimate
from mmg_registry.training import Report
from mmg_registry.training.held_out import hold_back

Rows = tuple[Tensor, Tensor]  # of x and y, in the denoiser's coordinates

EVALUATION_DRAWS = 400_000  # network rows that an automatic number of repeats aims at
PRECISION_ENDS = (
    "A linear combination of x and one of y agree to all digits that double-precision sums hold, so the information is "
    "larger than the estimate, perhaps infinite; the standard error includes all that rests on those digits."
)


class MMGOptions(Options):
    """Options of the four MMG variants."""

    preset: Literal["default", "paper"] = Field(
        "default", description="'paper' for the published recipe: its network, standardisation, proposal and optimiser"
    )
    steps: int | None = Field(
        None,
        ge=20,
        le=10_000_000,
        description="most training steps; 10,000 unless given (in the paper preset its epochs)",
    )
    width: int = Field(64, ge=4, le=2048, description="units of the network's residual stream and of its gates")
    depth: int = Field(2, ge=1, le=16, description="gated residual blocks")
    batch: int = Field(512, ge=8, le=65_536, description="rows a training step; each passes with and without y")
    lr: float = Field(2e-3, gt=0, le=0.1, description="peak learning rate")
    tolerance: float = Field(
        0.005, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    repeats: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="log-SNR and noise draws per evaluation row; about 400,000 in all unless given",
    )
    gaussianise: bool = Field(True, description="map the margins to near-normal ones first (MI does not change)")

    left_open: ClassVar[frozenset[str]] = frozenset({"preset", "steps", "repeats"})  # by the published recipe

    @model_validator(mode="after")
    def _paper_is_fixed(self) -> Self:
        extra = sorted(self.model_fields_set - self.left_open)
        changed = [name for name in extra if getattr(self, name) != type(self).model_fields[name].default]
        if self.preset == "paper" and changed:
            raise ValueError(f"preset 'paper' fixes {', '.join(changed)}; leave it out or use the default preset")
        return self


@dataclass
class FittedTerm:
    """One term of the chain rule, trained."""

    term: Term
    denoiser: Denoiser
    report: Report


@dataclass
class Fitted:
    """What `fit` leaves and `restore` rebuilds.

    Attributes:
        terms: whose gaps sum to the information; one, unless the estimator splits x.
        proposal: that all terms are evaluated under.
        extras: arrays of the estimator's own.
    """

    prepared: Prepared
    terms: list[FittedTerm]
    proposal: Proposal
    extras: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def reports(self) -> list[Report]:
        return [each.report for each in self.terms]


class Combined(NamedTuple):
    """The information inside the window: value, parts of its standard error by name, and each row's share."""

    mi: float
    errors: dict[str, float]
    rows: Tensor


class MMG(Estimator):
    """MMG with the direct integrand and the published fixed proposal.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` to use in place of the built-in network, called as
            `module(z, logsnr, y)` and `module(z, logsnr, None)`; see `mmg_registry.diffusion.ModuleDenoiser`.
        **options: fields of `MMGOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> mmg = MMGOrthogonalAdaptive(run=Run(seed=0, threads=1), steps=50)
        >>> estimate = mmg.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name: ClassVar[str] = "mmg"
    summary: ClassVar[str] = "MMSE gap, direct integrand, fixed proposal"
    reference: ClassVar[str] = "MMG, arXiv 2509.20609"
    Options = MMGOptions
    has_curve: ClassVar[bool] = True
    has_pointwise: ClassVar[bool] = True
    orthogonal: ClassVar[bool] = False
    adaptive: ClassVar[bool] = False

    options: MMGOptions

    def __init__(self, *, run: Run | None = None, denoiser: torch.nn.Module | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self.denoiser = denoiser
        self._fitted: Fitted | None = None

    def fit(self, x: Array, y: Array) -> Self:
        self._check_device()
        x, y = self._orient(x, y)
        prepared = self._recipe().prepare(x, y)
        zx, zy = prepared.transform(x, y)
        extras = self._extras(prepared, zx, zy)
        self._fitted = replace(self._trained(prepared, *hold_back(zx, zy, self.run.seed)), extras=extras)
        return self

    def _trained(self, prepared: Prepared, rows: Rows, held_out: Rows) -> Fitted:
        """All terms, trained on `rows`."""
        found = [self._train(prepared, term, rows, held_out) for term in self._terms(prepared, *rows)]
        return Fitted(prepared, [term for term, _ in found], envelope([proposal for _, proposal in found]))

    def estimate(self, x: Array, y: Array) -> Estimate:
        fitted = self._need_fit()
        zx, zy = fitted.prepared.transform(*self._orient(x, y))
        repeats = self._repeats(len(zx))
        gap = self._gap(fitted, zx, zy, repeats)
        tail = self._tail(fitted.prepared.rho, fitted.proposal.low, fitted.proposal.high)
        return self._result(gap, self._combine(gap, zx, zy), tail, repeats)

    def _repeats(self, n: int) -> int:
        return self.options.repeats or int(np.clip(EVALUATION_DRAWS // n, 2, 64))

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        fitted = self._need_fit()
        arrays, prepared = fitted.prepared.state()
        weights = {
            f"term{i}.{key}": tensor.numpy()
            for i, each in enumerate(fitted.terms)
            for key, tensor in each.denoiser.snapshot().items()
        }
        extras = {f"extra.{key}": array for key, array in fitted.extras.items()}
        q = fitted.proposal
        proposal = {"loc": q.loc, "scale": q.scale, "edges": q.edges.tolist(), "cdf": q.cdf.tolist()}
        terms = [{**asdict(each.term), "report": each.report.to_dict()} for each in fitted.terms]
        return {**arrays, **weights, **extras}, {"prepared": prepared, "proposal": proposal, "terms": terms}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        prepared = self._recipe().restore(arrays, meta["prepared"])
        terms = [self._restored(prepared, below(arrays, f"term{i}."), each) for i, each in enumerate(meta["terms"])]
        q = meta["proposal"]
        proposal = Proposal(torch.tensor(q["edges"]), torch.tensor(q["cdf"]), q["loc"], q["scale"])
        self._fitted = Fitted(prepared, terms, proposal, below(arrays, "extra."))
        return self

    def _restored(self, prepared: Prepared, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> FittedTerm:
        own = any(key.endswith("weights") for key in arrays)
        if not own and self.options.preset == "default" and self.denoiser is None:
            raise OptionError("The saved estimator used a module of its own; pass it as 'denoiser' and restore again.")
        term = Term(meta["first"], meta["last"])
        denoiser = self._denoiser(prepared, term, *prepared.no_rows())
        denoiser.rewind({key: torch.tensor(value) for key, value in arrays.items()})
        return FittedTerm(term, denoiser, Report(**meta["report"]))

    def _orient(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The variable to noise, and the one to condition on."""
        return x, y

    def _recipe(self) -> Recipe:
        return paper_recipe() if self.options.preset == "paper" else default_recipe(self.options)

    def _terms(self, prepared: Prepared, x: Tensor, y: Tensor) -> list[Term]:
        """How the information is split by the chain rule: not at all."""
        return [Term(0, prepared.dim_x)]

    def _extras(self, prepared: Prepared, x: Tensor, y: Tensor) -> dict[str, NDArray[Any]]:
        """What the estimator wants to keep of all training rows, as named arrays: nothing."""
        return {}

    def _train(self, prepared: Prepared, term: Term, rows: Rows, held_out: Rows) -> tuple[FittedTerm, Proposal]:
        denoiser = self._denoiser(prepared, term, *rows)
        plan, schedule = self._plan(prepared)
        how: dict[str, Any] = {
            "refine": self._refine(prepared),
            "integrand": "orthogonal" if self.orthogonal else "direct",
        }
        setup = TrainingSetup(term.rows(*held_out), schedule, self.run)
        last, report = train(denoiser, self._first(), plan, setup, **how)
        return FittedTerm(term, denoiser, report), last

    def _denoiser(self, prepared: Prepared, term: Term, x: Tensor, y: Tensor) -> Denoiser:
        """A fresh denoiser for one term, on training rows in the prepared coordinates."""
        return prepared.denoiser(term, x, y, self.run, self.denoiser)

    def _plan(self, prepared: Prepared) -> tuple[TrainPlan, Schedule]:
        return prepared.plan(self.options.steps)

    def _first(self) -> Proposal:
        """The proposal that training begins with."""
        return pilot() if self.adaptive else default_logistic()

    def _tail(self, rho: NDArray[np.float64], low: float, high: float) -> float:
        """What lies outside a window, of the linear denoisers, in nats."""
        return gaussian_tail(rho, low, high)

    def _gap(self, fitted: Fitted, x: Tensor, y: Tensor, repeats: int) -> GapEstimate:
        return self._gap_under(fitted.proposal, fitted, x, y, repeats)

    def _gap_under(self, proposal: Proposal, fitted: Fitted, x: Tensor, y: Tensor, repeats: int) -> GapEstimate:
        """All terms' gaps on the same rows and log-SNRs, summed."""
        sums = [self._sums(each, *each.term.rows(x, y), proposal, repeats) for each in fitted.terms]
        bins, rows = (torch.stack(parts).sum(0) for parts in zip(*sums, strict=True))
        bins[:, BIN_SUMS.index("count")] /= len(sums)
        return summarise(bins, rows, proposal, repeats)

    def _sums(self, each: FittedTerm, x: Tensor, y: Tensor, proposal: Proposal, repeats: int) -> tuple[Tensor, Tensor]:
        """One term's sums over bins and means of rows."""
        return each.denoiser.gap(x, y, proposal, repeats=repeats, seed=self.run.seed)

    def _refine(self, prepared: Prepared) -> Refine | None:
        """The second stage's proposal, chosen once; None where the first one stays."""
        if not self.adaptive:
            return None
        chosen: list[Proposal] = []

        def refine(bins: Tensor, proposal: Proposal) -> Proposal:
            if not chosen:
                chosen.append(_adapted(bins, proposal, prepared.dim_x) or default_logistic())
            return chosen[0]

        return refine

    def _need_fit(self) -> Fitted:
        if self._fitted is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._fitted

    def _result(self, gap: GapEstimate, inside: Combined, tail: float, repeats: int) -> Estimate:
        fitted = self._need_fit()
        parts = {**inside.errors, **_training_errors(fitted.reports)}
        if fitted.prepared.at_limit:
            parts["precision"] = tail  # rests on correlations of which only the first digits are known
        parts |= self._doubts(gap, inside.mi + tail)
        return Estimate(
            mi=inside.mi + tail,
            std_error=float(np.linalg.norm(list(parts.values()))),
            curve=gap.curve,
            pointwise=inside.rows.numpy() + tail,
            diagnostics=_diagnostics(fitted, gap, tail, repeats) | {"errors": parts},
            backend=self._backend(),
            device=str(self._device),
            warnings=self._warnings(gap, tail),
        )

    def _warnings(self, gap: GapEstimate, tail: float) -> list[str]:
        fitted = self._need_fit()
        known = self._height(fitted.proposal.high)
        found = [self._bias_warning(gap), _window_warning(fitted, gap, self.orthogonal, known)]
        found += [_tail_warning(gap, tail), PRECISION_ENDS if fitted.prepared.at_limit else ""]
        found.append(_unfinished_warning(fitted.reports, gap.direct))
        found += [_stop_warning(report) for report in fitted.reports]
        return list(dict.fromkeys(sentence for sentence in found if sentence))

    def _bias_warning(self, gap: GapEstimate) -> str:
        return _cross_warning(gap)

    def _height(self, logsnr: float, step: float = 1e-3) -> float:
        """The integrand of the linear denoisers at one log-SNR, in nats a unit of it."""
        rho = self._need_fit().prepared.rho
        return (self._tail(rho, 0.0, logsnr - step / 2) - self._tail(rho, 0.0, logsnr + step / 2)) / step

    def _combine(self, gap: GapEstimate, x: Tensor, y: Tensor) -> Combined:
        """The integral inside the window, from both integrands on rows `x`, `y` in the denoiser's coordinates."""
        if self.orthogonal:
            return Combined(gap.orthogonal, {"rows": gap.orthogonal_se}, gap.rows[:, 1])
        return Combined(gap.direct, {"rows": gap.direct_se}, gap.rows[:, 0])

    def _doubts(self, gap: GapEstimate, mi: float) -> dict[str, float]:
        """Further parts of the standard error, by more than the gap on evaluation rows: none."""
        return {}

    def _backend(self) -> dict[str, Any]:
        return {**self._need_fit().terms[0].denoiser.backend, "threads": self.run.threads}

    @property
    def _device(self) -> torch.device:
        return chosen_device(self.run.device)

    def _check_device(self) -> None:
        own = self.options.preset != "default" or self.denoiser is not None
        if self._device.type == "cuda" and own:
            raise OptionError("Modules and published recipes run on the CPU alone; leave --device cuda out.")


class MMGAdaptive(MMG):
    """MMG with the direct integrand and the two-stage adaptive proposal."""

    name = "mmg-adaptive"
    summary = "MMSE gap, direct integrand, adaptive proposal"
    adaptive = True


class MMGOrthogonal(MMG):
    """MMG with the orthogonal integrand and the published fixed proposal."""

    name = "mmg-orthogonal"
    summary = "MMSE gap, orthogonal integrand, fixed proposal"
    orthogonal = True


class MMGOrthogonalAdaptive(MMG):
    """MMG with the orthogonal integrand and the two-stage adaptive proposal."""

    name = "mmg-orthogonal-adaptive"
    summary = "MMSE gap, orthogonal integrand, adaptive proposal"
    orthogonal = True
    adaptive = True


def _adapted(bins: Tensor, proposal: Proposal, dim_x: int) -> Proposal | None:
    """The two-stage proposal read off the pilot's held-out sums; None where its curve has no crossings."""
    edges, sums = proposal.edges.double().numpy(), bins.numpy()
    # under a constant density the mean weight is the window's width; the sums hold half the squared error
    given = 2 * sums[:, BIN_SUMS.index("mse_given")] / np.maximum(sums[:, 0], 1) / proposal.window
    return adaptive_logistic(edges, given, dim_x, sums[:, BIN_SUMS.index("orthogonal")])


def by_gap(floor: float) -> Refine:
    """A refinement that follows the held-out gap, of which the share `floor` stays uniform over its window."""
    column, watch = BIN_SUMS.index("orthogonal"), pilot().edges.double().numpy()

    def refine(bins: Tensor, proposal: Proposal) -> Proposal:
        return gap_proposal(watch, bins[:, column].double().numpy(), floor)

    return refine


def _training_errors(reports: Sequence[Report]) -> dict[str, float]:
    """Parts of the standard error that come from the training, summed over the terms of the chain rule."""
    return {
        "choice": float(np.linalg.norm([report.choice_error for report in reports])),
        "unfinished": sum(report.unfinished for report in reports),
    }


def _diagnostics(fitted: Fitted, gap: GapEstimate, tail: float, repeats: int) -> dict[str, Any]:
    q = fitted.proposal
    kind = {"kind": "logistic", "loc": q.loc, "scale": q.scale} if q.scale > 0 else {"kind": "piecewise constant"}
    names = ("direct", "direct_se", "orthogonal", "orthogonal_se", "cross", "cross_se")
    return {name: getattr(gap, name) for name in names} | {
        "outside_window": tail,
        "gaussian_mi": fitted.prepared.gaussian_mi,
        "coordinates": fitted.prepared.words,
        "proposal": {**kind, "window": [q.low, q.high]},
        "repeats": repeats,
        "network": {**fitted.prepared.network_words, "parameters": sum(t.denoiser.n_parameters for t in fitted.terms)},
        "training": fitted.terms[0].report.to_dict(),
        "terms": [{"noised": [t.term.first, t.term.last], "training": t.report.to_dict()} for t in fitted.terms[1:]],
    }


def _cross_warning(gap: GapEstimate) -> str:
    if abs(gap.cross) <= max(3 * gap.cross_se, 0.01, 0.02 * abs(gap.direct)):
        return ""
    return (
        f"The cross term is {gap.cross:+.3f} +- {gap.cross_se:.3f} nats: the conditional denoiser is biased by about "
        f"{abs(gap.cross):.2f} nats (direct {gap.direct:.3f}, orthogonal {gap.orthogonal:.3f}); "
        "train longer or with more rows."
    )


def _window_warning(fitted: Fitted, gap: GapEstimate, orthogonal: bool, known: float) -> str:
    """A gap that falls like the edge of a density, exp(-logsnr / 2), still holds twice its height past the end.

    `known` is the height there of the linear denoisers, whose tail is in the estimate.
    """
    curve, q = gap.curve, fitted.proposal
    top = [i for i, edge in enumerate(curve.edges[:-1]) if q.high - 1.0 <= edge < q.high] or [len(curve.count) - 1]
    values, errors = (curve.orthogonal, curve.orthogonal_se) if orthogonal else (curve.direct, curve.direct_se)
    height = float(np.mean([values[i] for i in top]))
    error = float(np.sqrt(np.sum([errors[i] ** 2 for i in top])) / len(top))
    beyond = 2 * (height - known)
    if height - known < 3 * error or beyond < max(0.01, 0.02 * abs(gap.direct)):
        return ""
    return (
        f"The gap is still {height:.3f} nats per unit at the upper end of the window (log-SNR {q.high:.1f}): about "
        f"{beyond:.2f} nats or more lie beyond it, or the information is infinite."
    )


def _tail_warning(gap: GapEstimate, tail: float) -> str:
    """The linear denoisers stand in outside the window; only for a Gaussian pair are they the best ones there."""
    if tail <= max(0.02, 0.05 * abs(gap.direct)):
        return ""
    return (
        f"{tail:.2f} nats lie outside the window and are those of a Gaussian pair with the same correlations; "
        "where the noise between x and y is not Gaussian they are too few."
    )


def _unfinished_warning(reports: Sequence[Report], mi: float) -> str:
    left = sum(report.unfinished for report in reports)
    if left <= max(0.05, 0.05 * abs(mi)):
        return ""
    return (
        f"Held-out rows were still gaining: more training may add some {left:.2f} nats, which the standard error "
        "includes; allow more steps or more time."
    )


def _stop_warning(report: Report) -> str:
    if report.kept == 0 and report.stopped.startswith("max"):
        limit = "time limit" if report.stopped == "max_seconds" else "limit"
        return (
            f"At its {limit}, after {report.steps} steps, the network did not beat the linear denoisers on held-out "
            "rows, and only linear dependence is counted; allow more steps or more time."
        )
    if report.stopped == "max_seconds":
        return f"Training was cut by the time limit after {report.steps} steps, before the held-out loss had settled."
    if report.stopped == "max_steps":
        return f"Training ended at its limit of {report.steps} steps, before the held-out loss had settled."
    return ""
