"""The fitted compression of one side or of both, the trial that it rests on, and the evidence that decides on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmg_plugins.belief import BY_HEART_SHARE
from mmg_plugins.columns import PairParts, SideParts
from mmg_plugins.mmg.compression.encoders import Axes, Encoders, TrainableEncoders, View, compared, own_contrasts
from mmg_plugins.mmg.compression.pictures import Picture
from mmg_plugins.mmg.compression.unfolding import Unfolding, unfolded
from mmg_plugins.mmg.thresholds import (
    CODE_EVALUATE_EVERY,
    CODE_LEAST_STEPS,
    CODE_RATE,
    CODE_SHARE,
    CODE_STEPS,
    CODE_TOLERANCE,
    COMPONENTS,
    COMPRESSION_ERRORS,
    FEWEST_TO_COMPRESS,
    LACK_SPREAD,
    LEAST_COMPRESSION_GAIN,
    MOST_JUDGING_ROWS,
    NOTICEABLE_PART,
    PICTURE_STEPS,
    VARIANCE_KEPT,
    WIDE_COLUMNS,
)
from mmg_registry.arrays import F32, Index, SavedState
from mmg_registry.contracts import Array, Run, below
from mmg_registry.data.kinds import kind_of
from mmg_registry.data.split import hold_out
from mmg_registry.errors import BiasWarning, about
from mmg_registry.grids import Grid
from mmg_registry.kinds import Kind
from mmg_registry.preprocess import PairTransform
from mmg_registry.preprocess.principal import Components
from mmg_registry.results import Estimate
from mmg_registry.threads import torch_threads
from mmg_registry.training import (
    Decay,
    EvenIntervals,
    MinibatchLearner,
    Procedure,
    Report,
    RowPair,
    Settled,
    after_overfitting,
    train,
)

BothSides = tuple[Array, Array]  # rows of x and of y
Kinds = tuple[Sequence[Kind], Sequence[Kind]]
Grids = tuple[Grid | None, Grid | None]
Pictures = tuple[Picture | None, Picture | None]

NUMBER = Kind("continuous", "a column of a wide side", 0)
BATCH = 256  # rows a training step, whose pairs are compared with one another


class CodesEvidence(NamedTuple):
    """What rows that trained nothing say of a compression; all in nats.

    Attributes:
        learned: the contrast of the codes, a lower bound of the information.
        linear: the same of the linear dependence between the components.
        error: standard error of the difference.
        by_heart: how much more the codes tell of the rows that trained them.
        left_out: what axes of the codes that were left out told.
    """

    learned: float
    linear: float
    error: float
    by_heart: float = 0.0
    left_out: float = 0.0

    @property
    def pays(self) -> bool:
        """Return whether the codes surely tell more than the linear dependence of all components."""
        gain = self.learned - max(self.linear, 0.0)
        return gain > max(LEAST_COMPRESSION_GAIN, COMPRESSION_ERRORS * self.error)

    @property
    def missing(self) -> float:
        """Return what the codes lack for want of rows, which is half of what they know by heart, to first order."""
        return BY_HEART_SHARE * max(self.by_heart, 0.0)

    @property
    def uncertain(self) -> float:
        """Return the standard error of an estimate from the codes that comes from what they lack."""
        return math.hypot(LACK_SPREAD * max(self.by_heart, 0.0), self.left_out)

    @property
    def doubts(self) -> list[str]:
        """Return a sentence where codes lack what is worth a warning."""
        if not NOTICEABLE_PART(self.uncertain, self.learned):
            return []
        return [
            f"Sides of many columns were compressed to few, which tell {self.by_heart:.2f} nats more of the rows that "
            f"they were learned from than of others: some {self.missing:.2f} nats, which only more rows would teach, "
            "are added, and the standard error includes them."
        ]


@dataclass(frozen=True)
class SeenColumns:
    """The columns of both sides as the encoders see them.

    Attributes:
        sides: what the columns of x and of y are made of.
        components: principal components of x and of y, fitted to the rows of each side alone.
        pictures: what makes images of x and of y; None where an encoder sees components alone.
    """

    sides: PairParts
    components: tuple[Components, Components]
    pictures: Pictures = (None, None)

    @classmethod
    def of(cls, sample: BothSides, kinds: Kinds, wide: tuple[bool, bool], seed: int) -> SeenColumns:
        """Fit to training rows; of wide sides nothing but labels differs from plain numbers."""
        sides = PairParts(*(_parts(*each) for each in zip(sample, kinds, wide, strict=True)))
        given = [side.given(rows) for side, rows in zip((sides.x, sides.y), sample, strict=True)]
        of_x, of_y = (Components.of(rows, COMPONENTS, seed) for rows in given)
        return cls(sides, (of_x, of_y))

    def __call__(self, sample: BothSides) -> RowPair:
        """Return the components of x and of y, and the pixels beside them where there are any."""
        of_x, of_y = (torch.from_numpy(self._of(side, rows)) for side, rows in enumerate(sample))
        return of_x, of_y

    @property
    def views(self) -> tuple[View, View]:
        """Return what the encoders of x and of y see."""
        sides = zip(self.components, self.pictures, strict=True)
        of_x, of_y = (View(part.dim, picture.seen if picture else None) for part, picture in sides)
        return of_x, of_y

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the components and pictures as named arrays."""
        named = zip(("x", "y", "picture_x", "picture_y"), (*self.components, *self.pictures), strict=True)
        return {f"{name}.{key}": array for name, part in named if part for key, array in part.arrays().items()}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], sides: Mapping[str, Any]) -> SeenColumns:
        """Rebuild what `arrays` returned, and the columns from the state of `sides`."""
        of_x, of_y = (Components.from_arrays(below(arrays, f"{name}.")) for name in "xy")
        found = [below(arrays, f"picture_{name}.") for name in "xy"]
        picture_x, picture_y = (Picture.from_arrays(each) if each else None for each in found)
        return cls(PairParts.restored(sides), (of_x, of_y), (picture_x, picture_y))

    def _of(self, which: int, rows: Array) -> F32:
        side, picture = (self.sides.x, self.sides.y)[which], self.pictures[which]
        found = self.components[which](side.given(rows))
        return found if picture is None else np.hstack([found, picture(rows)])


@dataclass(frozen=True)
class Compression:
    """A map of x and a map of y, of which those of wide sides lead to a few columns, and others change nothing.

    Any map of x alone and of y alone leaves at most the information that there was (data processing), so that a
    compression may lose some and never makes any.

    Attributes:
        wide: whether x, and whether y, is compressed.
        seen: the columns that the encoders see.
        encoders: the trained encoders.
        axes: the axes of their codes that tell of the other side.
        unfolding: the map of these to fewer columns; None where each of them is needed.
        evidence: what decided on it.
        report: report of the training.
    """

    wide: tuple[bool, bool]
    seen: SeenColumns
    encoders: Encoders
    axes: Axes
    unfolding: Unfolding | None
    evidence: CodesEvidence
    report: Report

    def __call__(self, x: Array, y: Array) -> BothSides:
        """Return the codes `(n, r)` of wide sides, and other sides as they are."""
        with torch_threads(1), torch.no_grad():
            codes = self.axes(self.encoders(self.seen((x, y))))
            codes = self.unfolding(codes) if self.unfolding else codes
        of_x, of_y = (code.numpy() if wide else rows for code, wide, rows in zip(codes, self.wide, (x, y), strict=True))
        return of_x, of_y

    def judged(self, found: Estimate) -> Estimate:
        """Return an estimate from the codes with what they lack added to it and to its error."""
        evidence, errors = self.evidence, found.diagnostics.get("errors", {})
        words = {"compression": self.words, "errors": {**errors, "compression": evidence.uncertain}}
        return replace(
            found,
            mi=found.mi + evidence.missing,
            std_error=math.hypot(found.std_error or 0.0, evidence.uncertain),
            pointwise=None if found.pointwise is None else found.pointwise + evidence.missing,
            diagnostics={**found.diagnostics, **words},
            warnings=[*found.warnings, *about(BiasWarning, evidence.doubts)],
        )

    def kinds(self, kinds: Kinds) -> Kinds:
        """Return the kinds of the columns that are left; of codes they are to be found."""
        of_x, of_y = (() if wide else own for wide, own in zip(self.wide, kinds, strict=True))
        return of_x, of_y

    @property
    def words(self) -> dict[str, Any]:
        """Return what was compressed and why, for the diagnostics."""
        names = [name for name, wide in zip("xy", self.wide, strict=True) if wide]
        return {
            "sides": names,
            "columns": self.unfolding.sizes[1] if self.unfolding else len(self.axes.weight),
            "axes": len(self.axes.weight),
            "encoders": ["convolution" if view.picture else "perceptron" for view in self.seen.views],
            "components": {name: part.dim for name, part in zip("xy", self.seen.components, strict=True)},
            "variance_kept": {name: part.explained for name, part in zip("xy", self.seen.components, strict=True)},
            **self.evidence._asdict(),
            "training": self.report.to_dict(),
        }

    def state(self) -> SavedState:
        """Return named arrays and a JSON-serialisable mapping, from which `restored` rebuilds the compression."""
        weights = {f"net.{key}": value.numpy() for key, value in self.encoders.state_dict().items()}
        flat = (*self.axes.mean, *self.axes.matrix, self.axes.weight)
        axes = {f"axes.{i}": np.ascontiguousarray(each.numpy()) for i, each in enumerate(flat)}
        unfold = {} if self.unfolding is None else self.unfolding.state_dict()
        folds = {f"unfold.{key}": value.numpy() for key, value in unfold.items()}
        meta = {"wide": self.wide, "sides": self.seen.sides.state(), "evidence": self.evidence._asdict()}
        sizes = self.unfolding.sizes if self.unfolding else None
        told = {**meta, "report": asdict(self.report), "unfolding": sizes}
        return {**weights, **axes, **folds, **self.seen.arrays()}, told

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Compression:
        """Rebuild what `state` saved."""
        seen = SeenColumns.restored(arrays, meta["sides"])
        encoders = Encoders(seen.views, torch.Generator())
        folded, flat = meta["unfolding"] or (0, 0)
        unfolding = Unfolding(folded, flat, torch.Generator()) if flat else None
        for prefix, module in (("net.", encoders), ("unfold.", unfolding)):
            if module is not None:
                module.load_state_dict({key: torch.tensor(value) for key, value in below(arrays, prefix).items()})
        mx, my, of_u, of_v, weight = (torch.tensor(arrays[f"axes.{i}"]) for i in range(5))
        axes, (wide_x, wide_y) = Axes((mx, my), (of_u, of_v), weight), meta["wide"]
        evidence, report = CodesEvidence(**meta["evidence"]), Report(**meta["report"])
        return cls((wide_x, wide_y), seen, encoders, axes, unfolding, evidence, report)


class Tried(NamedTuple):
    """A compression that was tried.

    Attributes:
        compression: the trained compression.
        others: the rows that trained nothing, which are left to what follows.
    """

    compression: Compression
    others: Index


def try_compression(
    sample: BothSides, kinds: Kinds, groups: Index | None, run: Run, grids: Grids = (None, None)
) -> Tried | None:
    """Train a compression of wide sides on some of the rows and judge it on the others.

    Where a wide side is an image (`grids` place its columns in a row as it was given), a convolution is tried beside
    the perceptron, and the larger contrast on the others decides. None where no side is wide, rows are few, or
    components hold too little of a wide side to stand for it. Rows with the same number in `groups` `(n,)` stay
    together.
    """
    wide_x, wide_y = (rows.shape[1] >= WIDE_COLUMNS for rows in sample)
    n = len(sample[0])
    if not (wide_x or wide_y) or n < FEWEST_TO_COMPRESS or (groups is not None and (groups == groups[0]).all()):
        return None
    fitted, others = hold_out(n, 1 - CODE_SHARE, run.seed, groups)
    wide = (wide_x, wide_y)
    with torch_threads(1):
        seen = SeenColumns.of(sample, kinds, wide, run.seed)
        if any(is_wide and part.explained < VARIANCE_KEPT for is_wide, part in zip(wide, seen.components, strict=True)):
            return None
        judging = others[:: -(-len(others) // MOST_JUDGING_ROWS)]
        views = _views(seen, sample, wide, grids)
        own = replace(run, max_seconds=None if run.max_seconds is None else run.max_seconds / len(views))
        found = [_trained(each, wide, _rows(each(sample), fitted), _rows(each(sample), judging), own) for each in views]
        best = max(found, key=lambda each: each.evidence.learned)
        sides = best.seen(sample)
        return Tried(_unfolded(best, _rows(sides, fitted), _rows(sides, judging), own), others)


def _views(seen: SeenColumns, sample: BothSides, wide: tuple[bool, bool], grids: Grids) -> list[SeenColumns]:
    """Return what encoders are tried with: components, and the pixels of wide sides that are images."""
    sides = zip(sample, wide, grids, strict=True)
    of_x, of_y = (Picture.of(rows, grid) if is_wide else None for rows, is_wide, grid in sides)
    return [seen] if of_x is of_y is None else [seen, replace(seen, pictures=(of_x, of_y))]


def _rows(sides: RowPair, rows: Index) -> RowPair:
    return sides[0][rows], sides[1][rows]


def _parts(rows: Array, kinds: Sequence[Kind], wide: bool) -> SideParts:
    """Describe a side as its encoder sees it; of a wide one nothing but labels differs from plain numbers.

    Pixels are at their darkest and brightest values in many images, which makes no labels of these.
    """
    known = kinds or [kind_of(column) for column in rows.T]
    return SideParts.of(rows, [each if each.name == "category" or not wide else NUMBER for each in known])


def _trained(seen: SeenColumns, wide: tuple[bool, bool], rows: RowPair, others: RowPair, run: Run) -> Compression:
    encoders = Encoders(seen.views, torch.Generator().manual_seed(run.seed))
    learner = MinibatchLearner(TrainableEncoders(encoders), rows, others, BATCH, CODE_RATE, run.seed)
    decay = Decay(0.4, after_overfitting, pieces=5, cut_by_clock=True)
    stopping = [Settled(CODE_TOLERANCE, CODE_LEAST_STEPS)]
    steps = PICTURE_STEPS if any(seen.pictures) else CODE_STEPS
    report = train(learner, Procedure(steps, EvenIntervals(CODE_EVALUATE_EVERY), decay, stopping), run)
    with torch.no_grad():
        known, codes = encoders(rows), encoders(others)
    whole = Axes.of(known)
    axes = whole.telling(codes)
    linear = _linear(encoders.components(rows), encoders.components(others))
    learned = axes.own_contrasts(codes)
    lost = float(whole.own_contrasts(codes).mean() - learned.mean())
    excess = float(axes.own_contrasts(known).mean() - learned.mean())
    error = float((learned - linear).std()) / len(linear) ** 0.5
    evidence = CodesEvidence(float(learned.mean()), float(linear.mean()), error, excess, max(lost, 0.0))
    return Compression(wide, seen, encoders, axes, None, evidence, report)


def _unfolded(found: Compression, rows: RowPair, others: RowPair, run: Run) -> Compression:
    """Return a compression whose axes are told by fewer columns where they lie on a surface; see `unfolded`."""
    axes, evidence = found.axes, found.evidence
    with torch.no_grad():
        known, codes = found.encoders(rows), found.encoders(others)
    flat = unfolded(axes, known, codes, run)
    if flat is None:
        return found
    with torch.no_grad():
        kept = float(axes.own_contrasts(codes, flat.rebuilt(axes(codes))).mean())
    left_out = evidence.left_out + max(evidence.learned - kept, 0.0)
    return replace(found, unfolding=flat, evidence=evidence._replace(learned=kept, left_out=left_out))


def _linear(rows: RowPair, others: RowPair) -> Tensor:
    """Return the contrasts `(n,)` of `others` under the Gaussian law with the canonical correlations of `rows`."""
    pair = PairTransform.fit(rows[0].numpy(), rows[1].numpy(), gaussianise=False)
    rho = torch.from_numpy(np.minimum(pair.rho, 0.999).astype(np.float32))
    zx, zy = (torch.from_numpy(side)[:, : len(rho)] for side in pair.transform(others[0].numpy(), others[1].numpy()))
    return torch.cat([own_contrasts(_gaussian(x, y, rho)) for x, y in compared(zx, zy)])


def _gaussian(x: Tensor, y: Tensor, rho: Tensor) -> Tensor:
    """Return the log-density ratios `(n, n)` of canonical coordinates, but for a constant."""
    rest = (1 - rho) * (1 + rho)
    square = rho**2 / rest / 2
    return (x * rho / rest) @ y.T - ((x * x) @ square)[:, None] - ((y * y) @ square)[None, :]
