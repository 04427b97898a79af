"""Planted networks found by `mmg.pairs`, sets without any dependence, and whether training pairs together pays.

python -m benchmarks.pairs --seeds 3
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from benchmarks.common import RESULTS, document, write
from mmg_registry.allpairs.answer import AllPairs, PairsOptions
from mmg_registry.core import Network, Problems, Proposal, TrainPlan, train_many
from mmg_registry.core.problem import TrainState
from mmg_registry.data import as_pair
from mmg_registry.estimation.run import run
from mmg_registry.request import Request

COLUMNS, ROWS, PLANTED = 40, 500, 12
VALUED = 24  # pairs that get a value: more than were planted, so that their order can go wrong
BATCH, STEPS = 8, 150  # problems that are trained together, and steps of each


def planted(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], set[tuple[int, int]]]:
    """Return columns `(ROWS, COLUMNS)` and the pairs that depend on each other: of four shapes, in turn."""
    x, noise = rng.standard_normal((ROWS, COLUMNS)), rng.standard_normal((ROWS, PLANTED))
    places = rng.permutation(COLUMNS)
    edges = set()
    for k in range(PLANTED):
        i, j = (int(place) for place in places[2 * k : 2 * k + 2])
        angle = rng.uniform(0, 2 * np.pi, ROWS)
        shapes = (0.4 * x[:, i] + noise[:, k], x[:, i] ** 2 + noise[:, k], np.sin(3 * x[:, i]) + 0.5 * noise[:, k])
        x[:, j] = shapes[k % 4] if k % 4 < 3 else np.sin(angle) + 0.2 * noise[:, k]
        x[:, i] = x[:, i] if k % 4 < 3 else np.cos(angle) + 0.2 * x[:, i]
        edges.add((min(i, j), max(i, j)))
    return x, edges


def question(x: np.ndarray[Any, Any], seed: int) -> AllPairs:
    """Return the question of all pairs, values by nearest neighbours."""
    request = Request(plugin="ksg", seed=seed, threads=1, blocks="none")
    return AllPairs.of(as_pair(x, x), request, PairsOptions(top=VALUED))


def average_precision(hits: list[bool], there: int) -> float:
    """Return the area under precision and recall of an order."""
    found = np.cumsum(hits)
    return float((found / np.arange(1, len(hits) + 1))[np.asarray(hits)].sum() / there)


def network(seed: int) -> dict[str, float]:
    """Return what is found of a planted network, and the time of a value beside that of a plain estimate."""
    x, edges = planted(np.random.default_rng([seed, 18]))
    asked = question(x, seed)
    started = time.perf_counter()
    screened = asked.screened
    seconds = time.perf_counter() - started
    order = list(zip(screened.i.tolist(), screened.j.tolist(), strict=True))
    started = time.perf_counter()
    values = {pair: asked.cells(pair)["low"] for pair in asked.chosen()}
    each = (time.perf_counter() - started) / len(values)
    refined = sorted(values, key=lambda pair: -float(values[pair] or 0.0))
    found = order[: screened.found]
    return {
        "found": len(found),
        "right": sum(pair in edges for pair in found),
        "planted": len(edges),
        "ap_screen": average_precision([pair in edges for pair in order[:VALUED]], len(edges)),
        "ap_refined": average_precision([pair in edges for pair in refined], len(edges)),
        "screen_seconds": seconds,
        "seconds_a_value": each,
        "seconds_an_estimate": _loop(x, list(values), seed),
    }


def _loop(x: np.ndarray[Any, Any], pairs: list[tuple[int, int]], seed: int) -> float:
    """Return the time of one estimate in a plain loop."""
    request = Request(plugin="ksg", seed=seed, threads=1, blocks="none")
    started = time.perf_counter()
    for i, j in pairs:
        run(as_pair(x[:, i], x[:, j]), request)
    return (time.perf_counter() - started) / len(pairs)


def nothing(seed: int) -> int:
    """Return how many pairs of independent columns are found."""
    return question(np.random.default_rng([seed, 19]).standard_normal((ROWS, COLUMNS)), seed).screened.found


def together(repeats: int = 3) -> dict[str, float]:
    """Return seconds of training problems of 1 + 1 columns by one call and by a call for each, and their difference."""
    one, many = [], []
    for _ in range(repeats):
        problems, state = _problems()
        apart = [_state(problems.network, k) for k in range(BATCH)]
        started = time.perf_counter()
        train_many(problems, state, TrainPlan(batch=256), range(STEPS))
        middle = time.perf_counter()
        for k, own in enumerate(apart):
            train_many(_one(problems, k), own, TrainPlan(batch=256), range(STEPS))
        many.append(middle - started)
        one.append(time.perf_counter() - middle)
    largest = max(float((own[0][0] - state[0][k]).abs().max()) for k, own in enumerate(apart))
    return {"one_call": min(many), "a_call_each": min(one), "largest_difference": largest}


def _state(net: Network, *seeds: int) -> TrainState:
    """Return fresh weights, moments and averages of a problem for each seed."""
    weights = torch.stack([net.init(seed) for seed in seeds])
    return weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()


def _problems() -> tuple[Problems, TrainState]:
    net = Network(1, 1, width=64, depth=2)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(BATCH, ROWS, 1, generator=generator)
    y = x + torch.randn(BATCH, ROWS, 1, generator=generator)
    rho = torch.zeros(BATCH, 1, dtype=torch.float64)
    problems = Problems(net, x, y, rho, [Proposal.uniform(-4, 8)] * BATCH, seeds=range(BATCH))
    return problems, _state(net, *range(BATCH))


def _one(problems: Problems, k: int) -> Problems:
    x, y, rho = (part[k : k + 1] for part in (problems.x, problems.y, problems.rho))
    return Problems(problems.network, x, y, rho, [problems.proposals[k]], seeds=[problems.seeds[k]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    torch.set_num_threads(1)
    networks = [network(seed) for seed in seeds]
    found, right, there = (sum(each[name] for each in networks) for name in ("found", "right", "planted"))
    means = {name: float(np.mean([each[name] for each in networks])) for name in networks[0]}
    summary = {"precision": right / max(1, found), "recall": right / there, **means}
    null = [nothing(seed) for seed in seeds]
    results = {"networks": networks, "summary": summary, "found_of_nothing": null, "together": together()}
    parameters: dict[str, Any] = {
        "columns": COLUMNS,
        "rows": ROWS,
        "planted": PLANTED,
        "valued": VALUED,
        "batch": BATCH,
        "steps": STEPS,
    }
    write(RESULTS / "pairs.json", document(results, seeds=list(seeds), **parameters))
    print(summary, null, results["together"], sep="\n")


if __name__ == "__main__":
    main()
