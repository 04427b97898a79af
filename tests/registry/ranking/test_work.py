"""Features as works: the same rows as in this process, kept, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmg_registry.engines.folder import WorkFolder
from mmg_registry.errors import OptionError
from mmg_registry.ranking.answer import Ranking, RankOptions
from mmg_registry.ranking.rows import read_features
from mmg_registry.ranking.work import TableSource, ranked_on
from mmg_registry.request import Request

T, E = np.random.default_rng(0).standard_normal((2, 200))
ENGINE = "joblib:threading"  # works of this process: nothing is loaded again
REQUEST = Request(plugin="gaussian", seed=0, threads=1)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    frame = pd.DataFrame({"a": T + E, "copy": 2 * T, "text": [f"row {i}" for i in range(200)], "t": T})
    frame.to_csv(path, index=False)
    return path


def test_workers_make_the_same_rows_and_are_not_asked_twice(table: Path, tmp_path: Path) -> None:
    ranking = Ranking.of(read_features(str(table), "t", None, None), REQUEST, RankOptions(top=2))
    source, here = TableSource((str(table),), "t"), ranking.table()
    found = ranked_on(ranking, source, WorkFolder(tmp_path / "out", ENGINE))
    assert found.rows == here.rows
    shards = {path: path.stat().st_size for path in (tmp_path / "out").rglob("*.jsonl")}
    again = ranked_on(ranking, source, WorkFolder(tmp_path / "out", ENGINE, resume=True))
    assert again.rows == found.rows
    assert {path: path.stat().st_size for path in (tmp_path / "out").rglob("*.jsonl")} == shards
    with pytest.raises(OptionError, match="holds results already"):
        ranked_on(ranking, source, WorkFolder(tmp_path / "out", ENGINE))


def test_a_table_that_was_written_again_is_another(tmp_path: Path) -> None:
    path, place = tmp_path / "table.npy", WorkFolder(tmp_path / "out", ENGINE)
    found = []
    for other in (T + E, E):
        np.save(path, np.stack([other, T], axis=1))
        ranking = Ranking.of(read_features(str(path), "1", None, None), REQUEST, RankOptions())
        found.append(ranked_on(ranking, TableSource((str(path),), "1"), replace(place, resume=bool(found))).rows[0])
    assert [row["mi"] > 0.1 for row in found] == [True, False]
