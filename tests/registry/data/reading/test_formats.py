"""Every format gives the same pair, each written by the library that owns it."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import netcdf_file, savemat

from mmg_registry.data.reading import read

Frame = pd.DataFrame


def sides(frame: Frame) -> dict[str, np.ndarray]:
    return {"x": frame[["x0", "x1"]].to_numpy(), "y": frame[["y"]].to_numpy()}


def h5(frame: Frame, name: str) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(name, "w") as file:
        for key, value in sides(frame).items():
            file[key] = value


def old_nc(frame: Frame, name: str) -> None:
    with netcdf_file(name, "w") as file:
        file.createDimension("row", len(frame))
        for key in frame:
            file.createVariable(key, "f8", ("row",))[:] = frame[key]
        file.createVariable("label", "c", ("row",))[:] = b"a"


def zarr_store(frame: Frame, name: str) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(name, mode="w")
    for key, value in sides(frame).items():
        group[key] = value


def torch_file(frame: Frame, name: str) -> None:
    torch = pytest.importorskip("torch")
    torch.save({key: torch.tensor(value) for key, value in sides(frame).items()}, name)


def safe(frame: Frame, name: str) -> None:
    from safetensors.numpy import save_file

    save_file({key: np.ascontiguousarray(value) for key, value in sides(frame).items()}, name)


def records(frame: Frame, name: str) -> None:
    frame.to_json(name, orient="records", lines=True, double_precision=15)


def columns(frame: Frame, name: str) -> None:
    Path(name).write_text(json.dumps(frame.to_dict("list")))


def xlsx(frame: Frame, name: str) -> None:
    pytest.importorskip("openpyxl")
    frame.to_excel(name, index=False)


WRITERS: dict[str, Callable[[Frame, str], Any]] = {
    "d.csv": lambda frame, name: frame.to_csv(name, index=False),
    "d.tsv": lambda frame, name: frame.to_csv(name, index=False, sep="\t"),
    "d.txt": lambda frame, name: frame.to_csv(name, index=False, sep=" "),
    "d.dat": lambda frame, name: np.savetxt(name, frame, header="x0 x1 y", fmt="%.18e"),
    "d.npz": lambda frame, name: np.savez(name, **sides(frame)),
    "d.parquet": lambda frame, name: frame.to_parquet(name),
    "d.pq": lambda frame, name: frame.to_parquet(name),
    "d.feather": lambda frame, name: frame.to_feather(name),
    "d.xlsx": xlsx,
    "d.jsonl": records,
    "d.ndjson": records,
    "d.json": columns,
    "d.mat": lambda frame, name: savemat(name, sides(frame)),
    "d.h5": h5,
    "d.hdf5": h5,
    "d.nc": h5,
    "old.nc": old_nc,
    "d.zarr": zarr_store,
    "d.pt": torch_file,
    "d.safetensors": safe,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_pair(table: Frame, name: str) -> None:
    WRITERS[name](table, name)
    pair = read(name, "x0,x1", "y") if name == "old.nc" else read(name)
    np.testing.assert_allclose(pair.x, table[["x0", "x1"]], rtol=1e-12)
    np.testing.assert_allclose(pair.y, table[["y"]], rtol=1e-12)
    assert pair.x.dtype == np.float64


def pack(content: bytes, suffix: str) -> bytes:
    if suffix == "zst":
        return pytest.importorskip("zstandard").ZstdCompressor().compress(content)
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[suffix](content)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("name", ["d.csv", "d.jsonl", "d.npz", "d.parquet"])
def test_any_format_may_be_compressed(table: Frame, name: str, suffix: str) -> None:
    WRITERS[name](table, name)
    Path(f"{name}.{suffix}").write_bytes(pack(Path(name).read_bytes(), suffix))
    np.testing.assert_allclose(read(f"{name}.{suffix}").x, table[["x0", "x1"]], rtol=1e-12)


def test_a_zip_holds_one_table(table: Frame, files) -> None:
    table.to_csv("d.csv", index=False)
    with zipfile.ZipFile("d.zip", "w") as archive:
        archive.write("d.csv", "folder/d.csv")
        archive.writestr("__MACOSX/._d.csv", "junk")
    assert read("d.zip").x.shape == (30, 2)
    with zipfile.ZipFile("d.zip", "a") as archive:
        archive.write("d.csv", "e.csv")
    files.refused("a zip must hold one table, and this holds folder/d.csv, e.csv", "d.zip")


def test_a_compressed_file_without_another_suffix_is_known_by_its_content(table: Frame) -> None:
    table.to_parquet("d.parquet")
    Path("d.gz").write_bytes(gzip.compress(Path("d.parquet").read_bytes()))
    assert read("d.gz").x.shape == (30, 2)
    Path("e.gz").write_bytes(gzip.compress(b"x,y\n1,2\n3,4\n"))
    assert read("e.gz").y.tolist() == [[2], [4]]


def test_what_expands_beyond_measure_is_refused(files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmg_registry.data.reading.compressed.FLOOR", 1_000)
    Path("d.csv.gz").write_bytes(gzip.compress(b"0" * 10_000_000))
    files.refused("it expands to more than 100 times its size", "d.csv.gz")
    pytest.importorskip("openpyxl")
    with zipfile.ZipFile("d.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", " " * 10_000_000)
    files.refused("it expands to more than 100 times its size", "d.xlsx")
    np.savez_compressed("d.npz", x=np.zeros(1_000_000), y=np.zeros(1_000_000))
    files.refused("claims to expand to 8000128 bytes, as a zip bomb does", "d.npz")


# --- trees: HDF5, AnnData, zarr --------------------------------------------------------------------------------------


def ann_data(create: Callable[..., Any], group: Callable[..., Any], root: Any) -> None:
    """Write what AnnData writes: X sparse, obs with a number, a categorical and a nullable column."""
    matrix = sparse.random(20, 3, 0.5, format="csr", random_state=0)
    x = group(root, "X", "csr_matrix")
    x.attrs["shape"] = [20, 3]
    for key in ("data", "indices", "indptr"):
        create(x, key, getattr(matrix, key))
    obs = group(root, "obs", "dataframe")
    create(obs, "age", np.arange(20.0))
    site = group(obs, "site", "categorical")
    create(site, "codes", np.array([0, 1, -1, 1] * 5, dtype=np.int8))
    create(site, "categories", np.array([10.0, 20.0]))
    count = group(obs, "count", "nullable-integer")
    create(count, "values", np.arange(20))
    create(count, "mask", np.arange(20) == 3)


def check_ann_data(name: str) -> None:
    expected = sparse.random(20, 3, 0.5, format="csr", random_state=0).toarray()
    pair = read(name, "X", "obs/age")
    np.testing.assert_array_equal(pair.x, expected)
    assert pair.y[:, 0].tolist() == list(range(20))
    np.testing.assert_array_equal(read(name, "obs/site", "obs/age").x[:4, 0], [10, 20, np.nan, 20])
    assert np.isnan(read(name, "obs/count", "obs/age").x[:, 0]).tolist() == [i == 3 for i in range(20)]


def test_h5ad() -> None:
    h5py = pytest.importorskip("h5py")

    def group(parent: Any, name: str, kind: str) -> Any:
        made = parent.create_group(name)
        made.attrs["encoding-type"] = kind
        return made

    with h5py.File("d.h5ad", "w") as root:
        ann_data(lambda parent, key, value: parent.create_dataset(key, data=value), group, root)
    check_ann_data("d.h5ad")


def test_zarr_of_ann_data() -> None:
    zarr = pytest.importorskip("zarr")

    def group(parent: Any, name: str, kind: str) -> Any:
        made = parent.create_group(name)
        made.attrs["encoding-type"] = kind
        return made

    ann_data(lambda parent, key, value: parent.__setitem__(key, value), group, zarr.open_group("d.zarr", mode="w"))
    check_ann_data("d.zarr")


def test_one_array_of_zarr_is_read_as_npy_is(table: Frame) -> None:
    zarr = pytest.importorskip("zarr")
    zarr.save("d.zarr", table.to_numpy())
    assert read("d.zarr", "0,1", "2").x.shape == (30, 2)


def test_pickles_in_zarr_are_never_loaded(files) -> None:
    Path("d.zarr/x").mkdir(parents=True)
    Path("d.zarr/.zgroup").write_text('{"zarr_format": 2}')
    Path("d.zarr/x/.zarray").write_text('{"zarr_format": 2, "filters": [{"id": "pickle"}], "shape": [1]}')
    pytest.importorskip("zarr")
    files.refused("d.zarr cannot be used: it holds pickled objects, which is never loaded", "d.zarr")


def test_an_array_that_only_claims_to_be_large_is_refused(files) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File("d.h5", "w") as file:
        file.create_dataset("x", shape=(10**10, 10**3), chunks=(1000, 10), dtype="f8")
        file["y"] = np.arange(3.0)
    files.refused("an array of the shape (10000000000, 1000) takes 74506 GiB, more than this machine has", "d.h5")


def test_gaps_and_scales_of_netcdf(table: Frame) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File("d.nc", "w") as file:
        file["x"] = np.array([1, 2, -99], dtype=np.int16)
        file["x"].attrs.update({"_FillValue": np.int16(-99), "scale_factor": 0.5, "add_offset": 10.0})
        file["y"] = np.arange(3.0)
    np.testing.assert_array_equal(read("d.nc").x[:, 0], [10.5, 11, np.nan])


def test_links_out_of_an_hdf5_file_are_not_followed(table: Frame, files) -> None:
    h5py = pytest.importorskip("h5py")
    h5(table, "other.h5")
    with h5py.File("d.h5", "w") as file:
        file["x"] = np.zeros(3)
        file["y"] = h5py.ExternalLink("other.h5", "y")
    files.refused("it has no array 'y' but x", "d.h5")


def test_matlab_7_3_and_vectors_in_a_row(table: Frame) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File("d.mat", "w", userblock_size=512) as file:
        file["x"] = table[["x0", "x1"]].to_numpy().T  # MATLAB keeps columns together
        file["y"] = table[["y"]].to_numpy()
        file["x"].attrs["MATLAB_class"] = np.bytes_("double")
    assert read("d.mat").x.shape == (30, 2)
    assert read("d.mat").y.shape == (30, 1)
    savemat("e.mat", {"x": np.arange(5.0), "y": np.arange(5.0), "s": sparse.eye(5, format="csc")})
    assert read("e.mat", "s", "y").x.shape == (5, 5)
    assert read("e.mat").x.shape == (5, 1)


# --- the rest --------------------------------------------------------------------------------------------------------


def test_columns_of_vectors_become_columns(files) -> None:
    pd.DataFrame({"e": [[1.0, 2.0], [3.0, 4.0], None], "y": [1, 2, 3]}).to_parquet("d.parquet")
    pair = read("d.parquet", "e", "y")
    np.testing.assert_array_equal(pair.x, [[1, 2], [3, 4], [np.nan, np.nan]])
    assert pair.x_names == ("e[0]", "e[1]")
    pd.DataFrame({"e": [[1.0, 2.0], [3.0]], "y": [1, 2]}).to_parquet("d.parquet")
    files.refused("'e' holds vectors of 1 to 2 values; they must all have the same length", "d.parquet", "e", "y")
    files.write("d.jsonl", '{"e": [1, 2], "y": 1}\n{"e": [3, 4], "y": 2}\n')
    assert read("d.jsonl", "e", "y").x_names == ("e[0]", "e[1]")


def test_images_are_flattened_and_their_shape_is_kept() -> None:
    images = np.arange(24.0).reshape(4, 2, 3)
    np.savez("d.npz", x=images, y=np.arange(4))
    np.save("x.npy", images)
    np.save("y.npy", np.arange(4))
    for pair in (read("d.npz"), read(["x.npy", "y.npy"])):
        assert (pair.x.shape, pair.x_shape, pair.y_shape) == ((4, 6), (2, 3), None)
        assert "A row of x is an array of 2 by 3, taken as 6 columns." in pair.notes
        np.testing.assert_array_equal(pair.x, images.reshape(4, 6))
    assert read("x.npy", "0:1", "5").x_shape is None


def test_an_index_that_pandas_wrote_is_no_column(table: Frame) -> None:
    table.set_index(np.arange(100, 130)).to_parquet("d.parquet")
    assert read("d.parquet", "*", "y").x_names == ("x0", "x1")


def test_records_and_sparse_matrices_of_numpy() -> None:
    np.save("d.npy", np.array([(1.0, 2), (3.0, 4)], dtype=[("a", float), ("b", int)]))
    assert read("d.npy", "a", "b").x.tolist() == [[1], [3]]
    sparse.save_npz("s.npz", sparse.csr_matrix([[1.0, 0, 2], [0, 3, 0]]))
    assert read("s.npz", "0:1", "2").x.tolist() == [[1, 0], [0, 3]]


def test_bfloat16() -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    data = {"x": torch.tensor([1.5, -2.0, 3.0], dtype=torch.bfloat16), "y": torch.arange(3.0)}
    save_file(data, "d.safetensors")
    torch.save(data, "d.pt")
    for name in ("d.safetensors", "d.pt"):
        pair = read(name)
        assert (pair.x.dtype, pair.x[:, 0].tolist()) == (np.float32, [1.5, -2, 3])


def test_json_of_several_shapes(table: Frame, files) -> None:
    table.to_json("d.json", double_precision=15)  # an object of columns by label
    np.testing.assert_allclose(read("d.json").x, table[["x0", "x1"]])
    table.to_json("d.json", orient="records", double_precision=15)
    np.testing.assert_allclose(read("d.json").x, table[["x0", "x1"]])
    assert read(files.write("d.json", "[[1, 2], [3, 4.5]]")).y.tolist() == [[2], [4.5]]
    assert read(files.write("d.json", '{"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}')).x_names == ("a",)
    files.refused("line 2 is no JSON", files.write("d.jsonl", '{"x": 1, "y": 2}\n{"x": \n'))
    files.refused("nested too deeply", files.write("d.json", "[" * 100_000))
    files.refused("these are no lists: x", files.write("d.json", '{"x": 1}'))


def test_workbooks_of_several_sheets_and_years_as_names(table: Frame) -> None:
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter("d.xlsx") as book:
        table.rename(columns={"x0": 2019, "x1": 2020}).to_excel(book, index=False)
        table.to_excel(book, sheet_name="more")
    pair = read("d.xlsx", "2019", "y")
    np.testing.assert_allclose(pair.x[:, 0], table["x0"])
    assert pair.notes == ("The first sheet is read; there are others (more).",)


def test_a_missing_library_is_one_sentence_with_the_command(files, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, library in {"d.h5": "h5py", "d.xlsx": "openpyxl", "d.csv.zst": "zstandard"}.items():
        files.write(name, "x,y\n1,2\n")
        monkeypatch.setitem(sys.modules, library, None)
        files.refused(f"needs {library}: pip install 'mmg-registry[formats]'", name)


def test_only_chosen_columns_of_an_npy_file_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.arange(40.0).reshape(4, 10)
    np.save("d.npy", array)
    mapped = []
    load = np.load
    monkeypatch.setattr(
        np, "load", lambda *args, **choices: mapped.append(choices["mmap_mode"]) or load(*args, **choices)
    )
    pair = read("d.npy", "3,5", "7")
    assert mapped == ["r"]
    np.testing.assert_array_equal(pair.x, array[:, [3, 5]])
    assert pair.x.flags.writeable
    assert pair.x.base is None or pair.x.base.size <= 3 * 4  # three columns, of the whole file nothing else


LABELLED: dict[str, Callable[[Frame, str], Any]] = {
    "d.csv": lambda frame, name: frame.to_csv(name, index=False),
    "d.csv.gz": lambda frame, name: frame.to_csv(name, index=False),
    "d.parquet": lambda frame, name: frame.to_parquet(name),
    "d.feather": lambda frame, name: frame.to_feather(name),
    "d.xlsx": xlsx,
    "d.json": lambda frame, name: frame.to_json(name, orient="records"),
    "d.jsonl": records,
}


@pytest.mark.parametrize("name", LABELLED)
def test_labels_and_truth_values_are_the_same_from_every_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = Frame({"x": [0.5, 1.5, 2.5], "colour": ["red", None, "blue"], "ok": [True, False, True]})
    LABELLED[name](frame.assign(kind=pd.Categorical(["b", "a", "b"])), name)
    pair = read(name, "x", "colour,ok,kind")
    assert pair.y_labels == (("blue", "red"), ("False", "True"), ("a", "b"))
    np.testing.assert_array_equal(pair.y, [[1, 1, 1], [np.nan, 0, 0], [0, 1, 1]])


@pytest.mark.parametrize("write", [np.savez, None])
def test_labels_of_arrays(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if write is None:
        h5py = pytest.importorskip("h5py")
        with h5py.File("d.h5", "w") as file:
            file["x"], file["y"] = np.arange(3.0), ["b", "a", "b"]
    else:
        write("d.npz", x=np.arange(3.0), y=np.array(["b", "a", "b"]))
    pair = read("d.npz" if write else "d.h5")
    assert (pair.y[:, 0].tolist(), pair.y_labels) == ([1, 0, 1], (("a", "b"),))
