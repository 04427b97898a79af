"""The challenger `critic`: a network that tells pairs from shuffled ones, and its Donsker-Varadhan bound."""

from __future__ import annotations

from mmg_plugins.critics.critics import MINE
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question, on_other_rows
from mmg_plugins.mmg.thresholds import CRITIC_ROWS

NAME = "critic"
MOST_STEPS = 6_000  # the critic's own default


def asking(most_steps: int = MOST_STEPS) -> Challenger:
    """Return the challenger whose critic trains for at most so many steps.

    Whatever the critic f has learned, E f(x, y) - log E exp f(x, y') is at most the information (Donsker and Varadhan,
    Comm. Pure Appl. Math. 1983; Belghazi et al., ICML 2018).
    """

    def ask(question: Question) -> Heard:
        if len(question.given[0]) < CRITIC_ROWS:
            return NOTHING
        steps = min(most_steps, MOST_STEPS)
        # neighbours are a challenger of their own
        return on_other_rows(lambda: MINE(run=question.quiet, steps=steps, neighbours=False), question)

    return Challenger(NAME, ask)
