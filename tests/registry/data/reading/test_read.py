"""Every format gives the same pair; every damage gives one sentence that names the file."""

from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.reading import read
from mmg_registry.errors import DataError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), RNG.normal(size=(30, 1))
FRAME = pd.DataFrame({"x0": X[:, 0], "x1": X[:, 1], "y": Y[:, 0]})


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def refused(told: str, *args: Any, **choices: Any) -> None:
    with pytest.raises(DataError) as caught:
        read(*args, **choices)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


# --- the same pair from every format ------------------------------------------------------------------------------


def save_as(suffix: str) -> str | list[str]:
    if suffix == "npz":
        np.savez("data.npz", x=X, y=Y)
    elif suffix == "npy":
        np.save("a.npy", X)
        np.save("b.npy", Y)
        return ["a.npy", "b.npy"]
    elif suffix == "parquet":
        FRAME.to_parquet("data.parquet")
    else:
        FRAME.to_csv(f"data.{suffix}", index=False, sep="\t" if suffix == "tsv" else ",")
    return f"data.{suffix}"


@pytest.mark.parametrize("suffix", ["npz", "npy", "csv", "tsv", "parquet"])
def test_every_format_gives_the_same_pair(suffix: str) -> None:
    pair = read(save_as(suffix))
    np.testing.assert_allclose(pair.x, X, rtol=1e-15)
    np.testing.assert_allclose(pair.y, Y, rtol=1e-15)
    assert pair.x.dtype == np.float64


def test_pairs_of_files_may_differ_in_format() -> None:
    save_as("npy")
    FRAME.to_csv("y.csv", index=False)
    pair = read([Path("a.npy"), "y.csv"], y="y")
    np.testing.assert_allclose(pair.y, Y)
    assert pair.source == "a.npy and y.csv"
    refused("y.csv is given twice", ["y.csv", "y.csv"], x="x0")


def test_csv_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a,b\n1,2\n3,4\n"))
    pair = read("-")
    assert (pair.x.tolist(), pair.y.tolist(), pair.source) == ([[1], [3]], [[2], [4]], "standard input")
    refused("standard input is given twice", ["-", "-"])
    refused("Give a data file", [])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32, bool])
def test_types_of_arrays(dtype: Any) -> None:
    np.savez("data.npz", x=np.arange(4).astype(dtype), y=np.arange(4.0))
    pair = read("data.npz")
    assert pair.x.shape == (4, 1)
    assert pair.x.dtype == (np.float32 if np.dtype(dtype).kind == "f" else np.float64)


def test_float32_parquet_stays_float32() -> None:
    FRAME.astype(np.float32).to_parquet("data.parquet")
    assert read("data.parquet").x.dtype == np.float32


# --- which columns ------------------------------------------------------------------------------------------------


def test_columns_by_name_list_and_pattern() -> None:
    write("d.csv", "gene_a,age,gene_b\n1,2,3\n4,5,6\n")
    assert read("d.csv", x="gene_*", y="age").x_names == ("gene_a", "gene_b")
    assert read("d.csv", x=" age , gene_a", y="gene_b").x.tolist() == [[2, 1], [5, 4]]


def test_a_name_with_a_comma_or_a_star_is_found_as_it_is() -> None:
    write("d.csv", '"a,b",c*,c1\n1,2,3\n')
    pair = read("d.csv", x="a,b", y="c*")
    assert (pair.x.tolist(), pair.y.tolist()) == ([[1]], [[2]])


def test_default_columns() -> None:
    assert read(write("d.csv", "t,x_1,X2,y\n1,2,3,4\n")).x_names == ("x_1", "X2")
    assert read(write("d.csv", "left,right\n1,2\n")).y_names == ("right",)
    assert read(write("d.csv", "y,x\n1,2\n")).y.tolist() == [[1]]
    assert read(write("d.csv", "1,2\n3,4\n")).x.tolist() == [[1], [3]]
    assert read(write("d.csv", "1,2,5\n3,4,6\n"), x="0,2", y="1").x.tolist() == [[1, 5], [3, 6]]


def test_default_arrays() -> None:
    np.savez("d.npz", X=X, Y=Y, other=np.zeros(3))
    assert read("d.npz").x.shape == (30, 2)
    np.savez("one.npz", features=X)
    assert read(["one.npz", "d.npz"]).y.shape == (30, 1)
    assert read("d.npz", x="Y,X", y="Y").x.shape == (30, 3)


def test_one_npy_file_by_position() -> None:
    np.save("d.npy", np.column_stack([X, Y]))
    np.testing.assert_array_equal(read("d.npy", x="0,1", y="2").x, X)
    refused("d.npy cannot be used: it has no column 'x' but 0, 1, 2; say which columns are x and y", "d.npy")


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({}, "d.csv cannot be used: it has no column 'x' but a, b, c; say which columns are x and y with --x and --y"),
        ({"x": "a"}, "it has no column 'y' but a, b, c"),
        ({"x": "a", "y": "d"}, "it has no column 'd'; it has a, b, c"),
        ({"x": "z*", "y": "b"}, "it has no column 'z*'"),
        ({"x": "a", "y": ","}, "it has no column 'y'"),
    ],
)
def test_columns_that_are_not_there(choices: dict[str, str], told: str) -> None:
    refused(told, write("d.csv", "a,b,c\n1,2,3\n"), **choices)


def test_a_column_that_is_there_twice() -> None:
    file = write("d.csv", "a,b,a\n1,2,3\n4,5,6\n")
    refused("the name 'a' stands twice, at the positions 0 and 2", file, x="a", y="b")
    refused("the name 'a' stands twice", file, x="*", y="b")
    assert read(file, x="2", y="b").x.tolist() == [[3], [6]]


def test_a_name_that_is_there_twice_is_refused_by_default_too() -> None:
    refused("the name 'x' stands twice, at the positions 0 and 1", write("d.csv", "x,x,y\n1,2,3\n4,5,6\n"))
    refused("the name 'a' stands twice", write("d.csv", "a,a\n1,2\n3,4\n"))


def test_a_missing_key_lists_those_present() -> None:
    np.savez("d.npz", x=X, z=Y)
    refused("d.npz cannot be used: it has no array 'y' but x, z; say which arrays are x and y", "d.npz")
    refused("it has no array 'w'; it has x, z", "d.npz", y="w")


def test_long_lists_are_cut() -> None:
    refused("c19 and 980 more", write("d.csv", ",".join(f"c{i}" for i in range(1000)) + "\n"))


# --- text ---------------------------------------------------------------------------------------------------------


def test_missing_and_odd_cells() -> None:
    write("d.csv", "x,y\n1,2\n,NA\n nan , 1e3\n+.5e1,-inf\n\n5,6\n")
    pair = read("d.csv")
    np.testing.assert_array_equal(pair.x[:, 0], [1, np.nan, np.nan, 5, 5])
    np.testing.assert_array_equal(pair.y[:, 0], [2, np.nan, 1e3, -np.inf, 6])


def test_text_columns_matter_only_when_chosen() -> None:
    write("d.csv", "x,y,city\n1,2,Oslo\n3,4,Rome\n")
    assert read("d.csv").x.shape == (2, 1)
    assert read("d.csv", y="city").y_labels == (("Oslo", "Rome"),)
    write("e.csv", "x,y\n1,2\n5,6\n3,four\n")
    refused("the column 'y' holds numbers, but 'four' in line 4", "e.csv")


def test_text_columns_of_parquet() -> None:
    pd.DataFrame({"x": [1, 2], "y": ["a", "b"], "t": pd.to_datetime(["2020", "2021"])}).to_parquet("d.parquet")
    assert read("d.parquet").y_labels == (("a", "b"),)
    refused("'t' holds dates", "d.parquet", y="t")


def test_missing_values_of_parquet() -> None:
    pd.DataFrame({"x": [1, None, 3], "y": pd.array([True, None, False], dtype="boolean")}).to_parquet("d.parquet")
    pair = read("d.parquet")
    np.testing.assert_array_equal(pair.x[:, 0], [1, np.nan, 3])
    np.testing.assert_array_equal(pair.y[:, 0], [1, np.nan, 0])


def test_rows_of_other_lengths() -> None:
    refused("d.csv cannot be used: line 3 has 3 cells where the first has 2", write("d.csv", "x,y\n1,2\n1,2,3\n"))
    refused("line 2 has 1 cell where the first has 2", write("d.csv", "x,y\n1\n"))


def test_semicolons_byte_order_marks_and_quotes() -> None:
    assert read(write("d.csv", "\ufeffx;y\n1;2\n")).x_names == ("x",)
    assert read(write("d.csv", '"x","y"\n"1","2"\n')).y.tolist() == [[2]]
    assert read(write("d.csv", "x;y\n1,5;2\n")).x.tolist() == [[1.5]]


def test_more_rows_than_a_batch() -> None:
    values = np.arange(25_000)
    np.savetxt("d.csv", np.column_stack([values, -values]), delimiter=",", header="x,y", comments="", fmt="%d")
    pair = read("d.csv")
    np.testing.assert_array_equal(pair.x[:, 0], values)
    np.testing.assert_array_equal(pair.y[:, 0], -values)
    with open("d.csv", "a", encoding="utf-8") as file:
        file.write("1,2,3\n")
    refused("line 25002 has 3 cells", "d.csv")


def test_a_header_alone_has_no_rows() -> None:
    assert read(write("d.csv", "x,y\n")).x.shape == (0, 1)


def test_bytes_that_are_no_text() -> None:
    Path("d.csv").write_bytes(b"x,y\n\x00\x01,1\n")
    refused("d.csv cannot be used: it holds NUL bytes, so it is no text", "d.csv")


# --- damage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["npz", "npy", "csv", "tsv", "parquet"])
def test_empty_missing_and_folder(suffix: str) -> None:
    file = write(f"d.{suffix}", "")
    refused(f"{file} is empty", file)
    refused(f"There is no file nowhere.{suffix}", f"nowhere.{suffix}")
    os.mkdir(f"folder.{suffix}")
    refused(f"folder.{suffix} is a folder", f"folder.{suffix}")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_truncated_npz(save: Any, share: float) -> None:
    save("d.npz", x=np.repeat(X, 100, axis=0), y=np.repeat(Y, 100, axis=0))
    whole = Path("d.npz").read_bytes()
    Path("d.npz").write_bytes(whole[: int(share * len(whole))])
    refused("d.npz cannot be read: it is damaged, truncated or not readable", "d.npz")


def test_a_damaged_member_of_an_npz() -> None:
    np.savez("d.npz", x=X, y=Y)
    whole = bytearray(Path("d.npz").read_bytes())
    whole[200] ^= 0xFF
    Path("d.npz").write_bytes(whole)
    refused("d.npz cannot be read: it is damaged", "d.npz")


def test_truncated_npy_and_parquet() -> None:
    save_as("npy")
    Path("a.npy").write_bytes(Path("a.npy").read_bytes()[:-8])
    refused("a.npy cannot be read: it is damaged, truncated", ["a.npy", "b.npy"])
    save_as("parquet")
    Path("data.parquet").write_bytes(Path("data.parquet").read_bytes()[:-8])
    refused("data.parquet cannot be read: it is damaged, truncated", "data.parquet")


class Trap:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("sprung"),))


def test_pickles_are_never_loaded() -> None:
    np.savez("d.npz", x=np.array([Trap(), 2], dtype=object), y=np.arange(2))
    np.save("d.npy", np.array([Trap(), 2], dtype=object))
    Path("p.npz").write_bytes(pickle.dumps(Trap()))
    refused("d.npz cannot be used: 'x' is an array of pickled objects, which is never loaded", "d.npz")
    refused("d.npy cannot be used: 'the array' is an array of pickled objects", "d.npy")
    refused("p.npz cannot be used: it is a pickle, which is never loaded", "p.npz")
    assert not Path("sprung").exists()


def test_another_format_under_a_wrong_name() -> None:
    refused("d.npz cannot be used: it is not an npz file, whatever its name says", write("d.npz", "x,y\n1,2\n"))
    refused("d.npy cannot be used: it is not an npy file", write("d.npy", "x,y\n1,2\n"))
    refused("d.parquet cannot be read", write("d.parquet", "x,y\n1,2\n"))


def test_a_wrong_extension_lists_the_known_ones() -> None:
    refused("d.docx has the extension '.docx'; known are .arrow, .bz2, .csv, .dat, ", write("d.docx", "1"))
    refused(".zip, .zst, and - for standard input", "d.docx")
    refused("has the extension ''", "data")


def test_lengths_that_differ() -> None:
    np.savez("d.npz", x=X, y=Y[:-1], z=Y)
    refused("In d.npz x has 30 rows and y has 29", "d.npz")
    refused("d.npz cannot be used: its arrays differ in length: 'y' 29, 'z' 30 rows", "d.npz", y="y,z")


def test_an_npz_with_other_things_inside() -> None:
    np.savez("d.npz", x=np.zeros((3, 2, 2)), y=np.array(["a", "b", "c"]), z=np.float64(1))
    assert read("d.npz").y[:, 0].tolist() == [0, 1, 2]
    refused("d.npz cannot be used: 'z' is a single number", "d.npz", x="z", y="x")


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    for name in (write("d.csv", "x,y\n1,2\n"), str(save_as("npz"))):
        with monkeypatch.context() as patch:
            patch.setattr("builtins.open", deny)
            refused(f"{name} cannot be read: it is damaged, truncated or not readable (Permission denied)", name)


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    file = save_as("parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused("reading parquet needs pyarrow: pip install 'mmg-registry[data]'", file)


def test_a_reader_from_outside() -> None:
    pair = read(write("d.mine", "1 2"), readers={".mine": lambda path: {"x": [1.0, 2.0], "y": np.eye(2)}})
    assert (pair.x.shape, pair.y.shape) == ((2, 1), (2, 2))


# --- groups ---------------------------------------------------------------------------------------------------------


def test_groups_are_numbered_as_they_appear_and_are_no_columns_of_a_pattern() -> None:
    FRAME.assign(who=["b", "a", "b"] * 10).to_csv("data.csv", index=False)
    pair = read("data.csv", x="*", y="y", groups="who", where="x0 > -10")
    assert pair.x_names == ("x0", "x1")
    assert pair.groups.tolist() == [0, 1, 0] * 10
    assert read("data.csv", x="x0,x1", y="y").groups is None


def test_a_column_of_groups_may_be_x_where_it_is_named() -> None:
    FRAME.assign(who=np.arange(30) // 3).to_parquet("data.parquet")
    pair = read("data.parquet", x="who", y="y", groups="who")
    assert (pair.x_names, len(np.unique(pair.groups))) == (("who",), 10)


def test_missing_groups_are_refused() -> None:
    FRAME.assign(who=["b", "", "b"] * 10).to_csv("data.csv", index=False)
    refused("The groups 'who' are missing in 10 of 30 rows", "data.csv", x="x0", y="y", groups="who")
