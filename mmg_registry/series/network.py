"""Transfer entropy from every column to every other: one screen over lags for each ordered pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import false_discovery_control

from mmg_registry.contracts import Progress
from mmg_registry.errors import DataError, demand
from mmg_registry.quantity import Quantity
from mmg_registry.series.asking import NO_LAG, SeriesQuestion, ask_screen
from mmg_registry.series.problem import Functions
from mmg_registry.series.recording import Channels, Recording

NETWORK = "strongest link"


def ask_network(recording: Recording, question: SeriesQuestion) -> Quantity:
    """Return the strongest link from a column of "x" to one of "y", with a part for each link, and those of its lags.

    The diagnostics of a part are the names of source and target, the lag that tells most, and q: the share of false
    links among those with as small a p-value (Benjamini and Hochberg, J. R. Statist. Soc. B 1995).

    Raises:
        DataError: for fewer than one pair of different columns, or data that do not allow an answer.
    """
    pairs = [(x, y) for x in single(recording.side("x")) for y in single(recording.side("y")) if x != y]
    demand(pairs, "A network needs two different columns at least; give more to --source or --target.", DataError)
    channels = {**single(recording.side("x")), **single(recording.side("y"))}
    functions: Functions = {}
    links = []
    for place, (x, y) in enumerate(pairs):
        found = ask_screen(recording.between(channels[x], channels[y]), question, functions)
        links.append(replace(found, diagnostics={"source": x, "target": y, **found.diagnostics}))
        if question.request.progress is not None:
            question.request.progress(Progress((place + 1) / len(pairs), f"link {place + 1} of {len(pairs)}"))
    return _strongest(links)


def single(side: Channels) -> Mapping[str, Channels]:
    """Return the columns of a side as sides of their own, by name."""
    labels = side.labels or ((),) * len(side.names)
    return {name: Channels(side.values[:, [j]], (name,), (labels[j],)) for j, name in enumerate(side.names)}


def _strongest(links: list[Quantity]) -> Quantity:
    q = false_discovery_control([1.0 if each.p_value is None else each.p_value for each in links])
    parts = tuple(
        replace(each, diagnostics={**each.diagnostics, "q": float(own)}, warnings=[], provenance={})
        for each, own in zip(links, q, strict=True)
    )
    best = int(np.argmax([each.value for each in links]))
    told = list(dict.fromkeys(sentence for each in links for sentence in each.warnings if not _of_one(sentence)))
    seconds = {"total": sum(each.provenance["seconds"]["total"] for each in links)}
    about = {**links[best].provenance, "seconds": seconds}
    return replace(parts[best], name=NETWORK, parts=parts, warnings=told, provenance=about)


def _of_one(sentence: str) -> bool:
    """Whether a warning is of one link that is not there, which the p-values of the parts tell."""
    return sentence.startswith(NO_LAG.partition("(")[0])
