"""`MIEstimator` passes scikit-learn's own checks, and its values are those of `mmg.estimate`."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import mmg_registry as mmg
from mmg_registry.errors import DataError, OptionError
from mmg_registry.sklearn import MIEstimator

RNG = np.random.default_rng(0)
X = RNG.standard_normal((400, 2))
Y = X[:, 0] + 0.5 * RNG.standard_normal(400)
LEARNS = {"steps": 20, "width": 4, "depth": 1, "neighbours": False}


@parametrize_with_checks([MIEstimator()])  # none is expected to fail
def test_it_is_an_estimator_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_measures_what_estimate_does() -> None:
    found, wanted = MIEstimator(random_state=3).fit(X, Y), mmg.estimate(X, Y, plugin="ksg", seed=3, threads=1)
    assert (found.mi_, found.std_error_, found.interval_) == (wanted.mi, wanted.std_error, wanted.ci)
    assert found.estimate_.provenance["data_sha256"] == wanted.provenance["data_sha256"]


def test_parameters_reach_the_estimate() -> None:
    frame = pd.DataFrame({"a": X[:, 0], "site": RNG.integers(0, 3, 400)})
    asked = MIEstimator("gaussian", options={"gaussianise": False}, cross_fit=4, blocks="none", kinds={"site": "count"})
    told = asked.fit(frame, Y > 0).estimate_.provenance
    assert told["options"]["gaussianise"] is False
    assert (told["n_train"], told["n_eval"]) == (400, 400)
    assert told["columns"]["x"]["kinds"] == {"continuous": 1, "count": 1}
    assert asked.feature_names_in_.tolist() == ["a", "site"]
    with pytest.raises(OptionError, match="'kk'"):
        MIEstimator(options={"kk": 3}).fit(X, Y)


def test_score_of_what_trains_is_of_other_rows() -> None:
    found = MIEstimator("infonce", options=LEARNS).fit(X[:300], Y[:300])
    other = mmg.estimate(X[:300], Y[:300], x_eval=X[300:], y_eval=Y[300:], plugin="infonce", threads=1, **LEARNS)
    assert found.score(X[300:], Y[300:]) == other.mi
    with pytest.raises(DataError, match="also fitting rows"):
        found.score(X[:300], Y[:300])


def test_score_of_what_trains_nothing_is_of_these_rows_alone() -> None:
    found = MIEstimator().fit(X[:300], Y[:300])
    assert found.score(X[300:], Y[300:]) == MIEstimator().fit(X[300:], Y[300:]).mi_
    with pytest.raises(NotFittedError):
        MIEstimator().score(X, Y)


def test_folds_and_grids_go_over_plugins_and_their_options() -> None:
    grid = [{"plugin": ["gaussian"]}, {"plugin": ["ksg"], "options": [{"k": 3}, {"k": 10}]}]
    folds = KFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(MIEstimator(), grid, cv=folds, error_score="raise").fit(X, Y)
    truth = 0.5 * np.log(1 + 1 / 0.25)
    assert np.abs(search.cv_results_["mean_test_score"] - truth).max() < 0.25
    own = cross_val_score(MIEstimator(options={"k": 10}), X, Y, cv=folds)
    assert own.mean() == search.cv_results_["mean_test_score"][2]


def test_the_rows_of_an_order_and_of_labels_are_taken() -> None:
    found = MIEstimator().fit(X, np.where(X[:, 0] > 0, "high", "low"))
    assert found.interval_[0] < np.log(2) < found.interval_[1] + 0.01


@pytest.mark.parametrize("copied", [lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy])
def test_copies_hold_the_same_results_and_measure_the_same(copied) -> None:
    found = MIEstimator(random_state=np.random.RandomState(1)).fit(X, Y)
    again = copied(found)
    assert (again.mi_, again.estimate_, again.seed_) == (found.mi_, found.estimate_, found.seed_)
    assert again.score(X[:99], Y[:99]) == found.score(X[:99], Y[:99])
    assert not hasattr(clone(found), "mi_")
