"""The table of features: its columns, the order of its rows, and what of it may be found by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.stats import false_discovery_control

from mmg_registry.ranking.look import FeatureLook
from mmg_registry.ranking.values import FeatureValue
from mmg_registry.tables import AnswerCell, AnswerColumn

Fdr = Literal["independent", "dependent"]
METHODS: dict[str, Literal["bh", "by"]] = {"independent": "bh", "dependent": "by"}

FEATURE_COLUMNS = (
    AnswerColumn("rank", "place in the order"),
    AnswerColumn("feature", "name of the column"),
    AnswerColumn("mi", "I(feature; target), given what is given; None where it was not estimated", True),
    AnswerColumn("std_error", "its standard error", True),
    AnswerColumn("low", "lower end of the interval, by the plugin or by classes, whichever is higher", True),
    AnswerColumn("high", "upper end of the interval; None where only the lower end is known", True),
    AnswerColumn("p", "of the test that feature and target are independent, given what is given"),
    AnswerColumn("q", "share of false discoveries among all features whose q is not larger"),
    AnswerColumn("kind", "what the column is"),
    AnswerColumn("rows", "rows that have a value of it and of the target"),
    AnswerColumn("missing", "rows that have no value of it"),
    AnswerColumn("at_least", "lower end of the information of both columns cut into classes, from all rows", True),
    AnswerColumn("status", "estimated, exact, infinite; tested: no value was asked for; refused or failed: see reason"),
    AnswerColumn("reason", "why there is no value, or what is to be doubted"),
)


TOO_LOW = (
    "The plugin estimates {value:.3g} nats, less than the {sure:.3g} that classes prove: too low for these columns, so "
    "that this lower end stands in its place, without an upper end."
)


def feature_row_of(look: FeatureLook, value: FeatureValue | None, name: str, missing: int) -> dict[str, AnswerCell]:
    """Return the row of a feature, in nats, without its rank and without q."""
    kind = look.kind.name if look.kind else None
    p = None if math.isnan(look.p) else look.p
    head: dict[str, AnswerCell] = {"rank": None, "feature": name, "p": p, "q": None, "kind": kind}
    sizes: dict[str, AnswerCell] = {"rows": look.rows, "missing": missing, "at_least": look.at_least}
    return {**head, **sizes, **_measured(look, value)}


def _measured(look: FeatureLook, value: FeatureValue | None) -> dict[str, AnswerCell]:
    """Return the value with its interval, whose lower end is what classes prove where that is more.

    An estimate below what they prove is too low, and so may its upper end be, which is then not known.
    """
    sure = look.at_least
    if value is None or value.found is None:
        status, reason = (value.status, value.reason) if value else ("failed" if look.reason else "tested", look.reason)
        return {"mi": None, "std_error": None, "low": sure, "high": None, "status": status, "reason": reason}
    found = value.found
    told: dict[str, AnswerCell] = {"std_error": found.std_error, "status": value.status, "reason": value.reason}
    if found.low is None or found.high is None:
        return {"mi": found.value, "low": sure, "high": None, **told}
    if sure is not None and found.value < sure:
        reason = " ".join(filter(None, [value.reason, TOO_LOW.format(value=found.value, sure=sure)]))
        return {"mi": sure, "low": sure, "high": None, **told, "reason": reason}
    low = max(found.low, sure or 0.0)
    return {"mi": found.value, "low": low, "high": max(found.high, low), **told}


def ranked_rows(rows: Sequence[dict[str, AnswerCell]], fdr: Fdr) -> list[dict[str, AnswerCell]]:
    """Return rows with their rank and q: first what is infinite, then by what is sure, then by p-value and value;
    last those of which nothing is known.

    Args:
        rows: of all features, in any order.
        fdr: "independent" for Benjamini and Hochberg (J. R. Statist. Soc. B 1995), which holds for features that are
            independent or rise together; "dependent" for Benjamini and Yekutieli (Ann. Statist. 2001), for any.
    """
    known = [row for row in rows if row["p"] is not None]
    discoveries = false_discoveries([float(row["p"] or 0.0) for row in known], fdr)
    q = {row["feature"]: value for row, value in zip(known, discoveries, strict=True)}
    best = sorted(rows, key=_order)
    return [{**row, "rank": i, "q": q.get(row["feature"])} for i, row in enumerate(best, 1)]


def false_discoveries(p: Sequence[float], fdr: Fdr) -> list[float]:
    """Return the q-value of each of the p-values.

    Example:
        >>> false_discoveries([0.01, 0.04, 0.5], "independent")
        [0.03, 0.06, 0.5]
    """
    if not p:
        return []
    return [float(q) for q in false_discovery_control(np.asarray(p), method=METHODS[fdr])]


def _order(row: dict[str, AnswerCell]) -> tuple[bool, bool, float, float, float]:
    low, mi, p = (row[name] for name in ("low", "mi", "p"))
    first = row["status"] != "infinite"
    unknown = p is None and mi is None
    return unknown, first, -float(low or 0.0), float(1.0 if p is None else p), -float(mi or 0.0)
