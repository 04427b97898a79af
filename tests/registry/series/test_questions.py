"""What users call: the right lag and way, parts, units, trials and gaps, other estimators, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from series import autoregressive, driven

import mmg_registry as mmg
from mmg_registry.errors import DataError, MMGWarning, OptionError
from mmg_registry.quantity import Quantity

A, B = driven(1_500, np.random.default_rng(0))
QUICK = {"shifts": 99, "seed": 0, "threads": 1}


def test_transfer_finds_the_way_and_the_lag() -> None:
    forth = mmg.transfer(A, B, lags="1:6", **QUICK)
    with pytest.warns(MMGWarning, match="No lag is beyond what shifted series reach"):
        back = mmg.transfer(B, A, lags="1:6", **QUICK)
    assert forth.diagnostics["lags"] == [3]
    assert (forth.diagnostics["history"], forth.p_value) == (1, 0.01)
    assert back.p_value > 0.05
    assert back.value < 0.02 < 0.1 < forth.value


def test_transfer_has_a_part_for_each_lag_and_can_be_stored() -> None:
    found = mmg.transfer(A, B, lags="1:4", history=2, **QUICK)
    assert [part.diagnostics["lag"] for part in found.parts] == [1, 2, 3, 4]
    assert found.symbol == "I(source[t-3]; target[t] | target[t-1 .. t-2])"
    assert found.provenance["series"] == {"samples": 1500, "embedded": 1496, "trials": 1}
    again = Quantity.from_dict(json.loads(found.to_json()))
    assert (again.value, again.parts[2].p_value) == (found.value, found.parts[2].p_value)


def test_bits_are_nats_over_the_logarithm_of_two() -> None:
    nats, bits = (mmg.lags(A, B, lags="3", plugin="gaussian", unit=unit, **QUICK) for unit in ("nats", "bits"))
    assert bits.value * math.log(2) == pytest.approx(nats.value)
    assert bits.parts[0].value * math.log(2) == pytest.approx(nats.parts[0].value)
    assert bits.diagnostics["null"] == nats.diagnostics["null"]


def test_a_common_cause_that_is_given_is_no_transfer() -> None:
    rng = np.random.default_rng(1)
    cause = rng.standard_normal(1_500)
    early, late = np.roll(cause, 1), np.roll(cause, 3)
    x, y = early + 0.5 * rng.standard_normal(1_500), late + 0.5 * rng.standard_normal(1_500)
    assert mmg.transfer(x, y, lags="1:4", **QUICK).diagnostics["lag"] == 2
    with pytest.warns(MMGWarning, match="No lag is beyond"):
        found = mmg.transfer(x, y, given=cause, lags="1:4", **QUICK)
    assert found.name == "conditional transfer entropy"
    assert found.diagnostics["given_history"] == 3
    assert found.value < 0.02


def test_trials_of_a_table_count_one_by_one() -> None:
    table = pd.DataFrame({"a": A, "b": B, "who": np.repeat(np.arange(15), 100)})
    found = mmg.transfer(table, source="a", target="b", trial="who", lags="1:4", **QUICK)
    assert found.diagnostics["lags"] == [3]
    assert found.provenance["series"] == {"samples": 1500, "embedded": 1500 - 15 * 4, "trials": 15}
    assert found.provenance["rows"]["split_by"] == "groups"


def test_values_are_those_of_the_named_estimator_where_every_lag_is_asked() -> None:
    found = mmg.lags(A, B, lags="2:3", plugin="gaussian", every_lag=True, **QUICK)
    assert found.parts[1].value == found.value
    assert [part.name for part in found.parts] == ["lagged mutual information"] * 2


def test_curves_are_left_to_neighbours_and_lines_to_the_closed_form() -> None:
    x = np.random.default_rng(0).standard_normal(800)
    bent = np.roll(x, 1) ** 2 + 0.3 * np.random.default_rng(1).standard_normal(800)
    assert mmg.lags(x, bent, lags="0:2", **QUICK).provenance["plugin"]["name"] == "ksg"
    assert mmg.lags(A, B, lags="2:3", **QUICK).provenance["plugin"]["name"] == "gaussian"


def test_a_product_with_the_own_past_is_found() -> None:
    """A source that turns the sign of the target's own past, which no function of either alone shows."""
    rng = np.random.default_rng(0)
    x, y = np.sign(rng.standard_normal(1_000)), rng.standard_normal(1_000)
    for t in range(2, 1_000):
        y[t] = 0.7 * x[t - 2] * y[t - 1] + 0.5 * rng.standard_normal()
    found = mmg.transfer(x, y, lags="1:4", history=1, plugin="gaussian", **QUICK)
    assert (found.diagnostics["lag"], found.p_value) == (2, 0.01)


def test_storage_is_the_information_of_an_autoregression() -> None:
    found = mmg.active_storage(autoregressive(0.7, 3_000, np.random.default_rng(0)), **QUICK)
    assert found.diagnostics["history"] == 1
    assert found.value == pytest.approx(-0.5 * math.log(1 - 0.49), abs=0.05)
    assert found.low <= -0.5 * math.log(1 - 0.49) <= found.high
    assert len(found.parts) == 10


def test_storage_of_an_array_is_called_by_its_argument() -> None:
    assert mmg.active_storage(B, history=1, **QUICK).symbol == "I(x[t]; x[t-1])"


def test_storage_of_noise_is_chance() -> None:
    noise = np.random.default_rng(0).standard_normal(500)
    with pytest.warns(MMGWarning, match="No lag is beyond"):
        assert mmg.active_storage(noise, history=2, **QUICK).p_value > 0.05


def test_labels_take_part() -> None:
    state = np.where(A > 0.8, "high", np.where(A < -0.8, "low", "middle"))
    found = mmg.lags(state, B, lags="2:4", **QUICK)
    assert (found.diagnostics["lag"], found.p_value) == (3, 0.01)
    assert found.provenance["plugin"]["name"] == "ksg"


def test_what_predicts_labels_has_no_bar_for_it_may_be_more_than_their_entropy() -> None:
    found = mmg.lags(A, np.where(A > 0, "up", "down"), lags="0:1", **QUICK)
    assert found.low < math.log(2) < found.parts[0].value
    assert [(part.bar, part.std_error, part.low) for part in found.parts] == [("none", None, None)] * 2


@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (lambda: mmg.lags(A, B, lags="0:1600"), OptionError, "more than 1,000 lags"),
        (lambda: mmg.lags(A[:40], B[:40], lags="0:45"), DataError, r"longer than the series of the series \(40 rows\)"),
        (lambda: mmg.transfer(A, B, lags="0:3"), OptionError, "begin at 0 and must be 1 or more"),
        (lambda: mmg.transfer(A, B, shifts=3), OptionError, "The option 'shifts' is 3"),
        (lambda: mmg.transfer(A, B, history=-1), OptionError, "The option 'history' is -1"),
        (lambda: mmg.transfer(A), OptionError, "'target' is missing"),
        (lambda: mmg.lags(A, np.ones(1_500)), DataError, "'y' does not vary"),
        (lambda: mmg.lags(A, B, plugin="gaussian", steps=3), OptionError, "steps"),
        (lambda: mmg.transfer(A, A), DataError, "the source 'source' is also among .*'target'.*leave one out"),
        (lambda: mmg.transfer(A, B, given=A), DataError, "the source 'source' is also among .*'given'.*leave one out"),
        (lambda: mmg.transfer(A, B, given_history=2), OptionError, "nothing is; name it by 'given' too"),
        (lambda: mmg.active_storage(), OptionError, "'x' is missing"),
        (lambda: mmg.network(A, B), OptionError, "asked of one table"),
        (lambda: mmg.active_storage(A, history=0), OptionError, "'history' is 0 and must be 1 or more"),
        (lambda: mmg.network(pd.DataFrame({"a": A, "b": B}), plugin="ksg"), OptionError, "'plugin' does; ask"),
    ],
)
def test_what_cannot_be_meant_is_refused(ask, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ask()
