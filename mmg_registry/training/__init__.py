"""Training guided by held-out rows: one loop for denoisers, critics and densities, and the parts it is made of.

`loop.train` takes a learner and a `Procedure`: the intervals between evaluations of held-out rows, stopping rules, a
decay of the learning rate, and a rule for which weights to keep. Each part is a module here and can be replaced alone.
"""

from mmg_registry.training.choice import ChoiceRule, EarliestUnbeaten, Latest
from mmg_registry.training.decay import Decay, Horizon, after_overfitting, wherever_learned
from mmg_registry.training.evaluation import ESTIMATE, OBJECTIVE, Evaluation
from mmg_registry.training.intervals import AlignedIntervals, EvenIntervals, Intervals
from mmg_registry.training.learner import Learner, Measurement, Refinement
from mmg_registry.training.loop import Procedure, train
from mmg_registry.training.minibatch import MinibatchLearner, Trainable
from mmg_registry.training.report import Report
from mmg_registry.training.rows import RowPair
from mmg_registry.training.stopping import NothingGained, Settled, StoppingRule

__all__ = [
    "ESTIMATE",
    "OBJECTIVE",
    "AlignedIntervals",
    "ChoiceRule",
    "Decay",
    "EarliestUnbeaten",
    "Evaluation",
    "EvenIntervals",
    "Horizon",
    "Intervals",
    "Latest",
    "Learner",
    "Measurement",
    "MinibatchLearner",
    "NothingGained",
    "Procedure",
    "Refinement",
    "Report",
    "RowPair",
    "Settled",
    "StoppingRule",
    "Trainable",
    "after_overfitting",
    "train",
    "wherever_learned",
]
