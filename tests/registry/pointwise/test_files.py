"""Pointwise values as files of three formats."""

from __future__ import annotations

import io
from importlib import util

import numpy as np
import pandas as pd
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.pointwise.files import pointwise_content, pointwise_ending
from mmg_registry.results import Pointwise

FOUND = Pointwise(
    np.array([0.7, -0.2]), np.array([0.03, 0.03]), np.array([0.04, 0.0]), np.array([4, 9]), np.array([1, 0])
)


def frame(suffix: str, unit: str) -> pd.DataFrame:
    content = io.BytesIO(pointwise_content(FOUND, suffix, unit))  # type: ignore[arg-type]
    if suffix == ".npz":
        with np.load(content) as arrays:
            return pd.DataFrame({name: arrays[name] for name in arrays.files})
    return pd.read_csv(content) if suffix == ".csv" else pd.read_parquet(content)


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet"])
def test_every_format_holds_the_same(suffix: str) -> None:
    nats, bits = frame(suffix, "nats"), frame(suffix, "bits")
    assert nats["row"].tolist() == [4, 9]
    assert nats["fold"].tolist() == [1, 0]
    np.testing.assert_allclose(nats["std_error"], [0.05, 0.03])
    np.testing.assert_allclose(bits["pmi"] * np.log(2), nats["pmi"])
    np.testing.assert_allclose(bits["noise"] * np.log(2), nats["noise"])
    assert set(bits["unit"]) == {"bits"}


def test_other_endings_and_a_missing_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"not written as '\.txt', the end of 'a\.txt'"):
        pointwise_ending("a.txt")
    monkeypatch.setattr("mmg_registry.exports.find_spec", lambda name: None)
    assert util.find_spec("pyarrow") is not None
    with pytest.raises(OptionError, match="needs pyarrow"):
        pointwise_ending("a.parquet")
