"""I(X; Y | Z): by estimators that see what is given, and as a difference of two estimates by the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.data.pair import as_pair, with_given
from mmg_registry.errors import DataError, OptionError
from mmg_registry.estimation.conditional import TOLD, with_z_alone, with_z_beside_y

RNG = np.random.default_rng(0)
Z, E, F = RNG.standard_normal((3, 2_000))
X, Y = Z + E, 0.8 * Z + 0.5 * E + F  # given z, a normal pair of correlation 0.5 / sqrt(1.25)
TRUTH = -0.5 * np.log(1 - 0.2)


@pytest.mark.parametrize("plugin", ["gaussian", "cca", "ksg"])
def test_what_is_given_is_taken_off(plugin: str) -> None:
    found = mmg.estimate(X, Y, given=Z, plugin=plugin, seed=0, threads=1)
    assert found.ci is not None
    assert found.ci[0] <= TRUTH <= found.ci[1]
    assert found.provenance["dim_z"] == 1


def test_a_chain_is_zero() -> None:
    assert mmg.estimate(X, Z + F, given=Z, plugin="gaussian").mi < 0.01


def test_the_difference_says_what_it_is_and_adds_both_errors() -> None:
    found = mmg.estimate(X, Y, given=Z, plugin="mine", seed=0, threads=1, options={"steps": 20})
    parts = found.diagnostics["difference"]
    assert TOLD in found.warnings
    assert found.std_error == pytest.approx(sum(part["std_error"] for part in parts.values()))


def test_a_table_and_its_columns_give_the_same() -> None:
    table = pd.DataFrame({"a": X, "b": Y, "c": Z})
    by_names = mmg.estimate(table, x="a", y="b", given="c", plugin="gaussian")
    assert by_names.mi == mmg.estimate(X, Y, given=Z, plugin="gaussian").mi
    assert mmg.estimate(mmg.read(table, x="a", y="b", given="c"), plugin="gaussian").mi == by_names.mi
    assert [each["name"] for each in by_names.provenance["columns"]["z"]["columns"]] == ["c"]


def test_evaluation_rows_have_what_is_given() -> None:
    half = {"x_eval": X[1_000:], "y_eval": Y[1_000:]}
    found = mmg.estimate(X[:1_000], Y[:1_000], given=Z[:1_000], given_eval=Z[1_000:], plugin="gaussian", **half)
    assert found.mi == pytest.approx(TRUTH, abs=0.04)
    with pytest.raises(DataError, match="lack the columns that are given"):
        mmg.estimate(X[:1_000], Y[:1_000], given=Z[:1_000], plugin="gaussian", **half)


def test_what_is_constant_gives_nothing() -> None:
    found = mmg.estimate(X, Y, given=np.ones(2_000), plugin="gaussian")
    assert found.mi == mmg.estimate(X, Y, plugin="gaussian").mi
    assert any("is given are constant" in sentence for sentence in found.warnings)


def test_labels_are_given_as_columns() -> None:
    label = np.array(["a", "b"])[(Z > 0).astype(int)]
    found = mmg.estimate(E + (Z > 0), F + (Z > 0), given=label, plugin="gaussian")
    assert found.mi < 0.01 < mmg.estimate(E + (Z > 0), F + (Z > 0), plugin="gaussian").mi


def test_bad_input_is_one_sentence() -> None:
    with pytest.raises(OptionError, match="names columns, and x and y are arrays"):
        mmg.estimate(X, Y, given="c", plugin="gaussian")
    with pytest.raises(DataError, match="2000 rows and what is given has 5"):
        mmg.estimate(X, Y, given=Z[:5], plugin="gaussian")


def test_the_views_of_a_triple() -> None:
    triple = with_given(as_pair([1, 2], [3, 4]), ["a", "b"])
    assert with_z_beside_y(triple).y_labels == ((), ("a", "b"))
    assert with_z_alone(triple).y.tolist() == [[0.0], [1.0]]
