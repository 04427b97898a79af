"""The table of pairs: its columns, and the order of its rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.ranking.values import FeatureValue
from mmg_registry.tables import AnswerCell, AnswerColumn, AnswerTable

PAIR_COLUMNS = (
    AnswerColumn("rank", "place in the order"),
    AnswerColumn("i", "place of the first column, from 0"),
    AnswerColumn("j", "place of the second column"),
    AnswerColumn("x", "name of the first column"),
    AnswerColumn("y", "name of the second column"),
    AnswerColumn("mi", "I(x; y); None where it was not estimated", True),
    AnswerColumn("std_error", "its standard error", True),
    AnswerColumn("low", "lower end of the interval", True),
    AnswerColumn("high", "upper end of the interval", True),
    AnswerColumn("normalised", "the information between 0 and 1, by --normalise"),
    AnswerColumn("score", "contingency coefficient of the screen, between 0 and 1; an order, and no information"),
    AnswerColumn("p", "of the test that both columns are independent"),
    AnswerColumn("q", "share of false discoveries among all pairs whose q is not larger"),
    AnswerColumn(
        "status", "estimated, exact, infinite; screened: no value was asked for; refused or failed: see reason"
    ),
    AnswerColumn("reason", "why there is no value, or what is to be doubted"),
)
MOST_IN_MATRIX = 2_000  # columns, those of the first pairs: more make a file of 32 MB, and no picture
MEASURED = ("mi", "std_error", "low", "high", "status", "reason")


def measured(value: FeatureValue | None) -> dict[str, AnswerCell]:
    """Return the cells that an estimate fills, in nats; of none that was asked for, that it was screened alone."""
    if value is None:
        return {**dict.fromkeys(MEASURED), "status": "screened", "reason": ""}
    cells: dict[str, AnswerCell] = {**dict.fromkeys(MEASURED), "status": value.status, "reason": value.reason}
    if value.found is not None:
        found = value.found
        cells |= {"mi": found.value, "std_error": found.std_error, "low": found.low, "high": found.high}
    return cells


def with_infinity(cells: Mapping[str, Any]) -> dict[str, AnswerCell]:
    """Return the cells of an estimate as JSON held them, which knows no infinity."""
    return {**cells, "mi": math.inf} if cells["status"] == "infinite" else dict(cells)


def pairs_in_order(rows: list[dict[str, AnswerCell]]) -> tuple[dict[str, AnswerCell], ...]:
    """Return rows with their rank: what is infinite, then what surely shares most, then by p-value and score."""
    return tuple({**row, "rank": i} for i, row in enumerate(sorted(rows, key=_order), 1))


def _order(row: dict[str, AnswerCell]) -> tuple[bool, float, float, float]:
    low, p, score = (row[name] for name in ("low", "p", "score"))
    first = row["status"] != "infinite"
    return first, -float(low or 0.0), float(1.0 if p is None else p), -float(score or 0.0)


def matrix_of(found: AnswerTable) -> tuple[list[str], F64]:
    """Return the names of columns and the score of each pair of them `(d, d)`, 1 on the diagonal.

    The pairs are those of the table, of the columns that come first in it; a pair that it leaves out has the score 0.
    A copy, which the table pairs with its first alone, without a test, has the scores of that.
    """
    places: dict[int, int] = {}
    names: list[str] = []
    for row in found.rows:
        for place, name in ((row["i"], row["x"]), (row["j"], row["y"])):
            if int(place or 0) not in places and len(names) < MOST_IN_MATRIX:
                places[int(place or 0)] = len(names)
                names.append(str(name))
    scores = np.eye(len(names))
    for row in found.rows:
        i, j = places.get(int(row["i"] or 0)), places.get(int(row["j"] or 0))
        if i is not None and j is not None:
            scores[i, j] = scores[j, i] = float(row["score"] or 0.0)
    firsts = list(range(len(names)))
    for row in (row for row in found.rows if row["p"] is None):
        i, j = places.get(int(row["i"] or 0)), places.get(int(row["j"] or 0))
        if i is not None and j is not None:
            firsts[j] = i
    return names, scores[np.ix_(firsts, firsts)]


def matrix_table(names: list[str], scores: F64) -> AnswerTable:
    """Return the matrix as a table: a column for each name, which are told apart where two are alike."""
    apart = [name if names.count(name) == 1 else f"{name} ({k})" for k, name in enumerate(names)]
    columns = (
        AnswerColumn("column", "name of the row's column"),
        *(AnswerColumn(name, "score with it") for name in apart),
    )
    rows = (
        {"column": name, **dict(zip(apart, own.tolist(), strict=True))} for name, own in zip(apart, scores, strict=True)
    )
    return AnswerTable("matrix", columns, tuple(rows))
