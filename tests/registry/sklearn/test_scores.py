"""`mi_score` in scikit-learn's own selectors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectFdr, SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from mmg_registry.errors import OptionError
from mmg_registry.sklearn import mi_score

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 3, 400)
FRAME = pd.DataFrame(
    {
        "bent": (CLASSES - 1.0) ** 2 + 0.3 * RNG.standard_normal(400),
        "noise": RNG.standard_normal(400),
        "site": np.array(["A", "B", "C"])[(CLASSES + (RNG.random(400) < 0.2)) % 3],
        "count": RNG.poisson(3, 400),
    }
)


def test_a_frame_of_mixed_columns_is_scored_as_it_is() -> None:
    scores, p = mi_score(FRAME, np.array(["x", "y", "z"])[CLASSES])
    assert (p < 0.001).tolist() == [True, False, True, False]
    assert scores[[0, 2]].min() > 0.2 > scores[[1, 3]].max()


def test_selectors_choose_by_it_behind_an_encoder_of_text() -> None:
    encoder = ColumnTransformer([("text", OrdinalEncoder(), ["site"])], remainder="passthrough")
    best = make_pipeline(encoder, SelectKBest(partial(mi_score, seed=1), k=2)).fit(FRAME, CLASSES)
    assert best[-1].get_support().tolist() == [True, True, False, False]  # site is first behind the encoder
    found = SelectFdr(mi_score, alpha=0.01).fit(FRAME[["bent", "noise", "count"]], CLASSES)
    assert found.get_support().tolist() == [True, False, False]


def test_what_cannot_be_scored_is_no_discovery() -> None:
    frame = FRAME[["bent"]].assign(id=[f"row {i}" for i in range(400)], flat=1.0)
    scores, p = mi_score(frame, CLASSES)
    assert (scores[1:].tolist(), p[1:].tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_lengths_and_options_are_checked() -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        mi_score(FRAME, CLASSES[:-1])
    with pytest.raises(OptionError, match="has no option 'rowz'"):
        mi_score(FRAME, CLASSES, rowz=3)
