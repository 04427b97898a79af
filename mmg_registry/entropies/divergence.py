"""The question of how far apart two samples are: the divergences of Kullback and Leibler, and of Jensen and Shannon.

D(A || B) is the mean log ratio of both densities over rows of A that neither was fitted to. Each density is that of the
entropy estimator fitted to some rows of its sample; since each starts from a closed form of its own, two samples that
differ in location, scale and correlation alone need nothing learned, and what both have in common and neither learned
cancels. Labels and atoms are counted first (the chain rule), as for entropies. The divergence of Jensen and Shannon is
the mutual information of a row and the label of its sample, with as many rows of each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data import Pair
from mmg_registry.data.labels import Labels
from mmg_registry.data.reading import Spec
from mmg_registry.data.units import units_of
from mmg_registry.entropies.chain import Layers, layers_of, shared_with
from mmg_registry.entropies.counts import codes_of, counted_divergence
from mmg_registry.entropies.differential import DensityFit, MakeEntropy, Mean, make_of, mean_of
from mmg_registry.entropies.entropy import entropy_request
from mmg_registry.entropies.result import Background
from mmg_registry.entropies.sample import ColumnSample, read_sample, same_columns, sample_of
from mmg_registry.errors import DataError, demand, issue
from mmg_registry.progress import listening
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request

OUTSIDE = 0.05  # share of rows beyond all rows of the other sample, from which a divergence has no upper limit
BEYOND = (
    "{share:.0%} of the rows of {one} lie farther out than any row of {other}: there the density of {other} is a guess "
    "from its tails, so that {symbol} has no upper limit that the rows could tell."
)
UNSEEN = (
    "{share:.1%} of the rows of {one} have labels that no row of {other} has: {symbol} is infinite if {other} cannot "
    "have them, so that it has no upper limit that the rows could tell."
)
FEW = (
    "{one} has only {rows} rows of one set of labels and atoms, too few to compare {names} among them; leave columns "
    "of labels out, or give more rows."
)
MOST_RATIO = 20.0  # nats of a log ratio, beyond which the error is without bounds anyway
MOST_SETS = 20  # of labels and atoms among which continuous columns are compared, with two fits each
MANY_SETS = "There are {sets} sets of labels and atoms, and at most {most} are compared one by one; leave columns out."


@dataclass(frozen=True)
class ComparedSide:
    """One of two samples: its name for sentences, its rows, labels and stretches."""

    name: str
    sample: ColumnSample
    layers: Layers


@dataclass(frozen=True)
class Directed:
    """A divergence from one sample to another.

    Attributes:
        mean: in nats.
        open: sentences that say why it has no upper limit; empty where it has one.
    """

    mean: Mean
    open: tuple[str, ...] = ()


def divergence(a: Any, b: Any, *, x: Spec | None = None, **choices: Any) -> Quantity:
    """Estimate how far two samples of the same columns are apart.

    Args:
        a, b: the rows of each sample, `(n, dim)` and `(m, dim)`: arrays, frames, or paths of tables.
        x: columns of the tables; all of them, if None.
        **choices: as for `entropy`.

    Returns:
        The divergence of Jensen and Shannon, 0 to ln 2, in nats unless `unit="bits"`. Its parts are the divergences
        D(A || B) and D(B || A) of Kullback and Leibler.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
        DataError: for samples of other columns, or when the data do not allow an estimate.
        MMGError: when the estimator fails.

    Example:
        >>> import mmg_registry as mmg
        >>> found = mmg.divergence([0, 1] * 300, [0, 1, 1] * 200)
        >>> [part.symbol for part in found.parts], round(found.parts[0].value, 2)  # 1/2 ln(9 / 8)
        (['D(A || B)', 'D(B || A)'], 0.06)
    """
    request = entropy_request(choices)
    demand(request.groups is None, "groups belong to the rows of one sample, and there are two; leave them out.")
    pairs = (read_sample(a, x, None, None), read_sample(b, x, None, None))
    with listening(choices.get("progress"), request.unit) as listener:
        found = divergence_of(*pairs, replace(request, progress=listener))
    issue(found.warnings)
    return found


def divergence_of(a: Pair, b: Pair, request: Request, names: tuple[str, str] = ("A", "B")) -> Quantity:
    """Return the divergences of x of two pairs, as `divergence` does.

    Raises:
        DataError, MMGError, OptionError, PluginError: as `divergence`.
    """
    make = make_of(request)
    sides = sides_of(a, same_columns(a, b), request, names)
    samples = {name: side.sample for name, side in zip("ab", sides, strict=True)}
    background = Background(request, samples)
    js = jensen_shannon(sides, request, make)
    both = kullback_leibler(sides, request, make)
    whole = background.quantity("Jensen-Shannon divergence", f"JS({', '.join(names)})", js, 0.0, math.log(2.0))
    parts = []
    for (one, other), directed in zip((names, names[::-1]), both, strict=True):
        found = background.quantity("Kullback-Leibler divergence", f"D({one} || {other})", directed.mean, 0.0)
        found = replace(found, high=math.inf if directed.open else found.high)
        parts.append(replace(found, warnings=[*found.warnings, *directed.open]))
    told = list(dict.fromkeys(sentence for each in (whole, *parts) for sentence in each.warnings))
    return background.finished(replace(whole, parts=tuple(parts), warnings=told), js)


# --- The two samples ------------------------------------------------------------------------------------------------


def sides_of(
    a: Pair, b: Pair, request: Request, names: tuple[str, str] = ("A", "B")
) -> tuple[ComparedSide, ComparedSide]:
    """Check both samples, and return them with the kinds of columns that all rows together have.

    A column may be constant in one sample, or discrete in one alone: together they tell what it is.
    """
    recoded = _with_common_labels(a, b)
    rows = np.concatenate([pair.x for pair in recoded])
    whole = replace(a, x=rows, y=rows, source=f"{a.source} and {b.source}", x_labels=recoded[0].x_labels, groups=None)
    together = sample_of(whole, replace(request, blocks="none"))
    cut = int(np.isfinite(recoded[0].x).all(axis=1).sum())  # rows with gaps are dropped by now, or were refused
    parts = zip((slice(0, cut), slice(cut, None)), names, (a, b), strict=True)
    first, second = (_side(name, together, part, pair, request) for part, name, pair in parts)
    return first, replace(second, sample=replace(second.sample, warnings=second.sample.units.told))


def _side(name: str, together: ColumnSample, part: slice, pair: Pair, request: Request) -> ComparedSide:
    x = together.x[part]
    demand(len(x) >= 2, f"{pair.source} has {len(x)} usable rows; give at least 2.", DataError)
    units = units_of(Pair(x, x, together.names, together.names, pair.source), request.blocks)
    sample = replace(together, x=x, units=units, warnings=(*together.warnings, *units.told), pair=pair)
    return ComparedSide(name, sample, layers_of(x, together.kinds, together.names))


def _with_common_labels(a: Pair, b: Pair) -> tuple[Pair, Pair]:
    """Return both pairs with columns of text coded alike.

    Raises:
        DataError: for a column that is text in one sample and numbers in the other.
    """
    none: tuple[Labels, ...] = ((),) * a.x.shape[1]
    coded_a, coded_b, labels = np.array(a.x), np.array(b.x), list(none)
    for j, (of_a, of_b) in enumerate(zip(a.x_labels or none, b.x_labels or none, strict=True)):
        told = f"The column '{a.x_names[j]}' is text in one of {a.source} and {b.source} and numbers in the other."
        demand(bool(of_a) == bool(of_b), told, DataError)
        if of_a:
            labels[j] = tuple(sorted({*of_a, *of_b}))
            coded_a[:, j], coded_b[:, j] = _recoded(a.x[:, j], of_a, labels[j]), _recoded(b.x[:, j], of_b, labels[j])
    return replace(a, x=coded_a, x_labels=tuple(labels)), replace(b, x=coded_b, x_labels=tuple(labels))


def _recoded(column: Array, own: Labels, common: Labels) -> Array:
    place = np.array([common.index(name) for name in own], dtype=column.dtype)
    known = np.isfinite(column)
    found = np.array(column)
    found[known] = place[column[known].astype(np.int64)]
    return found


# --- Jensen and Shannon ---------------------------------------------------------------------------------------------


def jensen_shannon(sides: tuple[ComparedSide, ComparedSide], request: Request, make: MakeEntropy) -> Mean:
    """Return the divergence of Jensen and Shannon in nats: I(X; label of the sample), with as many rows of each.

    Raises:
        DataError, MMGError: as `estimation.run.run`.
    """
    rng = np.random.default_rng(request.seed)
    rows = min(len(side.sample) for side in sides)
    drawn = [np.sort(rng.choice(len(side.sample), rows, replace=False)) for side in sides]
    x = np.concatenate([side.sample.x[own] for side, own in zip(sides, drawn, strict=True)])
    label = np.repeat([0.0, 1.0], rows)[:, None]
    units = _units(sides, drawn)
    order = rng.permutation(len(x))  # one sample after the other would look like a sorted file
    names = sides[0].sample.names
    pair = Pair(x[order], label[order], names, (_label_name(names),), "both samples", groups=units)
    pair = pair if units is None else replace(pair, groups=units[order])
    return shared_with(pair, replace(request, blocks="none" if units is None else "auto"), make)


def _units(sides: tuple[ComparedSide, ComparedSide], drawn: Sequence[Index]) -> Index | None:
    """Return the number of each drawn row's unit, those of both samples told apart; None where rows are their own."""
    found = [side.sample.units.take(own).labels for side, own in zip(sides, drawn, strict=True)]
    if all(labels is None for labels in found):
        return None
    first, second = (np.arange(len(own)) if given is None else given for given, own in zip(found, drawn, strict=True))
    return np.concatenate([first, second + first.max() + 1])


def _label_name(names: Sequence[str]) -> str:
    return next(name for name in ("sample", "sample_", "which sample") if name not in names)


# --- Kullback and Leibler -------------------------------------------------------------------------------------------


def kullback_leibler(
    sides: tuple[ComparedSide, ComparedSide], request: Request, make: MakeEntropy
) -> tuple[Directed, Directed]:
    """Return D(A || B) and D(B || A) in nats: of labels, plus that of what is continuous among equal labels.

    Raises:
        DataError: for too many sets of labels, or too few rows of one.
        MMGError: when the entropy estimator fails.
    """
    codes = codes_of(np.concatenate([side.layers.labels for side in sides]))
    own = codes[: len(sides[0].sample)], codes[len(sides[0].sample) :]
    labelled = sides[0].layers.labels.shape[1] > 0
    found: tuple[list[tuple[float, Directed]], ...] = ([], [])
    for into, (p, q), names in zip(found, (own, own[::-1]), _both_ways(sides), strict=True):
        if labelled:
            into.append((1.0, _of_labels(p, q, names)))
    continuous = [each for each in np.unique(codes) if _columns(sides, own, each)]
    demand(len(continuous) <= MOST_SETS, MANY_SETS.format(sets=len(continuous), most=MOST_SETS), DataError)
    for each in continuous:
        for into, given in zip(found, _among(sides, own, int(each), request, make), strict=True):
            into.extend(given)
    first, second = (_summed(each, sum(map(len, own))) for each in found)
    return first, second


def _both_ways(sides: tuple[ComparedSide, ComparedSide]) -> tuple[tuple[str, str], tuple[str, str]]:
    first, second = (side.name for side in sides)
    return (first, second), (second, first)


def _columns(sides: tuple[ComparedSide, ComparedSide], own: tuple[Index, Index], code: int) -> list[int]:
    """Return the continuous columns of the rows with one set of labels, which are the same in both samples."""
    for side, codes in zip(sides, own, strict=True):
        rows = np.flatnonzero(codes == code)
        for stretch in side.layers.stretches if len(rows) else ():
            if rows[0] in stretch.rows:
                return stretch.columns
    return []


def _of_labels(p: Index, q: Index, names: tuple[str, str]) -> Directed:
    found = counted_divergence(p, q)
    symbol = f"D({names[0]} || {names[1]})"
    told = UNSEEN.format(share=found.unseen, one=names[0], other=names[1], symbol=symbol)
    mean = Mean(found.value, found.std_error, diagnostics={"labels": found.labels}, n_train=len(q), n_eval=len(p))
    return Directed(mean, (told,) if found.unseen > 0 else ())


Shares = list[tuple[float, Directed]]


def _among(
    sides: tuple[ComparedSide, ComparedSide], own: tuple[Index, Index], code: int, request: Request, make: MakeEntropy
) -> tuple[Shares, Shares]:
    """Return both divergences of what is continuous among the rows with one set of labels, with its shares."""
    rows = [np.flatnonzero(codes == code) for codes in own]
    if not all(map(len, rows)):
        return [], []  # what the divergence of labels says already
    columns = _columns(sides, own, code)
    least = 2 * make().rows_a_column * len(columns)
    listed = ", ".join(f"'{sides[0].sample.names[j]}'" for j in columns)
    for side, each in zip(sides, rows, strict=True):
        demand(len(each) >= least, FEW.format(one=side.name, rows=len(each), names=listed), DataError)
    fits = [
        DensityFit.of(side.sample.x[each][:, columns], side.sample.units.take(each), request, make)
        for side, each in zip(sides, rows, strict=True)
    ]
    shares = [len(each) / len(codes) for each, codes in zip(rows, own, strict=True)]
    names = _both_ways(sides)
    forward, back = compared(fits[0], fits[1], names[0]), compared(fits[1], fits[0], names[1])
    return [(shares[0], forward)], [(shares[1], back)]


def compared(one: DensityFit, other: DensityFit, names: tuple[str, str]) -> Directed:
    """Return the mean log ratio of two fitted densities over rows of the first that neither was fitted to, in nats.

    Raises:
        MMGError: when the entropy estimator fails.
    """
    own, cross = one.surprisals(one.evaluated), other.surprisals(one.evaluated)
    first, second = one.estimator.first_guess, other.estimator.first_guess
    guesses = first(one.evaluated), second(one.evaluated)
    controls = {
        "own": (guesses[0], float(first(one.fitted).mean()) + 2 * own.guess_optimism),
        "other": (guesses[1], float(second(one.fitted).mean())),
    }
    both = replace(
        own,
        optimism=cross.optimism - own.optimism,
        unlearned=math.hypot(own.unlearned, cross.unlearned, _of_the_other(one, other)),
        diagnostics={"own": own.diagnostics, "other": cross.diagnostics},
        warnings=(*own.warnings, *cross.warnings),
    )
    outside = float(np.mean(guesses[1] > second(other.fitted).max()))
    symbol = f"D({names[0]} || {names[1]})"
    told = BEYOND.format(share=outside, one=names[0], other=names[1], symbol=symbol)
    return Directed(mean_of(one, cross.values - own.values, controls, both), (told,) if outside > OUTSIDE else ())


def _of_the_other(one: DensityFit, other: DensityFit) -> float:
    """Return what the rows of the other sample leave uncertain in the mean of its log-density over rows of the first.

    Over its own law a fitted density is off to second order alone, over another one to first: the variance is that of
    the ratio of both densities over rows of the other sample, a row (Nguyen, Wainwright and Jordan, IEEE Trans. Inf.
    Theory 2010, for the efficient estimator). The closed forms tell the ratio.
    """
    first, second = one.estimator.first_guess, other.estimator.first_guess
    ratio = np.exp(np.minimum(second(other.evaluated) - first(other.evaluated), MOST_RATIO))
    return float(ratio.std()) / math.sqrt(len(other.fitted))


def _summed(parts: Shares, rows: int) -> Directed:
    """Return the sum of divergences by their shares; those among other labels are of other rows each."""
    if not parts:
        return Directed(Mean(0.0, 0.0, n_train=rows, n_eval=rows))
    means = [mean for _, directed in parts for mean in [directed.mean]]
    whole = Mean(
        value=sum(share * directed.mean.value for share, directed in parts),
        sampling=math.hypot(*(share * directed.mean.sampling for share, directed in parts)),
        systematic=sum(share * directed.mean.systematic for share, directed in parts),
        diagnostics=means[0].diagnostics if len(means) == 1 else {},
        warnings=tuple(dict.fromkeys(told for mean in means for told in mean.warnings)),
        n_train=max(mean.n_train for mean in means),
        n_eval=max(mean.n_eval for mean in means),
    )
    return Directed(whole, tuple(dict.fromkeys(told for _, directed in parts for told in directed.open)))
