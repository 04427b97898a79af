"""The step `challenge`: the information is no lower than what another estimator surely finds.

The held-out loss of a network cannot show a dependence that the network never began to learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mmg_plugins.belief import surely_above
from mmg_plugins.mmg.challengers import WORDS
from mmg_plugins.mmg.challengers.contract import NOTHING, Heard
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps.contract import Finding, Step
from mmg_plugins.mmg.thresholds import CHALLENGE_ERRORS, NOTICEABLE_PART


@dataclass(frozen=True)
class Raised(Finding):
    """The outcome of the step: by how much the value was raised (nats), and the challenger who found that much."""

    rise: float
    by: str


def find(evidence: Evidence, value: float) -> Raised:
    """Raise the value towards that of the challenger who surely finds most, as far as the rise is believed.

    The error of what was found then counts too. That of the value plays no part: a lower bound that is known better is
    the better estimate, even where the value is low by chance. Nothing is concluded from challengers who find less, for
    all of them are low where they fail.
    """
    heard = evidence.facts.all_heard(STEP.name)
    by, best = surest(heard)
    rise = surely_above(best.value - max(value, 0.0), CHALLENGE_ERRORS * best.sampling)
    error = math.hypot(best.error, best.partial * rise) if rise else 0.0
    said = ", ".join(f"{name} {each.value:.4g} +- {each.sampling:.2g}" for name, each in heard.items()) or "nothing"
    return Raised(value + rise, error, f"other estimators find in the training rows: {said}", rise, by if rise else "")


def surest(heard: Mapping[str, Heard]) -> tuple[str, Heard]:
    """Return the name and the finding of the challenger with the largest lower end.

    Example:
        >>> surest({"norms": Heard(0.5, 0.2, 0.3), "critic": Heard(0.4, 0.01, 0.1)})[0]
        'critic'
    """
    return max(heard.items(), key=lambda item: item[1].least, default=("", NOTHING))


def warn(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn that the estimate was raised, where the rise is noticeable."""
    if not isinstance(finding, Raised) or not NOTICEABLE_PART(finding.rise, mi):
        return []
    found = evidence.facts.all_heard(STEP.name)[finding.by].value
    return [
        f"{WORDS[finding.by]} at least {found:.2f} nats in the training rows, more than the network learned; the "
        f"estimate was raised by {finding.rise:.2f}, and more may be missing. Give it more rows, or compare with other "
        "plugins."
    ]


STEP = Step("challenge", find, warn)
