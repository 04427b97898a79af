"""What a person gives: one file, several, patterns, folders, standard input, pipes."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.reading import read


def test_several_tables_are_appended_by_name(files) -> None:
    files.write("1.csv", "a,b\n1,2\n3,4\n")
    files.write("2.csv", "b,a\n6,5\n")
    files.write("3.tsv", "a\tb\n7\t8\n")
    pair = read(["1.csv", "2.csv", "3.tsv"], "a", "b")
    assert (pair.x[:, 0].tolist(), pair.y[:, 0].tolist()) == ([1, 3, 5, 7], [2, 4, 6, 8])
    assert pair.source == "1.csv and 2 more files"
    assert "The rows of 3 files are taken one after the other." in pair.notes


def test_patterns_are_sorted_and_must_fit_something(files) -> None:
    for number in (2, 1, 3):
        files.write(f"{number}.csv", f"a,b\n{number},0\n")
    assert read("*.csv", "a", "b").x[:, 0].tolist() == [1, 2, 3]
    files.refused("There is no file that fits *.tsv.", "*.tsv")
    files.write("odd[1].csv", "a,b\n7,0\n")
    assert read("odd[1].csv", "a", "b").x.tolist() == [[7]]


def test_tables_of_other_columns_are_refused_by_name(files) -> None:
    files.write("1.csv", "a,b,c\n1,2,3\n")
    files.write("2.csv", "a,b,d\n1,2,3\n")
    files.refused("1.csv and 2.csv differ in their columns (only 1.csv has c; only 2.csv has d)", ["1.csv", "2.csv"])
    files.refused(
        "for x in one file and y in another, join them first, or save each as npy", ["1.csv", "2.csv"], "c", "d"
    )


def test_arrays_are_sides_unless_they_have_the_same_names(files) -> None:
    np.save("x.npy", np.zeros((3, 2)))
    np.save("y.npy", np.ones(3))
    pair = read(["x.npy", "y.npy"])
    assert (pair.x.shape, pair.y.shape, pair.source) == ((3, 2), (3, 1), "x.npy and y.npy")
    for name in ("1.npz", "2.npz"):
        np.savez(name, x=np.zeros((3, 2)), y=np.ones(3))
    assert read(["1.npz", "2.npz"]).x.shape == (6, 2)
    np.savez("labels.npz", labels=np.arange(3))
    assert read(["x.npy", "labels.npz"]).y.tolist() == [[0], [1], [2]]


def test_a_folder_of_parquet(table: pd.DataFrame, files) -> None:
    Path("parts/deep").mkdir(parents=True)
    table[:10].to_parquet("parts/0.parquet")
    table[10:].to_parquet("parts/deep/1.pq")
    pd.testing.assert_frame_equal(pd.DataFrame(read("parts").x), pd.DataFrame(table[["x0", "x1"]].to_numpy()))
    Path("other").mkdir()
    files.refused(
        "other is a folder without parquet files, and no zarr store; give its files, e.g. other/*.csv.", "other"
    )


class Piped(io.TextIOWrapper):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))


def test_standard_input_of_any_format(table: pd.DataFrame, files, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    for content in (
        table.to_csv(index=False).encode(),
        gzip.compress(table.to_csv(index=False).encode()),
        buffer.getvalue(),
    ):
        monkeypatch.setattr(sys, "stdin", Piped(content))
        assert read("-").x.shape == (30, 2)
    monkeypatch.setattr(sys, "stdin", Piped(b""))
    files.refused("standard input cannot be used: it is empty.", "-")
    monkeypatch.setattr(sys, "stdin", None)
    files.refused("standard input is closed.", "-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.csv.gz"])
def test_a_pipe_is_read_once(table: pd.DataFrame, name: str) -> None:
    content = table.to_csv(index=False).encode()
    os.mkfifo(name)
    writer = threading.Thread(
        target=lambda: Path(name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    )
    writer.start()
    assert read(name).x.shape == (30, 2)
    writer.join()


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_process_substitution(table: pd.DataFrame) -> None:
    table.to_csv("d.csv.gz", index=False)
    code = "import sys; from mmg_registry.data.reading import read; print(read(sys.argv[1]).x.shape)"
    shell = f"{sys.executable} -c '{code}' <(gunzip -c d.csv.gz)"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout == "(30, 2)\n"
