"""Which rows belong together, and that every split keeps them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series import autoregressive, sorted_by

from mmg_registry.data import Pair, as_pair
from mmg_registry.data.pair import with_groups
from mmg_registry.data.units import FEW, SORTED, Units, first_rows, units_of
from mmg_registry.errors import DataError, OptionError

RNG = np.random.default_rng(0)


def drawn(n: int = 300, rho: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    x = RNG.standard_normal(n)
    return x, rho * x + np.sqrt(1 - rho**2) * RNG.standard_normal(n)


def series(phi: float = 0.9, n: int = 3_000) -> Pair:
    return as_pair(autoregressive(phi, n, RNG), autoregressive(phi, n, RNG))


def test_independent_rows_are_their_own() -> None:
    found = units_of(as_pair(*drawn()))
    assert (found.by, found.count, found.labels, found.gap, found.told) == ("rows", 300, None, 0, ())
    assert found.to_dict() == {"split_by": "rows", "units": 300, "gap": 0}


@settings(max_examples=25, deadline=None)
@given(times=st.integers(2, 5), n=st.integers(20, 60), seed=st.integers(0, 2**32))
def test_copies_are_one_unit_on_one_side(times: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n))
    copied = rng.permutation(np.repeat(np.arange(n), times))
    found = units_of(as_pair(x[copied], y[copied]))
    assert (found.by, found.count, found.inflation) == ("copies", n, times)
    fit, evaluated = found.hold_out(0.2, seed)
    assert not np.isin(copied[evaluated], copied[fit]).any()
    for fit, evaluated in found.folds(3, seed):
        assert not np.isin(copied[evaluated], copied[fit]).any()
    assert len(first_rows(found.labels)) == n
    assert f"{(times - 1) * n} of {times * n} rows are exact copies" in found.told[0]


def test_copies_of_a_continuous_column_beside_labels_are_copies() -> None:
    x, label = RNG.standard_normal(100), RNG.integers(0, 2, 100)
    assert units_of(as_pair(np.tile(x, 2), np.tile(label, 2))).by == "copies"


def test_ties_of_labels_and_of_rounded_columns_are_no_copies() -> None:
    coins = RNG.integers(0, 2, (2, 500))
    rounded = np.round(np.stack(drawn(3_000)), 1)
    for pair in (as_pair(*coins), as_pair(*rounded)):
        assert units_of(pair).by == "rows"


@pytest.mark.parametrize("ages", [5, 12, 70])
def test_labels_that_follow_from_others_are_no_copies(ages: int) -> None:
    age = RNG.integers(18, 18 + ages, 1_500)
    for group in (age, age // 10, np.array(["a", "b", "c"])[age % 3]):
        assert units_of(as_pair(age, group)).by == "rows"
    assert units_of(as_pair(np.array([f"city {i}" for i in age]), age // 10)).by == "rows"


@pytest.mark.parametrize("seed", range(10))
def test_ties_of_a_finely_rounded_column_beside_labels_are_no_copies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert units_of(as_pair(np.round(rng.standard_normal(1_000), 3), rng.integers(0, 2, 1_000))).by == "rows"


def test_copies_of_whole_numbers_far_apart_are_copies() -> None:
    price = np.tile(RNG.integers(10_000, 90_000, 200), 6)
    assert units_of(as_pair(price, price // 7)).by == "copies"


def test_a_series_is_split_by_blocks_that_outlast_its_memory() -> None:
    found = units_of(series())
    assert found.by == "blocks"
    assert "The order of the rows matters" in found.told[0]
    assert len(found.told) == 1
    assert 12 < found.memory < 30
    assert 3_000 / found.count == pytest.approx(5 * found.memory, rel=0.1)
    assert 0 < found.gap <= found.memory + 1
    fit, evaluated = found.hold_out(0.2, seed=0)
    assert np.abs(fit[:, None] - evaluated).min() > found.gap
    assert found.to_dict()["memory"] == found.memory


def test_a_random_walk_is_said_to_be_one() -> None:
    found = units_of(series(phi=1.0))
    assert found.count == 10
    assert found.told[1] == FEW.format(memory=found.memory, n=3_000)


def test_a_sorted_file_is_told_of_and_split_as_ever() -> None:
    hidden = np.sort(RNG.standard_normal((400, 1)), axis=0)
    x, y = (hidden + RNG.standard_normal((400, 3)) for _ in range(2))
    found = units_of(as_pair(x, y))
    assert (found.by, found.told) == ("rows", (SORTED,))
    x, y = drawn()
    assert units_of(as_pair(*sorted_by(x, x, y))).told == ()


def test_subjects_in_turn_are_told_of() -> None:
    x, y = (np.tile(RNG.standard_normal(20), 50) + 0.5 * RNG.standard_normal(1_000) for _ in range(2))
    assert "apart are alike in x and in y" in units_of(as_pair(x, y)).told[0]


def test_what_a_person_says_about_blocks_holds() -> None:
    pair = series()
    assert (units_of(pair, "none").by, units_of(pair, "none").told) == ("rows", ())
    assert (units_of(pair, 300).count, units_of(pair, 300).told) == (10, ())
    assert units_of(pair, 300).gap == round(units_of(pair, 300).memory)
    assert units_of(as_pair(*drawn()), 30).gap == 0
    with pytest.raises(DataError, match="--blocks makes one block of all 3000 rows"):
        units_of(pair, 2_000)


def test_groups_are_units() -> None:
    x, y = drawn(6)
    found = units_of(with_groups(as_pair(x, y), list("bababa")))
    assert (found.by, found.count, found.labels.tolist()) == ("groups", 2, [0, 1, 0, 1, 0, 1])
    assert found.take(np.array([1, 3])).count == 1
    with pytest.raises(DataError, match="--groups names one group of all 6 rows"):
        units_of(with_groups(as_pair(x, y), list("aaaaaa")))
    with pytest.raises(OptionError, match="leave --groups or --blocks out"):
        units_of(with_groups(as_pair(x, y), list("bababa")), 2)


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([1, 2], "The groups 'g' are 2 values for 3 rows."),
        (np.ones((3, 2)), "The groups 'g' are 6 values for 3 rows."),
        (["a", None, ""], "The groups 'g' are missing in 2 of 3 rows; fill or drop these rows."),
        ([1.0, np.nan, 2.0], "The groups 'g' are missing in 1 of 3 rows"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups: object, told: str) -> None:
    with pytest.raises(DataError) as caught:
        with_groups(as_pair([1, 2, 3], [4, 5, 6]), groups, "g")
    assert told in str(caught.value)


def test_folds_of_units_leave_the_gap_out() -> None:
    found = Units(100, "blocks", np.arange(100) // 10, memory=2.0)
    for fit, evaluated in found.folds(5, seed=0):
        assert np.abs(fit[:, None] - evaluated).min() > 2
