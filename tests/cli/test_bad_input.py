"""Bad input through the program: the exit code and the very sentence it prints, one test a case."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FEW = "Only 80 rows evaluate the estimate; its standard error is itself uncertain."
MI_OF_BOTH = 1.1257043154441184  # the fake's estimate on the first 320 rows of the hold-out split, seed 0


def gauss(n: int = 400, dim: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """x and y `(n, dim)`, each pair of columns correlated by 0.8."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, dim))
    return x, 0.8 * x + 0.6 * rng.standard_normal((n, dim))


X, Y = gauss()


def npz(x: Any, y: Any, name: str = "data.npz") -> str:
    np.savez(name, x=x, y=y)
    return name


def holes() -> tuple[np.ndarray, np.ndarray]:
    """X and Y with a NaN in x1 and in y0 of one row, and an infinity in x0 of another."""
    x, y = X.copy(), Y.copy()
    x[3, 1] = y[3, 0] = np.nan
    x[7, 0] = np.inf
    return x, y


@pytest.fixture
def refused(estimate) -> Callable[..., str]:
    """The sentence that `mmg estimate` prints when it refuses the data."""

    def call(*args: object, stdin: str = "") -> str:
        result = estimate(*args, stdin=stdin)
        assert (result.code, result.out) == (4, "")
        assert result.err.startswith("Error: ")
        assert result.err.count("\n") == 1
        return result.err.removeprefix("Error: ").rstrip("\n")

    return call


@pytest.fixture
def accepted(estimate) -> Callable[..., dict[str, Any]]:
    """The JSON document of a run that goes well."""

    def call(*args: object) -> dict[str, Any]:
        result = estimate(*args, "--seed", 0, "--json", "-q")
        assert (result.code, result.err) == (0, "")
        found: dict[str, Any] = json.loads(result.out)
        return found

    return call


# --- NaN, infinity, lengths -------------------------------------------------------------------------------------

COUNTS = "(column 'x0' of x: 1 infinite; column 'x1' of x: 1 NaN; column 'y0' of y: 1 NaN)"


def test_nan_and_infinity_are_refused_with_counts_and_columns(refused) -> None:
    assert refused(npz(*holes())) == (
        f"In data.npz 2 rows of 400 hold NaN or infinity {COUNTS}; "
        "repair them, or drop these rows with --drop-nan (drop_nan=True)."
    )


def test_drop_nan_says_how_many_rows_it_dropped(accepted) -> None:
    found = accepted(npz(*holes()), "--drop-nan")
    assert found["warnings"] == [f"2 rows of 400 dropped for NaN or infinity {COUNTS}.", FEW]
    assert found["n_train"] + found["n_eval"] == 398


def test_nan_in_evaluation_rows_is_refused_too(refused) -> None:
    npz(*holes(), "eval.npz")
    assert refused(npz(X, Y), "--eval", "eval.npz").startswith("In eval.npz 2 rows of 400 hold NaN or infinity (")


def test_dropping_every_row_leaves_nothing_to_estimate(refused) -> None:
    sentence = "There are only 0 usable rows in data.npz; no estimate can be made from fewer than 10."
    assert refused(npz(X * np.nan, Y), "--drop-nan") == sentence


def test_an_empty_cell_is_missing_and_not_zero(refused) -> None:
    Path("t.csv").write_text("x,y\n" + "\n".join(f"{a},{b}" for a, b in zip(X[:, 0], Y[:, 0], strict=True)) + "\n,1\n")
    assert refused("t.csv").startswith("In t.csv 1 row of 401 holds NaN or infinity (column 'x' of x: 1 NaN); repair")


def test_x_and_y_of_different_length(refused) -> None:
    sentence = "In data.npz x has 400 rows and y has 397; row i of x must belong to row i of y."
    assert refused(npz(X, Y[:-3])) == sentence


def test_npy_files_of_different_length(refused) -> None:
    np.save("x.npy", X)
    np.save("y.npy", Y[:-1])
    sentence = "In x.npy and y.npy x has 400 rows and y has 399; row i of x must belong to row i of y."
    assert refused("x.npy", "y.npy") == sentence


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data.npz", "data.npy", "data.csv", "data.tsv", "data.parquet"])
def test_an_empty_file(refused, name: str) -> None:
    Path(name).touch()
    assert refused(name) == f"{name} is empty."


def test_a_table_that_has_only_a_header(refused) -> None:
    Path("t.csv").write_text("x,y\n")
    assert refused("t.csv") == "There are no rows in t.csv."


def test_nothing_on_standard_input(refused) -> None:
    assert refused("-", stdin="") == "standard input cannot be used: it is empty."


def test_a_truncated_npz(refused) -> None:
    whole = Path(npz(X, Y)).read_bytes()
    Path("cut.npz").write_bytes(whole[: len(whole) // 2])
    sentence = "cut.npz cannot be read: it is damaged, truncated or not readable (File is not a zip file)."
    assert refused("cut.npz") == sentence


class Trap:
    """Would make a folder when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def test_a_pickled_object_array_is_never_unpickled(refused) -> None:
    trap = np.empty(400, dtype=object)
    trap[:] = [Trap() for _ in range(400)]
    assert refused(npz(trap, Y)) == (
        "data.npz cannot be used: 'x' is an array of pickled objects, which is never loaded because it could run code; "
        "save plain numbers instead, e.g. with numpy.savez."
    )
    assert not os.path.exists("unpickled")


def test_a_missing_key_lists_those_that_are_there(refused) -> None:
    np.savez("data.npz", a=X, b=Y)
    assert refused("data.npz") == (
        "data.npz cannot be used: it has no array 'x' but a, b; say which arrays are x and y with --x and --y."
    )
    assert refused("data.npz", "--x", "c", "--y", "b") == "data.npz cannot be used: it has no array 'c'; it has a, b."


def test_a_missing_column_lists_those_that_are_there(refused) -> None:
    Path("t.csv").write_text("a,b\n1,2\n")
    sentence = "t.csv cannot be used: it has no column 'c'; it has a, b."
    assert refused("t.csv", "--x", "a", "--y", "c") == sentence


def test_a_wrong_extension(refused) -> None:
    Path("data.docx").write_text("x")
    sentence = refused("data.docx")
    assert sentence.startswith("data.docx has the extension '.docx'; known are .arrow, .bz2, .csv, .dat, ")
    assert sentence.endswith(", .zst, and - for standard input.")


def test_an_extension_that_does_not_fit_the_content(refused) -> None:
    Path("data.npz").write_text("x,y\n1,2\n")
    assert refused("data.npz") == "data.npz cannot be used: it is not an npz file, whatever its name says."


def test_a_missing_file_and_a_folder(refused) -> None:
    assert refused("no.npz") == "There is no file no.npz."
    os.mkdir("folder.npz")
    assert refused("folder.npz") == (
        "folder.npz is a folder without parquet files, and no zarr store; give its files, e.g. folder.npz/*.csv."
    )
    assert refused(npz(X, Y), "--eval", "no.npz") == "There is no file no.npz."


def test_a_row_with_too_few_cells(refused) -> None:
    Path("t.csv").write_text("x,y\n1,2\n3\n")
    assert refused("t.csv") == (
        "t.csv cannot be used: line 3 has 1 cell where the first has 2; "
        "if it is no data, remove it, or leave it out with --skip (at the top) or --comment."
    )


def test_bytes_that_are_no_text(refused) -> None:
    Path("t.csv").write_bytes(b"x,y\n\x00\x01,2\n")
    assert refused("t.csv") == (
        "t.csv cannot be used: it holds NUL bytes, so it is no text, or text in UTF-16 that needs --encoding utf-16."
    )


# --- columns ----------------------------------------------------------------------------------------------------


def test_a_constant_column_is_dropped_with_a_warning(accepted) -> None:
    found = accepted(npz(np.column_stack([X, np.full(400, 3.0)]), Y))
    assert found["warnings"] == ["The column 'x2' of x is constant and left out.", FEW]
    assert found["mi"] == pytest.approx(MI_OF_BOTH)


def test_when_all_is_constant_mi_is_0_by_definition_and_said_so(accepted, estimate) -> None:
    found = accepted(npz(np.ones((400, 2)), Y))
    assert (found["mi"], found["status"]) == (0.0, "exact")
    sentence = "All columns of x are constant, so MI is 0 by definition; nothing was estimated."
    assert found["warnings"] == [sentence]
    table = estimate("data.npz").out
    assert "0.0000 nats, exactly" in table
    assert sentence in table


@pytest.mark.parametrize(
    ("x", "y", "start"),
    [
        (X, np.column_stack([Y[:, 0], X[:, 1]]), "The column 'y1' of y is a copy of 'x1' of x, up to scale and shift"),
        (X[:, 0], 3 * X[:, 0] - 1, "The column 'y' of y is a copy of 'x' of x, up to scale and shift"),
        (X[:, 0], np.exp(X[:, 0]), "The columns 'x' of x and 'y' of y are in the same or opposite order in all 400"),
        (X, X @ [[1.0, 2.0], [-1.0, 1.0]], "The column 'y0' of y is a linear combination of 'x0' of x, 'x1' of x"),
    ],
    ids=["shared column", "affine function", "monotone function", "invertible map"],
)
def test_infinite_mi_is_said_and_not_a_large_number(accepted, estimate, x: Any, y: Any, start: str) -> None:
    found = accepted(npz(x, y))
    assert (found["mi"], found["ci"], found["status"]) == (None, None, "infinite")
    (warning,) = found["warnings"]
    assert warning.startswith(start)
    assert warning.endswith("MI is infinite; leave one of them out if that is not what you want to know.")
    assert estimate("data.npz").out.splitlines()[0].split() == ["MI", "infinite"]


@pytest.mark.parametrize(
    ("extra", "warning"),
    [
        (X[:, 0], "The column 'x2' of x repeats 'x0' and is left out; MI does not change."),
        (
            X[:, 0] - 2 * X[:, 1],
            "The column 'x2' of x is a linear combination of 'x0', 'x1' and is left out; MI does not change.",
        ),
    ],
)
def test_redundant_columns_do_not_change_the_answer(accepted, extra: np.ndarray, warning: str) -> None:
    found = accepted(npz(np.column_stack([X, extra]), Y))
    assert found["mi"] == pytest.approx(MI_OF_BOTH)
    assert found["warnings"] == [warning, FEW]
    found = accepted(npz(Y, np.column_stack([X, extra])))
    assert found["mi"] == pytest.approx(MI_OF_BOTH)


def test_identifiers_and_dates(refused) -> None:
    y = "\n".join(f"{value},s{i},2024-01-{1 + i % 28:02d}" for i, value in enumerate(X[:, 0]))
    Path("t.csv").write_text(f"a,id,day\n{y}\n")
    assert refused("t.csv", "--x", "a", "--y", "id") == (
        "In t.csv the column 'id' of y holds text ('s0') with 400 different values in 400 rows, as identifiers have; "
        "leave it out, or put what is in it into columns of their own."
    )
    assert refused("t.csv", "--x", "a", "--y", "day") == (
        "t.csv cannot be used: 'day' holds dates or time spans, not numbers; leave it out, or give numbers in its "
        "place, such as seconds since the first, the hour of the day, or the name of the month."
    )


def test_a_missing_label_is_a_missing_value(refused, accepted) -> None:
    Path("t.csv").write_text("a,b\n" + "\n".join(f"{v},{'cat' if v > 0 else 'dog'}" for v in X[:, 0]) + "\n0.5,NA\n")
    assert "1 row of 401 holds NaN or infinity (column 'b' of y: 1 NaN)" in refused("t.csv", "--x", "a", "--y", "b")
    assert accepted("t.csv", "--x", "a", "--y", "b", "--drop-nan")["columns"]["y"]["kinds"] == {"category": 1}


def test_whole_numbers_are_not_warned_of(accepted) -> None:
    rng = np.random.default_rng(0)
    for most in (3, 500, 10**6):
        assert accepted(npz(rng.integers(0, most, 400), Y))["warnings"] == [FEW]


def test_codes_for_missing_values_are_named(accepted) -> None:
    x = X.copy()
    x[:12, 0] = -999
    assert "The value -999 stands in 3.0% of the rows of the column 'x0' of x" in accepted(npz(x, Y))["warnings"][0]


@pytest.mark.parametrize(
    ("kind", "code", "sentence"),
    [
        ("x0", 2, "'x0' given to --kind tells no kind; write COLUMN=KIND, as in site=category."),
        ("=count", 2, "'=count' given to --kind tells no kind; write COLUMN=KIND, as in site=category."),
        ("x0=categorical", 2, "There is no kind 'categorical', told of 'x0'; the nearest is 'category'."),
        ("x5=count", 4, "In data.npz there is no column 'x5', of which a kind is told; the nearest is 'x1'."),
        ("x0=category", 4, "In data.npz the column 'x0' of x is told to be a category, and has 400 different values in "
         "400 rows, where those of a category recur; it looks continuous."),
    ],
)  # fmt: skip
def test_kinds_that_cannot_be(estimate, kind: str, code: int, sentence: str) -> None:
    result = estimate(npz(X, Y), "--kind", kind)
    assert (result.code, result.err) == (code, f"Error: {sentence}\n")


# --- shapes, sizes, scales --------------------------------------------------------------------------------------


def test_one_dimensional_arrays_are_one_column(accepted) -> None:
    flat, column = accepted(npz(X[:, 0], Y[:, 0])), accepted(npz(X[:, :1], Y[:, :1]))
    assert (flat["dim_x"], flat["dim_y"]) == (1, 1)
    assert flat["mi"] == column["mi"]


def test_arrays_of_three_dimensions_are_flattened(estimate) -> None:
    result = estimate(npz(X.reshape(200, 2, 2), Y[:200]), "--seed", 0, "--json", "-v")
    assert "Note: A row of x is an array of 2 by 2, taken as 4 columns." in result.err
    flat = json.loads(estimate(npz(X.reshape(200, 4), Y[:200]), "--seed", 0, "--json").out)
    assert (json.loads(result.out)["dim_x"], json.loads(result.out)["mi"]) == (4, flat["mi"])


def test_more_dimensions_than_rows_are_warned_of(accepted) -> None:
    x, y = gauss(120, 70)
    warnings = accepted(npz(x, y))["warnings"]
    assert "There are more dimensions (140) than rows (120): too few rows for a reliable estimate." in warnings


def test_under_100_rows_are_warned_of(accepted) -> None:
    warning = "There are only 50 rows; the estimate and its error bar are rough."
    assert accepted(npz(X[:50], Y[:50]))["warnings"] == [warning]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (0, "There are no rows in data.npz."),
        (1, "There is only 1 usable row in data.npz; no estimate can be made from fewer than 10."),
        (9, "There are only 9 usable rows in data.npz; no estimate can be made from fewer than 10."),
    ],
)
def test_a_handful_of_rows_is_refused(refused, rows: int, sentence: str) -> None:
    assert refused(npz(X[:rows], Y[:rows])) == sentence


def test_no_columns(refused) -> None:
    assert refused(npz(X[:, :0], Y)) == "In data.npz x has no columns."


def test_half_precision_gives_nearly_the_same_number(accepted) -> None:
    assert accepted(npz(X.astype(np.float16), Y.astype(np.float16)))["mi"] == pytest.approx(MI_OF_BOTH, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_huge_and_tiny_scales_do_not_change_the_answer(accepted, dtype: Any) -> None:
    found = accepted(npz((X * 1e30).astype(dtype), (Y * 1e-30).astype(dtype)))
    assert found["mi"] == pytest.approx(MI_OF_BOTH, abs=1e-5)


def test_evaluation_rows_of_other_dimensions(refused) -> None:
    npz(X[:, :1], Y, "eval.npz")
    sentence = "The evaluation rows of eval.npz have 1 column of x where the fitting rows have 2."
    assert refused(npz(X, Y), "--eval", "eval.npz") == sentence


def test_evaluation_rows_that_were_trained_on(refused) -> None:
    assert refused(npz(X, Y), "--eval", "data.npz") == (
        "All evaluation rows of data.npz are also fitting rows; "
        "give rows that are not, or none: then a part of the data is held out."
    )
