"""`ais` and `iwae`: a lower and an upper bound on I(X; Z) where p(z) and p(x | z) are known.

`ais` is multi-sample annealed importance sampling after Brekelmans, Huang, Ghassemi, Ver Steeg, Grosse, Makhzani,
*Improving mutual information estimation with annealed and energy-based bounds*, ICLR 2022, arXiv 2303.06992. With one
temperature it is IWAE (Burda, Grosse, Salakhutdinov, ICLR 2016).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from mmg_plugins.bounds.annealed import (
    Ladder,
    anneal,
    between,
    diagnostics,
    fitted_ladder,
    seed_of,
    slow_chains,
    tuned_ladder,
)
from mmg_plugins.bounds.options import AnnealingOptions, StartOptions
from mmg_registry.annealing.ais import LogEvidence, Method
from mmg_registry.annealing.importance import LogSums, log_sums
from mmg_registry.annealing.path import Start, density_of, path_of
from mmg_registry.bounds.checkpoint import Stages
from mmg_registry.bounds.contract import BoundEstimator
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import Options, Progress
from mmg_registry.errors import OptionError
from mmg_registry.models.built_in import generator

CROSSING = 1e-3  # nats by which the bounds may cross without a warning


class AISOptions(AnnealingOptions):
    """Options of `ais`; none needs to be set."""

    start: Start | Literal["fitted"] = Field(
        "fitted",
        description="where chains start: a normal density that a pilot fits, the prior, or the model's encoder",
    )
    method: Method = Field("sandwich", description="sandwich: K independent forward, K coupled reverse chains")
    transition: Literal["hmc", "exact"] = Field("hmc", description="exact: models that draw their own path, as a test")


class AIS(BoundEstimator):
    """A sandwich from annealed chains: its width falls like 1/T in the number T of temperatures.

    IWAE needs exp(I) samples for a narrow one.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.models.built_in import built_in
        >>> model = built_in("linear-gaussian", latent=2, data=10, mi=3.0)
        >>> plugin = AIS(run=Run(seed=0), temperatures=50, chains=4)
        >>> found = plugin.bound(model, *model.sample(64, seed=0))
        >>> abs(found.width) < 0.1, found.contains_truth
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
        likelihood = density_of(model.log_likelihood, x, z).double()
        stages, ladder = Stages(self.checkpoint), self._ladder(model, x)
        runs = anneal(ladder, z, likelihood, self.options.method, self.run, stages)
        last = next(reversed(runs.values()))
        found = sandwich(likelihood, last, model)
        found.diagnostics.update(diagnostics(ladder.tuned, runs))
        found.warnings.extend([*slow_chains(last), *crossing(last)])
        return found

    def _ladder(self, model: Any, x: Tensor) -> Ladder:
        start, rows, stages = self.options.start, self.options.rows, Stages(self.checkpoint)
        if start == "fitted":
            path, ladder = path_of(model, x, "prior", rows), fitted_ladder
        else:
            path, ladder = path_of(model, x, start, rows), tuned_ladder
        if self.options.transition == "exact":
            return Ladder(path, self.options, None, exact_draws(path if start == "prior" else None))
        return ladder(path, self.options, self.run, stages)


class IWAEOptions(StartOptions):
    """Options of `iwae`."""

    chains: int = Field(1000, ge=1, le=10_000_000_000, description="K, samples a data point")


class IWAE(BoundEstimator):
    """Importance-weighted bounds from K draws of the prior or the encoder.

    The upper bound on log p(x) has the true z among its draws. The gap to the truth stays above I - log K nats.

    Example:
        >>> from mmg_registry import Run
        >>> from mmg_registry.models.built_in import built_in
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
        """Bound I(X; Z) from the pairs `x` `(n, data_size)`, `z` `(n, latent_size)`, as `AIS.bound` does.

        No density is differentiated.
        """
        likelihood = density_of(model.log_likelihood, x, z).double()
        path = path_of(model, x, self.options.start, self.options.rows)
        draws, count = generator(seed_of(self.run, 0), x.device), self.options.chains
        own, first = (path.log_ratio(rows)[0] for rows in (z[None], path.start(1, draws)))

        def listen(rest: LogSums) -> None:
            words = between(likelihood, *_both(first, own, rest))
            self.run.report(Progress((rest.count + 1) / count, stage=words))

        rest = log_sums(path, path.log_ratio, own, count - 1, draws, listen, Stages(self.checkpoint) / "weights")
        low, high = _both(first, own, rest)
        found = sandwich(likelihood, LogEvidence(low, high, None, rest.with_one(first).effective), model)
        found.diagnostics["effective_chains"] = rest.with_one(first).effective
        return found


def _both(first: Tensor, own: Tensor, rest: LogSums) -> tuple[Tensor, Tensor]:
    """Return a low and a high estimate of log p(x): from draws alone, and with the true z in place of the first."""
    low, high = (rest.with_one(each).total for each in (first, own))
    return low - math.log(rest.count + 1), high - math.log(rest.count + 1)


def sandwich(likelihood: Tensor, found: LogEvidence, model: Any) -> Bound:
    """Return bounds on I = E log p(x | z) - E log p(x) from those on log p(x), which change sides.

    Args:
        likelihood: log p(x | z) of the pairs, `(n,)`, in nats.
        found: low and high values for log p(x), `(n,)` each.
        model: a model whose `true_mi`, if it has one, goes into the result.
    """
    (lower, lower_se), (upper, upper_se) = (mean_and_error(likelihood - side) for side in (found.high, found.low))
    gaps: dict[str, Any] = {"gap": found.gap}
    return Bound("sandwich", lower, upper, lower_se, upper_se, getattr(model, "true_mi", None), diagnostics=gaps)


def mean_and_error(terms: Tensor) -> tuple[float, float | None]:
    """Return the mean of independent terms `(n,)` and its standard error; None in its place for a single term."""
    error = float(terms.std()) / math.sqrt(len(terms)) if len(terms) > 1 else None
    return float(terms.mean()), error


def exact_draws(path: Any) -> Any:
    """Return the object that draws exactly from every density on the path.

    Raises:
        OptionError: when the model offers no such draws, or the path does not start at the model's prior.
    """
    given = getattr(path, "given", None)
    if not hasattr(given, "draw"):
        raise OptionError("The option 'transition' is 'exact', and the model draws no exact path from its start.")
    return given


def crossing(found: LogEvidence) -> list[str]:
    """Return a warning where the upper bound lies below the lower one by more than `CROSSING` nats."""
    if found.gap >= -CROSSING:
        return []
    return [f"The bounds cross by {-found.gap:.3f} nats, which they do by chance only: the gap is below its noise."]
