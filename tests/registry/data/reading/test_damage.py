"""Damaged files end in one sentence: 300 of each format, cut short or with flipped bits; and headers that mislead."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.reading import read
from mmg_registry.errors import DataError, MMGError

RNG = np.random.default_rng(1)
TABLE = pd.DataFrame(RNG.normal(size=(12, 2)), columns=["x", "y"])
DAMAGED = 300  # files of each format


def text() -> bytes:
    return TABLE.to_csv(index=False).encode()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, TABLE.to_numpy())
    return buffer.getvalue()


def npz(save: Callable[..., Any] = np.savez) -> bytes:
    buffer = io.BytesIO()
    save(buffer, x=TABLE["x"], y=TABLE["y"])
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d.csv", text())
    return buffer.getvalue()


def mat() -> bytes:
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"x": TABLE["x"].to_numpy(), "y": TABLE["y"].to_numpy()}, do_compression=True)
    return buffer.getvalue()


def h5() -> bytes:
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["x"], file["y"] = TABLE["x"], TABLE["y"]
    return buffer.getvalue()


def pt() -> bytes:
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"x": torch.tensor(TABLE["x"].to_numpy()), "y": torch.tensor(TABLE["y"].to_numpy())}, buffer)
    return buffer.getvalue()


def safe() -> bytes:
    from safetensors.numpy import save

    return save({"x": TABLE["x"].to_numpy(), "y": TABLE["y"].to_numpy()})


def by_pandas(write: Callable[[pd.DataFrame, Any], Any]) -> Callable[[], bytes]:
    def make() -> bytes:
        buffer = io.BytesIO()
        write(TABLE, buffer)
        return buffer.getvalue()

    return make


def zst() -> bytes:
    return pytest.importorskip("zstandard").ZstdCompressor().compress(text())


FORMATS: dict[str, Callable[[], bytes]] = {
    "d.csv": text,
    "d.txt": lambda: text().replace(b",", b" "),
    "d.csv.gz": lambda: gzip.compress(text()),
    "d.csv.zst": zst,
    "d.zip": zipped,
    "d.npy": npy,
    "d.npz": npz,
    "z.npz": lambda: npz(np.savez_compressed),
    "d.parquet": by_pandas(lambda frame, file: frame.to_parquet(file)),
    "d.feather": by_pandas(lambda frame, file: frame.to_feather(file)),
    "d.xlsx": by_pandas(lambda frame, file: frame.to_excel(file, index=False)),
    "d.jsonl": lambda: TABLE.to_json(orient="records", lines=True).encode(),
    "d.json": lambda: TABLE.to_json().encode(),
    "d.mat": mat,
    "d.h5": h5,
    "d.pt": pt,
    "d.safetensors": safe,
}


def damaged(whole: bytes, seed: int) -> Iterator[bytes]:
    """Yield a third cut short, a third with one to four bits flipped, a third with a few bytes replaced."""
    random = np.random.default_rng(seed)
    for turn in range(DAMAGED):
        content = bytearray(whole)
        if turn % 3 == 0:
            yield bytes(content[: random.integers(0, len(content))])
            continue
        for _ in range(random.integers(1, 5)):
            place = random.integers(0, len(content))
            content[place] = content[place] ^ (1 << random.integers(0, 8)) if turn % 3 == 1 else random.integers(0, 256)
        yield bytes(content)


def refusal(name: str) -> str | None:
    """The sentence that refuses a file, or None for one that is read; any other error is the test's failure."""
    try:
        read(name)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_or_read(name: str) -> None:
    whole, sentences = FORMATS[name](), []
    Path(name).write_bytes(whole)
    assert read(name).x.shape == (12, 1)
    for content in damaged(whole, seed=len(name)):
        Path(name).write_bytes(content)
        sentences.append(refusal(name))
    refused = [sentence for sentence in sentences if sentence is not None]
    assert len(refused) > DAMAGED / 5
    assert [sentence for sentence in refused if not (sentence.isprintable() and sentence.endswith("."))] == []


# --- headers that mislead -----------------------------------------------------------------------------------------


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    padded = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(padded)) + padded + bytes(160)


@pytest.mark.parametrize(
    "text",
    [
        "((((" * 50,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1e3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000000000)}",
        "{'descr': [('a', '<f8'), 'b'], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f8'}",
        "__import__('os').mkdir('sprung')",
    ],
)
def test_headers_of_npy_and_npz(files, text: str) -> None:
    Path("d.npy").write_bytes(header(text))
    files.refused("d.npy cannot be", "d.npy")
    with zipfile.ZipFile("d.npz", "w") as archive:
        archive.writestr("x.npy", header(text))
        archive.writestr("y.npy", header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}"))
    files.refused("d.npz cannot be", "d.npz")
    assert not Path("sprung").exists()


@pytest.mark.parametrize(("place", "value"), [(4, 99), (6, 1), (8, 77)], ids=["version", "encryption", "method"])
def test_directories_of_zip(files, place: int, value: int) -> None:
    whole = bytearray(npz())
    central = whole.find(b"PK\x01\x02")
    whole[place] = value
    whole[central + place + 2] = value
    Path("d.npz").write_bytes(whole)
    files.refused("d.npz cannot be", "d.npz")


class Trap:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("sprung"),))


@pytest.mark.parametrize("name", ["d.npy", "d.npz", "d.pt", "d.pkl", "d.joblib", "d.pickle"])
def test_pickles_are_never_loaded(files, name: str) -> None:
    Path(name).write_bytes(pickle.dumps(Trap()))
    files.refused("is never loaded because it could run code", name)
    assert not Path("sprung").exists()


def test_what_a_file_holds_does_not_reach_the_terminal(files) -> None:
    files.refuses(r"but '\x1b[2J' in line 2", "x,y\n1,\x1b[2J\n2,3\n3,4\n")
    files.refuses(r"it has \x1b[31mred, y", "\x1b[31mred,y\n1,2\n", "no", "y")
    assert str(MMGError("a\nb\x9b")) == r"a\nb\x9b"
