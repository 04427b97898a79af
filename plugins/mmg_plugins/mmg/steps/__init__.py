"""The steps of an estimate, each in a file of its own, and the lists of them.

To add a step, write a file that holds a `Step` and give it a place in a list here. The value passes through the steps
in turn; the squares of their parts of the standard error are summed. Steps that change the value inside the window come
before `tail`.
"""

from mmg_plugins.mmg.steps import (
    challenge,
    choice,
    cross,
    generalisation,
    precision,
    rows,
    tail,
    unfinished,
    unseen,
)
from mmg_plugins.mmg.steps.contract import Finding, Step, Trail, take

PLAIN: tuple[Step, ...] = (
    rows.PLAIN,
    cross.WATCHED,
    tail.STEP,
    choice.STEP,
    unfinished.STEP,
    unseen.STEP,
    precision.STEP,
)
"""Steps of the four MMG variants and of MINDE."""

AUTO: tuple[Step, ...] = (
    rows.ADJUSTED,
    cross.MIXED,
    generalisation.STEP,
    tail.STEP,
    choice.STEP,
    unfinished.STEP,
    unseen.STEP,
    precision.STEP,
    challenge.STEP,
)
"""Steps of `auto`."""

__all__ = ["AUTO", "PLAIN", "Finding", "Step", "Trail", "take"]
