"""Annealed runs of one model: the pilot, the reported chains, and shorter runs that show how the gap decays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mmg_plugins.bounds.options import AnnealingOptions
from mmg_registry.annealing.ais import Annealing, LogEvidence, Method, evidence
from mmg_registry.annealing.fitted import FittedPath, fitted_path
from mmg_registry.annealing.hmc import ExactMoves
from mmg_registry.annealing.path import ModelPath
from mmg_registry.annealing.schedule import Pilot, Tuned, linear, sigmoid
from mmg_registry.bounds.checkpoint import Stages, StageState
from mmg_registry.contracts import Progress, Run
from mmg_registry.errors import MMGError
from mmg_registry.models.built_in import generator

LOW_ACCEPTANCE = 0.4
SHORTER = (16, 4)  # the gap's decay is seen in runs with 16 and 4 times fewer temperatures


@dataclass(frozen=True)
class Ladder:
    """Everything that is frozen before the reported chains start: path, options, and what the pilot tuned."""

    path: ModelPath | FittedPath
    options: AnnealingOptions
    tuned: Tuned | None
    exact: Any = None

    def annealing(self, n: int) -> Annealing:
        """Return the annealing along the path with `n` temperatures."""
        if self.tuned is not None:
            betas = self.tuned.temperatures(self.options.schedule, n)
            return Annealing(self.path, betas.tolist(), self.tuned.moves(self.path, betas, self.options.leapfrog))
        betas = sigmoid(n) if self.options.schedule == "sigmoid" else linear(n)
        return Annealing(self.path, betas.tolist(), ExactMoves(self.exact, betas.tolist()))


def tuned_ladder(path: ModelPath | FittedPath, options: AnnealingOptions, run: Run, stages: Stages) -> Ladder:
    """Return a ladder with HMC, tuned by a pilot with draws of its own; with one temperature there is no pilot.

    Raises:
        DataError: when the start draws points to which the model gives no density.
        MMGError: when HMC accepts nothing.
    """
    if options.temperatures == 1:
        return Ladder(path, options, None)
    return Ladder(path, options, tuned(path, options, run, stages / "pilot", stream=1))


def fitted_ladder(path: ModelPath, options: AnnealingOptions, run: Run, stages: Stages) -> Ladder:
    """Return a ladder that starts at a normal density, fitted to a first pilot's draws of the posterior along `path`.

    Raises:
        DataError, MMGError: as `tuned_ladder`.
    """
    first, stage = tuned(path, options, run, stages / "first pilot", stream=2), stages / "fit"
    kept, draws = _kept(stage, path.x), generator(seed_of(run, 3), path.x.device)
    start = FittedPath(path, **kept) if kept else fitted_path(path, first, options.leapfrog, draws)
    stage.save(start.state, finished=True)
    return tuned_ladder(start, options, run, stages)


def tuned(path: ModelPath | FittedPath, options: AnnealingOptions, run: Run, stage: Stages, stream: int) -> Tuned:
    """Run a pilot along `path` and return what it tuned, or return what a checkpoint of `stage` holds of it."""
    run.report(Progress(0.0, stage="pilot"))
    kept = _kept(stage, path.x)
    if kept:
        return Tuned.of_state(kept)
    pilot = Pilot(path, options.schedule, options.mass, options.leapfrog, options.acceptance)
    found = pilot.run(generator(seed_of(run, stream), path.x.device))
    stage.save(found.state, finished=True)
    return found


def _kept(stage: Stages, x: Tensor) -> StageState:
    """Return the saved state of a stage, on the device of `x`; empty where there is none."""
    return {name: each.to(x.device) for name, each in (stage.load() or {}).items()}


def anneal(
    ladder: Ladder, z: Tensor, likelihood: Tensor, method: Method, run: Run, stages: Stages
) -> dict[int, LogEvidence]:
    """Return the evidence for each number of temperatures, the smallest first.

    The sandwich of each run is shown as progress while the next one runs.

    Raises:
        MMGError: when HMC accepts nothing in the last of them.
    """
    lengths = _lengths(ladder.options.temperatures, ladder.options.decay)
    draws = generator(seed_of(run, 0), z.device)
    runs: dict[int, LogEvidence] = {}
    for n in lengths:
        listen = _Listener(run, sum(runs), n, sum(lengths), _interval(runs, likelihood))
        stage = stages / f"T={n}"
        runs[n] = evidence(ladder.annealing(n), z, ladder.options.chains, method, draws, listen, stage)
    _demand_moving(runs[lengths[-1]])
    return runs


def diagnostics(tuned: Tuned | None, runs: dict[int, LogEvidence]) -> dict[str, Any]:
    """Return JSON-serialisable diagnostics of the chains: acceptance, effective chains, decay of the gap, pilot."""
    last = next(reversed(runs.values()))
    found: dict[str, Any] = {"acceptance": last.acceptance, "effective_chains": last.effective}
    found["gap_by_temperatures"] = [{"temperatures": n, "gap": each.gap} for n, each in runs.items()]
    found["gap_decay"] = decay(runs)
    if tuned is not None:
        found["pilot"] = {"temperatures": len(tuned.betas) - 1, "acceptance": tuned.acceptance}
    return found


def decay(runs: dict[int, LogEvidence]) -> float | None:
    """Return the slope of log gap over log T, near -1 once T is large; None without two positive gaps."""
    points = np.log([(n, each.gap) for n, each in runs.items() if each.gap > 0])
    return float(np.polyfit(points[:, 0], points[:, 1], 1)[0]) if len(points) > 1 else None


def slow_chains(found: LogEvidence) -> list[str]:
    """Return a warning if HMC accepted few proposals."""
    if found.acceptance is None or found.acceptance >= LOW_ACCEPTANCE:
        return []
    share = 100 * found.acceptance
    return [f"HMC accepted only {share:.0f} % of its proposals; the bounds hold, but are wide."]


def seed_of(run: Run, stream: int) -> int:
    """Return the seed of one of the run's independent streams of draws."""
    return int(np.random.SeedSequence([run.seed, stream]).generate_state(1)[0])


class _Listener:
    """A listener that reports the fraction done of all runs, and the sandwich of the last finished one."""

    def __init__(self, run: Run, done: int, length: int, total: int, words: str) -> None:
        self.run, self.done, self.length, self.total, self.words = run, done, length, total, words

    def __call__(self, fraction: float) -> None:
        self.run.report(Progress((self.done + fraction * self.length) / self.total, stage=self.words))


def _interval(runs: dict[int, LogEvidence], likelihood: Tensor) -> str:
    if not runs:
        return "annealing"
    last = next(reversed(runs.values()))
    return f"annealing, {between(likelihood, last.low, last.high)}"


def between(likelihood: Tensor, low: Tensor, high: Tensor) -> str:
    """Return in words the bounds on MI that those on log p(x) give.

    >>> import torch
    >>> between(torch.tensor([3.0]), torch.tensor([1.0]), torch.tensor([1.5]))
    'MI in 1.500 to 2.000 nats'
    """
    ends = (float((likelihood - side).mean()) for side in (high, low))
    return "MI in {:.3f} to {:.3f} nats".format(*ends)


def _lengths(n: int, decaying: bool) -> list[int]:
    return [*(n // shorter for shorter in SHORTER if decaying and n // shorter >= 2), n]


def _demand_moving(found: LogEvidence) -> None:
    if found.acceptance is not None and found.acceptance < 0.01:
        raise MMGError("HMC accepted less than 1 % of its proposals, so the chains did not move; allow more leapfrogs.")
