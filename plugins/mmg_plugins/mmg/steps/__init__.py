"""The steps of an estimate, one a file, and the lists of them.

A new step is a file that holds a `Step`, and a place in a list here. Values go through the list in turn; the parts of
the error are squared and summed. Steps that change the value inside the window come before `tail`.
"""

from mmg_plugins.mmg.steps import (
    choice,
    cross,
    generalisation,
    neighbours,
    norms,
    precision,
    rows,
    tail,
    unfinished,
)
from mmg_plugins.mmg.steps.contract import Finding, Step, Trail, take

PLAIN: tuple[Step, ...] = (rows.PLAIN, cross.WATCHED, tail.STEP, choice.STEP, unfinished.STEP, precision.STEP)
"""Of the four variants and MINDE."""

AUTO: tuple[Step, ...] = (
    rows.ADJUSTED,
    cross.MIXED,
    generalisation.STEP,
    norms.STEP,
    tail.STEP,
    choice.STEP,
    unfinished.STEP,
    precision.STEP,
    neighbours.STEP,
)
"""Of `auto`."""

__all__ = ["AUTO", "PLAIN", "Finding", "Step", "Trail", "take"]
