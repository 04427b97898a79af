"""Entropies of known laws, in all kinds of columns; `neighbours` in the place of training."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.quantity import Quantity

NORMAL = 0.5 * math.log(2 * math.pi * math.e)


def rows(n: int = 3000, dim: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim))


def quick(data: object, **choices: object) -> Quantity:
    return mmg.entropy(data, plugin="neighbours", seed=0, threads=1, **choices)


@pytest.mark.parametrize("plugin", ["auto", "neighbours"])
def test_a_normal_pair_of_columns(plugin: str) -> None:
    few = {"steps": 40} if plugin == "auto" else {}
    found = mmg.entropy(rows(dim=2) * [1.0, 3.0], plugin=plugin, seed=0, threads=1, **few)
    assert abs(found.value - (2 * NORMAL + math.log(3))) < 3 * found.std_error
    assert found.std_error < 0.06
    assert found.symbol == "h(x0, x1)"


def test_other_units_shift_the_entropy_and_bits_divide_it() -> None:
    x = rows()
    assert quick(1000 * x).value == pytest.approx(quick(x).value + math.log(1000), abs=1e-6)
    assert quick(x, unit="bits").value == pytest.approx(quick(x).value / math.log(2))


def test_labels_are_counted() -> None:
    found = quick(pd.DataFrame({"site": ["a", "b", "c", "d"] * 100}), unit="bits")
    assert (found.name, found.symbol) == ("entropy", "H(site)")
    assert found.value == pytest.approx(2.0, abs=0.01)


def test_atoms_and_the_rest_add_up() -> None:
    rng = np.random.default_rng(3)
    found = quick(np.where(rng.random(4000) < 0.3, 0.0, rng.exponential(1.0, 4000)))
    truth = -0.3 * math.log(0.3) - 0.7 * math.log(0.7) + 0.7
    assert abs(found.value - truth) < 3 * found.std_error
    assert [part.symbol for part in found.parts] == ["H(x)", "h(x | off atoms)"]


def test_what_is_given_is_taken_off() -> None:
    y = rows(seed=1)
    found = quick(y + rows(), given=y)
    assert abs(found.value - NORMAL) < 3 * found.std_error
    assert found.name == "conditional differential entropy"


def test_columns_of_a_table_are_named() -> None:
    table = pd.DataFrame(rows(500, 3), columns=["a", "b", "c"])
    assert quick(table, x="a").symbol == "h(a)"
    assert quick(table, x="a", given="b").symbol == "h(a | b)"


def test_a_column_that_others_determine_is_refused() -> None:
    x = rows(500, 2)
    with pytest.raises(DataError, match="'x2' repeats another or is a linear combination"):
        quick(np.column_stack([x, x.sum(1)]))


def test_too_few_rows_for_the_columns_are_refused() -> None:
    with pytest.raises(DataError, match="needs 200 rows to fit 20 columns"):
        quick(rows(100, 20))


def test_options_are_those_of_the_entropy_estimator() -> None:
    with pytest.raises(OptionError, match="entropy estimator 'neighbours' has no option 'steps'"):
        quick(rows(), steps=3)
    with pytest.raises(MMGError, match="no plugin 'neighbors'"):
        mmg.entropy(rows(), plugin="neighbors")


def test_rounded_columns_are_spread_and_said_to_be() -> None:
    found = quick(np.round(rows(), 1))
    assert abs(found.value - NORMAL) < 4 * found.std_error
    assert any("rounded" in sentence for sentence in found.warnings)


def test_the_json_form_reads_back() -> None:
    found = quick(rows(500))
    assert Quantity.from_dict(found.to_dict()).value == found.value


def test_a_column_that_is_given_too_is_refused() -> None:
    with pytest.raises(DataError, match="a is named both as x and as given"):
        quick(pd.DataFrame(rows(100, 2), columns=["a", "b"]), x="a", given="a")


def test_what_is_told_has_no_interval_below_zero() -> None:
    table = pd.DataFrame({"c": ["u", "v"] * 100, "b": rows(200)[:, 0]})
    told = quick(table, x="c", given="b").parts[-1]
    assert told.low >= 0
