"""How a training went: part of the diagnostics of every trained estimate."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from mmg_registry.training.stopping import MAX_STEPS


@dataclass
class Report:
    """What happened in a training.

    Attributes:
        steps: optimiser steps behind the last weights; steps that were gone back behind are not among them.
        kept: the step whose weights were kept.
        choice_error: standard error (nats) of what the last weights would have given in place of the kept ones, on
            held-out rows: how far the choice between them is a matter of noise. 0 where the last ones were kept or
            were surely worse.
        unfinished: what held-out rows say that more training would still gain (nats): the gain of the decay, carried
            on by a power law of the steps.
        seconds: wall time of the training.
        stopped: what ended the constant stretch: "plateau", "overfitting", "max_seconds" or "max_steps"; "start" where
            nothing was gained, which ends the whole training.
        history: of every evaluation: step, seconds, and the learner's means over held-out rows. The last one follows
            the decay.

    Example:
        >>> Report(steps=40, kept=20).to_dict()["kept"]
        20
    """

    steps: int = 0
    kept: int = 0
    choice_error: float = 0.0
    unfinished: float = 0.0
    seconds: float = 0.0
    stopped: str = MAX_STEPS
    history: list[dict[str, float]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold, and that `Report(**dictionary)` is rebuilt from."""
        return asdict(self)
