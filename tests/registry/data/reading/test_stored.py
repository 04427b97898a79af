"""Rows that are read without the others: the same as those of the whole, whatever the format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.pair import Pair
from mmg_registry.data.reading import read, sampling, stored
from mmg_registry.errors import DataError

ROWS = np.random.default_rng(0).standard_normal((1000, 4)).astype(np.float32)
FRAME = pd.DataFrame(ROWS, columns=list("abcd")).assign(t=np.where(ROWS[:, 0] > 0, "u", "v"))


def _zarr(name: str) -> None:
    zarr = pytest.importorskip("zarr")
    zarr.open(name, mode="w", shape=ROWS.shape, chunks=(300, 2), dtype="f4")[:] = ROWS


def _h5(name: str) -> None:
    with pytest.importorskip("h5py").File(name, "w") as file:
        file["x"], file["y"] = ROWS[:, :3], ROWS[:, 3]


def _sparse(name: str) -> None:
    """Write what AnnData writes for a matrix kept by rows."""
    from scipy.sparse import csr_matrix

    with pytest.importorskip("h5py").File(name, "w") as file:
        matrix, group = csr_matrix(ROWS[:, :3]), file.create_group("x")
        group.attrs.update({"encoding-type": "csr_matrix", "shape": matrix.shape})
        group["data"], group["indices"], group["indptr"], file["y"] = (
            *(matrix.data, matrix.indices, matrix.indptr),
            ROWS[:, 3],
        )


FILES: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "rows.npy": (lambda name: np.save(name, ROWS), "0:2", "3"),
    "fortran.npy": (lambda name: np.save(name, np.asfortranarray(ROWS)), "0:2", "3"),
    "big.npy": (lambda name: np.save(name, ROWS.astype(">f4")), "0:2", "3"),
    "records.npy": (lambda name: np.save(name, FRAME[list("abcd")].to_records(index=False)), "a:c", "d"),
    "d.parquet": (lambda name: FRAME.to_parquet(name, row_group_size=170), "a:c", "d"),
    "d.feather": (lambda name: FRAME.to_feather(name, chunksize=170), "a:c", "d"),
    "d.zarr": (_zarr, "0:2", "3"),
    "d.h5": (_h5, "x", "y"),
    "d.h5ad": (_sparse, "x", "y"),
    "d.csv": (lambda name: FRAME.to_csv(name, index=False), "a:c", "d"),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stored, "BLOCK", 4096)  # several blocks of so few rows


def _all_of(pair: Pair) -> np.ndarray[Any, Any]:
    assert pair.whole is not None
    return np.concatenate([block.x for block in pair.whole.blocks()])


@pytest.mark.parametrize("name", FILES)
def test_rows_drawn_are_those_of_the_whole(name: str) -> None:
    write, x, y = FILES[name]
    write(name)
    some, everything = read(name, x, y, rows=100, seed=3), read(name, x, y, rows="all")
    assert len(some) == len(set(some.places)) == 100
    np.testing.assert_array_equal(some.x, everything.x[some.places])
    np.testing.assert_array_equal(some.y, everything.y[some.places])
    np.testing.assert_array_equal(_all_of(some), everything.x)
    assert some.x.dtype == everything.x.dtype
    assert everything.whole is None
    assert "100 rows drawn at random (seed 3) of 1,000" in some.doubts[-1]


def test_rows_of_several_files_and_of_two_sides() -> None:
    for k in range(3):
        FRAME[k * 300 : (k + 1) * 300].to_parquet(f"{k}.parquet", row_group_size=70)
    some = read("?.parquet", "a:c,t", "d", rows=100)
    np.testing.assert_array_equal(some.x[:, :3], ROWS[some.places, :3])
    np.testing.assert_array_equal(some.x[:, 3] == 0, FRAME["t"].to_numpy()[some.places] == "u")
    np.save("x.npy", ROWS[:, :2])
    np.save("y.npy", ROWS[:, 2:])
    two = read(["x.npy", "y.npy"], rows=100)
    np.testing.assert_array_equal(np.hstack([two.x, two.y]), ROWS[two.places])
    np.testing.assert_array_equal(_all_of(two), ROWS[:, :2])


def test_a_condition_is_looked_up_block_by_block() -> None:
    FRAME.to_parquet("d.parquet", row_group_size=170)
    told = {"where": "a > 0 and t == 'u'", "groups": "t"}
    some, everything = read("d.parquet", "b", "d", rows=100, **told), read("d.parquet", "b", "d", rows="all", **told)  # type: ignore[arg-type]
    assert some.whole is not None
    assert some.whole.n == len(everything) == (ROWS[:, 0] > 0).sum()
    assert set(some.places) < set(everything.places)
    np.testing.assert_array_equal(_all_of(some), everything.x)
    assert len(some.groups) == 100  # type: ignore[arg-type]
    with pytest.raises(DataError, match="none of its 1000 rows fulfils"):
        read("d.parquet", "b", "d", rows=100, where="a > 99")
    few = read("d.parquet", "b", "d", rows=100, where="a > 2")
    assert few.whole is None
    assert len(few) == (ROWS[:, 0] > 2).sum()


def test_all_rows_are_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("d.npy", ROWS)
    monkeypatch.setattr(sampling, "LARGEST", 4 * 4 * 1000)
    assert read("d.npy", "0:2", "3").whole is None
    monkeypatch.setattr(sampling, "LARGEST", 4 * 4 * 500)
    assert len(read("d.npy", "0:2", "3")) == 500
    assert len(read("d.npy", "0:2", "3", rows="all")) == 1000
    assert read("d.npy", "0", "3").whole is None  # of two columns
