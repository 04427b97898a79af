"""Why plugins differ: for intervals that do not overlap, whose assumption fails and what speaks for that.

Nothing here knows a plugin by its name. A reason is what a plugin declares (that it bounds, that it assumes a form,
that it trains), what was measured of the rows (dependence beyond that form, columns, labels), or what the plugin itself
doubts of its answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from mmg_registry.comparison.diagnosis import Diagnosis
from mmg_registry.comparison.opinions import PluginAnswer

SURE = 0.01  # p-value below which dependence beyond the normal form is taken for found
CROWDED = 6
"""Columns of x and y together beyond which estimates without training are low: neighbours are far in any number of rows
one has. Lower: some that are right are doubted. Higher: some that are low are not."""

LOWER = "{low} is a lower bound, which may lie below the information by any amount: no contradiction to {high}."
UPPER = "{high} is an upper bound, which may lie above the information by any amount: no contradiction to {low}."
NOT_NORMAL = (
    "{low} takes x and y for jointly normal after maps of single columns, and they are not: what is left of y after "
    "linear prediction of its scores still depends on x (p = {p:.2g}). It misses that part, and {high} can see it."
)
SEEMS_NORMAL = (
    "{low} takes x and y for jointly normal after maps of single columns, of which a test finds nothing wrong "
    "(p = {p:.2g}); look at what {high} doubts."
)
UNTESTED = (
    "{low} takes x and y for jointly normal after maps of single columns, which could not be tested here: it misses "
    "what is not of that form."
)
TOO_HIGH = (
    "{high} takes x and y for jointly normal after maps of single columns, and they are not (p = {p:.2g}): what it "
    "says may be too high as well as too low."
)
DOUBTS = "{low} doubts itself: {doubt}"
FAR = "{low} trains nothing and compares rows in {columns} columns, where neighbours are far: it is low there."
LEARNED = (
    "{low} is trained on {rows} rows and misses what it has not learned from them; {high} saw more in the same rows. "
    "Give it more time or rows."
)
NOBODY = (
    "No assumption that {low} or {high} declares is seen to fail; ask again with another --seed, with more rows or "
    "with more time."
)
AGREED = "All intervals overlap: nothing speaks for a plugin whose assumptions fail."
ONE = "Only one plugin gave an interval, so that there is nothing to compare it with."


def differences(opinions: Sequence[PluginAnswer], known: Diagnosis) -> list[str]:
    """Return a sentence for each plugin that surely says less than others, and why; empty where all agree.

    Example:
        >>> from mmg_registry.quantity import Quantity
        >>> less = PluginAnswer("a", Quantity("MI", "I", 0.1, low=0.0, high=0.2), "estimated", form="normal")
        >>> more = PluginAnswer("b", Quantity("MI", "I", 0.9, low=0.8, high=1.0), "estimated")
        >>> print(differences([less, more], Diagnosis(100, 2, 0, 0.001, ""))[0][:72])
        'a' [0.000, 0.200] is below 'b' [0.800, 1.000] (nats): 'a' takes x and y
    """
    found = []
    for low in opinions:
        above = [high for high in opinions if _below(low, high)]
        found += [_sentence(low, above, reason) for reason, above in _grouped(low, above, known)]
    return found


def agreement(opinions: Sequence[PluginAnswer], known: Diagnosis) -> str:
    """Return what is to be said where no intervals differ."""
    if known.verdict:
        return known.verdict
    return AGREED if sum(each.interval is not None for each in opinions) > 1 else ONE


def inapplicable(opinions: Iterable[PluginAnswer]) -> list[str]:
    """Return a sentence for each plugin that gave no value."""
    words = {"refused": "does not apply here", "failed": "failed"}
    return [f"'{each.plugin}' {words[each.status]}: {each.reason}" for each in opinions if each.found is None]


def _below(low: PluginAnswer, high: PluginAnswer) -> bool:
    one, other = low.interval, high.interval
    return one is not None and other is not None and one[1] < other[0]


def _grouped(
    low: PluginAnswer, above: Sequence[PluginAnswer], known: Diagnosis
) -> list[tuple[str, list[PluginAnswer]]]:
    """Return the reasons why a plugin is below others, each with the ones that it is for."""
    groups: dict[str, list[PluginAnswer]] = {}
    for high in above:
        groups.setdefault(_reason(low, high, known), []).append(high)
    return list(groups.items())


def _reason(low: PluginAnswer, high: PluginAnswer, known: Diagnosis) -> str:
    """Return why `low` is below `high`, as a sentence to be filled with their names: the surest reason first."""
    if low.bound == "lower":
        return LOWER
    if high.bound == "upper":
        return UPPER
    if low.form == "normal":
        return _of_form(known.beyond)
    if high.form == "normal" and known.beyond is not None and known.beyond <= SURE:
        return TOO_HIGH.replace("{p:.2g}", f"{known.beyond:.2g}")
    return _of_learning(low, known)


def _of_form(beyond: float | None) -> str:
    if beyond is None:
        return UNTESTED
    return (NOT_NORMAL if beyond <= SURE else SEEMS_NORMAL).replace("{p:.2g}", f"{beyond:.2g}")


def _of_learning(low: PluginAnswer, known: Diagnosis) -> str:
    if low.doubts:
        return DOUBTS.replace("{doubt}", low.doubts[0].replace("{", "(").replace("}", ")"))
    if not low.trains and known.columns > CROWDED:
        return FAR.replace("{columns}", str(known.columns))
    rows = low.found.provenance.get("n_train") if low.found else None
    return LEARNED.replace("{rows}", str(rows)) if low.trains else NOBODY


def _sentence(low: PluginAnswer, above: Sequence[PluginAnswer], reason: str) -> str:
    names = " and ".join(f"'{high.plugin}'" for high in above)
    ends = " and ".join(f"'{high.plugin}' {_ends(high)}" for high in above)
    return f"'{low.plugin}' {_ends(low)} is below {ends} (nats): {reason.format(low=repr(low.plugin), high=names)}"


def _ends(opinion: PluginAnswer) -> str:
    low, high = opinion.interval or (math.nan, math.nan)
    return f"[{low:.3f}, {high:.3f}]"
