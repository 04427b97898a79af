"""What scikit-learn's estimators of ours take as X, y and `random_state`, and what they say without scikit-learn."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pandas as pd
import pytest

from mmg_registry.errors import DataError, OptionError
from mmg_registry.sklearn import MIEstimator, MISelector
from mmg_registry.sklearn.rows import seed_from, validated

X = np.random.default_rng(0).standard_normal((60, 2))


@pytest.mark.parametrize("estimator", [MIEstimator(), MISelector()], ids=lambda each: type(each).__name__)
def test_columns_of_text_are_named_with_the_way_out(estimator) -> None:
    frame = pd.DataFrame({"a": X[:, 0], "site": ["A", "B"] * 30})
    with pytest.raises(DataError, match=r"^X holds something else than numbers \('site'\); put an encoder before it"):
        estimator.fit(frame, X[:, 1])


def test_what_scikit_learn_refuses_is_refused_in_its_words() -> None:
    with pytest.raises(ValueError, match="minimum of 10 is required"):
        MIEstimator().fit(X[:9], X[:9, 0])
    with pytest.raises(ValueError, match="contains NaN"):
        MIEstimator().fit(np.where(X > 2, np.nan, X), X[:, 0])
    with pytest.raises(ValueError, match=r"y should be a 1d array"):
        MISelector().fit(X, X)
    with pytest.raises(ValueError, match="requires y to be passed"):
        MISelector().fit(X, None)
    with pytest.raises(TypeError, match="sample_weight"):
        MIEstimator().fit(X, X[:, 0], sample_weight=np.ones(60))


def test_rows_keep_their_names_and_labels() -> None:
    pair = validated(MIEstimator(), pd.DataFrame(X, columns=["a", "b"]), np.array(["yes", "no"] * 30))
    assert (pair.x_names, pair.y_names, pair.y_labels) == (("a", "b"), ("y",), (("no", "yes"),))


def test_a_random_state_is_a_seed_or_draws_one() -> None:
    assert seed_from(np.int64(7)) == 7
    drawn = [
        seed_from(state) for state in (np.random.RandomState(1), np.random.RandomState(1), np.random.RandomState(2))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(OptionError, match="'random_state' is -1 and must be 0 or more"):
        seed_from(-1)


def test_without_scikit_learn_a_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.utils.validation", None)
    monkeypatch.delitem(sys.modules, "mmg_registry.sklearn")
    with pytest.raises(ImportError, match=r"needs scikit-learn 1\.6 or later: pip install 'mmg-registry\[sklearn\]'"):
        importlib.import_module("mmg_registry.sklearn")
