"""The challenger `critic`: a network that tells pairs from shuffled ones, and its Donsker-Varadhan bound."""

from __future__ import annotations

from mmg_plugins.critics.critics import MINE
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Heard, Question, on_other_rows
from mmg_plugins.mmg.thresholds import CRITIC_ROWS


def ask(question: Question) -> Heard:
    """Return the bound on rows that the critic was not fitted to; nothing for too few rows to fit one.

    Whatever the critic f has learned, E f(x, y) - log E exp f(x, y') is at most the information (Donsker and Varadhan,
    Comm. Pure Appl. Math. 1983; Belghazi et al., ICML 2018).
    """
    if len(question.given[0]) < CRITIC_ROWS:
        return NOTHING
    return on_other_rows(lambda: MINE(run=question.quiet), question)


CHALLENGER = Challenger("critic", ask)
