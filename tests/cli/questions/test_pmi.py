"""`mmg pmi`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

DENOISER = """
class Exact:
    schedule = (-12.0, {end})
    def __call__(self, z, logsnr, y):
        a, b = logsnr.sigmoid().sqrt()[:, None], (-logsnr).sigmoid().sqrt()[:, None]
        mean, variance = (0.0, 1.0) if y is None else (0.8 * y, 0.36)
        return b * (z - a * mean) / (a**2 * variance + b**2)

def broken(): ...

class Unmade:
    def __init__(self):
        raise RuntimeError("no weights")
"""


@pytest.fixture
def denoiser() -> str:
    Path("d.py").write_text(DENOISER.format(end=16.0))
    Path("short.py").write_text(DENOISER.format(end=1.0))
    return "d.py:Exact"


@pytest.fixture
def table() -> str:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60)
    frame = pd.DataFrame({"a": x, "b": 0.8 * x + 0.6 * rng.standard_normal(60), "k": np.arange(60)})
    frame.loc[12, "a"] = np.nan
    frame.to_csv("t.csv", index=False)
    return "t.csv"


def test_a_denoiser_of_a_file_gives_the_values_of_rows_with_their_places(mmg: Any, denoiser: str, table: str) -> None:
    how = ["--x", "a", "--y", "b", "--drop-nan", "--where", "k >= 10", "--draws", 256, "--unit", "bits"]
    result = mmg("pmi", denoiser, table, *how, "-o", "v.csv")
    assert result.code == 0, result.err
    assert "executed, with all the rights" in result.err
    assert result.out.splitlines()[-1].split() == ["rows", "49,", "in", "v.csv"]
    found, data = pd.read_csv("v.csv"), pd.read_csv(table)
    assert found["row"].tolist() == [row for row in range(10, 60) if row != 12]
    a, b = data["a"][found["row"]].to_numpy(), data["b"][found["row"]].to_numpy()
    truth = (0.5 * (b**2 - (b - 0.8 * a) ** 2 / 0.36) - 0.5 * np.log(0.36)) / np.log(2)
    assert np.abs(found["pmi"] - truth).max() < 0.6
    assert np.corrcoef(found["pmi"], truth)[0, 1] > 0.98


def test_a_saved_estimator_does_too(mmg: Any, table: str) -> None:
    how = [table, "--x", "a", "--y", "b"]
    assert mmg("estimate", *how, "--drop-nan", "-p", "ksg", "--save", "saved", "-q").code == 0
    result = mmg("pmi", "saved", *how, "--drop-nan", "-o", "v.npz")
    assert (result.code, result.err) == (0, "")
    with np.load("v.npz") as arrays:
        assert arrays["pmi"].shape == (59,)


def test_a_gap_beyond_the_schedule_is_told(mmg: Any, denoiser: str, table: str) -> None:
    result = mmg("pmi", "short.py:Exact", table, "--x", "a", "--y", "b", "--drop-nan", "-o", "v.csv")
    assert "where the schedule ends, the gap is still" in result.err


@pytest.mark.parametrize(
    ("model", "more", "code", "sentence"),
    [
        ("d.py:Nothing", [], 3, "defines no 'Nothing'"),
        ("none.py:Exact", [], 3, "no file none.py"),
        ("d.py:Unmade", [], 3, "cannot be made (RuntimeError: no weights)"),
        ("d.py:broken", ["--drop-nan"], 3, "have a 'schedule'"),
        ("nowhere", ["--drop-nan"], 4, "no folder nowhere"),
        ("d.py:Exact", [], 4, "1 of 60 rows of x hold NaN"),
        ("d.py:Exact", ["-o", "v.txt"], 2, "not written as '.txt'"),
        ("d.py:Exact", ["--draws", "0"], 2, "--draws"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    mmg: Any, denoiser: str, table: str, model: str, more: list[str], code: int, sentence: str
) -> None:
    result = mmg("pmi", model, table, "--x", "a", "--y", "b", "-o", "v.csv", *more)
    assert (result.code, os.path.exists("v.csv")) == (code, False)
    assert sentence in result.err.splitlines()[-1]
