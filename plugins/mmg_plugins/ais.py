"""`ais` and `iwae`: a lower and an upper bound on I(X; Z) where p(z) and p(x | z) are known.

Multi-sample annealed importance sampling after Brekelmans, Huang, Ghassemi, Ver Steeg, Grosse, Makhzani, *Improving
mutual information estimation with annealed and energy-based bounds*, ICLR 2022, arXiv 2303.06992; with one temperature
it is IWAE (Burda, Grosse, Salakhutdinov, ICLR 2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from torch import Tensor

from mmg_registry.bounds.annealing import Annealing, Evidence, Method, evidence
from mmg_registry.bounds.contract import BoundEstimator
from mmg_registry.bounds.hmc import ExactMoves
from mmg_registry.bounds.models import generator
from mmg_registry.bounds.path import ModelPath, Start, path_of, values
from mmg_registry.bounds.result import Bound
from mmg_registry.bounds.schedule import Mass, Pilot, Schedule, Tuned, linear, sigmoid
from mmg_registry.contracts import Options, Progress, Run
from mmg_registry.errors import MMGError, OptionError

LOW_ACCEPTANCE = 0.4
SHORTER = (16, 4)  # runs with so many times fewer temperatures show how the gap decays


class AISOptions(Options):
    """Options of `ais`; none needs to be set."""

    temperatures: int = Field(1000, ge=1, le=10_000_000, description="T, temperatures between start and posterior")
    chains: int = Field(16, ge=1, le=1_000_000, description="K, chains a data point")
    method: Method = Field("sandwich", description="sandwich: K independent forward, K coupled reverse chains")
    start: Start = Field("prior", description="where chains start: the prior, or the model's encoder")
    schedule: Schedule = Field("adaptive-kl", description="temperatures; adaptive ones are of constant rate")
    transition: Literal["hmc", "exact"] = Field("hmc", description="exact: models that draw their own path, as a test")
    mass: Mass = Field("dense", description="of HMC: the inverse of the pilot's covariance or its diagonal, or 1")
    leapfrog: int = Field(10, ge=1, le=10_000, description="most leapfrog steps a transition")
    acceptance: float = Field(0.75, gt=0, lt=1, description="what the pilot tunes step sizes to")
    decay: bool = Field(True, description="also run with T/16 and T/4, to show how the gap decays")


class AIS(BoundEstimator):
    """Sandwich by annealed chains: its width falls like 1/T, where IWAE's needs exp(I) samples.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.bounds.models import built_in
        >>> model = built_in("linear-gaussian", latent=2, data=10, mi=3.0)
        >>> plugin = AIS(run=Run(seed=0), temperatures=50, chains=4)
        >>> found = plugin.bound(model, *model.sample(64, seed=0))
        >>> found.lower < found.upper, found.contains_truth
        (True, True)
    """

    name = "ais"
    summary = "Sandwich by multi-sample annealed importance sampling"
    reference = "Brekelmans et al., ICLR 2022, arXiv 2303.06992"
    Options: ClassVar[type[Options]] = AISOptions
    kind = "sandwich"

    options: AISOptions

    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """Bound I(X; Z) from the pairs `x` `(n, data_size)`, `z` `(n, latent_size)`.

        Raises:
            OptionError: for a start or a transition that the model does not offer.
            PluginError: for densities that are NaN, of a wrong shape or not differentiable.
            MMGError: when HMC accepts nothing.
        """
        likelihood = values(model.log_likelihood, x, z).double()
        ladder = self._ladder(model, x)
        runs = self._runs(ladder, z, likelihood)
        last = next(reversed(runs.values()))
        _demand_moving(last)
        found = sandwich(likelihood, last, model)
        found.diagnostics.update(self._diagnostics(ladder.tuned, runs))
        found.warnings.extend(_warnings(last))
        return found

    def _ladder(self, model: Any, x: Tensor) -> Ladder:
        path = path_of(model, x, self.options.start)
        if self.options.transition == "exact":
            return Ladder(path, self.options, None, exact_draws(path))
        self.run.report(Progress(0.0, stage="pilot"))
        pilot = Pilot(path, self.options.schedule, self.options.mass, self.options.leapfrog, self.options.acceptance)
        tuned = pilot.run(generator(seed_of(self.run, 1), x.device)) if self.options.temperatures > 1 else None
        return Ladder(path, self.options, tuned, None)

    def _runs(self, ladder: Ladder, z: Tensor, likelihood: Tensor) -> dict[int, Evidence]:
        """The evidence by number of temperatures, shortest first: its sandwich is shown while the next one runs."""
        lengths = _lengths(self.options.temperatures, self.options.decay)
        draws = generator(seed_of(self.run, 0), z.device)
        runs: dict[int, Evidence] = {}
        for n in lengths:
            listen = _Listener(self.run, sum(runs), n, sum(lengths), _interval(runs, likelihood))
            runs[n] = evidence(ladder.annealing(n), z, self.options.chains, self.options.method, draws, listen)
        return runs

    def _diagnostics(self, tuned: Tuned | None, runs: dict[int, Evidence]) -> dict[str, Any]:
        last = next(reversed(runs.values()))
        found: dict[str, Any] = {"acceptance": last.acceptance, "effective_chains": last.effective}
        found["gap_by_temperatures"] = [{"temperatures": n, "gap": each.gap} for n, each in runs.items()]
        found["gap_decay"] = decay(runs)
        if tuned is not None:
            found["pilot"] = {"temperatures": len(tuned.betas) - 1, "acceptance": tuned.acceptance}
        return found


@dataclass(frozen=True)
class Ladder:
    """Everything frozen before the reported chains start."""

    path: ModelPath
    options: AISOptions
    tuned: Tuned | None
    exact: Any

    def annealing(self, n: int) -> Annealing:
        """The path with `n` temperatures."""
        if self.tuned is not None:
            betas = self.tuned.temperatures(self.options.schedule, n)
            return Annealing(self.path, betas.tolist(), self.tuned.moves(self.path, betas, self.options.leapfrog))
        betas = sigmoid(n) if self.options.schedule == "sigmoid" else linear(n)
        return Annealing(self.path, betas.tolist(), ExactMoves(self.exact, betas.tolist()))


class IWAEOptions(Options):
    """Options of `iwae`."""

    chains: int = Field(1000, ge=1, le=10_000_000, description="K, samples a data point")
    start: Start = Field("prior", description="where samples come from: the prior, or the model's encoder")


class IWAE(BoundEstimator):
    """Importance-weighted bounds: K draws of the prior or the encoder; the upper bound on log p(x) has the true z among
    them. The gap to the truth stays above I - log K.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.bounds.models import built_in
        >>> model = built_in("gaussian-channel", dim=1, mi=1.0)
        >>> found = IWAE(run=Run(seed=0), chains=100).bound(model, *model.sample(200, seed=0))
        >>> found.lower <= found.upper, found.contains_truth
        (True, True)
    """

    name = "iwae"
    summary = "Sandwich by importance weights, without annealing"
    reference = "Burda, Grosse, Salakhutdinov, ICLR 2016, arXiv 1509.00519"
    Options: ClassVar[type[Options]] = IWAEOptions
    kind = "sandwich"

    options: IWAEOptions

    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """As `AIS.bound`; nothing is differentiated."""
        likelihood = values(model.log_likelihood, x, z).double()
        path = path_of(model, x, self.options.start)
        draws = generator(seed_of(self.run, 0), x.device)
        annealing = Annealing(path, [0.0, 1.0], ExactMoves(None, [0.0, 1.0]))  # type: ignore[arg-type]  # never moves
        found = evidence(annealing, z, self.options.chains, "independent", draws)
        bound = sandwich(likelihood, found, model)
        bound.diagnostics["effective_chains"] = found.effective
        return bound


def sandwich(likelihood: Tensor, found: Evidence, model: Any) -> Bound:
    """Bounds on I = E log p(x | z) - E log p(x) from those on log p(x), which swap sides."""
    (lower, lower_se), (upper, upper_se) = (mean_and_error(likelihood - side) for side in (found.high, found.low))
    gaps: dict[str, Any] = {"gap": found.gap}
    return Bound("sandwich", lower, upper, lower_se, upper_se, getattr(model, "true_mi", None), diagnostics=gaps)


def mean_and_error(terms: Tensor) -> tuple[float, float | None]:
    """Mean of independent terms `(n,)` and its standard error, None of a single one."""
    error = float(terms.std()) / math.sqrt(len(terms)) if len(terms) > 1 else None
    return float(terms.mean()), error


def decay(runs: dict[int, Evidence]) -> float | None:
    """Slope of log gap over log T, near -1 once T is large; None without two positive gaps."""
    points = np.log([(n, each.gap) for n, each in runs.items() if each.gap > 0])
    return float(np.polyfit(points[:, 0], points[:, 1], 1)[0]) if len(points) > 1 else None


def exact_draws(path: Any) -> Any:
    """What draws the path exactly.

    Raises:
        OptionError: when the model offers no such draws, or the path does not start at its prior.
    """
    given = getattr(path, "given", None)
    if not hasattr(given, "draw"):
        raise OptionError("The option 'transition' is 'exact', and the model draws no exact path from its start.")
    return given


class _Listener:
    """Tells the fraction done of all runs, and the sandwich of the last finished one."""

    def __init__(self, run: Run, done: int, length: int, total: int, words: str) -> None:
        self.run, self.done, self.length, self.total, self.words = run, done, length, total, words

    def __call__(self, fraction: float) -> None:
        self.run.report(Progress((self.done + fraction * self.length) / self.total, stage=self.words))


def _interval(runs: dict[int, Evidence], likelihood: Tensor) -> str:
    if not runs:
        return "annealing"
    last = next(reversed(runs.values()))
    ends = (float((likelihood - side).mean()) for side in (last.high, last.low))
    return "annealing, MI in {:.3f} to {:.3f} nats".format(*ends)


def _lengths(n: int, decaying: bool) -> list[int]:
    return [*(n // shorter for shorter in SHORTER if decaying and n // shorter >= 2), n]


def seed_of(run: Run, stream: int) -> int:
    """The seed of one of the run's independent streams of draws."""
    return int(np.random.SeedSequence([run.seed, stream]).generate_state(1)[0])


def _demand_moving(found: Evidence) -> None:
    if found.acceptance is not None and found.acceptance < 0.01:
        raise MMGError("HMC accepted less than 1 % of its proposals, so the chains did not move; allow more leapfrogs.")


def _warnings(found: Evidence) -> list[str]:
    warnings = []
    if found.acceptance is not None and found.acceptance < LOW_ACCEPTANCE:
        share = 100 * found.acceptance
        warnings.append(f"HMC accepted only {share:.0f} % of its proposals; the bounds hold, but are wide.")
    if found.gap < 0:
        warnings.append("The bounds cross, which they do by chance only: the gap is below its Monte-Carlo noise.")
    return warnings
