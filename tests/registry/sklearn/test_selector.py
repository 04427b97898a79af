"""`MISelector` passes scikit-learn's own checks, keeps what `mmg.rank` puts first, and works among other steps."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

import mmg_registry as mmg
from mmg_registry.errors import OptionError
from mmg_registry.sklearn import MISelector

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 2, 300)
STRONG = CLASSES + 0.4 * RNG.standard_normal(300)
FRAME = pd.DataFrame(
    {
        "noise": RNG.standard_normal(300),
        "strong": STRONG,
        "copy": 2 * STRONG + 1e-3 * RNG.standard_normal(300),
        "weak": CLASSES + 1.5 * RNG.standard_normal(300),
    }
)
QUICK = {"plugin": "gaussian"}


@parametrize_with_checks([MISelector()])  # none is expected to fail
def test_it_is_a_transformer_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_keeps_what_rank_puts_first() -> None:
    found = MISelector(k=2, random_state=5).fit(FRAME, CLASSES)
    wanted = mmg.rank(FRAME, target=CLASSES, seed=5, threads=1).set_index("feature").loc[list(FRAME)]
    assert found.ranking_.tolist() == wanted["rank"].tolist()
    assert found.scores_.tolist() == wanted["mi"].tolist()
    assert (found.pvalues_.tolist(), found.qvalues_.tolist()) == (wanted["p"].tolist(), wanted["q"].tolist())
    assert found.get_feature_names_out().tolist() == ["strong", "copy"]
    assert found.transform(FRAME[:3]).tolist() == FRAME[["strong", "copy"]][:3].to_numpy().tolist()


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"k": 3}, ["strong", "copy", "weak"]),
        ({"k": 9}, ["noise", "strong", "copy", "weak"]),
        ({"k": None, "alpha": 0.001}, ["strong", "copy", "weak"]),
        ({"k": 1, "alpha": 0.9}, None),
        ({"k": None, "greedy": True}, None),
    ],
)
def test_limits_say_what_is_kept(limits, kept) -> None:
    names = MISelector(**limits, **QUICK).fit(FRAME, CLASSES).get_feature_names_out().tolist()
    assert names == kept if kept else len(names) == 1 and names[0] in ("strong", "copy")


def test_without_any_limit_it_asks_for_one() -> None:
    with pytest.raises(OptionError, match="Nothing says which features to keep; give k"):
        MISelector(k=None).fit(FRAME, CLASSES)
    with pytest.raises(OptionError, match="'k' is 0"):
        MISelector(k=0).fit(FRAME, CLASSES)
    with pytest.raises(OptionError, match="'alpha' is 2"):
        MISelector(alpha=2).fit(FRAME, CLASSES)
    with pytest.raises(NotFittedError):
        MISelector().transform(FRAME.to_numpy())


def test_missing_cells_and_constants_get_what_is_known() -> None:
    frame = FRAME.assign(flat=1.0, strong=FRAME["strong"].where(FRAME["strong"] < 1.3))
    found = MISelector(k=None, alpha=0.01, **QUICK).fit(frame, CLASSES)
    assert found.get_support().tolist() == [False, True, True, True, False]
    assert (found.scores_[4], found.pvalues_[4], found.qvalues_[4]) == (0.0, 1.0, 1.0)
    assert found.transform(frame).shape == (300, 3)


def test_it_works_among_other_steps_and_gives_frames() -> None:
    frame = FRAME.assign(site=np.where(CLASSES == 1, "A", "B"))
    encoder = ColumnTransformer(
        [("few", MISelector(k=1, **QUICK), ["noise", "weak"]), ("text", OrdinalEncoder(), ["site"])]
    )
    steps = make_pipeline(encoder, MISelector(k=1, **QUICK)).set_output(transform="pandas")
    assert list(steps.fit_transform(frame, CLASSES)) == ["text__site"]
    assert list(steps[0].transform(frame)) == ["few__weak", "text__site"]


def test_grids_choose_how_many_are_kept() -> None:
    chain = make_pipeline(MISelector(**QUICK), LogisticRegression())
    search = GridSearchCV(chain, {"miselector__k": [1]}, cv=2, error_score="raise").fit(FRAME, CLASSES)
    assert search.best_score_ > 0.8
    assert cross_val_score(chain.set_params(miselector__k=1), FRAME, CLASSES, cv=2).mean() == search.best_score_


def test_a_pickle_keeps_the_same_features() -> None:
    found = MISelector(k=2, **QUICK).fit(FRAME, CLASSES)
    again = pickle.loads(pickle.dumps(found))
    assert again.table_ == found.table_
    assert again.transform(FRAME).tolist() == found.transform(FRAME).tolist()
