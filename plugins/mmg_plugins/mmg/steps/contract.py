"""The contract of a step: from the evidence and the value so far to a value, a part of its error, and the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmg_plugins.mmg.evidence import Evidence


@dataclass(frozen=True)
class Finding:
    """The outcome of one step.

    Attributes:
        value: the estimate after the step, in nats.
        error: the step's part of the standard error, in nats; None where it has none.
        why: the reason, for the result.
    """

    value: float
    error: float | None
    why: str


def say_nothing(evidence: Evidence, finding: Finding, mi: float) -> list[str]:
    """Return no warnings."""
    return []


@dataclass(frozen=True)
class Step:
    """One step of an estimate.

    Attributes:
        name: name of the step, and of its part of the standard error.
        find: returns a finding, from the evidence and the value so far (nats).
        warn: returns warnings as whole sentences, from the evidence, the step's finding and the final estimate (nats).
    """

    name: str
    find: Callable[[Evidence, float], Finding]
    warn: Callable[[Evidence, Finding, float], list[str]] = say_nothing


@dataclass(frozen=True)
class Trail:
    """The steps of one estimate in the order taken, and the finding of each.

    Attributes:
        evidence: the evidence that the steps judged.
        steps: the steps that were taken.
        findings: one finding for each step.
    """

    evidence: Evidence
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    @property
    def start(self) -> float:
        """Return the value before the first step, the mean of the evaluation rows, in nats."""
        return self.evidence.mixed.mean

    @property
    def mi(self) -> float:
        """Return the value after the last step, in nats."""
        return self.findings[-1].value if self.findings else self.start

    @property
    def errors(self) -> dict[str, float]:
        """Return the parts of the standard error by the names of their steps, in nats."""
        both = zip(self.steps, self.findings, strict=True)
        return {step.name: finding.error for step, finding in both if finding.error is not None}

    @property
    def std_error(self) -> float:
        """Return the standard error in nats: the root of the sum of the squared parts."""
        return float(np.linalg.norm(list(self.errors.values())))

    @property
    def words(self) -> list[dict[str, object]]:
        """Return a mapping for each step, for the result: name, value after it, part of the error, reason."""
        both = zip(self.steps, self.findings, strict=True)
        return [{"name": step.name, **vars(finding)} for step, finding in both]

    @property
    def warnings(self) -> list[str]:
        """Return the warnings of all steps, each sentence once."""
        both = zip(self.steps, self.findings, strict=True)
        said = [sentence for step, finding in both for sentence in step.warn(self.evidence, finding, self.mi)]
        return list(dict.fromkeys(said))

    def took(self, name: str) -> bool:
        """Return whether the step `name` was taken."""
        return name in [step.name for step in self.steps]

    def around(self, name: str) -> tuple[float, float]:
        """Return the values before and after the step `name`, in nats; the last value twice if it was not taken."""
        if not self.took(name):
            return self.mi, self.mi
        place = [step.name for step in self.steps].index(name)
        values = [self.start, *(finding.value for finding in self.findings)]
        return values[place], values[place + 1]


def take(steps: Sequence[Step], evidence: Evidence) -> Trail:
    """Take `steps` in turn on the evidence, and return their findings."""
    findings: list[Finding] = []
    value = evidence.mixed.mean
    for step in steps:
        findings.append(step.find(evidence, value))
        value = findings[-1].value
    return Trail(evidence, tuple(steps), tuple(findings))
