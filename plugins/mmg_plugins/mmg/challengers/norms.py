"""The challenger `norms`: x and y share at least what the norms of their rows share."""

from __future__ import annotations

from mmg_plugins.mmg.challengers.contract import Challenger, Heard, Question
from mmg_plugins.mmg.thresholds import FLOOR_ERROR_SHARE
from mmg_registry.diffusion import norm_information


def ask(question: Question) -> Heard:
    """Return the floor of `mmg_registry.diffusion.norms`, which tells but a part."""
    x, y = (side.numpy() for side in question.rows)
    floor, error = norm_information(x, y)
    return Heard(floor, error, error, FLOOR_ERROR_SHARE)


CHALLENGER = Challenger("norms", ask)
