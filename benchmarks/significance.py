"""How often `mmg.test`'s quick tests reject where nothing is there, and where something is, beside other packages.

    python -m benchmarks.significance level --rows 500 --repeats 250
    python -m benchmarks.significance power --rows 500 --repeats 60   # and dcor, hyppo, causal-learn, tigramite
    python -m benchmarks.significance plugins --rows 200 --repeats 100   # the level of ksg and gaussian
    python -m benchmarks.significance permutations --rows 2500           # 10,000 of them after one training

Every law draws its own rows from a seed of its own; no law is one that a choice of the tests was made by alone.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import mmg_registry as mmg
from benchmarks.common import PACKAGES, RESULTS, document, table, write
from mmg_registry.data import as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.data.units import units_of
from mmg_registry.significance.conditional import conditional
from mmg_registry.significance.exchange import exchange_of
from mmg_registry.significance.independence import independence

LEVEL = 0.05
DRAWS = 199  # permutations or signs of every test
FEW_DRAWS, MANY = 39, 10_000  # of tests whose exchanges are estimates, and of those that look into a table
QUICK_PLUGINS = ("ksg", "gaussian")
SERIES = ("AR(1)", "given z: series")  # shifts of series are no orders of rows
TIMED = (("circle", "auto"), ("given z: shared noise", "auto"), ("circle", "mine"))
SLOW = {"cmiknn": 20}  # repeats of a peer that takes seconds
PEERS = ("dcor", "hyppo", "causal-learn", "tigramite")

Triplet = Sequence[np.ndarray[Any, Any]]  # x, y, and z where it is given
DrawTriplet = Callable[[int, np.random.Generator], Triplet]
PValueOf = Callable[[Triplet, int], float]  # from rows and a seed to a p-value


def _normal(n: int, rng: np.random.Generator, *widths: int) -> list[np.ndarray[Any, Any]]:
    return [rng.standard_normal((n, width)) for width in widths]


# --- Nothing is there -----------------------------------------------------------------------------------------------


def independent(n: int, rng: np.random.Generator) -> Triplet:
    return _normal(n, rng, 1, 1)


def heavy_tailed(n: int, rng: np.random.Generator) -> Triplet:
    return rng.standard_cauchy((n, 1)), rng.standard_t(2, (n, 2))


def discrete(n: int, rng: np.random.Generator) -> Triplet:
    return rng.integers(0, 3, (n, 1)), rng.poisson(1.0, (n, 1))


def autoregressive(n: int, rng: np.random.Generator) -> Triplet:
    """Two series that each remember some ten rows."""
    series = np.zeros((2, n + 100))
    noise = rng.standard_normal(series.shape)
    for t in range(1, n + 100):
        series[:, t] = 0.8 * series[:, t - 1] + noise[:, t]
    return series[0, 100:, None], series[1, 100:, None]


def common_waves(n: int, rng: np.random.Generator) -> Triplet:
    z, e, f = _normal(n, rng, 1, 1, 1)
    return np.sin(2 * z) + 0.5 * e, np.cos(2 * z) + z + 0.5 * f, z


def common_steep(n: int, rng: np.random.Generator) -> Triplet:
    z, e, f = _normal(n, rng, 1, 1, 1)
    return z**3 + 0.2 * e, np.tanh(3 * z) + 0.2 * f, z


def common_scale(n: int, rng: np.random.Generator) -> Triplet:
    """The cause moves the spread of both sides too, and enters one of them as a product."""
    z, e, f = _normal(n, rng, 3, 1, 1)
    spread = np.exp(0.4 * z[:, :1])
    return z[:, :1] * z[:, 1:2] + spread * e, np.abs(z[:, :1]) + z[:, 2:] + spread * f, z


def common_heavy(n: int, rng: np.random.Generator) -> Triplet:
    z, e, f = (rng.standard_t(2, (n, 1)) for _ in range(3))
    return z + e, np.sign(z) * np.sqrt(np.abs(z)) + f, z


def common_labels(n: int, rng: np.random.Generator) -> Triplet:
    z = rng.standard_normal((n, 1))
    x = (rng.random((n, 1)) < 1 / (1 + np.exp(-3 * np.sin(2 * z)))).astype(float)
    return x, rng.poisson(np.exp(z)).astype(float), z


def common_index(n: int, rng: np.random.Generator) -> Triplet:
    """A period of the sum of five causes."""
    z, e, f = _normal(n, rng, 5, 1, 1)
    index = np.sin(z.sum(axis=1, keepdims=True) / 1.5)
    return index + 0.5 * e, index + 0.5 * f, z


def common_series(n: int, rng: np.random.Generator) -> Triplet:
    """A cause and two noises that are series."""
    (e, f), (z, _) = autoregressive(n, rng), autoregressive(n, rng)
    return np.sin(z) + 0.5 * e, np.abs(z) + 0.5 * f, z


def given_label(n: int, rng: np.random.Generator) -> Triplet:
    z, (e, f) = rng.integers(0, 4, (n, 1)), _normal(n, rng, 1, 1)
    return z % 2 + e, (z > 1) + f, (z == np.arange(1, 4)).astype(float)


NULLS: dict[str, DrawTriplet] = {
    "independent": independent,
    "heavy-tailed": heavy_tailed,
    "discrete": discrete,
    "AR(1)": autoregressive,
    "given z: waves": common_waves,
    "given z: steep": common_steep,
    "given z: product and spread": common_scale,
    "given z: heavy-tailed": common_heavy,
    "given z: labels and counts": common_labels,
    "given z: five causes in one": common_index,
    "given z: series": common_series,
    "given a label": given_label,
}


# --- Something is there ---------------------------------------------------------------------------------------------


def linear(n: int, rng: np.random.Generator) -> Triplet:
    x, e = _normal(n, rng, 1, 1)
    return x, 0.15 * x + e


def tails(n: int, rng: np.random.Generator) -> Triplet:
    """A common scale alone."""
    scale = np.sqrt(5 / rng.chisquare(5, (n, 1)))
    x, y = _normal(n, rng, 1, 1)
    return x * scale, y * scale


def parabola(n: int, rng: np.random.Generator) -> Triplet:
    x = rng.uniform(-1, 1, (n, 1))
    return x, 0.5 * x**2 + 0.9 * rng.standard_normal((n, 1))


def circle(n: int, rng: np.random.Generator) -> Triplet:
    turn, (e, f) = rng.uniform(0, 2 * np.pi, (n, 1)), _normal(n, rng, 1, 1)
    return np.cos(turn) + 0.5 * e, np.sin(turn) + 0.5 * f


def wave(n: int, rng: np.random.Generator) -> Triplet:
    x = rng.uniform(-1, 1, (n, 1))
    return x, np.sin(4 * np.pi * x) + 2.2 * rng.standard_normal((n, 1))


def checkerboard(n: int, rng: np.random.Generator) -> Triplet:
    a = rng.integers(0, 4, (n, 1))
    b = 2 * rng.integers(0, 2, (n, 1)) + a % 2
    return a + rng.uniform(0, 1, (n, 1)) + 0.6 * rng.standard_normal((n, 1)), b + rng.uniform(0, 1, (n, 1))


def exclusive_or(n: int, rng: np.random.Generator) -> Triplet:
    x, e = _normal(n, rng, 2, 1)
    return x, 0.25 * np.sign(x[:, :1] * x[:, 1:]) + e


def one_of_many(n: int, rng: np.random.Generator) -> Triplet:
    x, y = _normal(n, rng, 5, 5)
    y[:, :1] += 0.25 * x[:, :1]
    return x, y


def noise_shared(n: int, rng: np.random.Generator) -> Triplet:
    x, y, z = common_waves(n, rng)
    shared = rng.standard_normal((n, 1))
    return x + 0.25 * shared, y + 0.25 * shared, z


def noise_squared(n: int, rng: np.random.Generator) -> Triplet:
    z, e, f = _normal(n, rng, 1, 1, 1)
    return np.sin(2 * z) + e, np.cos(2 * z) + 0.12 * e**2 + f, z


ALTERNATIVES: dict[str, DrawTriplet] = {
    "linear": linear,
    "tails": tails,
    "parabola": parabola,
    "circle": circle,
    "wave": wave,
    "checkerboard": checkerboard,
    "exclusive or": exclusive_or,
    "one of many": one_of_many,
    "given z: shared noise": noise_shared,
    "given z: squared noise": noise_squared,
}


# --- Tests ----------------------------------------------------------------------------------------------------------


def quick(rows: Triplet, seed: int) -> float:
    """PValueOf as `mmg.test` does, without the estimate beside it."""
    pair = as_pair(*rows[:2]) if len(rows) == 2 else with_given(as_pair(*rows[:2]), rows[2])
    units = units_of(pair)
    x, y = (np.asarray(side, dtype=float) for side in rows[:2])
    if len(rows) == 2:
        return independence(x, y, exchange_of(units), seed, DRAWS).p.value
    return conditional(x, y, np.asarray(rows[2], dtype=float), units, seed, DRAWS).p.value


def _distance(rows: Triplet, seed: int) -> float:
    from dcor.independence import distance_covariance_test

    rng = np.random.default_rng(seed)
    return float(distance_covariance_test(rows[0], rows[1], num_resamples=DRAWS, random_state=rng).pvalue)


def _hsic(rows: Triplet, seed: int) -> float:
    from hyppo.independence import Hsic

    return float(Hsic().test(rows[0], rows[1], reps=DRAWS, auto=True, random_state=seed)[1])


def _kci(rows: Triplet, seed: int) -> float:
    from causallearn.utils.KCI.KCI import KCI_CInd, KCI_UInd

    if len(rows) == 2:
        return float(KCI_UInd().compute_pvalue(rows[0], rows[1])[0])
    return float(KCI_CInd().compute_pvalue(*rows)[0])


def _cmiknn(rows: Triplet, seed: int) -> float:
    from tigramite.independence_tests.cmiknn import CMIknn

    found = CMIknn(sig_samples=DRAWS, seed=seed).run_test_raw(rows[0], rows[1], rows[2] if len(rows) > 2 else None)
    return float(found[1])


def tests_for(rows: int) -> dict[str, tuple[str, PValueOf]]:
    """Return the tests of two or of three variables, each with the module that it needs."""
    plain = {"mmg": ("mmg_registry", quick), "kci": ("causallearn", _kci), "cmiknn": ("tigramite", _cmiknn)}
    pairs = {"dcor": ("dcor", _distance), "hsic": ("hyppo", _hsic)}
    return plain if rows == 3 else {"mmg": plain["mmg"], **pairs, "kci": plain["kci"]}


# --- Runs -----------------------------------------------------------------------------------------------------------


def rejected(law: DrawTriplet, test: PValueOf, n: int, repeats: int, salt: int) -> dict[str, float]:
    """Return how often a test rejects at 5 %, with the error of that share and the CPU seconds of one test."""
    count, begun = 0, 0.0
    for seed in range(repeats):
        rows = law(n, np.random.default_rng([seed, salt]))
        start = time.process_time()
        count += test(rows, seed) <= LEVEL
        begun += time.process_time() - start
    share = count / repeats
    error = math.sqrt(max(share * (1 - share), LEVEL * (1 - LEVEL)) / repeats)
    return {"rejected": share, "error": error, "repeats": repeats, "cpu_seconds": begun / repeats}


def level(args: argparse.Namespace) -> list[Mapping[str, Any]]:
    """Run the quick test where nothing is there."""
    found = []
    for name, law in NULLS.items():
        found.append({"law": name, **rejected(law, quick, args.rows, args.repeats, 1)})
        print(found[-1], flush=True)
    return found


def power(args: argparse.Namespace) -> list[Mapping[str, Any]]:
    """Run the quick test and the peers that are installed where something is there."""
    found = []
    for name, law in ALTERNATIVES.items():
        width = len(law(10, np.random.default_rng(0)))
        for test, (module, run) in tests_for(width).items():
            if find_spec(module) is not None:
                repeats = min(args.repeats, SLOW.get(test, args.repeats))
                found.append({"law": name, "test": test, **rejected(law, run, args.rows, repeats, 2)})
                print(found[-1], flush=True)
    return found


def by_plugin(plugin: str) -> PValueOf:
    """Return the test that decides by the estimates of a plugin."""

    def p_of(rows: Triplet, seed: int) -> float:
        given = rows[2] if len(rows) > 2 else None
        asked = {"plugin": plugin, "permutations": FEW_DRAWS, "seed": seed, "threads": 1}
        found = mmg.test(rows[0], rows[1], given=given, blocks="none", **asked).p_value
        return 1.0 if found is None else found

    return p_of


def plugins(args: argparse.Namespace) -> list[Mapping[str, Any]]:
    """Run the tests by plugins that train nothing where nothing is there, of independent rows."""
    found = []
    for name, law in NULLS.items():
        for plugin in QUICK_PLUGINS if name not in SERIES else ():
            found.append({"law": name, "test": plugin, **rejected(law, by_plugin(plugin), args.rows, args.repeats, 3)})
            print(found[-1], flush=True)
    return found


def permutations(args: argparse.Namespace) -> list[Mapping[str, Any]]:
    """Time 10,000 permutations after one training, by what the p-value takes beyond the estimate."""
    found = []
    for law, plugin in TIMED:
        rows = ALTERNATIVES[law](args.rows, np.random.default_rng([0, 4]))
        given, start = rows[2] if len(rows) > 2 else None, time.process_time()
        asked = {"plugin": plugin, "seed": 0, "threads": 1, "blocks": "none"}
        told = mmg.test(rows[0], rows[1], given=given, permutations=MANY, **asked)
        middle = time.process_time()
        mmg.estimate(rows[0], rows[1], given=given, **asked)
        estimate = time.process_time() - middle
        test = {**told.diagnostics["test"], "cpu_seconds": middle - start - estimate}
        found.append({"law": law, "plugin": plugin, **test, "cpu_seconds_of_the_estimate": estimate})
        print(found[-1], flush=True)
    return found


COMMANDS = {"level": level, "power": power, "plugins": plugins, "permutations": permutations}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(COMMANDS))
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=250)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    found = COMMANDS[args.what](args)
    print(table(found))
    packages = (*PACKAGES, *PEERS)
    settings = {"rows": args.rows, "repeats": args.repeats, "draws": DRAWS, "level": LEVEL}
    path = args.output or RESULTS / f"significance_{args.what}.json"
    write(path, document(found, seeds=range(args.repeats), packages=packages, **settings))


if __name__ == "__main__":
    main()
