"""`mmg.test`, from a request to a result."""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest
from places import ROOT

import mmg_registry as mmg
from mmg_registry.errors import DataError, OptionError
from mmg_registry.quantity import Quantity

X, NOISE, Z = np.random.default_rng(0).standard_normal((3, 300))
QUICKLY = {"seed": 0, "threads": 1}


def told(found: Quantity) -> dict[str, object]:
    return dict(found.diagnostics["test"])


def test_the_result_has_p_effect_and_method() -> None:
    found = mmg.test(X, X**2 + NOISE, **QUICKLY)
    assert (found.name, found.symbol, found.p_value) == ("mutual information", "I(x; y)", 0.001)
    assert found.low < found.value < found.high
    assert told(found)["permutations"] == 999
    assert found.provenance["plugin"]["name"] == "ksg"
    assert Quantity.from_dict(found.to_dict()).p_value == found.p_value
    schema = (ROOT / "mmg_registry" / "schema" / "quantity-1.json").read_text()
    jsonschema.validate(found.to_dict(), __import__("json").loads(schema))


def test_the_same_seed_gives_the_same_p() -> None:
    first, again = (mmg.test(X, NOISE, **QUICKLY).p_value for _ in range(2))
    assert first == again


def test_given_z_the_common_cause_is_told_apart() -> None:
    x, y = Z + 0.5 * X, Z + 0.5 * NOISE
    assert mmg.test(x, y, **QUICKLY).p_value == 0.001
    found = mmg.test(x, y, given=Z, **QUICKLY)
    assert found.p_value > 0.05
    assert found.symbol == "I(x; y | z)"
    assert "regression" in told(found)["method"]


def test_columns_of_a_table_are_tested() -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": X, "b": X + NOISE, "c": np.where(Z > 0, "u", "v")})
    assert mmg.test(frame, x="a", y="b", given="c", **QUICKLY).p_value == 0.001
    assert mmg.test(frame, x="a", y="c", **QUICKLY).p_value > 0.01


@pytest.mark.parametrize("plugin", ["gaussian", "ksg"])
def test_estimators_without_training_estimate_again(plugin: str) -> None:
    found = mmg.test(X[:100], (X + NOISE)[:100], plugin=plugin, permutations=19, **QUICKLY)
    assert found.p_value == 0.05
    assert told(found)["method"] == "estimates, exchanging rows"


@pytest.mark.parametrize("folds", [None, 2])
def test_a_critic_is_trained_once_and_scores(folds: int | None) -> None:
    found = mmg.test(X, X + 0.5 * NOISE, plugin="mine", steps=40, cross_fit=folds, **QUICKLY)
    assert found.p_value == 0.001
    assert told(found)["method"].startswith(f"mean score of {300 if folds else 60} evaluated rows")


def test_denoisers_score_pairs_by_their_log_ratio() -> None:
    found = mmg.test(X, X + 0.5 * NOISE, plugin="mmg", steps=20, repeats=16, **QUICKLY)
    assert found.p_value < 0.01
    assert "score" in told(found)["method"]


def test_groups_change_places_whole() -> None:
    found = mmg.test(X, X + NOISE, groups=np.arange(300) // 50, **QUICKLY)
    assert found.p_value > 0.001
    with pytest.warns(mmg.MMGWarning, match="24 orders"):
        mmg.test(X, X + NOISE, groups=np.arange(300) // 75, **QUICKLY)


def test_what_is_known_without_a_test_is_said() -> None:
    assert mmg.test(np.ones(300), NOISE, **QUICKLY).p_value == 1.0
    assert mmg.test(Z, NOISE, given=Z, **QUICKLY).p_value == 1.0
    same = mmg.test(X, X, **QUICKLY)
    assert (same.status, same.p_value) == ("infinite", 0.001)


@pytest.mark.parametrize(
    ("choices", "kind", "words"),
    [
        ({"permutations": 0}, OptionError, "'permutations' is 0 and must be a whole number"),
        ({"extrapolate": 3}, OptionError, "leave extrapolate out"),
        ({"plugin": "mine", "given": Z}, OptionError, "'mine' estimates no conditional information"),
        ({"permutation": 9}, OptionError, "has no option 'permutation'"),
        ({"plugin": "gaussian", "given": Z, "blocks": 30}, DataError, "whole blocks a sign"),
        ({"groups": np.arange(300) // 100}, DataError, "Only 3 groups have equally many rows"),
    ],
)
def test_what_cannot_be_tested_is_refused(choices, kind, words: str) -> None:
    with pytest.raises(kind, match=words):
        mmg.test(X, NOISE, **{**QUICKLY, **choices})
