"""Nearest neighbours, for continuous, discrete and mixed columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy.special import digamma, polygamma
from scipy.stats import t as student

from mmg_plugins.baselines.convergence import Rise, rise_of, still_falling, still_rising
from mmg_plugins.baselines.counts import errors_of_counts, information_of_counts, labels_of
from mmg_plugins.baselines.instant import Instant
from mmg_plugins.baselines.neighbours import (
    TREE_COLUMNS,
    Norm,
    RowTriple,
    Search,
    first_algorithm,
    given_z,
    given_z_mixed,
    second_algorithm,
    with_labels,
)
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Options
from mmg_registry.data.kinds import kind_of
from mmg_registry.errors import BiasWarning, DataError, about, demand
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate, Pointwise

SLOW_COLUMNS = 6  # with more, a second is enough for some thousand rows only
PARTS = 10  # disjoint parts of the rows, whose estimates' spread tells the error
ROWS_A_PART = 30  # at least; fewer rows make fewer parts, three at least
CROWDED_COLUMNS = 20  # of both sides together: with more, neighbours are far in any number of rows
GRAIN_STREAMS = (0, 1, 3)  # of the noise within the grain of x, y and z; 2 is that of the parts
SQUARES_ALONE = "Algorithm 2 has no form for a variable that is given; leave the option out."
FAR = 1e6  # of labels that are given: farther than any row in standard units
SHADOWS_GIVEN = 3  # of the ball of k neighbours, on (x, z), (y, z) and z, each of k rows or more
AT_CEILING = 0.5  # share of rows whose neighbours in x and in y are those in (x, y) and no others


class KSGOptions(Options):
    """Options of `ksg`."""

    k: int = Field(3, ge=1, le=1_000, description="neighbours; more vary less and are lower where MI is high")
    algorithm: Literal[1, 2] = Field(1, description="of Kraskov, Stoegbauer and Grassberger: squares or rectangles")
    columns: Literal["gaussianised", "standardised", "raw"] = Field(
        "gaussianised", description="how columns are scaled: by near-normal margins, by their spread, or not at all"
    )
    norm: Literal["auto", "maximum", "euclidean"] = Field(
        "auto", description="within x and within y; auto: the maximum up to six columns, the Euclidean norm beyond"
    )
    max_rows: int | None = Field(
        None,
        ge=10,
        le=10_000_000,
        description="rows used at most, drawn at random; 10,000 unless given, 4,000 of more than 6 columns",
    )


@dataclass(frozen=True)
class _Values:
    """Each row's value `(n,)` in nats, how they were got, the share of rows at the ceiling, what sparse counts add."""

    values: F64
    method: str
    copies: int = 0
    at_ceiling: float = 0.0
    sparse: float = 0.0


class KSG(Instant):
    """Algorithms of Kraskov, Stoegbauer and Grassberger, with the maximum norm between x and y.

    The norm within each is free: the maximum too up to six columns, for which there are trees; beyond, the Euclidean
    one, which is less low in many columns. `columns="standardised"` or `"raw"` with `norm="maximum"` is the textbook's
    estimator. Where one side is discrete it is that of Ross (PLoS ONE 2014), where both are the counts' own. Rounded
    columns are spread within their grain by seeded noise, since ties are no information.

    The standard error is the spread of estimates on disjoint parts of the rows (Holmes and Nemenman, Phys. Rev. E
    2019), for neighbours share rows, which the spread of the values does not see.

    The estimate is low where the information is high for the rows at hand (beyond some log n / 2) and in many columns;
    the result then warns, and where parts of the rows surely give less, the error holds what the rise leaves to go
    (see `mmg_plugins.baselines.convergence`).

    Where z is given, it is the estimator of Frenzel and Pompe (PRL 2007); where columns of x or y are labels or mixed,
    that of Mesner and Shalizi (IEEE Trans. Inf. Theory 2020). It is low in many columns, and high where z
    tells x and y more finely than its neighbours resolve: where parts of the rows surely give more, the error holds
    what the fall leaves to go.

    Raises:
        OptionError: for an option out of range, a CUDA device, or an estimate before `fit`.
        DataError: for fewer than two rows, or other widths than those of `fit`.

    Example:
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> bool(abs(KSG(run=Run(threads=1)).fit(x, y).estimate(x, y).mi - 0.511) < 0.08)
        True
    """

    name = "ksg"
    summary = "nearest neighbours, no training"
    reference = "Kraskov, Stoegbauer and Grassberger, arXiv cond-mat/0305641"
    Options: ClassVar[type[KSGOptions]] = KSGOptions
    has_pointwise = True
    conditional = True
    one_hot: ClassVar[bool] = False

    options: KSGOptions

    def estimate(self, x: Array, y: Array, z: Array | None = None) -> Estimate:
        """Return the mean of the rows' values; rows beyond `max_rows` have the mean as their pointwise value."""
        demand(z is None or self.options.algorithm == 1, SQUARES_ALONE)
        sides = [side for side in (x, y, z) if side is not None]
        columns = sum(side.shape[1] for side in sides)
        rows = self._drawn(len(x), self.options.max_rows or (10_000 if columns <= SLOW_COLUMNS else 4_000))
        if len(rows) < 2:
            raise DataError(f"The estimator 'ksg' compares rows, and {len(rows)} is too few; give it more.")
        known = (self.x_kinds, self.y_kinds, self.z_kinds)
        kinds = [_kinds(side[rows], each) for side, each in zip(sides, known, strict=False)]
        values_of = self._method([side[rows] for side in sides], kinds)
        found = values_of(np.arange(len(rows)))
        mi = float(found.values.mean())
        continuous = sum(not _is_label(kind) for side in kinds for kind in side)
        sampling, rise, fall = self._sampling(values_of, found, continuous)
        errors = {"rows": sampling, "rising": rise.left if rise else 0.0}
        errors |= {} if z is None else {"falling": fall.left if fall else 0.0, "sparse": found.sparse}
        moved = [
            *([still_rising(rise, mi)] if rise else []),
            *([still_falling(fall, mi)] if fall and z is not None else []),
        ]
        return Estimate(
            mi=mi,
            std_error=math.hypot(*errors.values()),
            pointwise=_spread_out(found.values, rows, len(x)),
            device="cpu",
            diagnostics={
                "k": min(self.options.k, len(rows) - 1),
                "rows_used": len(rows),
                "rows_with_copies": found.copies,
                "method": found.method,
                "errors": errors,
            },
            warnings=[*self._warnings(found, len(rows), columns), *moved],
        )

    def pointwise(self, x: Array, y: Array, z: Array | None = None) -> Pointwise:
        """Return the local values of all rows among themselves, whatever `max_rows`, and the noise of k neighbours.

        The logarithm of the share of rows in a ball that k neighbours span has the variance trigamma(k), and those in
        its shadows on x and on y, which hold many rows, add little: an error of some 0.6 nats for k = 3.
        Given z the shadows may hold few rows, k at least, for which the error then stands.

        Raises:
            DataError: for fewer than two rows.
        """
        demand(len(x) > 1, f"The estimator 'ksg' compares rows, and {len(x)} is too few; give it more.", DataError)
        demand(z is None or self.options.algorithm == 1, SQUARES_ALONE)
        sides = [side for side in (x, y, z) if side is not None]
        known = (self.x_kinds, self.y_kinds, self.z_kinds)
        kinds = [_kinds(side, each) for side, each in zip(sides, known, strict=False)]
        found = self._method(sides, kinds)(np.arange(len(x)))
        if found.method == "counts":
            return Pointwise(found.values, errors_of_counts(*(labels_of(side.astype(np.float64)) for side in sides)))
        k = min(self.options.k, len(x) - 1)
        noise = math.sqrt(float(polygamma(1, k)) + (0.0 if z is None else SHADOWS_GIVEN / k))
        return Pointwise(found.values, np.full(len(x), noise))

    @property
    def _mapped(self) -> bool:
        return self.options.columns == "gaussianised"

    def _coordinates(self, *sides: Array) -> tuple[F64, ...]:
        mapped = super()._coordinates(*sides)
        if self._mapped:
            return mapped
        scaled = _standardised if self.options.columns == "standardised" else _plain
        return tuple(scaled(side) for side in sides)

    def _method(self, sides: Sequence[Array], kinds: Sequence[Sequence[Kind]]) -> Callable[[Index], _Values]:
        """Return what gives the values of chosen rows of x, y and perhaps z, by the kinds of the columns."""
        all_labels = [all(map(_is_label, each)) for each in kinds]
        if all(all_labels):
            labels = [labels_of(np.asarray(side, dtype=np.float64)) for side in sides]
            return lambda rows: _counted([each[rows] for each in labels])
        within = (self._within_grain(*each) for each in zip(sides, kinds, GRAIN_STREAMS, strict=False))
        placed = self._coordinates(*within)
        if len(sides) == 2 and any(all_labels):
            wide, side = (placed[1], sides[0]) if all_labels[0] else (placed[0], sides[1])
            names = labels_of(np.asarray(side, dtype=np.float64))
            how = self._search(wide.shape[1])
            return lambda rows: _Values(with_labels(wide[rows], names[rows], how(len(rows))), "neighbours by label")
        apart = [_labels_apart(*each) for each in zip(placed[:2], kinds[:2], strict=True)]
        if len(sides) == 2:
            return lambda rows: self._continuous(apart[0][rows], apart[1][rows])
        z = _labels_far(placed[2], kinds[2])
        plain = not any(_has_ties(kind) for each in kinds[:2] for kind in each)
        return lambda rows: self._given((apart[0][rows], apart[1][rows], z[rows]), plain)

    def _continuous(self, x: F64, y: F64) -> _Values:
        how = self._search(x.shape[1] + y.shape[1])(len(x))
        if self.options.algorithm == 2:
            return _Values(second_algorithm(x, y, how), "rectangles", at_ceiling=0.0)
        values, copies = first_algorithm(x, y, how)
        top = digamma(np.float64(len(x))) - digamma(how.k + 1)
        return _Values(values, "squares", copies, float(np.mean(values >= top)))

    def _given(self, rows: RowTriple, plain: bool) -> _Values:
        """Return the values given z, of x and y that are `plain` continuous columns or mixed ones."""
        how = self._search(sum(side.shape[1] for side in rows))(len(rows[0]))
        if plain:
            return _Values(given_z(*rows, how), "squares given z")
        return _Values(given_z_mixed(*rows, how), "squares given z, ties counted")

    def _search(self, columns: int) -> Callable[[int], Search]:
        norm: Norm = "maximum" if columns <= TREE_COLUMNS else "euclidean"
        if self.options.norm != "auto":
            norm = self.options.norm
        return lambda n: Search(min(self.options.k, n - 1), norm, self.run.threads)

    def _within_grain(self, rows: Array, kinds: Sequence[Kind], stream: int) -> Array:
        """Return `rows` with seeded uniform noise within the grain of rounded columns."""
        grain = np.array([kind.grain for kind in kinds])
        if self.options.columns == "raw" or not grain.any():
            return rows
        draw = np.random.default_rng([self.run.seed, stream])
        spread: Array = np.asarray(rows + draw.uniform(-0.5, 0.5, rows.shape) * grain)
        return spread

    def _sampling(
        self, values_of: Callable[[Index], _Values], found: _Values, columns: int
    ) -> tuple[float, Rise | None, Rise | None]:
        """Return the error of sampling, and the rise and the fall with the rows, by parts; `columns` are continuous.

        The error is never below what k neighbours leave. Too few rows have no parts, and neither rise nor fall.
        """
        n, mi = len(found.values), float(found.values.mean())
        plain = float(found.values.std(ddof=1)) / math.sqrt(n)
        least = math.sqrt(float(polygamma(1, self.options.k)) / n) / 2
        parts = min(PARTS, n // ROWS_A_PART)
        if parts < 3 or found.method == "counts":
            return max(plain, least) * (1.0 if found.method == "counts" else 1.5), None, None
        order = np.random.default_rng([self.run.seed, 2]).permutation(n)
        means = _means(values_of, np.array_split(order, parts))
        widen = float(student.ppf(0.975, parts - 1)) / 1.96  # so few parts know their own spread roughly
        by_parts = widen * float(np.std(means, ddof=1)) / math.sqrt(parts)
        size = round(n / math.sqrt(parts))
        middle = _means(values_of, [order[start : start + size] for start in range(0, n - size + 1, size)])
        sizes = mi, float(np.mean(middle)), float(np.mean(means))
        rise, fall = (
            rise_of(parts, sign * sizes[0], sign * sizes[1], sign * sizes[2], by_parts, columns) for sign in (1, -1)
        )
        return max(plain, least, by_parts), rise, fall

    def _drawn(self, n: int, most: int) -> Index:
        if n <= most:
            return np.arange(n)
        drawn = np.random.default_rng(self.run.seed).choice(n, most, replace=False)
        return np.sort(drawn).astype(np.int64)

    def _warnings(self, found: _Values, n: int, columns: int) -> list[str]:
        told = []
        if n - 1 < self.options.k:
            told.append(
                f"Only {n} rows are there to compare, so {n - 1} neighbours are used in place of {self.options.k}."
            )
        if found.copies:
            told.append(
                f"{found.copies} of {n} rows have more than {self.options.k} identical copies, and are counted as "
                "discrete; nearest neighbours are meant for continuous variables."
            )
        if found.at_ceiling >= AT_CEILING:
            told.append(
                f"The estimate is at its ceiling: {n} rows cannot show more than some {math.log(n):.1f} nats to "
                "nearest neighbours, and the information may be much larger, perhaps infinite; compare with 'auto'."
            )
        if columns > CROWDED_COLUMNS and found.method != "counts":
            told.append(
                f"In {columns} columns nearest neighbours are far, and the estimate is too low by an amount that its "
                "error does not hold; give fewer columns, or compare with --plugin auto."
            )
        return about(BiasWarning, told)


def _means(values_of: Callable[[Index], _Values], parts: Sequence[Index]) -> list[float]:
    return [float(values_of(np.sort(part)).values.mean()) for part in parts]


def _plain(rows: Array) -> F64:
    return rows.astype(np.float64)


def _standardised(rows: Array) -> F64:
    """Return columns of mean 0 and variance 1, as in the textbook, which the margins' affine maps are only nearly."""
    plain = _plain(rows)
    scaled: F64 = (plain - plain.mean(0)) / plain.std(0)
    return scaled


def _kinds(side: Array, known: Sequence[Kind]) -> Sequence[Kind]:
    """Return the kinds that the registry tells, or what the values of the rows tell where it told none."""
    return known or [kind_of(side[:, j]) for j in range(side.shape[1])]


def _labels_apart(side: F64, kinds: Sequence[Kind]) -> F64:
    """Return a side `(n, d)` in which any two labels of a category are equally far: one standard deviation.

    Codes would place the first label nearer to the second than to the third.
    """
    if not any(_is_label(kind) and kind.values > 2 for kind in kinds):
        return side
    parts = [side[:, [j]] if not _is_label(kind) else _one_hot(side[:, j]) for j, kind in enumerate(kinds)]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _labels_far(side: F64, kinds: Sequence[Kind]) -> F64:
    """Return what is given `(n, d)` with labels so far apart that no row of another one is a neighbour.

    Given a label, only rows of that label tell how x and y depend.
    """
    parts = [FAR * _one_hot(side[:, j]) if _is_label(kind) else side[:, [j]] for j, kind in enumerate(kinds)]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _one_hot(column: F64) -> F64:
    values, place = np.unique(column, return_inverse=True)
    return np.asarray(place.reshape(-1, 1) == np.arange(len(values)), dtype=np.float64)


def _is_label(kind: Kind) -> bool:
    return kind.name == "category"


def _counted(labels: Sequence[Index]) -> _Values:
    found = information_of_counts(*labels)
    return _Values(found.values, "counts", sparse=found.sparse)


def _has_ties(kind: Kind) -> bool:
    return _is_label(kind) or bool(kind.atoms)


def _spread_out(values: F64, rows: Index, n: int) -> F64:
    whole = np.full(n, values.mean())
    whole[rows] = values
    return whole
