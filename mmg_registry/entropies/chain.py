"""The entropy of columns of all kinds, by the chain rule: labels and atoms are counted, what is continuous is fitted.

With S the labels of a row (its discrete values, and which atom each mixed column sits on, or none) and C its continuous
columns, those of mixed ones off their atoms included,

    h(X) = H(S) + sum over w of P(w) [h(C_w | w) - I(C_w; S_w | w)]

where w says which mixed columns are off their atoms, so that C_w are the same columns in all rows of w, and S_w are the
labels that still vary there. It is the entropy relative to counting labels and measuring lengths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data import Pair
from mmg_registry.entropies.counts import UNSEEN, codes_of, counted_entropy
from mmg_registry.entropies.differential import MakeEntropy, Mean, entropy_of
from mmg_registry.entropies.sample import ColumnSample
from mmg_registry.errors import DataError, demand
from mmg_registry.estimation.run import run
from mmg_registry.kinds import Kind
from mmg_registry.request import Request

DISCRETE = ("category", "count")
LABELS = -1
RARE = "Labels that no row shows may have {share:.0%} of the law; the entropy of labels is itself uncertain."
FEW = "Only {rows} of {n} rows have {names} off their atoms, too few to estimate an entropy; leave a column out."


@dataclass(frozen=True)
class EntropyTerm:
    """One term of the chain, in nats.

    Attributes:
        name, symbol: what it is, in words and in signs.
        mean: the term by itself.
        share: what it counts by in the whole: that of the rows of its stretch, below 0 where it is taken off.
        stretch: the place of its stretch; `LABELS` for the labels of all rows.
    """

    name: str
    symbol: str
    mean: Mean
    share: float = 1.0
    stretch: int = LABELS


@dataclass(frozen=True)
class Stretch:
    """Rows in which the same columns are continuous.

    Attributes:
        rows: their places.
        columns: places of the continuous columns, those of mixed ones off their atoms included.
    """

    rows: Index
    columns: list[int]


@dataclass(frozen=True)
class Layers:
    """The labels of all rows, and the stretches in which the same columns are continuous.

    Attributes:
        labels: `(n, k)` discrete values, and the atom of each mixed column, or -1.
        names: `(k,)` of the columns of labels.
        stretches: that cover all rows.
    """

    labels: Array
    names: tuple[str, ...]
    stretches: tuple[Stretch, ...]


def layers_of(x: Array, kinds: Sequence[Kind], names: Sequence[str]) -> Layers:
    """Split columns `x` `(n, dim)` into labels and what is continuous.

    Example:
        >>> x = np.array([[0.0], [1.5], [0.0], [2.5]])
        >>> found = layers_of(x, [Kind("mixed", "", 3, atoms=(0.0,))], ["rain"])
        >>> found.labels.ravel().tolist(), [stretch.rows.tolist() for stretch in found.stretches]
        ([0.0, -1.0, 0.0, -1.0], [[0, 2], [1, 3]])
    """
    coded = [j for j, kind in enumerate(kinds) if kind.name in DISCRETE or kind.name == "mixed"]
    labels = np.column_stack([np.empty((len(x), 0)), *(_labels(x[:, j], kinds[j]) for j in coded)])
    dense = [j for j, kind in enumerate(kinds) if kind.name not in (*DISCRETE, "mixed")]
    mixed = [j for j, kind in enumerate(kinds) if kind.name == "mixed"]
    free = np.column_stack([np.empty((len(x), 0)), *(_labels(x[:, j], kinds[j]) < 0 for j in mixed)]) > 0
    patterns = codes_of(free.astype(np.float64))
    stretches = tuple(_stretch(np.flatnonzero(patterns == each), free, dense, mixed) for each in np.unique(patterns))
    return Layers(labels, tuple(names[j] for j in coded), stretches)


def _labels(column: Array, kind: Kind) -> Array:
    if kind.name != "mixed":
        return column
    found = np.full(len(column), -1.0)
    for place, atom in enumerate(kind.atoms):
        found[column == atom] = place
    return found


def _stretch(rows: Index, free: NDArray[np.bool_], dense: list[int], mixed: list[int]) -> Stretch:
    return Stretch(rows, sorted([*dense, *(j for j, off in zip(mixed, free[rows[0]], strict=True) if off)]))


def terms_of(sample: ColumnSample, layers: Layers, request: Request, make: MakeEntropy) -> Iterator[EntropyTerm]:
    """Yield the terms of the chain: that of labels first, if there are any, then those of every stretch.

    Raises:
        DataError: where rows are too few.
        MMGError: when an estimator fails.
    """
    if layers.names or not sample.names:
        yield EntropyTerm("entropy of labels", f"H({', '.join(layers.names)})", _of_labels(layers, len(sample)))
    for number, stretch in enumerate(layers.stretches):
        if stretch.columns:
            yield from _of_stretch(number, sample, layers, request, make)


def _of_labels(layers: Layers, n: int) -> Mean:
    found = counted_entropy(codes_of(layers.labels))
    rare = (RARE.format(share=found.unseen),) if found.unseen > UNSEEN else ()
    counted = {"labels": found.labels, "unseen": found.unseen}
    return Mean(found.value, found.std_error, diagnostics=counted, warnings=rare, n_train=n, n_eval=n)


def _of_stretch(
    number: int, sample: ColumnSample, layers: Layers, request: Request, make: MakeEntropy
) -> Iterator[EntropyTerm]:
    """Yield the entropy of what is continuous in a stretch, then what labels tell of it, which is taken off."""
    stretch = layers.stretches[number]
    share = len(stretch.rows) / len(sample)
    names = tuple(sample.names[j] for j in stretch.columns)
    _demand_rows(stretch, names, len(sample), make().rows_a_column)
    x, labels = sample.x[stretch.rows][:, stretch.columns], layers.labels[stretch.rows]
    where, given, listed = " off atoms" if share < 1 else "", " | off atoms" if share < 1 else "", ", ".join(names)
    found = entropy_of(x, sample.units.take(stretch.rows), request, make)
    yield EntropyTerm(f"entropy{where}", f"h({listed}{given})", found, share, number)
    varying = [j for j in range(labels.shape[1]) if np.ptp(labels[:, j]) > 0]
    if varying:
        of_labels = tuple(layers.names[j] for j in varying)
        pair = Pair(x, labels[:, varying], names, of_labels, sample.pair.source)
        symbol = f"I({listed}; {', '.join(of_labels)}{given})"
        yield EntropyTerm(f"what labels tell{where}", symbol, shared_with(pair, request, make), -share, number)


def _demand_rows(stretch: Stretch, names: Sequence[str], n: int, rows_a_column: int) -> None:
    """Refuse a stretch whose rows, less those that evaluate, may be too few for its columns."""
    enough = len(stretch.rows) == n or len(stretch.rows) >= 2 * rows_a_column * len(names)
    listed = ", ".join(f"'{name}'" for name in names)
    demand(enough, FEW.format(rows=len(stretch.rows), n=n, names=listed), DataError)


def shared_with(pair: Pair, request: Request, make: MakeEntropy) -> Mean:
    """Return I(X; Y) in nats by the estimator that goes with the one of entropy.

    Raises:
        DataError, MMGError: as `estimation.run.run`.
    """
    known = {name: kind for name, kind in request.kinds.items() if name in (*pair.x_names, *pair.y_names)}
    settings = replace(request, plugin=make().information, options={}, unit="nats", kinds=known, groups=None)
    found = run(pair, settings).estimate
    sizes = {key: found.provenance.get(key, 0) for key in ("n_train", "n_eval")}
    told = {"status": found.status, "plugin": settings.plugin}
    return Mean(found.mi, found.std_error or 0.0, 0.0, told, tuple(found.warnings), **sizes)


def sum_of(terms: Sequence[EntropyTerm], sample: ColumnSample, layers: Layers) -> Mean:
    """Return the sum of the terms of a chain, each by its share.

    Labels and shares are counted in the same rows: what varies from row to row is the surprisal of a row's labels plus
    the entropy of its stretch. Stretches are of other rows each. Within one errors add up, for the same rows tell the
    entropy and what labels tell of it.
    """
    counted = [term.mean.std_error for term in terms if term.stretch == LABELS]
    within = [_within(terms, number) for number in range(len(layers.stretches))]
    between = max([_between(terms, sample, layers), *counted]) if counted else 0.0
    return Mean(
        value=sum(term.share * term.mean.value for term in terms),
        sampling=math.hypot(between, *within),
        warnings=tuple(dict.fromkeys(told for term in terms for told in term.mean.warnings)),
        n_train=max((term.mean.n_train for term in terms), default=0),
        n_eval=max((term.mean.n_eval for term in terms), default=0),
    )


def _within(terms: Sequence[EntropyTerm], number: int) -> float:
    return sum(abs(term.share) * term.mean.std_error for term in terms if term.stretch == number)


def _between(terms: Sequence[EntropyTerm], sample: ColumnSample, layers: Layers) -> float:
    """Return the standard error of the mean surprisal of labels plus the entropy of each row's stretch."""
    values = counted_entropy(codes_of(layers.labels)).rows.copy()
    for number, stretch in enumerate(layers.stretches):
        own = [term for term in terms if term.stretch == number]
        values[stretch.rows] += sum(math.copysign(1.0, term.share) * term.mean.value for term in own)
    return float(values.std()) / math.sqrt(len(sample))
