"""The table of pairs: its columns, and the order of its rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmg_registry.ranking.values import FeatureValue
from mmg_registry.tables import Cell, Column

COLUMNS = (
    Column("rank", "place in the order"),
    Column("i", "place of the first column, from 0"),
    Column("j", "place of the second column"),
    Column("x", "name of the first column"),
    Column("y", "name of the second column"),
    Column("mi", "I(x; y); None where it was not estimated", True),
    Column("std_error", "its standard error", True),
    Column("low", "lower end of the interval", True),
    Column("high", "upper end of the interval", True),
    Column("normalised", "the information between 0 and 1, by --normalise"),
    Column("score", "contingency coefficient of the screen, between 0 and 1; an order, and no information"),
    Column("p", "of the test that both columns are independent"),
    Column("q", "share of false discoveries among all pairs whose q is not larger"),
    Column("status", "estimated, exact, infinite; screened: no value was asked for; refused or failed: see reason"),
    Column("reason", "why there is no value, or what is to be doubted"),
)
MEASURED = ("mi", "std_error", "low", "high", "status", "reason")


def measured(value: FeatureValue | None) -> dict[str, Cell]:
    """Return the cells that an estimate fills, in nats; of none that was asked for, that it was screened alone."""
    if value is None:
        return {**dict.fromkeys(MEASURED), "status": "screened", "reason": ""}
    cells: dict[str, Cell] = {**dict.fromkeys(MEASURED), "status": value.status, "reason": value.reason}
    if value.found is not None:
        found = value.found
        cells |= {"mi": found.value, "std_error": found.std_error, "low": found.low, "high": found.high}
    return cells


def with_infinity(cells: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the cells of an estimate as JSON held them, which knows no infinity."""
    return {**cells, "mi": math.inf} if cells["status"] == "infinite" else dict(cells)


def ordered(rows: list[dict[str, Cell]]) -> tuple[dict[str, Cell], ...]:
    """Return rows with their rank: what is infinite, then what surely shares most, then by p-value and score."""
    return tuple({**row, "rank": i} for i, row in enumerate(sorted(rows, key=_order), 1))


def _order(row: dict[str, Cell]) -> tuple[bool, float, float, float]:
    low, p, score = (row[name] for name in ("low", "p", "score"))
    first = row["status"] != "infinite"
    return first, -float(low or 0.0), float(1.0 if p is None else p), -float(score or 0.0)
