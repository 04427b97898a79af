"""`benchmark-mi` (JAX): its estimators at their defaults, except for the share of rows to train on, which is ours.

It splits all rows by itself at random, and reports the largest value on its test rows in the course of training.
"""

from __future__ import annotations

from typing import Any

import bmi.estimators as estimators
import frame
from bmi.estimators.neural._training_log import TrainingLog


def neural(cls: Any, rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
    stop = TrainingLog.early_stop
    TrainingLog.early_stop = lambda log: stop(log) or budget.is_over()
    share = len(rows.x) / (len(rows.x) + len(rows.x_eval))
    return float(cls(train_test_split=share, seed=seed, verbose=False).estimate(*rows.together()))


def untrained(cls: Any, rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
    with budget.ends():
        return float(cls().estimate(rows.x_eval, rows.y_eval))
    raise frame.TimeUp


def bound(how: Any, cls: Any) -> frame.PeerMethod:
    return lambda *given: how(cls, *given)


METHODS = {
    "mine": bound(neural, estimators.MINEEstimator),
    "infonce": bound(neural, estimators.InfoNCEEstimator),
    "nwj": bound(neural, estimators.NWJEstimator),
    "ksg": bound(untrained, estimators.KSGEnsembleFirstEstimator),
    "cca": bound(untrained, estimators.CCAMutualInformationEstimator),
}

if __name__ == "__main__":
    frame.main(METHODS, "benchmark-mi", "jax", "equinox", "numpy")
