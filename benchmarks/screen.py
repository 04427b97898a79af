"""What a screen of all pairs costs, how many of its discoveries are false, and what it sees, beside other packages.

    python -m benchmarks.screen cost --columns 5000 --rows 10000
    python -m benchmarks.screen peers --columns 400 --rows 10000      # Pearson, scikit-learn, widestats, minepy
    python -m benchmarks.screen discoveries --sets 20 --columns 100 --rows 500

Peers that take a pair at a time run on some pairs, and the seconds for all are their mean times the number of pairs.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import PACKAGES, RESULTS, RSS_UNIT, document, table, write
from mmg_registry.kinds import KindName
from mmg_registry.screen import Tiles, screen

LEVEL = 0.05
PAIRS_OF_A_LOOP = 10
NOISE = 0.3  # standard deviation that is added to a curve of unit size
PairLaw = Callable[[int, np.random.Generator], tuple[NDArray[Any], NDArray[Any]]]


# --- Laws of a dependent pair ----------------------------------------------------------------------------------------


def linear(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    x = rng.standard_normal(n)
    return x, 0.35 * x + rng.standard_normal(n)


def parabolic(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    x = rng.uniform(-1, 1, n)
    return x, x**2 + NOISE * rng.standard_normal(n)


def sinusoidal(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    x = rng.uniform(0, 1, n)
    return x, np.sin(4 * np.pi * x) + NOISE * rng.standard_normal(n)


def circular(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.cos(angle) + NOISE * rng.standard_normal(n), np.sin(angle) + NOISE * rng.standard_normal(n)


def checkerboard(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Four by four fields, of which half are empty."""
    row, column = rng.integers(0, 4, n), rng.integers(0, 2, n)
    return row + rng.uniform(0, 1, n), 2 * column + row % 2 + rng.uniform(0, 1, n)


def labels(n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Four labels whose codes mean nothing, and a number whose mean depends on them."""
    label = rng.integers(0, 4, n)
    return label, np.array([0.0, 0.8, -0.4, 0.3])[label] + rng.standard_normal(n)


LAWS: dict[str, PairLaw] = {
    law.__name__: law for law in (linear, parabolic, sinusoidal, circular, checkerboard, labels)
}


# --- Tasks -----------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], Any]) -> dict[str, float]:
    """Return wall and CPU seconds of all threads; wall time counts what else the machine does."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def cost(columns: int, rows: int, threads: int, seed: int) -> list[dict[str, Any]]:
    values = np.random.default_rng(seed).standard_normal((rows, columns), dtype=np.float32)
    for k in range(0, columns // 10, 2):  # some pairs depend, so that there is something to find
        values[:, k + 1] += values[:, k] ** 2
    found: list[Any] = []
    used = timed(lambda: found.append(screen(values, seed=seed, threads=threads)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
    pairs = {"pairs": found[0].n_pairs, "planted": len(range(0, columns // 10, 2)), "found": found[0].found}
    return [{"name": "screen", **pairs, **used, "peak_gigabytes": peak / 1e9}]


def peers(columns: int, rows: int, threads: int, seed: int) -> list[dict[str, Any]]:
    values = np.random.default_rng(seed).standard_normal((rows, columns), dtype=np.float32)
    pairs = columns * (columns - 1) // 2
    whole: dict[str, Callable[[], Any]] = {
        "screen": lambda: screen(values, seed=seed, threads=threads),
        "Pearson by NumPy": lambda: np.corrcoef(values, rowvar=False),
    }
    results = [{"name": name, "pairs_run": pairs, **timed(work)} for name, work in whole.items()]
    if find_spec("widestats"):
        from widestats import mutual_info

        results.append({"name": "widestats", "pairs_run": pairs, **timed(lambda: mutual_info(values, device="cpu"))})
    for name, loop in _loops(values).items():
        used = timed(lambda loop=loop: [loop(k, k + 1) for k in range(PAIRS_OF_A_LOOP)])
        results.append({"name": name, "pairs_run": PAIRS_OF_A_LOOP, **used})
    return [each | {"cpu_microseconds_a_pair": 1e6 * each["cpu_seconds"] / each["pairs_run"]} for each in results]


def _loops(values: NDArray[Any]) -> dict[str, Callable[[int, int], Any]]:
    """Return what takes a pair at a time, of the packages that are installed."""
    from sklearn.feature_selection import mutual_info_regression

    found: dict[str, Callable[[int, int], Any]] = {
        "scikit-learn mutual_info_regression": lambda i, j: mutual_info_regression(values[:, [i]], values[:, j])
    }
    if find_spec("minepy"):
        from minepy import MINE

        found["minepy"] = lambda i, j: MINE().compute_score(values[:, i], values[:, j])
    return found


def discoveries(sets: int, columns: int, rows: int) -> list[dict[str, Any]]:
    """Plant every law once in each set among independent columns, and count what is found at 5 %."""
    seen, false, share = dict.fromkeys(LAWS, 0), 0, []
    for seed in range(sets):
        rng = np.random.default_rng([seed, columns])
        pairs = [law(rows, rng) for law in LAWS.values()]
        others = rng.standard_normal((rows, columns - 2 * len(pairs)))
        values = np.column_stack([*(side for pair in pairs for side in pair), others])
        kinds: list[KindName] = ["continuous"] * columns
        kinds[2 * list(LAWS).index("labels")] = "category"
        answer = screen(Tiles(values, kinds), seed=seed, alpha=LEVEL)
        found = {(int(i), int(j)) for i, j, q in zip(answer.i, answer.j, answer.q, strict=True) if q <= LEVEL}
        planted = {(2 * k, 2 * k + 1): name for k, name in enumerate(LAWS)}
        for pair in found & planted.keys():
            seen[planted[pair]] += 1
        false += len(found - planted.keys())
        share.append(len(found - planted.keys()) / max(1, len(found)))
    power = {f"power {name}": count / sets for name, count in seen.items()}
    return [{"sets": sets, "false_discovery_rate": float(np.mean(share)), "false": false, **power}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["cost", "peers", "discoveries"])
    parser.add_argument("--columns", type=int, default=400)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    sizes = {"columns": given.columns, "rows": given.rows}
    tasks: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "cost": lambda: cost(**sizes, threads=given.threads, seed=0),
        "peers": lambda: peers(**sizes, threads=given.threads, seed=0),
        "discoveries": lambda: discoveries(given.sets, **sizes),
    }
    results = tasks[given.task]()
    seeds = list(range(given.sets)) if given.task == "discoveries" else [0]
    packages = (*PACKAGES, "scikit-learn", "widestats", "minepy")
    path = RESULTS / (
        f"screen_{given.task}.json" if given.task != "discoveries" else f"screen_{given.task}_{given.rows}.json"
    )
    write(path, document(results, seeds=seeds, packages=packages, **sizes, threads=given.threads))
    print(table(results))


if __name__ == "__main__":
    main()
