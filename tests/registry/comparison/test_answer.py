"""`mmg.compare`: all plugins on the same rows, and those that say nothing as rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.errors import OptionError

X, NOISE = np.random.default_rng(0).standard_normal((2, 1500))
LINE, BENT = X + NOISE, X**2 + 0.3 * NOISE


def compared(x: np.ndarray, y: np.ndarray, **choices: object) -> pd.DataFrame:
    return mmg.compare(x, y, **{"plugins": ["gaussian", "ksg"], "seed": 0, "threads": 1, **choices}).set_index("plugin")


def test_all_evaluate_the_same_share_of_rows() -> None:
    found = compared(X, LINE, eval_fraction=0.4)
    assert found["n_eval"].tolist() == [600, 600]
    assert found["n_train"].tolist() == [900, 900]
    assert compared(X, LINE)["n_eval"].tolist() == [300, 300]


def test_where_nothing_differs_all_agree() -> None:
    about = compared(X, LINE).attrs["mmg"]
    assert about["warnings"] == []
    assert about["provenance"]["verdict"].startswith("All intervals overlap")
    assert about["provenance"]["diagnosis"]["beyond"] > 0.01


def test_a_bent_dependence_is_explained_by_the_form_that_is_assumed() -> None:
    found = compared(X, BENT)
    (sentence,) = found.attrs["mmg"]["warnings"]
    assert sentence.startswith("'gaussian' [")
    assert "is below 'ksg'" in sentence
    assert "(p = 0.001)" in sentence
    assert found.loc["gaussian", "high"] < found.loc["ksg", "low"]


def test_what_the_checks_know_is_said_once() -> None:
    found = compared(X, 2 * X)
    assert found["status"].tolist() == ["infinite", "infinite"]
    assert "determines" in found.attrs["mmg"]["provenance"]["verdict"] or found.attrs["mmg"]["provenance"]["verdict"]


def test_plugins_without_a_value_are_rows_with_their_reason() -> None:
    class Picky(mmg.Estimator):
        """Takes nothing but labels."""

        name, summary, reference = "picky", "labels alone", "none"
        kinds = frozenset({"category"})
        fit = estimate = None

    class Broken(Picky):
        """Fails whatever it gets."""

        name, kinds = "broken", mmg.Estimator.kinds

        def fit(self, x: np.ndarray, y: np.ndarray) -> None:
            raise ValueError("no luck")

    for cls in (Picky, Broken):
        mmg.register(cls)
    found = compared(X, LINE, plugins=["gaussian", "picky", "broken"])
    assert found["status"].to_dict() == {"gaussian": "estimated", "picky": "refused", "broken": "failed"}
    assert "no column of the kind" in found.loc["picky", "reason"]
    assert "no luck" in found.loc["broken", "reason"]
    assert any("'picky' does not apply here" in sentence for sentence in found.attrs["mmg"]["warnings"])


def test_options_reach_the_plugins_that_have_them() -> None:
    found = compared(X, LINE, k=5)
    assert found["status"].tolist() == ["estimated", "estimated"]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"plugins": ["ksg"]}, "two plugins or more"),
        ({"plugins": ["ksg", "ksg"]}, "named twice"),
        ({"kk": 1}, "None of the plugins has an option 'kk'"),
    ],
)
def test_wrong_questions_are_refused(choices: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        compared(X, LINE, **choices)
