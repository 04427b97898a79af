"""The base of the trained baselines: options, coordinates, training procedure, saved state and errors.

Training is that of `mmg_registry.training`: AdamW at a constant rate up to a plateau of the held-out objective, then a
decay to zero. It never sees evaluation rows.

Networks and tensors are small, so training runs on one thread, which gives the same bits for any number of threads.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from typing_extensions import Self

from mmg_plugins.baselines.second_opinion import Opinion, ask_neighbours, neighbours_find_more
from mmg_plugins.columns import PairParts
from mmg_plugins.unseen import (
    FEWEST_IN_ALL,
    NOTICEABLY_UNSEEN,
    UNSEEN_COLUMNS,
    cut_short,
    directions_unknown,
    fewer_rows_than_columns,
    left_unseen,
    linear_left,
    missed,
)
from mmg_registry.contracts import Array, Estimator, Options, Run, below, left_of
from mmg_registry.devices import torch_device
from mmg_registry.errors import BiasWarning, DataError, OptionError, about
from mmg_registry.preprocess import PairTransform
from mmg_registry.results import Estimate, Pointwise, widened
from mmg_registry.threads import torch_threads
from mmg_registry.training import (
    ESTIMATE,
    Decay,
    EvenIntervals,
    MinibatchLearner,
    NothingGained,
    Procedure,
    Report,
    RowPair,
    Settled,
    Trainable,
    after_overfitting,
    train,
)
from mmg_registry.training.held_out import hold_back
from mmg_registry.training.stopping import STEPS_SPENT, TIME_SPENT

FEWEST_ROWS = 20  # fewest rows to fit on, of which six are held out
ENOUGH_ROWS = 20_000  # training rows; with fewer, over-fitting comes sooner and evaluations are more frequent
EVALUATE_EVERY, EVALUATE_FEW_EVERY = 250, 50  # steps between two evaluations, with many rows and with fewer
DECAY = 0.4  # share of the steps that the final decay takes
STAIRS = 5  # rates of the decay in an interval between two evaluations
PATIENCE = 500  # least steps before a training that gains nothing ends
LEAST_INTERVALS, LEAST_STEPS = 4, 1_000  # before a plateau counts, whichever is less
STEPS_A_COLUMN = 50  # least steps for each column: with more columns learning begins later
ASKED_ROWS = 8_000  # training rows that nearest neighbours are searched in
FITTING, EVALUATION = 0, 1  # streams of the noise that is added to rounded columns
START_RHO = 0.999  # largest correlation of the Gaussian start, whose curvature grows like 1 / (1 - rho)


class NeuralOptions(Options):
    """Options that all trained baselines share."""

    steps: int = Field(6_000, ge=20, le=10_000_000, description="most training steps")
    width: int = Field(128, ge=4, le=2_048, description="units of a hidden layer")
    depth: int = Field(2, ge=1, le=8, description="hidden layers")
    batch: int = Field(512, ge=2, le=65_536, description="rows a training step; all of them where there are fewer")
    lr: float = Field(2e-3, gt=0, le=0.1, description="learning rate, before it decays to zero")
    tolerance: float = Field(
        0.002, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    gaussianise: bool = Field(True, description="map the margins to near-normal ones first (MI does not change)")
    gaussian_start: bool = Field(
        True, description="start from the closed form of a Gaussian pair; the network learns what that misses"
    )
    neighbours: bool = Field(
        True, description="ask nearest neighbours too, up to 20 columns; what they surely find beyond widens the error"
    )


def procedure(options: NeuralOptions, trainable: Trainable, rows: RowPair) -> Procedure:
    """Return the training procedure of a baseline on `rows`, by the number of rows and of columns.

    What is left unfinished is measured by the estimate, since objectives of critics need not be in nats.
    """
    every = EVALUATE_EVERY if len(rows[0]) >= ENOUGH_ROWS else EVALUATE_FEW_EVERY
    begin = STEPS_A_COLUMN * sum(side.shape[1] for side in rows)
    least = min(LEAST_INTERVALS * every, LEAST_STEPS)
    nothing_gained = NothingGained(options.tolerance, max(PATIENCE, begin))
    settled = Settled(options.tolerance, max(least, begin) if trainable.begins_late else least)
    decay = Decay(DECAY, after_overfitting, pieces=STAIRS, cut_by_clock=True)
    return Procedure(options.steps, EvenIntervals(every), decay, [nothing_gained, settled], unfinished_column=ESTIMATE)


@dataclass
class FittedNeural:
    """A fitted baseline, which `fit` leaves and `restore` rebuilds.

    Attributes:
        sides: what the columns of x and of y are made of.
        pair: coordinates.
        trainable: trained weights.
        report: report of the training.
        rows: number of training rows, held-out ones included.
        neighbours: what nearest neighbours find in them.
    """

    sides: PairParts
    pair: PairTransform
    trainable: Trainable
    report: Report
    rows: int
    neighbours: Opinion

    @property
    def missed(self) -> float:
        """Return the standard error of what the training could not have seen, in nats."""
        return missed([self.report], self.rows, (self.pair.dim_x, self.pair.dim_y))


class Reading(NamedTuple):
    """An estimate, and the contribution of each row to it.

    Attributes:
        mi: the estimate, in nats.
        influence: `(n,)` influence of each row on the estimate, to first order; only its spread is used, not its mean.
        pointwise: `(n,)` pointwise values in nats, with mean `mi`.
        words: entries for the diagnostics.
        doubts: sentences for the warnings.
    """

    mi: Tensor
    influence: Tensor
    pointwise: Tensor
    words: Mapping[str, Any] = {}
    doubts: Sequence[str] = ()


class Neural(Estimator):
    """Base class of the trained baselines, which fits coordinates, splits, trains and saves.

    A subclass says what is learned (`_trainable`) and how the estimate is computed from it (`_read`). A tenth of the
    training rows is held out, to stop training and to choose weights by. Coordinates are those of
    `mmg_registry.preprocess.PairTransform`.

    Raises:
        OptionError: for an option out of range, a CUDA device that is not there, or an estimate before `fit`.
        DataError: for fewer rows than an estimate needs, or other numbers of columns than in `fit`.
    """

    options: NeuralOptions
    has_pointwise = True
    min_rows: ClassVar[int] = FEWEST_IN_ALL
    one_hot = False

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self._fitted: FittedNeural | None = None

    def fit(self, x: Array, y: Array) -> Self:
        """Train on x `(n, dim_x)` and y `(n, dim_y)`."""
        device, started = device_of(self.run.device), time.perf_counter()
        if len(x) < FEWEST_ROWS:
            raise DataError(f"The estimator '{self.name}' needs {FEWEST_ROWS} rows to train on, and has {len(x)}.")
        sides = PairParts.of(x, y, self.x_kinds, self.y_kinds)
        neighbours = self._second_opinion(x, y)
        x, y = self._arranged(sides, x, y, FITTING)
        pair = PairTransform.fit(x, y, self.options.gaussianise)
        with torch_threads(1):
            rows, held_out = hold_back(*_tensors(pair, x, y, torch.device("cpu")), self.run.seed, self.groups)
            trainable = self._trainable(pair, torch.Generator().manual_seed(self.run.seed))
            trainable.module.to(device)
            spent = time.perf_counter() - started
            report = self._train(trainable, _on(rows, device), _on(held_out, device), spent)
            self._fitted = FittedNeural(sides, pair, trainable, report, len(x), neighbours)
        return self

    def _second_opinion(self, x: Array, y: Array) -> Opinion:
        """Return what nearest neighbours find; zeros for rows that depend, whose neighbours in time are alike."""
        if self.groups is not None or not self.options.neighbours:
            return Opinion()
        return ask_neighbours(x, y, self.run, ASKED_ROWS, UNSEEN_COLUMNS)

    def _train(self, trainable: Trainable, rows: RowPair, held_out: RowPair, spent: float) -> Report:
        """Train in the time that the coordinates left, who took `spent` seconds."""
        o, run = self.options, replace(self.run, max_seconds=left_of(self.run.max_seconds, spent))
        learner = MinibatchLearner(trainable, rows, held_out, o.batch, o.lr, self.run.seed)
        report = train(learner, procedure(o, trainable, rows), run)
        with torch.no_grad():
            self._calibrate(trainable, *held_out)
        return report

    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on x `(n, dim_x)` and y `(n, dim_y)`, n at least 2."""
        fitted = self._need_fit()
        device = device_of(self.run.device)
        found = self._reading(fitted, x, y, device)
        rows = widened(float(found.influence.std()) / math.sqrt(len(x)), len(x))
        report = fitted.report
        left = linear_left(fitted.pair.linear, float(found.mi), rows)
        errors = {
            "rows": rows,
            "choice": report.choice_error,
            "unfinished": report.unfinished,
            "unseen": fitted.missed,
            "linear": left,
        }
        more = errors["neighbours"] = fitted.neighbours.beyond(float(found.mi))
        doubts = [neighbours_find_more(float(found.mi), more)] if more > NOTICEABLY_UNSEEN else []
        return Estimate(
            mi=float(found.mi),
            std_error=math.hypot(*errors.values()),
            pointwise=found.pointwise.cpu().numpy(),
            diagnostics={**found.words, **_diagnostics(fitted), "errors": errors},
            device=str(device),
            warnings=about(BiasWarning, [*found.doubts, *doubts, *_warnings(fitted, left, rows)]),
        )

    def pointwise(self, x: Array, y: Array) -> Pointwise:
        """Return the log ratio of each row; the error is that of the constant which rows at hand give all of them."""
        found = self._reading(self._need_fit(), x, y, device_of(self.run.device))
        common = float((found.pointwise - found.influence).std()) / math.sqrt(len(x))
        return Pointwise(found.pointwise.double().cpu().numpy(), np.full(len(x), common))

    def _reading(self, fitted: FittedNeural, x: Array, y: Array, device: torch.device) -> Reading:
        if len(x) < 2:
            raise DataError(f"The estimator '{self.name}' compares rows, and {len(x)} is too few; give it more.")
        fitted.trainable.module.to(device)
        with torch_threads(1), torch.no_grad():
            return self._read(fitted.trainable, *_on(self._placed(x, y), device))

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return coordinates and weights as named arrays, and the training report as a JSON-serialisable mapping."""
        fitted = self._need_fit()
        arrays, meta = fitted.pair.state()
        weights = {f"net.{key}": value.cpu().numpy() for key, value in fitted.trainable.module.state_dict().items()}
        pair = {f"pair.{key}": value for key, value in arrays.items()}
        return {**pair, **weights}, {
            "sides": fitted.sides.state(),
            "pair": meta,
            "report": fitted.report.to_dict(),
            "rows": fitted.rows,
            "neighbours": list(fitted.neighbours),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Rebuild the fitted estimator from what `state` returned."""
        pair = PairTransform.from_state(below(arrays, "pair."), meta["pair"])
        trainable = self._trainable(pair, torch.Generator().manual_seed(self.run.seed))
        trainable.module.load_state_dict({key: torch.tensor(value) for key, value in below(arrays, "net.").items()})
        sides, report = PairParts.restored(meta["sides"]), Report(**meta["report"])
        neighbours = Opinion(*meta["neighbours"])
        self._fitted = FittedNeural(sides, pair, trainable, report, meta["rows"], neighbours)
        return self

    def _placed(self, x: Array, y: Array) -> RowPair:
        """Return evaluation rows in the coordinates of the networks."""
        fitted = self._need_fit()
        return _tensors(fitted.pair, *self._arranged(fitted.sides, x, y, EVALUATION), torch.device("cpu"))

    def _arranged(self, sides: PairParts, x: Array, y: Array, stream: int) -> tuple[Array, Array]:
        """Return the rows that the networks take in the place of x and of y: values, and an indicator for each label.

        `stream` tells the noise of fitting rows from that of evaluation rows, where noise is added.
        """
        return sides.x.given(x), sides.y.given(y)

    @abstractmethod
    def _trainable(self, pair: PairTransform, draw: torch.Generator) -> Any:
        """Return a fresh `Trainable` for rows in the coordinates of `pair`, its weights drawn from `draw`."""

    def _calibrate(self, trainable: Any, x: Tensor, y: Tensor) -> None:
        """Set on the held-out training rows what the training objective leaves open, such as a constant."""

    @abstractmethod
    def _read(self, trainable: Any, x: Tensor, y: Tensor) -> Reading:
        """Return the estimate from trained weights, on evaluation rows in their coordinates."""

    def _start_rho(self, pair: PairTransform) -> Tensor:
        """Return the correlations `(min(dim_x, dim_y),)` of the Gaussian start; zeros where none is wanted."""
        rho = np.minimum(pair.rho, START_RHO) if self.options.gaussian_start else np.zeros_like(pair.rho)
        return torch.from_numpy(rho.astype(np.float32))

    def _need_fit(self) -> FittedNeural:
        if self._fitted is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._fitted


def device_of(name: str) -> torch.device:
    """Return the device to train on; "auto" is the CPU, since networks of this size gain little from a GPU.

    Raises:
        OptionError: for a CUDA device that PyTorch does not see.
    """
    return torch_device(name)


def _tensors(pair: PairTransform, x: Array, y: Array, device: torch.device) -> RowPair:
    zx, zy = pair.transform(x, y)
    return torch.from_numpy(zx).to(device), torch.from_numpy(zy).to(device)


def _on(rows: RowPair, device: torch.device) -> RowPair:
    return rows[0].to(device), rows[1].to(device)


def _diagnostics(fitted: FittedNeural) -> dict[str, Any]:
    return {
        "gaussian_mi": fitted.pair.gaussian_mi,
        "linear_mi": None if fitted.pair.linear is None else asdict(fitted.pair.linear),
        "coordinates": {"x": fitted.pair.x.words, "y": fitted.pair.y.words},
        **fitted.sides.words,
        "parameters": sum(p.numel() for p in fitted.trainable.module.parameters()),
        "training": fitted.report.to_dict(),
    }


def _warnings(fitted: FittedNeural, left: float, rows: float) -> list[str]:
    """Return what to warn of: `left` nats of linear dependence beyond an estimate whose rows have the error `rows`."""
    report = fitted.report
    columns = fitted.pair.dim_x + fitted.pair.dim_y
    found = [*left_unseen(report, columns, fitted.missed), *fewer_rows_than_columns(fitted.rows, columns)]
    if left > max(rows, NOTICEABLY_UNSEEN):
        found.append(directions_unknown(left))
    if report.stopped in (STEPS_SPENT, TIME_SPENT):
        found.append(cut_short(report.stopped, report.steps))
    if fitted.pair.at_limit and not fitted.sides.counted:
        found.append(
            "A linear combination of x and one of y agree to all digits, so the information is larger than any "
            "trained network can tell, perhaps infinite."
        )
    return found
