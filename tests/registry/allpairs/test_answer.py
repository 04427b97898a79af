"""`mmg.pairs`, from a table of all kinds of columns to a row for each pair."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.allpairs.answer import AllPairs, PairsOptions
from mmg_registry.allpairs.columns import read_paired_columns
from mmg_registry.allpairs.work import paired_on
from mmg_registry.data import Pair
from mmg_registry.engines.folder import WorkFolder
from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.estimation.run import Outcome, run
from mmg_registry.ranking import values
from mmg_registry.request import Request


def people(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x, e, u = rng.standard_normal((3, n))
    return pd.DataFrame({
        "u": u, "x": x, "bent": x**2 + 0.1 * e, "again": x, "site": np.where(x > 0, "A", "B"), "flat": 1.0,
        "grade": np.where(x + 0.5 * e > 0, "high", "low"), "name": [f"person {k}" for k in range(n)],
    })  # fmt: skip


def asked(table: pd.DataFrame, **choices: object) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mmg.pairs(table, seed=0, **{"plugin": "ksg", **choices})


def test_kinds_are_mixed_and_what_cannot_be_paired_is_said_once() -> None:
    found = asked(people(), top=2)
    rows = {(row.x, row.y): row for row in found.itertuples()}
    assert rows["x", "again"].status == "infinite"
    assert np.isinf(rows["x", "again"].mi)
    assert rows["x", "bent"].status == "estimated"
    assert rows["x", "bent"].low > 0.5
    assert (found["status"] == "screened").sum() == len(found) - 3
    told = found.attrs["mmg"]["warnings"]
    assert [sum(word in each for each in told) for word in ("'again' repeats 'x'", "'flat'", "'name'")] == [1, 1, 1]
    assert not ({"flat", "name"} & {*found["x"], *found["y"]})
    assert found.attrs["mmg"]["provenance"]["estimates"] == "one by one"


def test_a_value_is_that_of_a_single_estimate() -> None:
    table = people()[["x", "bent", "u"]]
    row = asked(table, top=1).iloc[0]
    assert row["mi"] == mmg.estimate(table, x="x", y="bent", plugin="ksg", seed=0).mi
    assert row["normalised"] == pytest.approx(np.sqrt(1 - np.exp(-2 * row["mi"])))


def test_labels_are_measured_by_their_entropy_too() -> None:
    found = asked(people()[["site", "grade", "x"]], top=3, normalise="entropy")
    of_labels = found[(found["x"] == "site") & (found["y"] == "grade")].iloc[0]
    assert 0 < of_labels["normalised"] < 1
    assert found[(found["x"] == "x") | (found["y"] == "x")]["normalised"].isna().all()


def test_a_failure_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(pair: Pair, request: Request) -> Outcome:
        if "site" in pair.y_names:
            raise MMGError("The estimator gave up.")
        return run(pair, request)

    monkeypatch.setattr(values, "run", fails)
    found = asked(people()[["x", "bent", "site"]], top=3)
    failed = found[found["y"] == "site"]
    assert set(failed["status"]) == {"failed"}
    assert set(failed["reason"]) == {"The estimator gave up."}
    assert failed["mi"].isna().all()
    assert found["mi"].notna().sum() == 1


def test_missing_cells_are_refused_unless_rows_may_go() -> None:
    table = people()[["x", "bent"]].copy()
    table.loc[3, "bent"] = np.nan
    with pytest.raises(DataError, match=r"'bent'.*--drop-nan"):
        asked(table)
    assert "1 of 200 rows" in " ".join(asked(table, top=1, drop_nan=True).attrs["mmg"]["warnings"])


@pytest.mark.parametrize("choice", [{"top": -1}, {"edges": 0}, {"alpha": 1.0}, {"normalise": "cor"}, {"fdr": "bh"}])
def test_what_cannot_be_meant_is_refused(choice: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=str(next(iter(choice.values())))):
        asked(people(), **choice)


def test_workers_say_the_same_and_are_not_asked_again(tmp_path: Path) -> None:
    pair = read_paired_columns(people()[["x", "bent", "site", "again"]], None)
    question = AllPairs.of(pair, Request(plugin="ksg", seed=0, threads=1), PairsOptions(top=2))
    here, there = question.table(), paired_on(question, WorkFolder(tmp_path))
    assert there.rows == here.rows
    lines = sum(len(path.read_text().splitlines()) for path in (tmp_path / "shards").glob("*.jsonl"))
    assert paired_on(question, WorkFolder(tmp_path, resume=True)).rows == here.rows
    assert sum(len(path.read_text().splitlines()) for path in (tmp_path / "shards").glob("*.jsonl")) == lines
