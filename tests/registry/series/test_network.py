"""Every column to every other: links, their lags and q, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from series import driven

import mmg_registry as mmg
from mmg_registry.errors import DataError

A, B = driven(1_000, np.random.default_rng(0))
TABLE = pd.DataFrame({"a": A, "b": B, "c": np.random.default_rng(5).standard_normal(1_000)})


def test_the_link_and_its_lag_are_found_and_no_other() -> None:
    found = mmg.network(TABLE, lags="1:5", shifts=199, seed=0)
    links = {(part.diagnostics["source"], part.diagnostics["target"]): part for part in found.parts}
    assert len(links) == 6
    assert [pair for pair, part in links.items() if part.diagnostics["q"] <= 0.05] == [("a", "b")]
    assert links["a", "b"].diagnostics["lag"] == 3
    assert (found.symbol, found.value) == (links["a", "b"].symbol, links["a", "b"].value)
    assert len(links["a", "b"].parts) == 5


def test_a_link_is_what_transfer_screens() -> None:
    (link,) = mmg.network(TABLE, source="a", target="b", lags="1:5", shifts=99, seed=0).parts
    alone = mmg.transfer(TABLE, source="a", target="b", lags="1:5", shifts=99, seed=0)
    assert [part.value for part in link.parts] == [part.value for part in alone.parts]
    assert link.p_value == alone.p_value


def test_one_column_alone_is_no_network() -> None:
    with pytest.raises(DataError, match="two different columns"):
        mmg.network(TABLE, source="a", target="a")
