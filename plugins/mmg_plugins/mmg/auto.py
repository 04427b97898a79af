"""`auto`: an MMG estimate that needs no choice of variant.

It takes only the decisions listed here, by the evidence named with each, and none of them changes the quantity that is
estimated. While fitting:

- **Coordinates** (`mmg_registry.preprocess`): the likelihood of each side alone chooses maps of single columns,
  independent components and a common scale; the pair's likelihood on held-out rows decides whether to undo a rotation
  of the rows by an angle that grows with their squared norm (a turn).
- **What is given** (`parts.coordinates`): both denoisers see z, and what it predicts of both sides is subtracted first.
  Challengers, who know nothing of z, are not asked then, and nothing is compressed.
- **Compression** (`compression`): encoders replace each side of many columns by few where a contrast on other rows
  surely finds more in these than linear dependence.
- **Labels** (`mmg_plugins.columns`, `parts.links`, `parts.table`, `parts.labels`): categories and atoms of mixed
  columns are labels, which are given, while the side that is continuous is noised; where both sides have labels, the
  chain rule splits the information. What labels of both sides share is counted if their table is small; else the masked
  labels of one side are predicted from the kept ones, with the other side's labels and without (`mmg_plugins.masked`).
  Counts are labels where both sides are of labels and counts alone.
- **Direction** (`parts.orientation`): of two continuous variables the one with fewer columns is noised.
- **Terms of the chain rule** (`parts.terms`): where few of many columns depend linearly on the other variable, these
  columns are split off and trained apart.
- **Window and proposal over log-SNR** (`parts.proposals`): they follow the gap measured on held-out rows. Bins are
  drawn in proportion to the square root of the gap, a proxy of their second moment, which minimises the variance of an
  importance-sampled integral.
- **Length of training, and the weights to keep**: the held-out loss decides, as for all variants.
- **A mixture of normal densities beside the network** (`parts.stack`): up to 20,000 rows it learns clusters and
  curves that the network would memorise; held-out rows weigh one against the other.
- **Direct or orthogonal integrand** (`parts.mixing`): the cross term's sign and significance decide. Where the direct
  one is surely negative, the conditional denoiser has learned by heart, and counts as if it had learned nothing
  (`evidence`).

The steps of `mmg_plugins.mmg.steps.AUTO`, one a file, then lead from the measured gap to the estimate; the result lists
them. Their thresholds are named in `mmg_plugins.mmg.thresholds`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from mmg_plugins.mmg import steps
from mmg_plugins.mmg.challengers import WORDS, Challenger, columns, copula, critic, neighbours, norms
from mmg_plugins.mmg.estimator import GapEstimator
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts import mixing, proposals
from mmg_plugins.mmg.parts.memory import RememberRows
from mmg_plugins.mmg.parts.orientation import oriented
from mmg_plugins.mmg.parts.stack import network_alone, with_mixture
from mmg_plugins.mmg.parts.terms import linear_apart, one_term
from mmg_plugins.mmg.recipe import Recipe, default_recipe
from mmg_plugins.mmg.thresholds import AUTO_STEPS, AUTO_TOLERANCE
from mmg_registry.contracts import Run
from mmg_registry.diffusion.proposals import FLOOR
from mmg_registry.names import nearest


class AutoOptions(MMGOptions):
    """Options of `auto`; none needs to be set."""

    preset: Literal["default"] = Field("default", description="only the default recipe")
    steps: int | None = Field(AUTO_STEPS, ge=20, le=10_000_000, description="most training steps")
    tolerance: float = Field(
        AUTO_TOLERANCE, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    direction: Literal["auto", "x", "y"] = Field(
        "auto", description="the variable to noise; auto: the one with fewer columns"
    )
    compress: bool = Field(
        True, description="learn few columns in the place of many (images, embeddings) where that surely tells more"
    )
    mixture: bool = Field(
        True, description="up to 20,000 rows, also fit a mixture of normal densities, and weigh it by held-out rows"
    )
    without: str = Field(
        "", description="for experiments: names of steps, or of estimators that the step evidence asks, to leave out"
    )

    @property
    def left_out(self) -> frozenset[str]:
        """Return the names of the steps to leave out."""
        return frozenset(filter(None, map(str.strip, self.without.split(","))))

    @field_validator("without")
    @classmethod
    def _names_are_known(cls, value: str) -> str:
        unknown = [name for name in map(str.strip, value.split(",")) if name and name not in _names()]
        if unknown:
            raise ValueError(f"there is no step {unknown[0]!r}; {nearest(unknown[0], _names(), 'the steps are')}")
        return value


class Auto(GapEstimator):
    """MMG that chooses direction, window, proposal, length of training and the mix of its two integrands.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` in place of the built-in network, as for `MMG`.
        **options: fields of `AutoOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> estimate = Auto(run=Run(seed=0, threads=1), steps=50).fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1), estimate.diagnostics["choices"]["noised"]
        (True, 'x')
        >>> [step["name"] for step in estimate.diagnostics["steps"]][:3]
        ['rows', 'cross', 'generalisation']
    """

    name: ClassVar[str] = "auto"
    summary: ClassVar[str] = "MMSE gap; chooses direction, proposal and integrand from the data"
    reference: ClassVar[str] = "this project, after MMG, arXiv 2509.20609"
    Options: ClassVar[type[AutoOptions]] = AutoOptions
    conditional: ClassVar[bool] = True

    options: AutoOptions

    def recipe(self) -> Recipe:
        """Put the parts together; without the step `cross`, take the orthogonal integrand as it is."""
        left_out = self.options.left_out
        return replace(
            default_recipe(self.options, self.run, self.denoiser),
            orient=oriented(self.options.direction),
            split=linear_apart if self.denoiser is None else one_term,
            proposals=proposals.following_gap(FLOOR),
            stack=with_mixture if self.options.mixture and self.denoiser is None else network_alone,
            remember=RememberRows(self._challengers(), left_out),
            mix=mixing.orthogonal if "cross" in left_out else mixing.by_cross_term,
            steps=tuple(step for step in steps.AUTO if step.name not in left_out),
            describe=choices,
            counts=True,
            gates=True,
            compresses=self.options.compress and self.denoiser is None,
            left_out=tuple(name for name in _names() if name in left_out),
        )

    def _challengers(self) -> tuple[Challenger, ...]:
        """Return those who are asked; none of them trains for more steps than this estimator may."""
        steps = self.options.steps or AUTO_STEPS

        def fresh(run: Run) -> Auto:
            return Auto(run=run, steps=steps, without=columns.NAME)

        return norms.CHALLENGER, copula.CHALLENGER, neighbours.CHALLENGER, critic.asking(steps), columns.asking(fresh)


def _names() -> list[str]:
    """Return the names of all that `without` can leave out: steps, then challengers."""
    return [*(step.name for step in steps.AUTO), *WORDS]


def choices(recipe: Recipe, evidence: Evidence) -> dict[str, Any]:
    """Return the choices made while fitting and the reason for each, for the diagnostics."""
    trained, orientation = evidence.fitted.trained, evidence.fitted.orientation
    apart = [[each.term.first, each.term.last] for each in trained.terms[1:]]
    chosen = {
        "noised": orientation.noised,
        "noised_why": orientation.why,
        "weight_of_cross_term": evidence.mixed.weight,
        "weight_why": evidence.mixed.why,
        "width": trained.network.words(evidence.fitted.coordinates).get("width"),
        "weight_of_mixture": [each.report.of_others for each in trained.terms],
        "training_stopped": trained.reports[0].stopped,
        "split": apart,
        "split_why": "columns without linear dependence, noised apart" if apart else "none",
        "coordinates_why": "the likeliest density of each side alone; a turn, of the pair on held-out rows",
    }
    return {"choices": chosen}
