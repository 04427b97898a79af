"""The rules on bad input: refused, dropped with a word, decided without estimating, or warned about."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mmg_registry.data import Cleaned, as_pair, clean
from mmg_registry.data.checks import matching, repeated_rows
from mmg_registry.errors import DataError

N = 300
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, 2)), RNG.normal(size=(N, 2))


@pytest.fixture(autouse=True)
def _no_overflow() -> Iterator[None]:
    """Whatever the scale, nothing may overflow or divide by zero on the way."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def cleaned(x: Any, y: Any, **choices: Any) -> Cleaned:
    return clean(as_pair(x, y), **choices)


def refused(told: str, x: Any, y: Any, **choices: Any) -> None:
    with pytest.raises(DataError) as caught:
        cleaned(x, y, **choices)
    assert told in str(caught.value)


def test_good_data_pass_as_they_are() -> None:
    found = cleaned(X, Y)
    assert (found.verdict, found.reason, found.warnings) == (None, "", [])
    assert np.shares_memory(found.pair.x, X)
    assert (found.kept["x"].tolist(), found.kept["y"].tolist()) == ([0, 1], [0, 1])


# --- rows ----------------------------------------------------------------------------------------------------------


def with_holes() -> tuple[np.ndarray, np.ndarray]:
    x, y = X.copy(), Y.copy()
    x[[3, 4], 1] = np.nan
    y[4, 0], y[7, 0] = np.inf, np.nan
    return x, y


def test_non_finite_values_are_refused_with_counts_and_names() -> None:
    refused(
        "In x and y 3 rows of 300 hold NaN or infinity (column 'x1' of x: 2 NaN; column 'y0' of y: 1 NaN and "
        "1 infinite); repair them, or drop these rows with --drop-nan",
        *with_holes(),
    )


def test_non_finite_rows_are_dropped_from_both_sides_when_asked() -> None:
    x, y = with_holes()
    found = cleaned(x, y, drop_nan=True)
    good = np.delete(np.arange(N), [3, 4, 7])
    np.testing.assert_array_equal(found.pair.x, x[good])
    np.testing.assert_array_equal(found.pair.y, y[good])
    assert found.warnings[0].startswith("3 rows of 300 dropped for NaN or infinity (column 'x1' of x: 2 NaN")


def test_too_few_rows_are_left_after_dropping() -> None:
    x = np.where(np.arange(N)[:, None] < 292, np.nan, X)
    refused("There are only 8 usable rows in x and y; no estimate can be made from fewer than 10", x, Y, drop_nan=True)


@pytest.mark.parametrize(
    ("n", "told"), [(0, "There are no rows in x and y"), (1, "There is only 1 usable row"), (9, "only 9 usable rows")]
)
def test_too_few_rows(n: int, told: str) -> None:
    refused(told, X[:n], Y[:n])


def test_no_columns() -> None:
    refused("In x and y x has no columns", X[:, :0], Y)


@pytest.mark.parametrize(("n", "warned"), [(10, True), (99, True), (100, False)])
def test_under_a_hundred_rows_are_warned_about(n: int, warned: bool) -> None:
    found = cleaned(X[:n, :1], Y[:n, :1])
    told = f"There are only {n} rows; the estimate and its error bar are rough."
    assert (told in found.warnings) == warned


def test_more_dimensions_than_rows() -> None:
    found = cleaned(RNG.normal(size=(120, 100)), RNG.normal(size=(120, 100)))
    assert found.verdict is None
    assert found.kept["x"].size == 100
    assert found.warnings == ["There are more dimensions (200) than rows (120): too few rows for a reliable estimate."]


# --- constant and redundant columns --------------------------------------------------------------------------------


def test_constant_columns_are_dropped_with_a_warning() -> None:
    found = cleaned(np.column_stack([np.full(N, 0.1), X, np.zeros(N)]), Y)
    assert found.kept["x"].tolist() == [1, 2]
    assert found.pair.x_names == ("x1", "x2")
    assert found.warnings == ["The columns 'x0', 'x3' of x are constant and left out."]
    assert found.dims["x"] == 4


def test_all_constant_is_independent() -> None:
    found = cleaned(X, np.full((N, 2), 1e30))
    assert found.verdict == "independent-by-constant"
    assert found.reason == "All columns of y are constant, so MI is 0 by definition; nothing was estimated."


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_redundant_columns_are_dropped_with_a_warning(dtype: Any) -> None:
    extra = np.column_stack([X, X[:, 1], 700 - 3 * X[:, 0], X @ [1.0, -0.3] + 5]).astype(dtype)
    found = cleaned(extra, Y.astype(dtype))
    assert found.kept["x"].tolist() == [0, 1]
    assert found.warnings == [
        "The column 'x2' of x repeats 'x1' and is left out; MI does not change.",
        "The column 'x3' of x repeats 'x0' and is left out; MI does not change.",
        "The column 'x4' of x is a linear combination of 'x0', 'x1' and is left out; MI does not change.",
    ]


def test_many_redundant_columns_share_a_sentence() -> None:
    found = cleaned(X, np.column_stack([Y] * 4))
    assert found.kept["y"].tolist() == [0, 1]
    assert found.warnings[0].startswith("6 columns of y ('y2', 'y3', 'y4', 'y5', 'y6', 'y7') are copies or linear")


def test_almost_redundant_columns_are_kept() -> None:
    small = 1e-8 * Y[:, :1]  # invisible beside x, and all there is to know about y
    assert cleaned(np.column_stack([X, X[:, :1] + small]), Y).kept["x"].tolist() == [0, 1, 2]


def test_copies_are_found_even_with_too_few_rows_for_algebra() -> None:
    wide = RNG.normal(size=(40, 60))
    found = cleaned(np.column_stack([wide, wide[:, 7]]), RNG.normal(size=(40, 2)))
    assert found.kept["x"].tolist() == list(range(60))
    assert found.warnings[0] == "The column 'x60' of x repeats 'x7' and is left out; MI does not change."


# --- exact relations between x and y -------------------------------------------------------------------------------

SHARED = {
    "copy": lambda x, e: x[:, 1],
    "affine": lambda x, e: 700 - 0.3 * x[:, 1],
    "combination": lambda x, e: x @ [0.2, -1.0],
    "common part": lambda x, e: np.column_stack([e, e + x[:, 0]]),
    "exp": lambda x, e: np.exp(-x[:, 0]),
    "cube": lambda x, e: np.column_stack([e, x[:, 1] ** 3]),
    "ranks": lambda x, e: np.argsort(np.argsort(x[:, 0])),
    "censored": lambda x, e: np.maximum(x[:, 0], 0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [40, 5_000])
@pytest.mark.parametrize("relation", sorted(set(SHARED) - {"censored"}))
def test_exact_relations_make_mi_infinite(relation: str, n: int, dtype: Any) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 2)).astype(dtype)
    y = SHARED[relation](x, rng.normal(size=n)).astype(dtype)
    found = cleaned(x, y)
    assert found.verdict == "infinite"
    assert "MI is infinite" in found.reason


def test_a_shared_censored_column_is_infinite_too() -> None:
    x = np.maximum(X[:, 0], 0)
    assert cleaned(x, 2 * x).verdict == "infinite"


def test_the_reason_names_the_columns() -> None:
    one = cleaned(X, np.column_stack([Y[:, 0], 2 * X[:, 1]])).reason
    assert one.startswith("The column 'y1' of y is a copy of 'x1' of x, up to scale and shift, so MI is infinite")
    two = cleaned(X, np.column_stack([Y[:, 0], X.sum(axis=1)])).reason
    assert two.startswith("The column 'y1' of y is a linear combination of 'x0' of x, 'x1' of x, so MI is infinite")
    three = cleaned(X, np.column_stack([Y[:, 0], np.exp(X[:, 1])])).reason
    assert three.startswith("The columns 'x1' of x and 'y1' of y are in the same or opposite order in all 300 rows")


@pytest.mark.parametrize(
    ("dtype", "noise"), [(np.float64, 1e-6), (np.float64, 1e-9), (np.float32, 3e-4), (np.float32, 1e-5)]
)
@pytest.mark.parametrize("n", [50, 1_000, 50_000])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_very_strong_dependence_is_not_called_infinite(n: int, dtype: Any, noise: float, offset: float) -> None:
    rng = np.random.default_rng(n)
    x, e = rng.normal(size=(n, 1)) + offset, rng.normal(size=(n, 1))
    assert cleaned(x.astype(dtype), (2 * x + noise * e).astype(dtype)).verdict is None


def test_many_columns_and_few_rows_are_no_exact_relation() -> None:
    wide = RNG.normal(size=(30, 40))
    assert cleaned(wide[:, :20], wide[:, 20:]).verdict is None


def test_a_copied_column_is_found_even_with_more_columns_than_rows() -> None:
    wide = RNG.normal(size=(30, 40))
    assert cleaned(wide, np.column_stack([RNG.normal(size=(30, 3)), 3 * wide[:, 5] + 1])).verdict == "infinite"


@pytest.mark.parametrize(
    "share",
    [
        lambda r: r.integers(0, 2, N),
        lambda r: r.integers(0, 5, N),
        lambda r: r.poisson(40, N),
        lambda r: np.round(r.normal(size=N), 1),
        lambda r: np.array(["a", "b", "c"])[r.integers(0, 3, N)],
    ],
)
def test_what_takes_few_values_may_stand_on_both_sides(share: Any) -> None:
    """What it tells of itself is its entropy, which is finite."""
    both = share(np.random.default_rng(0))
    assert cleaned(both, both).verdict is None
    if both.dtype.kind != "U":
        assert cleaned(np.column_stack([X, both]), np.column_stack([Y[:, 0], 3 - 2 * both])).verdict is None


def test_a_shared_sum_of_labels_proves_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (2, N))
    assert cleaned(np.column_stack([a, b]), a + b).verdict is None
    assert cleaned(np.column_stack([a, b, X[:, 0]]), a + b + X[:, 0]).verdict == "infinite"


# --- scales and types -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "dtype"),
    [(1e30, np.float32), (1e-30, np.float32), (1e300, np.float64), (1e-300, np.float64), (1e-310, np.float64)],
)
def test_scales_do_not_matter(scale: float, dtype: Any) -> None:
    wide = np.column_stack([X, X[:, :1]])
    found = cleaned((wide * scale).astype(dtype), Y.astype(dtype))
    assert (found.verdict, found.kept["x"].tolist()) == (None, [0, 1])
    shared = cleaned((X * scale).astype(dtype), X.astype(dtype)[:, :1] * dtype(2))
    assert shared.verdict == ("infinite" if scale != 1e-310 else shared.verdict)


def test_a_range_of_nearly_all_of_float64_is_no_overflow() -> None:
    assert cleaned(np.sign(X) * 1.7e308 * np.abs(np.tanh(X)), Y).verdict is None


def test_heavy_tails_are_fine() -> None:
    tails = RNG.standard_cauchy(size=(N, 3)) ** 3
    found = cleaned(tails[:, :2], tails[:, 2])
    assert (found.verdict, found.warnings) == (None, [])
    assert cleaned(tails[:, :2], tails[:, 1]).verdict == "infinite"


def test_float16_is_taken() -> None:
    found = cleaned(X.astype(np.float16), Y.astype(np.float16))
    assert found.pair.x.dtype == np.float32
    assert (found.verdict, found.warnings) == (None, [])


@pytest.mark.parametrize(
    "column",
    [
        RNG.integers(1, 7, size=N),
        np.round(np.exp(RNG.normal(8, 1, 20_000))),
        np.round(RNG.normal(size=5_000), 1),
        RNG.permutation(N),
        np.where(X[:, 0] < 0, 0, X[:, 0]),
    ],
)
def test_no_kind_of_column_is_warned_of(column: np.ndarray) -> None:
    assert cleaned(column, RNG.normal(size=len(column))).warnings == []


def test_rounding_makes_no_copies_of_rows() -> None:
    x, y = (np.round(RNG.normal(size=N), 1) for _ in range(2))
    assert cleaned(x, y).warnings == []
    assert cleaned(np.round(X[:61, 0], 2), np.round(X[:61, 0], 2) + np.arange(61) // 60).warnings == [
        "There are only 61 rows; the estimate and its error bar are rough."
    ]


def test_each_column_has_its_kind() -> None:
    found = cleaned(np.column_stack([X[:, 0], np.ones(N), RNG.integers(0, 3, N)]), Y[:, 0] > 0).pair
    assert [kind.name for kind in found.x_kinds] == ["continuous", "category"]
    assert found.y_kinds[0].labels == ("False", "True")


def test_codes_for_missing_values_are_named() -> None:
    x = X.copy()
    x[:9, 1] = -999
    (told,) = cleaned(x, Y).warnings
    assert told.startswith("The value -999 stands in 3.0% of the rows of the column 'x1' of x, far from all others")
    assert "--na -999" in told
    assert cleaned(x, Y, kinds={"x1": "mixed"}).warnings == [told]


# --- kinds that are told --------------------------------------------------------------------------------------------


def test_kinds_are_told_by_name_by_side_and_by_pattern() -> None:
    dice = RNG.integers(1, 7, size=(N, 2))
    for key in ("x1", "x*", "x"):
        names = [kind.name for kind in cleaned(dice, Y, kinds={key: "count"}).pair.x_kinds]
        assert names == [("category" if key == "x1" else "count"), "count"]
    same = clean(as_pair(X[:, 0], Y[:, 0], ["a"], ["a"]), kinds={"a": "angle"}).pair
    assert (same.x_kinds[0].name, same.y_kinds[0].name) == ("angle", "angle")


def test_a_kind_of_a_column_that_is_left_out_is_no_mistake() -> None:
    assert cleaned(np.column_stack([X, np.ones(N)]), Y, kinds={"x2": "category"}).kept["x"].tolist() == [0, 1]


def test_a_kind_of_no_column_is_refused() -> None:
    with pytest.raises(DataError, match="In x and y there is no column 'x11', of which a kind is told; the nearest is"):
        cleaned(X, Y, kinds={"x11": "angle"})


def test_degrees_told_as_angles_are_warned_of() -> None:
    (told,) = cleaned(RNG.uniform(0, 360, N), Y, kinds={"x": "angle"}).warnings
    assert "is told to be an angle and spans" in told
    assert cleaned(RNG.uniform(-np.pi, np.pi, N), Y, kinds={"x": "angle"}).warnings == []


# --- evaluation rows ------------------------------------------------------------------------------------------------


def test_matching_takes_the_same_columns_and_type() -> None:
    wide = np.column_stack([X[:, 0], np.ones(N), X[:, 1]])
    found = cleaned(wide.astype(np.float32), Y)
    rows = matching(found, as_pair(wide[:5] + 1, Y[:5]))
    assert rows.x.shape == (5, 2)
    assert rows.x.dtype == np.float32


def test_matching_refuses_what_does_not_match() -> None:
    found = cleaned(X, Y)
    with pytest.raises(DataError, match=r"The evaluation rows of new.npz have 1 column of y where the fitting rows"):
        matching(found, as_pair(X, Y[:, :1], source="new.npz"))
    with pytest.raises(DataError, match="columns of x in another order"):
        matching(found, as_pair(X, Y, x_names=["x1", "x0"]))
    with pytest.raises(DataError, match="hold NaN"):
        matching(found, as_pair(*with_holes()))
    with pytest.raises(DataError, match="are 1 in number; give at least 2"):
        matching(found, as_pair(X[:1], Y[:1]))


def test_matching_drops_bad_rows_when_asked() -> None:
    assert len(matching(cleaned(X, Y), as_pair(*with_holes()), drop_nan=True)) == N - 3


def test_rows_of_labels_and_atoms_alone_recur_by_chance() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(2, 400, 1)) * (rng.random((2, 400, 1)) < 0.6)  # 16 % of the rows are (0, 0)
    fit, new = (as_pair(*values[:, rows]) for rows in (slice(300), slice(300, 400)))
    found = clean(fit).pair
    assert [kind.name for kind in (*found.x_kinds, *found.y_kinds)] == ["mixed", "mixed"]
    assert repeated_rows(found, new) == []
    copied = as_pair(*(np.concatenate([side[:20], side[300:]]) for side in values))
    assert "of the evaluation rows are also fitting rows" in repeated_rows(found, copied)[0]
    labels = as_pair(rng.integers(0, 2, size=(400, 8)), rng.integers(0, 2, size=(400, 8)))
    assert repeated_rows(clean(labels).pair, as_pair(labels.x[:9], rng.integers(0, 2, size=(9, 8)))) == []


def test_repeated_rows() -> None:
    fit, new = as_pair(X, Y), as_pair(RNG.normal(size=(50, 2)), RNG.normal(size=(50, 2)))
    assert repeated_rows(fit, new) == []
    with pytest.raises(DataError, match="All evaluation rows of x and y are also fitting rows"):
        repeated_rows(fit, as_pair(X[10:60], Y[10:60]))
    coins = as_pair(RNG.integers(0, 2, size=(N, 1)), RNG.integers(0, 2, size=(N, 1)))
    assert repeated_rows(coins, coins) == []


@pytest.mark.parametrize("kind", ["zeros and numbers", "zeros and ones", "counts of rare words"])
def test_columns_that_are_zero_in_nearly_all_rows_prove_nothing(kind: str) -> None:
    rng = np.random.default_rng(3)
    some = rng.random((2, 1_000, 60)) < 0.003
    values = {"zeros and numbers": rng.random(some.shape), "zeros and ones": 1.0}
    x, y = some * values.get(kind, rng.poisson(1.0, some.shape) + 1.0)
    assert cleaned(x, y).verdict is None


def test_what_two_rows_share_is_left_out_and_said() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300, 2))
    x[:, 1] = y[:, 1] = 0.0
    x[:2, 1], y[:2, 1] = (1.0, 2.0), (3.0, 6.0)
    found = cleaned(x, y)
    assert (found.verdict, found.kept["y"].tolist()) == (None, [0])
    assert any("'y1' of y is left out" in said for said in found.warnings)
