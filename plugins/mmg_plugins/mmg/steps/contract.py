"""What a step is: from the evidence and the value so far to a value, a part of its error, and the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmg_plugins.mmg.evidence import Evidence


@dataclass(frozen=True)
class Finding:
    """What one step makes of the value so far.

    Attributes:
        value: the estimate after the step, nats.
        error: the step's part of the standard error, nats; None where it has none.
        why: the reason, for the result.
    """

    value: float
    error: float | None
    why: str


def say_nothing(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Warn of nothing."""
    return []


@dataclass(frozen=True)
class Step:
    """One step of an estimate.

    Attributes:
        name: of the step, and of its part of the error.
        find: judges the evidence, given the value so far (nats).
        warn: returns whole sentences, given the evidence, the step's finding and the final estimate (nats).
    """

    name: str
    find: Callable[[Evidence, float], Finding]
    warn: Callable[[Evidence, Finding, float], list[str]] = say_nothing


@dataclass(frozen=True)
class Trail:
    """The steps of one estimate, in turn, and what each found.

    Attributes:
        evidence: what they judged.
        steps: that were taken.
        findings: one a step.
    """

    evidence: Evidence
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    @property
    def start(self) -> float:
        """The value before the first step: the mean of the evaluation rows, nats."""
        return self.evidence.mixed.mean

    @property
    def mi(self) -> float:
        """The value after the last step, nats."""
        return self.findings[-1].value if self.findings else self.start

    @property
    def errors(self) -> dict[str, float]:
        """Parts of the standard error by the names of their steps, nats."""
        both = zip(self.steps, self.findings, strict=True)
        return {step.name: finding.error for step, finding in both if finding.error is not None}

    @property
    def std_error(self) -> float:
        """The root of the sum of squares of the parts, nats."""
        return float(np.linalg.norm(list(self.errors.values())))

    @property
    def words(self) -> list[dict[str, object]]:
        """What the result lists: name, value after the step, part of the error, reason."""
        both = zip(self.steps, self.findings, strict=True)
        return [{"name": step.name, **vars(finding)} for step, finding in both]

    @property
    def warnings(self) -> list[str]:
        """All steps' sentences, each once."""
        both = zip(self.steps, self.findings, strict=True)
        said = [sentence for step, finding in both for sentence in step.warn(self.evidence, finding, self.mi)]
        return list(dict.fromkeys(said))

    def took(self, name: str) -> bool:
        """Return whether a step of that name was taken."""
        return name in [step.name for step in self.steps]

    def around(self, name: str) -> tuple[float, float]:
        """Return the values before and after a step, nats; the last value twice if it was not taken."""
        if not self.took(name):
            return self.mi, self.mi
        place = [step.name for step in self.steps].index(name)
        values = [self.start, *(finding.value for finding in self.findings)]
        return values[place], values[place + 1]


def take(steps: Sequence[Step], evidence: Evidence) -> Trail:
    """Take `steps` in turn."""
    findings: list[Finding] = []
    value = evidence.mixed.mean
    for step in steps:
        findings.append(step.find(evidence, value))
        value = findings[-1].value
    return Trail(evidence, tuple(steps), tuple(findings))
