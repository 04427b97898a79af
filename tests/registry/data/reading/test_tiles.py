"""Columns in tiles: together they are the table, whatever the format, with names and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.reading import tiles

ROWS = np.random.default_rng(0).standard_normal((50, 5)).astype(np.float32)


def test_tiles_together_are_the_table(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", ROWS)
    pd.DataFrame(ROWS, columns=list("abcde")).to_parquet(tmp_path / "d.parquet", row_group_size=20)
    for name, first in (("d.npy", ("0", "1")), ("d.parquet", ("a", "b"))):
        found = list(tiles(tmp_path / name, width=2))
        assert [len(tile.names) for tile in found] == [2, 2, 1]
        assert found[0].names == first
        np.testing.assert_array_equal(np.hstack([tile.values for tile in found]), ROWS)


def test_text_has_labels_and_columns_are_chosen(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2, 3], "t": ["v", "u", "v"], "b": [4.0, 5.0, np.nan]}).to_parquet(tmp_path / "d.parquet")
    (tile,) = tiles(tmp_path / "d.parquet", "t,b")
    assert (tile.names, tile.labels) == (("t", "b"), (("u", "v"), ()))
    np.testing.assert_array_equal(tile.values, np.array([[1, 4], [0, 5], [1, np.nan]], dtype=np.float32))


def test_the_matrix_of_anndata_is_cut_into_named_columns(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "d.h5ad", "w") as file:
        file["X"], file["var/_index"], file["obs/age"] = ROWS, np.array(list("vwxyz"), dtype="S1"), np.arange(50)
    found = list(tiles(tmp_path / "d.h5ad", "X", width=3))
    assert [tile.names for tile in found] == [("v", "w", "x"), ("y", "z")]
    np.testing.assert_array_equal(np.hstack([tile.values for tile in found]), ROWS)
