"""What the trained baselines share: options, coordinates, networks, and the one training loop.

A learner says how to train on a batch and how well it does on held-out rows; the loop below does the rest, as for the
diffusion estimators: Adam at a constant rate to a plateau of the held-out objective, then a decay to zero. The weights
kept are the earliest that nothing later beats on held-out training rows by more than the standard error of the
difference; evaluation rows are never looked at.

Networks are small and their tensors too: training runs on one thread, which gives the same bits on any machine setting.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import Self

from mmg_registry.contracts import Array, Estimator, Options, Progress, Run, below
from mmg_registry.errors import DataError, OptionError
from mmg_registry.preprocess import PairTransform
from mmg_registry.results import Estimate
from mmg_registry.threads import torch_threads
from mmg_registry.training.held_out import Look, Pair, carried_on, choice_error, hold_back, settled

FEWEST_ROWS = 20  # of a fit: two of them are held out
DECAY = 0.4  # share of the steps that the final decay takes
WEIGHT_DECAY = 0.1  # times the learning rate; against learning rows by heart where columns are many
LONGEST_GRADIENT = 1.0
PATIENCE = 500  # steps at least until a training that gains nothing ends
STEPS_A_COLUMN = 50  # the more columns there are, the later learning begins
MOST_PICKED = 1 << 20  # rows of the batches that are drawn at a time: 8 MB of their numbers
START_RHO = 0.999  # correlations of the Gaussian start are cut there: its curvature grows like 1 / (1 - rho)


class NeuralOptions(Options):
    """Options that all trained baselines have."""

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


class Descent(Protocol):
    """Optimiser steps, and what the optimiser remembers between them."""

    def run(self, picked: Tensor, rates: Tensor) -> None:
        """One step on each batch of rows `picked` `(batches, rows)` int64, at its learning rate `(batches,)`."""


class Learner(ABC):
    """What the loop trains: the parameters of `module`.

    Attributes:
        begins_late: whether learning begins the later the more columns there are, so that an early plateau is none.
    """

    module: nn.Module
    begins_late: ClassVar[bool] = False

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The scalar to minimise on a batch x `(b, dim_x)`, y `(b, dim_y)`."""

    @abstractmethod
    def look(self, x: Tensor, y: Tensor) -> Tensor:
        """Of held-out rows `(n, 2)`: shares of the objective, to be maximised, and of the running estimate (nats)."""

    def descent(self, rows: Pair) -> Descent:
        """Steps on batches of `rows`."""
        return TorchDescent(self, rows)


@dataclass
class Report:
    """What happened in training: goes into the result's diagnostics.

    Attributes:
        steps: optimiser steps behind the last weights.
        kept: the step whose weights were kept.
        choice_error: standard error (nats) of what the last weights would have given in place of the kept ones, on
            held-out rows; 0 where the last ones were kept or were surely worse.
        unfinished: what more training would still gain (nats), by what the decay gained on held-out rows.
        seconds: wall time.
        stopped: what ended the constant stretch: "plateau", "overfitting", "max_seconds" or "max_steps"; "start": it
            gained nothing, which ends the whole training.
        history: of every look: step, seconds, held-out objective and held-out estimate.
    """

    steps: int = 0
    kept: int = 0
    choice_error: float = 0.0
    unfinished: float = 0.0
    seconds: float = 0.0
    stopped: str = "max_steps"
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Training:
    """One training of `learner` on `rows`, looked at on `held_out`; one use, by `go`."""

    learner: Learner
    rows: Pair
    held_out: Pair
    options: NeuralOptions
    run: Run
    report: Report = field(default_factory=Report)
    looks: list[Look] = field(default_factory=list)
    told: float = 0.0
    start: float = field(default_factory=time.monotonic)

    def go(self) -> Report:
        """Train in place, leave the learner at its kept weights, and say how it went."""
        self.rate = self.options.lr
        self.descent = self.learner.descent(self.rows)
        self.batches = _batches(len(self.rows[0]), self.options.batch, torch.Generator().manual_seed(self.run.seed))
        self.best, self.weights = self._look(), self._snapshot()
        self._hold()
        self._fall()
        self.learner.module.load_state_dict(self.weights)
        self.report.kept = self.best.step
        self.report.choice_error = choice_error(self.best, self.looks[-1])
        self.report.seconds = round(time.monotonic() - self.start, 3)
        return self.report

    @property
    def _check(self) -> int:
        """Steps between looks: fewer rows are over-fitted sooner."""
        return 250 if len(self.rows[0]) >= 20_000 else 50

    def _hold(self) -> None:
        most = max(1, round(self.options.steps * (1 - DECAY)))
        while not (reason := self._why_stop(most)):
            self._advance(self.report.steps + self._chunk(most))
            self._judge()
        self.report.stopped = reason

    def _fall(self) -> None:
        """The rate to zero; from the kept weights, if what was trained after them made it worse."""
        if self.report.stopped == "start":
            return
        before = self.looks[-1]
        if self.report.stopped == "overfitting":
            self.learner.module.load_state_dict(self.weights)
            before, self.report.steps = self.best, self.best.step
        first = self.report.steps
        length = min(round(first * DECAY / (1 - DECAY)), self.options.steps - first)
        while self.report.steps < first + length and not self._out_of_time(1.0):
            self.rate = self.options.lr * (1 - (self.report.steps - first) / length)
            self._advance(min(self.report.steps + max(1, self._chunk(first + length) // 5), first + length))
        if self.report.steps > first:
            self._judge()
            self.report.unfinished = carried_on(*self.looks[-1].gain(before, column=1), self.report.steps / first)

    def _chunk(self, most: int) -> int:
        """Steps to the next look; few at first under a clock, so that no limit is overrun by much."""
        left = max(1, min(self._check, most - self.report.steps))
        return left if self.run.max_seconds is None else max(1, min(left, self.report.steps // 5))

    def _advance(self, until: int) -> None:
        while self.report.steps < until:
            steps = min(until - self.report.steps, max(1, MOST_PICKED // self.options.batch))
            picked = torch.stack(list(itertools.islice(self.batches, steps)))
            self.descent.run(picked, torch.full((steps,), self.rate))
            self.report.steps += steps
        self._say()

    def _look(self) -> Look:
        with torch.no_grad():
            rows = self.learner.look(*self.held_out)
        objective, mi = rows.mean(0).tolist()
        seconds = round(time.monotonic() - self.start, 3)
        self.report.history.append({"step": self.report.steps, "seconds": seconds, "objective": objective, "mi": mi})
        self.looks.append(Look(self.report.steps, rows))
        self._say()
        return self.looks[-1]

    def _judge(self) -> None:
        gain, error = self._look().gain(self.best)
        if gain > error:
            self.best, self.weights = self.looks[-1], self._snapshot()

    def _snapshot(self) -> dict[str, Tensor]:
        return copy.deepcopy(self.learner.module.state_dict())

    def _why_stop(self, most: int) -> str:
        if self.report.steps >= most:
            return "max_steps"
        if self._out_of_time(1 - DECAY):
            return "max_seconds"
        if self._gained_nothing():
            return "start"
        ready = self.report.steps >= max(min(4 * self._check, 1_000), self._wait if self.learner.begins_late else 0)
        return settled(self.looks, self.options.tolerance) if ready else ""

    @property
    def _wait(self) -> int:
        """Steps before which nothing gained means nothing."""
        return STEPS_A_COLUMN * sum(side.shape[1] for side in self.rows)

    def _gained_nothing(self) -> bool:
        """Whether all looks so far, and there are enough, leave the closed form of the start as good as any."""
        if self.report.steps < max(PATIENCE, self._wait):
            return False
        first, *later = self.looks
        return all(look.gain(first)[0] < self.options.tolerance for look in later)

    def _out_of_time(self, share: float) -> bool:
        limit = self.run.max_seconds
        return limit is not None and time.monotonic() - self.start >= share * limit

    def _say(self) -> None:
        elapsed = time.monotonic() - self.start
        done = self.report.steps / self.options.steps
        if self.run.max_seconds is not None:
            done = max(done, elapsed / self.run.max_seconds)
        self.told = done = max(self.told, min(done, 1.0))  # where training goes back, progress does not
        mi = self.report.history[-1]["mi"] if self.report.history else None
        self.run.report(Progress(done, "training", mi, elapsed * (1 - done) / done if done > 0 else None))


def _batches(rows: int, size: int, draw: torch.Generator) -> Iterator[Tensor]:
    """Numbers of rows, without end: every epoch in a new order, its incomplete last batch left out; never over all."""
    size = min(size, rows)
    while True:
        yield from torch.randperm(rows, generator=draw)[: rows // size * size].view(-1, size)


class TorchDescent:
    """Steps of AdamW by automatic differentiation."""

    def __init__(self, learner: Learner, rows: Pair) -> None:
        self.learner, self.rows = learner, rows
        self.adam = AdamW(list(learner.module.parameters()), WEIGHT_DECAY)

    def run(self, picked: Tensor, rates: Tensor) -> None:
        for batch, rate in zip(picked.to(self.rows[0].device), rates.tolist(), strict=True):
            self._step(batch, rate)

    def _step(self, batch: Tensor, rate: float) -> None:
        x, y = self.rows
        self.adam.forget()
        self.learner.loss(x[batch], y[batch]).backward()
        length = nn.utils.clip_grad_norm_(self.learner.module.parameters(), LONGEST_GRADIENT)
        if bool(torch.isfinite(length)):  # an exponential that overflowed tells nothing of where to go
            self.adam.step(rate)


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2), as `torch.optim.AdamW`.

    That one loads PyTorch's compiler when it is made, which takes a second: as long as much of a whole fit here.

    Example:
        >>> weight = nn.Parameter(torch.ones(1))
        >>> adam = AdamW([weight], decay=0.0)
        >>> (3 * weight).backward()
        >>> adam.step(rate=0.1)
        >>> round(weight.item(), 4)
        0.9
    """

    BETAS, EPS = (0.9, 0.999), 1e-8

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        self.parameters: list[Tensor] = list(parameters)
        self.decay, self.steps = decay, 0
        self.mean, self.square = ([torch.zeros_like(each) for each in parameters] for _ in range(2))

    def forget(self) -> None:
        """Drop all gradients."""
        for each in self.parameters:
            each.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all parameters, each of which has a gradient."""
        self.steps += 1
        grads = [each.grad for each in self.parameters if each.grad is not None]
        first, second = self.BETAS
        torch._foreach_lerp_(self.mean, grads, 1 - first)
        torch._foreach_mul_(self.square, second)
        torch._foreach_addcmul_(self.square, grads, grads, 1 - second)
        below = torch._foreach_sqrt(self.square)
        torch._foreach_div_(below, math.sqrt(1 - second**self.steps))
        torch._foreach_add_(below, self.EPS)
        torch._foreach_mul_(self.parameters, 1 - rate * self.decay)
        torch._foreach_addcdiv_(self.parameters, self.mean, below, -rate / (1 - first**self.steps))


# --- Networks -------------------------------------------------------------------------------------------------------


def perceptron(dims: list[int], draw: torch.Generator, quiet: int = 0) -> nn.Sequential:
    """Linear layers of sizes `dims` with SiLU between them, weights drawn from `draw`.

    Args:
        quiet: how many of the outputs, the first ones, start from zero.

    Example:
        >>> network = perceptron([3, 8, 1], torch.Generator().manual_seed(0), quiet=1)
        >>> network(torch.ones(2, 3)).tolist()
        [[0.0], [0.0]]
    """
    layers: list[nn.Module] = []
    for first, last in itertools.pairwise(dims):
        layers += [_linear(first, last, draw), nn.SiLU()]
    nn.init.zeros_(layers[-2].weight[:quiet])  # type: ignore[index]
    return nn.Sequential(*layers[:-1])


def _linear(first: int, last: int, draw: torch.Generator) -> nn.Linear:
    """Leaves the global generator, which `nn.Linear` draws from, as it was; `skip_init` loads PyTorch's compiler."""
    with torch.random.fork_rng(devices=[]):
        layer = nn.Linear(first, last)
    nn.init.uniform_(layer.weight, -math.sqrt(3 / first), math.sqrt(3 / first), generator=draw)
    nn.init.zeros_(layer.bias)
    return layer


# --- The estimator --------------------------------------------------------------------------------------------------


@dataclass
class Fitted:
    """What `fit` leaves and `restore` rebuilds."""

    pair: PairTransform
    learner: Learner
    report: Report


class Reading(NamedTuple):
    """An estimate with what each row has in it.

    Attributes:
        mi: nats.
        influence: `(n,)`, of every row on the estimate, to first order; its mean is of no account.
        pointwise: `(n,)`, with mean `mi`.
        words: for the diagnostics.
        doubts: for the warnings.
    """

    mi: Tensor
    influence: Tensor
    pointwise: Tensor
    words: Mapping[str, Any] = {}
    doubts: Sequence[str] = ()


class Neural(Estimator):
    """Base of the trained baselines: coordinates, split, training, state; subclasses say what is learned and read.

    Training stops, and its weights are chosen, by a tenth of the training rows. Coordinates are those of
    `mmg_registry.preprocess.PairTransform`.

    Raises:
        OptionError: for an option out of range, a CUDA device that is not there, or an estimate before `fit`.
        DataError: for fewer rows than an estimate can be made of, or other widths than those of `fit`.
    """

    options: NeuralOptions
    has_pointwise = True

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self._fitted: Fitted | None = None

    def fit(self, x: Array, y: Array) -> Self:
        """Train on x `(n, dim_x)` and y `(n, dim_y)`."""
        device = device_of(self.run.device)
        if len(x) < FEWEST_ROWS:
            raise DataError(f"The estimator '{self.name}' needs {FEWEST_ROWS} rows to train on, and has {len(x)}.")
        pair = PairTransform.fit(x, y, self.options.gaussianise)
        with torch_threads(1):
            rows, held_out = hold_back(*_tensors(pair, x, y, torch.device("cpu")), self.run.seed)
            learner = self._learner(pair, torch.Generator().manual_seed(self.run.seed))
            learner.module.to(device)
            rows, held_out = _on(rows, device), _on(held_out, device)
            report = Training(learner, rows, held_out, self.options, self.run).go()
            with torch.no_grad():
                self._settle(learner, *held_out)
            self._fitted = Fitted(pair, learner, report)
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on x `(n, dim_x)` and y `(n, dim_y)`, n at least 2."""
        fitted = self._need_fit()
        if len(x) < 2:
            raise DataError(f"The estimator '{self.name}' compares rows, and {len(x)} is too few; give it more.")
        device = device_of(self.run.device)
        fitted.learner.module.to(device)
        with torch_threads(1), torch.no_grad():
            found = self._read(fitted.learner, *_tensors(fitted.pair, x, y, device))
        rows = float(found.influence.std()) / math.sqrt(len(found.influence))
        errors = {"rows": rows, "choice": fitted.report.choice_error, "unfinished": fitted.report.unfinished}
        return Estimate(
            mi=float(found.mi),
            std_error=math.hypot(*errors.values()),
            pointwise=found.pointwise.cpu().numpy(),
            diagnostics={**found.words, **_diagnostics(fitted, str(device)), "errors": errors},
            warnings=[*found.doubts, *_warnings(fitted)],
        )

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Coordinates and weights as arrays, and the training's report."""
        fitted = self._need_fit()
        arrays, meta = fitted.pair.state()
        weights = {f"net.{key}": value.cpu().numpy() for key, value in fitted.learner.module.state_dict().items()}
        pair = {f"pair.{key}": value for key, value in arrays.items()}
        return {**pair, **weights}, {"pair": meta, "report": asdict(fitted.report)}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        pair = PairTransform.from_state(below(arrays, "pair."), meta["pair"])
        learner = self._learner(pair, torch.Generator().manual_seed(self.run.seed))
        learner.module.load_state_dict({key: torch.tensor(value) for key, value in below(arrays, "net.").items()})
        self._fitted = Fitted(pair, learner, Report(**meta["report"]))
        return self

    @abstractmethod
    def _learner(self, pair: PairTransform, draw: torch.Generator) -> Any:
        """A fresh learner for rows in the coordinates of `pair`, its weights drawn from `draw`."""

    def _settle(self, learner: Any, x: Tensor, y: Tensor) -> None:
        """Fix what training left open, on the held-out training rows."""

    @abstractmethod
    def _read(self, learner: Any, x: Tensor, y: Tensor) -> Reading:
        """The estimate from a trained learner, on evaluation rows in its coordinates."""

    def _start_rho(self, pair: PairTransform) -> Tensor:
        """Correlations of the Gaussian start, `(min(dim_x, dim_y),)`; zero where none is wanted."""
        rho = np.minimum(pair.rho, START_RHO) if self.options.gaussian_start else np.zeros_like(pair.rho)
        return torch.from_numpy(rho.astype(np.float32))

    def _need_fit(self) -> Fitted:
        if self._fitted is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._fitted


def device_of(name: str) -> torch.device:
    """The device to train on; "auto" is the CPU, which networks of this size leave little to gain over.

    Raises:
        OptionError: for a CUDA device that PyTorch does not see.
    """
    if not name.startswith("cuda"):
        return torch.device("cpu")
    device = torch.device(name)
    if not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count():
        raise OptionError(f"The device '{name}' is not there: PyTorch sees no such GPU; use --device cpu.")
    return device


def _tensors(pair: PairTransform, x: Array, y: Array, device: torch.device) -> Pair:
    zx, zy = pair.transform(x, y)
    return torch.from_numpy(zx).to(device), torch.from_numpy(zy).to(device)


def _on(rows: Pair, device: torch.device) -> Pair:
    return rows[0].to(device), rows[1].to(device)


def _diagnostics(fitted: Fitted, device: str) -> dict[str, Any]:
    return {
        "gaussian_mi": fitted.pair.gaussian_mi,
        "coordinates": {"x": fitted.pair.x.words, "y": fitted.pair.y.words},
        "parameters": sum(p.numel() for p in fitted.learner.module.parameters()),
        "training": asdict(fitted.report),
        "device": device,
    }


def _warnings(fitted: Fitted) -> list[str]:
    report, limits = fitted.report, {"max_steps": "limit of steps", "max_seconds": "time limit"}
    found = []
    if report.stopped in limits:
        found.append(
            f"Training was cut by the {limits[report.stopped]} after {report.steps} steps, before the held-out "
            "objective had settled."
        )
    if fitted.pair.at_limit:
        found.append(
            "A linear combination of x and one of y agree to all digits, so the information is larger than any "
            "trained network can tell, perhaps infinite."
        )
    return found
