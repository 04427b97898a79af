"""The report of a training, which is part of the diagnostics of every trained estimate."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mmg_registry.training.stopping import STEPS_SPENT


@dataclass
class Report:
    """A summary of a training.

    Attributes:
        steps: number of optimiser steps that led to the last weights, without steps undone by going back.
        kept: the step whose weights were kept.
        choice_error: standard error (nats) of the difference between the held-out estimates of the last and the kept
            weights, which tells how far noise made the choice. 0 where the last weights were kept or were surely worse.
        unfinished: what more training would still gain (nats), extrapolated from the held-out gain of the decay by a
            power law in the steps.
        seconds: wall time of the training.
        of_others: share of an estimate that comes from what was fitted beside this training (0 to 1).
        stopped: what ended the constant stretch: "plateau", "overfitting", "max_seconds" or "max_steps"; "start" where
            nothing was gained, which ends the whole training.
        history: for every evaluation its step, seconds, and the learner's means over held-out rows. The last entry
            follows the decay.

    Example:
        >>> Report(steps=40, kept=20).to_dict()["kept"]
        20
    """

    steps: int = 0
    kept: int = 0
    choice_error: float = 0.0
    unfinished: float = 0.0
    seconds: float = 0.0
    of_others: float = 0.0
    stopped: str = STEPS_SPENT
    history: list[dict[str, float]] = field(default_factory=list)

    def as_unlearned(self) -> Report:
        """Return a copy that says that the initial weights were kept, with nothing to choose or to gain.

        Example:
            >>> Report(steps=40, kept=20, unfinished=0.5).as_unlearned().kept
            0
        """
        return replace(self, kept=0, choice_error=0.0, unfinished=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dictionary from which `Report(**dictionary)` rebuilds the report."""
        return asdict(self)
