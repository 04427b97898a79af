"""Frames, series and their relatives in Python: rows are matched by index, columns of vectors become columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mmg_registry.data import matrices
from mmg_registry.data.matrices import to_matrix
from mmg_registry.data.pair import as_pair, pair_from_frame
from mmg_registry.errors import DataError

A = pd.Series([1.0, 2, 3, 4], index=list("pqrs"))
B = pd.Series([40.0, 30, 20, 10], index=list("srqp"))


def test_rows_are_put_in_the_order_of_the_index() -> None:
    pair = as_pair(A, B)
    assert (pair.x[:, 0].tolist(), pair.y[:, 0].tolist()) == ([1, 2, 3, 4], [10, 20, 30, 40])
    assert pair.notes == ("The rows of y are put in the order of the index of x.",)
    assert as_pair(A.to_frame("a"), B).y[:, 0].tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize("other", [B.iloc[:3], B.rename({"p": "z"}), B.rename({"p": "q"}), B.reset_index(drop=True)])
def test_different_labels_are_refused_with_both_ways_out(other: pd.Series) -> None:
    with pytest.raises(DataError, match=r"index of x and that of y have different labels.*\.loc.*reset_index"):
        as_pair(A, other)


def test_what_has_no_index_is_matched_by_order() -> None:
    assert as_pair(A, B.to_numpy()).y[:, 0].tolist() == [40, 30, 20, 10]
    assert as_pair(A.reset_index(drop=True), B.reset_index(drop=True)).notes == ()
    twice = pd.Series([1.0, 2], index=[0, 0])
    assert as_pair(twice, twice).notes == ()


FRAME = pd.DataFrame({"a": [1, 2], "b": [3.0, 4], "e": [[5.0, 6], [7, 8]], "t": ["u", "v"]})


def test_a_pair_from_one_frame() -> None:
    pair = pair_from_frame(FRAME, x=["a", "e"], y="b")
    assert (pair.x_names, pair.y_names) == (("a", "e[0]", "e[1]"), ("b",))
    assert pair.x.tolist() == [[1, 5, 6], [2, 7, 8]]
    with pytest.raises(DataError, match="The frame has no column 'c', which is asked for as y; it has a, b, e, t"):
        pair_from_frame(FRAME, "a", "c")
    with pytest.raises(DataError, match="has more than one column 'a'"):
        pair_from_frame(FRAME[["a", "a", "b"]], "a", "b")
    with pytest.raises(DataError, match="No column of the frame is asked for as x"):
        pair_from_frame(FRAME, [], "b")
    assert pair_from_frame(FRAME, ["b", "t"], "a").x_labels == ((), ("u", "v"))


def test_polars() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "a": [1, 2],
            "e": [[5.0, 6], [7, 8]],
            "c": polars.Series([[1, 2], [3, 4]], dtype=polars.Array(polars.Int64, 2)),
        }
    )
    pair = pair_from_frame(frame, ["e", "c"], "a")
    assert pair.x_names == ("e[0]", "e[1]", "c[0]", "c[1]")
    assert pair.x.tolist() == [[5, 6, 1, 2], [7, 8, 3, 4]]
    assert to_matrix(frame["a"], "x")[1] == ("a",)


def test_columns_of_vectors() -> None:
    ragged = pd.Series([[1.0], [2.0, 3.0]])
    with pytest.raises(DataError, match="'x' holds vectors of 1 to 2 values; they must all have the same length"):
        to_matrix(ragged, "x")
    nested = pd.Series([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    assert to_matrix(nested, "x")[0].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    mixed = np.array([np.zeros(2), "a"], dtype=object)
    with pytest.raises(DataError, match="holds an object of type ndarray"):
        to_matrix(mixed, "x")
    matrix, names, _ = to_matrix(pd.Series([np.array([1, 2]), None], name="v"), "x")
    np.testing.assert_array_equal(matrix, [[1, 2], [np.nan, np.nan]])
    assert names == ("v[0]", "v[1]")


@pytest.mark.parametrize("form", ["csr_matrix", "csc_matrix", "coo_array"])
def test_sparse_matrices(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = getattr(sparse, form)(np.diag([1.0, 2, 3]))
    assert as_pair(matrix, np.arange(3)).x.tolist() == np.diag([1.0, 2, 3]).tolist()
    monkeypatch.setattr(matrices, "MAX_DENSE", 10)
    with pytest.raises(DataError, match="'x' is sparse and takes"):
        as_pair(matrix, np.arange(3))


def test_ann_data() -> None:
    data = SimpleNamespace(X=sparse.eye(3, format="csr"), obs_names=list("abc"), var_names=["g1", "g2", "g3"])
    assert to_matrix(data, "x")[1] == ("g1", "g2", "g3")


def test_more_axes_are_flattened_and_kept() -> None:
    pair = as_pair(np.arange(24.0).reshape(4, 2, 3), np.arange(4))
    assert (pair.x.shape, pair.x_shape, pair.y_shape) == ((4, 6), (2, 3), None)


class Bfloat16:
    """What ml_dtypes, and JAX with it, calls a type that NumPy does not know."""

    kind, name, itemsize = "V", "bfloat16", 2


def test_bfloat16_of_jax_is_float32() -> None:
    stand_in: Any = SimpleNamespace(dtype=Bfloat16())
    assert matrices._float_type(stand_in, "x") is np.float32


@pytest.mark.parametrize("far", [2**53, 2**62, 2**80])
def test_whole_numbers_that_float64_merges(far: int) -> None:
    with pytest.raises(DataError, match="'x' holds whole numbers above"):
        to_matrix(np.array([far, far + 1], dtype=None if far > 2**63 else np.int64), "x")
    assert to_matrix([far, 2 * far], "x")[0].tolist() == [[far], [2 * far]]
