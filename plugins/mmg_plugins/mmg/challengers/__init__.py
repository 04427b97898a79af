"""Challengers: other estimators that are heard before `auto` gives its answer.

A network can fail to begin to learn, and its held-out loss cannot show that. Each challenger looks at the training rows
in a way of its own and says how much information it finds, with an error, mostly as a lower bound on rows that it was
not fitted to. The step `challenge` compares them with the network's value by one rule.

To add a challenger, write a file that holds a `Challenger`, give it words in `WORDS`, and a place among those that
`auto` asks.
"""

from mmg_plugins.mmg.challengers import columns, copula, critic, neighbours, norms
from mmg_plugins.mmg.challengers.contract import NOTHING, Challenger, Given, Heard, Question, hear

WORDS = {
    norms.CHALLENGER.name: "The norms of rows of x and of y alone share",
    copula.CHALLENGER.name: "Student's copula finds",
    neighbours.CHALLENGER.name: "Nearest neighbours find",
    critic.NAME: "A critic finds",
    columns.NAME: "The few columns that a screen of all pairs finds to be dependent share",
}
"""How a sentence about each challenger begins."""

__all__ = ["NOTHING", "WORDS", "Challenger", "Given", "Heard", "Question", "hear"]
