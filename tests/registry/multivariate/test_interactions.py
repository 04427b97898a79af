"""What three and more variables share, beside closed forms; `gaussian` in the place of training."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError, OptionError
from mmg_registry.multivariate.terms import quantities_of
from mmg_registry.quantity import Quantity

RNG = np.random.default_rng(0)
CAUSES = RNG.standard_normal((4000, 3))
SUM = np.column_stack([CAUSES[:, :2], CAUSES.sum(1)])  # of two causes, with noise
VIEWS = CAUSES[:, :1] + RNG.standard_normal((4000, 4))


def quick(data: object, **choices: object) -> dict[str, Quantity]:
    found = mmg.interactions(data, plugin="gaussian", seed=0, threads=1, **choices)
    return {part.name: part for part in (found, *found.parts[:4])}


def test_a_sum_is_synergistic() -> None:
    found = quick(SUM)
    truth = {"total correlation": math.log(3) / 2, "dual total correlation": math.log(2), "O-information": -0.1438}
    for name, value in truth.items():
        assert abs(found[name].value - value) < 3 * found[name].std_error
    assert found["O-information"].diagnostics["sign"] == "synergistic"
    assert found["O-information"].diagnostics["certainty"] > 0.99
    assert found["interaction information"].value == pytest.approx(-found["O-information"].value)


def test_views_of_one_cause_are_redundant_and_the_identities_hold() -> None:
    found = quick(VIEWS)
    tc, dtc = found["total correlation"].value, found["dual total correlation"].value
    assert abs(tc - (2 * math.log(2) - math.log(5) / 2)) < 3 * found["total correlation"].std_error
    assert found["O-information"].value == pytest.approx(tc - dtc)
    assert found["S-information"].value == pytest.approx(tc + dtc)
    assert found["O-information"].diagnostics["sign"] == "redundant"


def test_a_second_way_to_the_s_information_agrees() -> None:
    assert quick(SUM, check=True)["S-information"].diagnostics["errors"]["check"] == 0.0


def test_common_rows_narrow_the_bar_of_a_difference() -> None:
    found = quick(SUM)
    apart = math.hypot(found["total correlation"].std_error, found["dual total correlation"].std_error)
    assert found["O-information"].std_error < apart


def test_variables_may_have_several_columns_and_names() -> None:
    table = pd.DataFrame(np.column_stack([SUM, VIEWS[:, 0]]), columns=["a", "b", "s", "v"])
    assert quick(table, columns="a,b,s")["total correlation"].symbol == "TC(a, b, s)"
    assert quick(table, variables=["a,b", "s", "v"])["total correlation"].symbol == "TC((a .. b), s, v)"
    assert quick([SUM[:, 0], SUM[:, 1:], VIEWS])["total correlation"].value > 0


def test_asking_twice_in_one_process_works() -> None:
    assert callable(mmg.interactions)


def test_two_variables_are_refused() -> None:
    with pytest.raises(OptionError, match="Different variables here: 2 "):
        quick(SUM[:, :2])


def test_a_variable_that_others_determine_is_refused() -> None:
    with pytest.raises(DataError, match="infinite"):
        quick(np.column_stack([SUM[:, :2], SUM[:, 0]]))


def test_there_are_two_n_less_three_terms() -> None:
    assert [len(quantities_of(n).terms) for n in (3, 4, 10)] == [3, 5, 17]
