"""The chain of links that an estimate is made of, trained and measured one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.columns import PairParts, SideParts
from mmg_plugins.mmg.compression.codes import Compression, Grids, try_compression
from mmg_plugins.mmg.parts.labels import PredictedLabels, are_few
from mmg_plugins.mmg.parts.links import Link, Sample, links_of
from mmg_plugins.mmg.parts.redraws import Redraws
from mmg_plugins.mmg.parts.table import LabelTable
from mmg_plugins.mmg.recipe import Recipe
from mmg_plugins.mmg.result import Piece, estimated, joined_pieces
from mmg_plugins.mmg.trained import FittedGap
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.contracts import Array, Listener, Redrawn, Run, below
from mmg_registry.diffusion import averaged
from mmg_registry.diffusion.row_ratios import REPEATS
from mmg_registry.errors import DataError, demand
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate

FITTING, EVALUATION = 0, 1  # streams of the noise in the place of labels
BOTH_NOISED = "This estimator noises both sides, and labels have no place in it; use auto, minde-c or ksg."


@dataclass(frozen=True)
class FittedChain:
    """A fitted estimator, which `fit` leaves and `restore` rebuilds.

    Attributes:
        sides: what the columns of x and of y, and of z where something is given, are made of.
        gaps: a trained gap for each link; one where neither side has labels.
        labels: what was learned of the labels of both sides, where both have some: counts of the training rows' labels,
            or a prediction.
        compression: the map of wide sides to few columns, of which all of the above are; None where there is none.
    """

    sides: PairParts
    gaps: tuple[FittedGap, ...]
    labels: LabelTable | PredictedLabels | None = None
    compression: Compression | None = None

    def estimate(self, recipe: Recipe, sample: Sample) -> Estimate:
        """Estimate on the rows of `sample`: the sum over the links."""
        if self.compression is None:
            return self._of_columns(recipe, sample)
        return self.compression.judged(self._of_columns(recipe, Sample(*self.compression(sample.x, sample.y))))

    def _of_columns(self, recipe: Recipe, sample: Sample) -> Estimate:
        own = replace(recipe, run=_share(recipe.run, 0, max(1, len(self.gaps))))
        pieces = [Piece(gap.link.words, "trained", self._of(gap, own, sample)) for gap in self.gaps]
        if self.labels is not None:
            of_labels = self.labels.estimate(self.sides, sample)
            words = f"I(labels of x; labels of y{' | z' if self.sides.z else ''})"
            pieces.insert(0, Piece(words, self.labels.how, of_labels))
        return joined_pieces(pieces, self.sides)

    def log_ratio(self, recipe: Recipe, sample: Sample) -> tuple[F64, F64]:
        """Return ln p(x, y) / (p(x) p(y)) of rows `(n,)`, the sum over the links, and the standard error of its draws.

        How often each row is drawn is that of the recipe's measure of the gap.
        """
        if self.compression is not None:
            sample = Sample(*self.compression(sample.x, sample.y))
        value, error = averaged([self._drawn_ratio(recipe, sample, repeat) for repeat in range(REPEATS)])
        if self.labels is None:
            return value, error
        of_labels, noise = self.labels.log_ratio(self.sides, sample)
        return value + of_labels, np.hypot(error, noise)

    def scores(self, recipe: Recipe, x: Array, y: Array) -> F64:
        """Return a score `(tables, rows, rows)` of every x `(tables, rows, dim_x)` with every y of its table.

        It is the log ratio from few draws, which all pairs of one x share: what differs among them is not the draws'.
        """
        if self.compression is not None:
            x, y = (side.reshape(*x.shape[:2], -1) for side in self.compression(*map(flattened, (x, y))))
        tables, size = x.shape[:2]
        own, found = np.arange(size), np.empty((tables, size, size))
        for shift in range(size):
            other = (own + shift) % size
            values = self._score(recipe, Sample(flattened(x), flattened(y[:, other])))
            found[:, own, other] = values.reshape(tables, size)
        return found

    def _score(self, recipe: Recipe, sample: Sample) -> F64:
        value = self._drawn_ratio(recipe.with_few_draws(), sample, 0)
        return value if self.labels is None else value + self.labels.log_ratio(self.sides, sample)[0]

    def _drawn_ratio(self, recipe: Recipe, sample: Sample, repeat: int) -> F64:
        """Return one independent repeat of all links' log ratios, `(n,)`; noise in the place of labels is drawn too."""
        seed = (recipe.run.seed, EVALUATION + repeat)
        drawn = [recipe.log_ratio(gap, *gap.link.rows(self.sides, sample, seed), repeat) for gap in self.gaps]
        return np.asarray(np.sum([np.zeros(len(sample.x)), *drawn], axis=0), dtype=np.float64)

    @property
    def redraws(self) -> Literal["x", "y", ""]:
        """Return the side that can be drawn given z: the noised one of the only link, where it has no labels."""
        one = len(self.gaps) == 1 and self.labels is None and self.sides.z is not None
        if not one or self.gaps[0].link.beside:
            return ""
        return "y" if self.gaps[0].orientation.swapped else "x"

    def redrawn(self, recipe: Recipe, sample: Sample, redraws: Redraws) -> Redrawn:
        """Return rows and draws of the side `redraws` with their log ratios; see `Estimator.redrawn`."""
        (gap,) = self.gaps
        return recipe.redrawn(gap, *gap.link.rows(self.sides, sample, (recipe.run.seed, EVALUATION)), redraws)

    def state(self) -> SavedState:
        """Return the fitted numbers as named arrays, and everything else as a JSON-serialisable mapping."""
        states = [gap.state() for gap in self.gaps]
        arrays = {f"link{i}.{key}": array for i, (own, _) in enumerate(states) for key, array in own.items()}
        of_labels, meta = ({}, None) if self.labels is None else self.labels.state()
        labels = {f"labels.{key}": array for key, array in of_labels.items()}
        codes, words = self.compression.state() if self.compression else ({}, None)
        of_codes = {f"compression.{key}": array for key, array in codes.items()}
        links = [each for _, each in states]
        told = {"sides": self.sides.state(), "links": links, "labels": meta, "compression": words}
        return {**arrays, **labels, **of_codes}, told

    @classmethod
    def restored(cls, recipe: Recipe, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> FittedChain:
        """Rebuild what `state` saved, with the coordinates and networks of a recipe.

        Raises:
            OptionError: when a module of the user's was trained and the recipe has none.
        """
        gaps = [
            FittedGap.restored(recipe.coordinates, recipe.network, recipe.run, below(arrays, f"link{i}."), each)
            for i, each in enumerate(meta["links"])
        ]
        labels, words = _labels_restored(recipe, below(arrays, "labels."), meta["labels"]), meta["compression"]
        compression = Compression.restored(below(arrays, "compression."), words) if words else None
        return cls(PairParts.restored(meta["sides"]), tuple(gaps), labels, compression)

    def _of(self, gap: FittedGap, recipe: Recipe, sample: Sample) -> Estimate:
        rows = gap.link.rows(self.sides, sample, (recipe.run.seed, EVALUATION))
        own = recipe.of(gap.link)
        return estimated(own, own.measure(gap, *rows))


def flattened(tables: Array) -> Array:
    """Return rows `(tables * rows, dim)` of `(tables, rows, dim)`."""
    return tables.reshape(-1, tables.shape[2])


class SampleKinds(NamedTuple):
    """Kinds of the columns of x, of y and of z; empty where they are to be found from the values."""

    x: Sequence[Kind] = ()
    y: Sequence[Kind] = ()
    z: Sequence[Kind] = ()


NOT_TOLD = SampleKinds()


def fit_chain(
    recipe: Recipe,
    sample: Sample,
    kinds: SampleKinds = NOT_TOLD,
    groups: Index | None = None,
    grids: Grids = (None, None),
) -> FittedChain:
    """Fit every link that the kinds of the columns ask for to the rows of `sample`.

    Rows with the same number in `groups` `(n,)` are held out together. Where the recipe compresses and that pays, all
    links are fitted to the rows that trained no compression; `grids` tell where the columns stand in images. Nothing is
    compressed where something is given: what x and y share beyond z is not what a contrast of x and y finds.

    Raises:
        DataError: for labels, where the recipe noises both sides.
        OptionError: for labels beside numbers on both sides, where the network has no place for them.
    """
    x, y, z = sample
    whole, of_sides = _share(recipe.run, 0, 2), (kinds.x, kinds.y)
    tried = try_compression((x, y), of_sides, groups, whole, grids) if recipe.compresses and z is None else None
    if tried is None:
        return _fit_links(recipe, sample, kinds, groups)
    recipe = replace(recipe, run=_share(recipe.run, 1, 2))
    if not tried.compression.evidence.pays:
        return _fit_links(recipe, sample, kinds, groups)
    codes, rest = tried.compression(x[tried.others], y[tried.others]), None if groups is None else groups[tried.others]
    fitted = _fit_links(recipe, Sample(*codes), SampleKinds(*tried.compression.kinds(of_sides)), rest)
    return replace(fitted, compression=tried.compression)


def _fit_links(recipe: Recipe, sample: Sample, kinds: SampleKinds, groups: Index | None) -> FittedChain:
    sides, table = _described(recipe, sample, kinds)
    demand(recipe.one_sided or not (sides.x.has_labels or sides.y.has_labels), BOTH_NOISED, DataError)
    links = links_of(sides, recipe.orient)
    predicts = table is None and sides.x.has_labels and sides.y.has_labels
    trainings = len(links) + predicts
    gaps = [
        _fitted(replace(recipe, run=_share(recipe.run, i, trainings)), link, sides, sample, groups)
        for i, link in enumerate(links)
    ]
    if not predicts:
        return FittedChain(sides, tuple(gaps), table)
    last = replace(recipe, run=_share(recipe.run, len(links), trainings))
    return FittedChain(sides, tuple(gaps), _predicted(last, sides, sample, groups))


def _described(recipe: Recipe, sample: Sample, kinds: SampleKinds) -> tuple[PairParts, LabelTable | None]:
    """Return what the columns are made of, and the table of their labels if it is to be counted.

    Where both sides are labels and counts alone, counts are labels too, unless they have very many values. What is
    given is counted where it is of labels and counts alone.
    """
    given = None if sample.z is None else SideParts.of(sample.z, kinds.z)
    for count_as_labels in (True, False) if recipe.counts else ():
        of_x, of_y, *of_z = (
            SideParts.of(rows, own, count_as_labels)
            for rows, own in zip(sample, kinds, strict=True)
            if rows is not None
        )
        whole = not (of_x.rest_columns or of_y.rest_columns)
        if (whole or not count_as_labels) and of_x.has_labels and of_y.has_labels:
            sides = PairParts(of_x, of_y, *of_z)
            table = LabelTable.of(sides, sample) if not any(each.rest_columns for each in of_z) else None
            if table and table.is_small:
                return sides, table
            if count_as_labels and are_few(of_x) and are_few(of_y):
                return replace(sides, z=given), None
    return replace(PairParts.of(sample.x, sample.y, kinds.x, kinds.y), z=given), None


def _predicted(recipe: Recipe, sides: PairParts, sample: Sample, groups: Index | None) -> PredictedLabels:
    """Predict the labels of the side that the recipe would noise: by default those of fewer columns."""
    x, y = (sum(bool(column.values) for column in side.columns) for side in (sides.x, sides.y))
    return PredictedLabels.of(recipe.positions, recipe.run, sides, sample, recipe.orient(x, y).swapped, groups)


def _labels_restored(
    recipe: Recipe, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any] | None
) -> LabelTable | PredictedLabels | None:
    if meta is None:
        return None
    if meta["how"] == "counted":
        return LabelTable(**arrays)
    return PredictedLabels.restored(recipe.positions, recipe.run, arrays, meta)


def _fitted(recipe: Recipe, link: Link, sides: PairParts, sample: Sample, groups: Index | None) -> FittedGap:
    rows = link.rows(sides, sample, (recipe.run.seed, FITTING))
    return recipe.of(link).fit(*rows, link, link.columns_beside(sides), groups)


def _share(run: Run, i: int, k: int) -> Run:
    """Return the run of link `i` of `k`, with its share of the time and of the progress."""
    if k == 1:
        return run
    limit = None if run.max_seconds is None else run.max_seconds / k
    return replace(run, max_seconds=limit, progress=_stretched(run.progress, i, k))


def _stretched(listen: Listener | None, i: int, k: int) -> Listener | None:
    if listen is None:
        return None
    return lambda p: listen(replace(p, fraction=(i + p.fraction) / k, mi=None))
