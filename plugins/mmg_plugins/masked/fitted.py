"""A trained prediction of masked positions, and the estimate that it gives: fitted, read, saved and restored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmg_plugins.baselines.counts import information_of_counts
from mmg_plugins.baselines.second_opinion import Opinion
from mmg_plugins.belief import SEEN_ROWS, Measured, half_by_heart
from mmg_plugins.masked.alphabets import LEAST_ROWS, Alphabets
from mmg_plugins.masked.network import MaskedNetwork
from mmg_plugins.masked.positions import TrainablePositions, summed
from mmg_plugins.unseen import left_unseen, missed
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.contracts import Array, Run, below
from mmg_registry.devices import torch_device
from mmg_registry.errors import DataError, demand
from mmg_registry.results import Estimate, widened
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
    train,
    wherever_learned,
)
from mmg_registry.training.held_out import hold_back

FEWEST_ROWS = 20  # fewest rows to fit on, of which six are held out
EVERY, EVERY_OF_FEW, ENOUGH_ROWS = 100, 25, 4_000  # steps between two looks, with many training rows and with fewer
LEAST_STEPS = 400  # before a plateau counts
PATIENCE = 600  # least steps before a training that gains nothing ends
DECAY, STAIRS = 0.4, 5  # share of the steps that the final decay takes, and its rates between two looks

MASK_REPEATS = 4  # independent draws of a row's masks, whose spread is the error of its log ratio
DRAWS = 16
"""Masks of an evaluation row, or one for each position if there are more of these.

Evidence: chosen for time; each position's number of kept ones then has a stratum of its own.
Lower: noise of the masks adds to the error. Higher: time.
"""


@dataclass(frozen=True)
class MaskedTraining:
    """What a training of masked positions needs to know.

    Attributes:
        steps: most training steps.
        width, depth: units of a hidden layer, and hidden layers.
        batch: rows a training step.
        rate: learning rate, before it decays to zero.
        tolerance: nats; training ends when a third of it gains less on held-out rows.
    """

    steps: int = 4_000
    width: int = 64
    depth: int = 2
    batch: int = 256
    rate: float = 2e-3
    tolerance: float = 0.002


@dataclass(frozen=True)
class FittedPositions:
    """A fitted prediction, which `fit_positions` leaves and `restored` rebuilds.

    Attributes:
        alphabets: of the predicted side and of the given one.
        swapped: whether y is predicted from x, in place of x from y.
        network: trained weights.
        context: columns of numbers that both predictions see.
        report: report of the training.
        open_positions: `(positions,)` whether y helped to predict a position of held-out rows; others contribute 0.
        seen: the value on training rows.
        counted: what a count of the training rows' classes says, where their table is small; else None.
        rows: number of training rows, held-out ones included.
    """

    alphabets: tuple[Alphabets, Alphabets]
    swapped: bool
    network: MaskedNetwork
    context: int
    report: Report
    open_positions: NDArray[np.bool_]
    seen: Measured
    counted: Opinion | None
    rows: int

    def estimate(self, run: Run, x: Array, y: Array, context: Array | None = None) -> Estimate:
        """Estimate on rows `x` `(n, dim_x)` and `y` `(n, dim_y)`, with pointwise values.

        `context` `(n, k)` are numbers that both predictions see, as in training.

        Raises:
            DataError: for rows with NaN.
        """
        device = torch_device(run.device)
        rows = rows_of(self.alphabets, self.swapped, (x, y), context, device)
        with torch_threads(1), torch.no_grad():
            gains = gains_of(self.network.to(device), rows, run.seed)
        values = gains @ self.open_positions.astype(np.float64)
        sampling = widened(float(values.std(ddof=1)) / math.sqrt(len(values)), len(values))
        by_heart = half_by_heart(Measured(float(values.mean()), sampling), self.seen)
        mi = float(values.mean()) + by_heart
        errors = {
            "rows": sampling,
            "generalisation": by_heart,
            "choice": self.report.choice_error,
            "unfinished": self.report.unfinished,
            "unseen": self.missed,
            "counts": self.counted.beyond(mi) if self.counted else 0.0,
        }
        return Estimate(
            mi=mi,
            std_error=math.hypot(*errors.values()),
            pointwise=values - values.mean() + mi,
            device=str(device),
            diagnostics={**self._words, "errors": errors},
            warnings=self._warnings,
        )

    def log_ratio(self, run: Run, x: Array, y: Array, context: Array | None = None) -> tuple[F64, F64]:
        """Return the log ratio of rows x `(n, dim_x)`, y `(n, dim_y)` and the standard error of its masks, `(n,)` each.

        `context` `(n, k)` are numbers that both predictions see, as in training.

        Raises:
            DataError: for rows with NaN.
        """
        device = torch_device(run.device)
        rows, helped = rows_of(self.alphabets, self.swapped, (x, y), context, device), self.open_positions
        with torch_threads(1), torch.no_grad():
            network = self.network.to(device)
            found = np.stack([gains_of(network, rows, run.seed + repeat) @ helped for repeat in range(MASK_REPEATS)])
        return found.mean(0), found.std(0, ddof=1) / math.sqrt(MASK_REPEATS)

    @property
    def missed(self) -> float:
        """Return the standard error of what the training could not have seen, in nats."""
        one, other = (max(side.freedom, 1) for side in self.alphabets)
        return missed([self.report], self.rows, (one, other))

    @property
    def _words(self) -> dict[str, Any]:
        predicted, given = self.alphabets
        return {
            "predicted": "y" if self.swapped else "x",
            "classes": {"predicted": _sizes(predicted), "given": _sizes(given)},
            "positions": {"predicted": len(self.open_positions), "helped": int(self.open_positions.sum())},
            "counted": None if self.counted is None else self.counted._asdict(),
            "parameters": sum(each.numel() for each in self.network.parameters()),
            "training": self.report.to_dict(),
        }

    @property
    def _warnings(self) -> list[str]:
        limits = {"max_steps": "limit of steps", "max_seconds": "time limit"}
        cut = limits.get(self.report.stopped)
        said = [] if cut is None else [_CUT.format(cut, self.report.steps)]
        columns = sum(len(side.columns) for side in self.alphabets)
        return [*said, *left_unseen(self.report, columns, self.missed)]

    def state(self) -> SavedState:
        """Return the weights as named arrays, and everything else as a JSON-serialisable mapping."""
        arrays = {f"net.{key}": value.cpu().numpy() for key, value in self.network.state_dict().items()}
        return {**arrays, "open_positions": self.open_positions.astype(np.int64)}, {
            "alphabets": [side.state() for side in self.alphabets],
            "swapped": self.swapped,
            "context": self.context,
            "report": self.report.to_dict(),
            "seen": list(self.seen),
            "counted": None if self.counted is None else list(self.counted),
            "rows": self.rows,
        }

    @classmethod
    def restored(
        cls, settings: MaskedTraining, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
    ) -> FittedPositions:
        """Rebuild what `state` saved, with the sizes of `settings`."""
        predicted, given = (Alphabets.restored(each) for each in meta["alphabets"])
        network = made(settings, (predicted, given), meta["context"], seed=0)
        network.load_state_dict({key: torch.tensor(value) for key, value in below(arrays, "net.").items()})
        return cls(
            (predicted, given),
            meta["swapped"],
            network,
            meta["context"],
            Report(**meta["report"]),
            arrays["open_positions"].astype(bool),
            Measured(*meta["seen"]),
            None if meta["counted"] is None else Opinion(*meta["counted"]),
            meta["rows"],
        )


_CUT = "Training was cut by the {} after {} steps, before the held-out objective had settled."


def fit_positions(
    settings: MaskedTraining,
    run: Run,
    sample: tuple[Array, Array],
    ordered: tuple[Sequence[bool], Sequence[bool]],
    swapped: bool = False,
    groups: Index | None = None,
    context: Array | None = None,
) -> FittedPositions:
    """Train on rows x `(n, dim_x)` and y `(n, dim_y)` of `sample`, whose columns are all discrete.

    Args:
        settings: sizes of the network and of the training.
        run: seed, device, limits.
        sample: x and y; numbers of columns that are no category are pooled into intervals.
        ordered: for each column of x and of y whether its values are numbers, in place of labels.
        swapped: whether to predict y from x, in place of x from y.
        groups: `(n,)` a number for each row; rows with the same one are held out together.
        context: `(n, k)` numbers near standard normal that both predictions see: what is given; None for none.

    Raises:
        DataError: for fewer than 20 rows, or rows with NaN.
    """
    n = len(sample[0])
    demand(n >= FEWEST_ROWS, f"Predicting masked positions needs {FEWEST_ROWS} rows, and there are {n}.", DataError)
    x, y = (Alphabets.of(rows, each) for rows, each in zip(sample, ordered, strict=True))
    alphabets = (y, x) if swapped else (x, y)
    device = torch_device(run.device)
    every = rows_of(alphabets, swapped, sample, context, device)
    counted = counted_in(every) if context is None else None  # before rows are held back, which reorders them
    with torch_threads(1):
        rows, held_out = hold_back(*every, run.seed, groups)
        network, report = trained(settings, run, alphabets, rows, held_out)
        with torch.no_grad():
            helped = gains_of(network, held_out, run.seed).mean(0) > 0
            values = gains_of(network, _first(rows), run.seed) @ helped.astype(np.float64)
    seen = Measured(float(values.mean()), float(values.std()) / math.sqrt(len(values)))
    seen_by_both = 0 if context is None else context.shape[1]
    return FittedPositions(alphabets, swapped, network, seen_by_both, report, helped, seen, counted, n)


def trained(
    settings: MaskedTraining,
    run: Run,
    alphabets: tuple[Alphabets, Alphabets],
    rows: RowPair,
    held_out: RowPair,
) -> tuple[MaskedNetwork, Report]:
    """Train a fresh network on `rows`, guided by `held_out`, both on one device."""
    context = rows[1].shape[1] - len(alphabets[1].columns)
    network = made(settings, alphabets, context, run.seed).to(rows[0].device)
    trainable = TrainablePositions(network, torch.Generator().manual_seed(run.seed), run.seed)
    learner = MinibatchLearner(trainable, rows, held_out, settings.batch, settings.rate, run.seed)
    return network, train(learner, _procedure(settings, len(rows[0])), run)


def _procedure(settings: MaskedTraining, rows: int) -> Procedure:
    every = EVERY if rows >= ENOUGH_ROWS else EVERY_OF_FEW
    return Procedure(
        settings.steps,
        EvenIntervals(every),
        Decay(DECAY, wherever_learned, pieces=STAIRS, cut_by_clock=True),
        [NothingGained(settings.tolerance, PATIENCE), Settled(settings.tolerance, LEAST_STEPS)],
        unfinished_column=ESTIMATE,
    )


def made(settings: MaskedTraining, alphabets: tuple[Alphabets, Alphabets], context: int, seed: int) -> MaskedNetwork:
    """Return a fresh network, its weights drawn from `seed`."""
    draw = torch.Generator().manual_seed(seed)
    return MaskedNetwork(*alphabets, (settings.width, settings.depth), draw, context)


def gains_of(network: MaskedNetwork, rows: RowPair, seed: int) -> NDArray[np.float64]:
    """Return what the given side adds to each position of rows, `(n, positions)` in nats."""
    positions = rows[0].shape[1]
    draws = 1 if positions == 1 else max(DRAWS, positions)
    return summed(network, rows, draws, seed).gains.double().cpu().numpy()


def rows_of(
    alphabets: tuple[Alphabets, Alphabets],
    swapped: bool,
    sample: tuple[Array, Array],
    context: Array | None,
    device: torch.device,
) -> RowPair:
    """Return the classes of the predicted side `(n, positions)` and of the given one `(n, columns)`.

    What both predictions see `(n, k)` follows the latter, whose classes are then floating-point numbers too.
    """
    sides = (sample[1], sample[0]) if swapped else sample
    first, second = (torch.from_numpy(own.classes(rows)) for own, rows in zip(alphabets, sides, strict=True))
    if context is not None:
        second = torch.cat([second.float(), torch.from_numpy(context.astype(np.float32))], 1)
    return first.to(device), second.to(device)


def counted_in(rows: RowPair) -> Opinion | None:
    """Return what a count says of one column each, where there are `LEAST_ROWS` rows for each cell of the table."""
    if any(side.shape[1] > 1 for side in rows):
        return None
    one, other = (side[:, 0].cpu().numpy() for side in rows)
    if len(one) < LEAST_ROWS * len(np.unique(one)) * len(np.unique(other)):
        return None
    found = information_of_counts(one, other)
    return Opinion(found.mi, found.std_error)


def _first(rows: RowPair) -> RowPair:
    """Return some of the training rows, which are in random order but for those that traded places."""
    every = -(-len(rows[0]) // SEEN_ROWS)
    return rows[0][::every], rows[1][::every]


def _sizes(side: Alphabets) -> list[int]:
    return [column.size for column in side.columns]
