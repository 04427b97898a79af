"""Series of known answers: transfer entropies of linear pairs, directions and lags of others, false alarms, and time.

    python -m benchmarks.series [--only linear,direction,level,network] [--seeds 20] [--output FILE]

`linear`: vector autoregressions of two channels, 20,000 samples; the transfer entropy at the lags and the history that
were chosen, and that of all of the past, from the autocovariances (Barnett, Barrett and Seth 2009). `direction`: a
coupled logistic map, a Henon pair, a spiking pair, 5,000 samples, each with strength and lag drawn by the seed; found
is what is significant, with the lag of the coupling, and larger than the other way. `level`: pairs without coupling,
or coupled the other way alone. `network`: ordered pairs of ten channels, 20 lags.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_lyapunov

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.quantity import Quantity
from mmg_registry.series.asking import TRANSFER, SeriesQuestion, ask_screen
from mmg_registry.series.plan import Plan
from mmg_registry.series.recording import of_arrays

F64 = NDArray[np.float64]
LONG = 40  # steps of the past that stand for all of it
BURN_IN = 1_000


# --- Linear pairs, and their transfer entropies ---------------------------------------------------------------------


def coefficients(own: tuple[float, float], coupling: float, lag: int, back: float = 0.0) -> F64:
    """Return the matrices of x_t = own x_{t-1} + back y_{t-1} + e, y_t = own y_{t-1} + coupling x_{t-lag} + e."""
    found = np.zeros((max(lag, 1), 2, 2))
    found[0] = np.diag(own)
    found[0, 0, 1] = back
    found[lag - 1, 1, 0] += coupling
    return found


LINEAR = {
    "lag 1": coefficients((0.5, 0.5), 0.4, 1),
    "lag 3, long memory": coefficients((0.9, 0.7), 0.3, 3),
    "lag 6, weak": coefficients((0.3, 0.6), 0.15, 6),
    "both ways": coefficients((0.6, 0.4), 0.5, 2, back=0.3),
    "strong": coefficients((0.2, 0.3), 1.2, 2),
    "nothing": coefficients((0.8, 0.8), 0.0, 1),
}


def simulated(matrices: F64, n: int, rng: np.random.Generator) -> F64:
    """Return `n` samples of a vector autoregression with unit normal innovations, `(n, 2)`."""
    rows = rng.standard_normal((n + BURN_IN, 2))
    for t in range(len(matrices), len(rows)):
        for step, matrix in enumerate(matrices):
            rows[t] += matrix @ rows[t - 1 - step]
    return rows[BURN_IN:]


def covariance(matrices: F64, steps: int) -> F64:
    """Return the covariance of x and y at t, t - 1 .. t - steps, `(2 (steps + 1),) * 2`, x before y at each."""
    order = max(len(matrices), 1)
    companion = np.zeros((2 * order, 2 * order))
    companion[:2] = np.concatenate(list(matrices), axis=1)
    companion[2:, :-2] = np.eye(2 * order - 2)
    noise = np.zeros_like(companion)
    noise[:2, :2] = np.eye(2)
    state = solve_discrete_lyapunov(companion, noise)
    lagged = [state[:2, :2]]
    for _ in range(steps):
        state = companion @ state
        lagged.append(state[:2, :2])
    blocks = [[lagged[j - i] if j >= i else lagged[i - j].T for j in range(steps + 1)] for i in range(steps + 1)]
    return np.block(blocks)


def left_over(whole: F64, target: int, given: Sequence[int]) -> float:
    """Return the variance of one variable that others leave."""
    if not given:
        return float(whole[target, target])
    cross = whole[target, list(given)]
    return float(whole[target, target] - cross @ np.linalg.solve(whole[np.ix_(given, given)], cross))


def true_transfer(matrices: F64, lags: Sequence[int], history: int) -> float:
    """Return the transfer entropy from x at `lags` to y, given `history` steps of y, in nats."""
    whole = covariance(matrices, max(*lags, history, 1))
    own = [2 * step + 1 for step in range(1, history + 1)]
    source = [2 * lag for lag in lags]
    return 0.5 * math.log(left_over(whole, 1, own) / left_over(whole, 1, [*own, *source]))


def linear(name: str, plugin: str, seed: int, n: int) -> dict[str, Any]:
    """Return the estimate of one pair beside the truth, in nats."""
    rows = simulated(LINEAR[name], n, np.random.default_rng([seed, 1]))
    started = time.process_time()
    named = {} if plugin == "quick" else {"plugin": plugin}
    found = mmg.transfer(rows[:, 0], rows[:, 1], lags="1:10", seed=seed, threads=1, **named)
    lags, history = found.diagnostics["lags"], found.diagnostics["history"]
    truth = true_transfer(LINEAR[name], lags, history)
    return {
        "pair": name, "plugin": found.provenance["plugin"]["name"], "seed": seed,
        "value": found.value, "std_error": found.std_error,
        "truth": truth, "error": found.value - truth, "inside": bool(found.low <= truth <= found.high),
        "truth of all of the past": true_transfer(LINEAR[name], range(1, LONG), LONG),
        "lags": str(lags), "history": history, "p": found.p_value, "seconds": time.process_time() - started,
    }  # fmt: skip


# --- Directions and lags --------------------------------------------------------------------------------------------


def logistic(lag: int, strength: float, n: int, rng: np.random.Generator) -> tuple[F64, F64]:
    """Return a logistic map at 4, and one that it drives: y_t = f((1 - s) y_{t-1} + s x_{t-lag})."""
    x, y = rng.uniform(0.1, 0.9, (2, n + BURN_IN))
    for t in range(lag, len(x)):
        x[t] = 4 * x[t - 1] * (1 - x[t - 1])
        mixed = (1 - strength) * y[t - 1] + strength * x[t - lag]
        y[t] = 4 * mixed * (1 - mixed)
    return x[BURN_IN:], y[BURN_IN:]


def henon(lag: int, strength: float, n: int, rng: np.random.Generator) -> tuple[F64, F64]:
    """Return a Henon map and one that it drives (Schiff et al., Phys. Rev. E 1996), with a lag."""
    x, y = rng.uniform(-0.1, 0.1, (2, n + BURN_IN))
    for t in range(max(lag, 2), len(x)):
        x[t] = 1.4 - x[t - 1] ** 2 + 0.3 * x[t - 2]
        y[t] = 1.4 - (strength * x[t - lag] + (1 - strength) * y[t - 1]) * y[t - 1] + 0.3 * y[t - 2]
    return x[BURN_IN:], y[BURN_IN:]


def spikes(lag: int, strength: float, n: int, rng: np.random.Generator) -> tuple[F64, F64]:
    """Return counts of a Poisson process, and of one whose rate it raises over a kernel with its peak at `lag`."""
    x = rng.poisson(0.3, n + BURN_IN).astype(np.float64)
    kernel = strength * np.exp(-0.5 * (np.arange(lag + 3) - lag) ** 2)
    kernel[0] = 0.0
    rate = 0.2 * np.exp(np.minimum(np.convolve(x, kernel)[: len(x)], 3.0))
    return x[BURN_IN:], rng.poisson(rate).astype(np.float64)[BURN_IN:]


PAIRS: dict[str, tuple[Callable[..., tuple[F64, F64]], tuple[float, float]]] = {
    "logistic": (logistic, (0.15, 0.4)),
    "henon": (henon, (0.2, 0.6)),
    "spikes": (spikes, (0.4, 1.0)),
}


def drawn(name: str, seed: int, n: int) -> tuple[F64, F64, int, float]:
    """Return a pair, its lag and its strength, both drawn by the seed."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    make, (weak, strong) = PAIRS[name]
    lag, strength = int(rng.integers(1, 9)), float(rng.uniform(weak, strong))
    return *make(lag, strength, n, rng), lag, strength


def transferred(x: F64, y: F64, seed: int, lags: Sequence[int] = range(1, 11)) -> Quantity:
    """Return the screen over lags of the transfer entropy from x to y."""
    return ask_screen(
        of_arrays({"x": x, "y": y}), SeriesQuestion(TRANSFER, Plan(tuple(lags), shifts=199), mmg_request(seed))
    )


def mmg_request(seed: int) -> Any:
    """Return the settings of a screen."""
    from mmg_registry.request import Request

    return Request(plugin="gaussian", seed=seed, threads=1)


def direction(name: str, seed: int, n: int) -> dict[str, Any]:
    """Return whether direction and lag of one pair are found."""
    x, y, lag, strength = drawn(name, seed, n)
    started = time.process_time()
    forth, back = transferred(x, y, seed), transferred(y, x, seed)
    found = forth.diagnostics["lag"]
    return {
        "pair": name, "seed": seed, "strength": strength, "lag": lag, "found lag": found, "forth": forth.value,
        "back": back.value, "p forth": forth.p_value, "p back": back.p_value,
        "found": bool(forth.p_value <= 0.05 and forth.value > back.value and found == lag),
        "seconds": time.process_time() - started,
    }  # fmt: skip


# --- False alarms ---------------------------------------------------------------------------------------------------


KINDS = {
    "memory 0.5": coefficients((0.5, 0.5), 0.0, 1),
    "memory 0.95": coefficients((0.95, 0.95), 0.0, 1),
    "back": coefficients((0.6, 0.6), 0.5, 2),
    "logistic": None,
}  # the last is of two maps; "back": y acts on x


def unrelated(kind: str, n: int, rng: np.random.Generator) -> tuple[F64, F64]:
    """Return a pair in which x does not act on y."""
    if kind == "logistic":
        return logistic(1, 0.3, n, rng)[0], logistic(1, 0.3, n, rng)[0]
    y, x = simulated(KINDS[kind], n, rng).T
    return x, y


def false_alarms(kind: str, pairs: int, n: int) -> dict[str, Any]:
    """Return in which share of pairs p-values are at most 5 %, for lagged information and transfer entropy."""
    transfer, lagged = [], []
    for seed in range(pairs):
        x, y = unrelated(kind, n, np.random.default_rng([seed, 3]))
        transfer.append(transferred(x, y, seed).p_value)
        plan = Plan(tuple(range(11)), history=0, given_history=0, shifts=199)
        lagged.append(ask_screen(of_arrays({"x": x, "y": y}), SeriesQuestion("lags", plan, mmg_request(seed))).p_value)
    shares = {"transfer": transfer, "lags": lagged if kind != "back" else []}
    return {"kind": kind, "pairs": pairs, **{k: float(np.mean(np.array(v) <= 0.05)) for k, v in shares.items() if v}}


# --- Many channels --------------------------------------------------------------------------------------------------


def channels(n: int, rng: np.random.Generator) -> tuple[F64, list[tuple[int, int, int]]]:
    """Return ten channels, and the links between them: source, target, lag."""
    links = [(0, 1, 2), (1, 2, 5), (3, 4, 1), (5, 6, 9), (6, 7, 3), (8, 9, 14), (2, 8, 7)]
    rows = rng.standard_normal((n + BURN_IN, 10))
    for t in range(20, len(rows)):
        rows[t] += 0.6 * rows[t - 1]
        for source, target, lag in links:
            rows[t, target] += 0.3 * rows[t - lag, source]
    return rows[BURN_IN:], links


def network(n: int, sources: int, targets: int, shifts: int) -> dict[str, Any]:
    """Return the time of the links from some of ten channels to some others at 20 lags, and which were found."""
    import pandas as pd

    rows, links = channels(n, np.random.default_rng(0))
    frame = pd.DataFrame(rows, columns=[f"c{j}" for j in range(10)])
    started, cpu = time.perf_counter(), time.process_time()
    ends = {"source": list(frame.columns[:sources]), "target": list(frame.columns[:targets])}
    found = mmg.network(frame, **ends, lags="1:20", shifts=shifts, threads=1, seed=0)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    true = [link for link in links if link[0] < sources and link[1] < targets]
    told = {(part.diagnostics["source"], part.diagnostics["target"]): part for part in found.parts}
    right = [told[f"c{s}", f"c{t}"].diagnostics["lag"] == lag for s, t, lag in true]
    q = {pair: part.diagnostics["q"] for pair, part in told.items()}
    return {
        "samples": n, "links": len(found.parts), "lags": 20, "shifts": shifts, "seconds": wall, "cpu seconds": cpu,
        "seconds for 90 links": wall * 90 / len(found.parts), "true links": len(true),
        "found with their lag": int(sum(right)), "at q <= 0.05": int(sum(each <= 0.05 for each in q.values())),
        "true at q <= 0.05": int(sum(q[f"c{s}", f"c{t}"] <= 0.05 for s, t, _ in true)),
    }  # fmt: skip


# --- The command ----------------------------------------------------------------------------------------------------


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="linear,direction,level,network")
    parser.add_argument("--plugin", default="quick", help="of linear pairs; quick is none named")
    parser.add_argument("--seeds", type=int, default=20, help="of directions")
    parser.add_argument("--linear-seeds", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=100, help="without coupling, of each kind")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of pairs without coupling")
    parser.add_argument("--sources", type=int, default=10, help="channels of the network whose links are asked about")
    parser.add_argument("--targets", type=int, default=10, help="channels of the network that they may act on")
    parser.add_argument("--shifts", type=int, default=199, help="of the network")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "series.json")
    return parser.parse_args(argv)


def _measured(part: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    if part == "linear":
        plugins, seeds = given.plugin.split(","), range(given.linear_seeds)
        return [linear(name, plugin, seed, 20_000) for name in LINEAR for plugin in plugins for seed in seeds]
    if part == "direction":
        return [direction(name, seed, 5_000) for name in PAIRS for seed in range(given.seeds)]
    if part == "level":
        return [false_alarms(kind, given.pairs, 1_000) for kind in given.kinds.split(",")]
    return [network(100_000, given.sources, given.targets, given.shifts)]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write; parts that are not measured keep what the file holds of them."""
    given = _arguments(argv)
    held = json.loads(given.output.read_text(encoding="utf-8"))["results"] if given.output.exists() else {}
    for part in given.only.split(","):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = _measured(part, given)
        print(common.table(rows), flush=True)
        kinds = {row.get("kind") for row in rows}
        held[part] = [*(row for row in held.get(part, []) if row.get("kind") not in kinds), *rows]
        common.write(given.output, common.document(held, seeds=range(given.seeds), pairs=given.pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
