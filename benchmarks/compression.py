"""Images and embeddings of known information: what `auto` finds in sides of hundreds of columns.

    python -m benchmarks.compression [--only blob-16,networks-768] [--seeds 0] [--rows 8000] [--evaluation 2000]
        [--output FILE]

Each side is a function of normal columns that tells them, so that the information is that of the pairs of columns
behind: images of a blob at a place, of a box with four edges, of a ring, of a grating with its phase, of a coloured
disc; random networks of two columns; and three columns that are turned among hundreds of independent ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

import mmg_registry as mmg
from benchmarks import common

WideSide = NDArray[Any]


class WidePair(NamedTuple):
    """A wide pair: correlations of the columns behind, and what makes a side of them, given its number 0 or 1."""

    rho: tuple[float, ...]
    make: Callable[[WideSide, int], WideSide]

    @property
    def truth(self) -> float:
        """Return the information in nats."""
        return float(-0.5 * np.log1p(-(np.array(self.rho) ** 2)).sum())

    def draw(self, n: int, seed: int) -> tuple[WideSide, WideSide]:
        """Return `n` rows of x and of y as float32."""
        rng, r = np.random.default_rng(seed), np.array(self.rho)
        x = rng.standard_normal((n, len(r)))
        y = r * x + np.sqrt(1 - r**2) * rng.standard_normal((n, len(r)))
        return self.make(x, 0).astype(np.float32), self.make(y, 1).astype(np.float32)


def blobs(side: int, width: float = 0.2) -> Callable[[WideSide, int], WideSide]:
    """Return what draws images of a blob, whose place two columns tell."""
    t = np.linspace(0, 1, side)

    def make(behind: WideSide, which: int) -> WideSide:
        high, wide = (np.exp(-0.5 * ((t - ndtr(behind[:, j : j + 1])) / width) ** 2) for j in (0, 1))
        images: WideSide = high[:, :, None] * wide[:, None, :]
        return images

    return make


def boxes(side: int, least: float = 0.2) -> Callable[[WideSide, int], WideSide]:
    """Return what draws images of a box, whose edges four columns tell."""
    t = np.arange(side)

    def inside(behind: WideSide) -> WideSide:
        u = ndtr(behind)
        low = (1 - least) * (1 - np.sqrt(1 - u[:, :1]))
        high = u[:, 1:] * (1 - low - least) + low + least
        profile: WideSide = np.clip(np.minimum(t - side * low, side * high - t), 0, 1)
        return profile

    def make(behind: WideSide, which: int) -> WideSide:
        return inside(behind[:, :2])[:, :, None] * inside(behind[:, 2:])[:, None, :]

    return make


def rings(side: int, width: float = 0.06) -> Callable[[WideSide, int], WideSide]:
    """Return what draws images of a ring, whose centre and radius three columns tell."""

    def make(behind: WideSide, which: int) -> WideSide:
        u = ndtr(behind)[:, :, None, None]
        distance = _distances(side, 0.25 + 0.5 * u[:, 0], 0.25 + 0.5 * u[:, 1])
        images: WideSide = np.exp(-0.5 * ((distance - 0.1 - 0.3 * u[:, 2]) / width) ** 2)
        return images

    return make


def gratings(height: int, width: int) -> Callable[[WideSide, int], WideSide]:
    """Return what draws images of a grating, whose angle, frequency and phase three columns tell."""
    high, wide = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]

    def make(behind: WideSide, which: int) -> WideSide:
        u = ndtr(behind)[:, :, None, None]
        angle, frequency, phase = 0.8 * np.pi * u[:, 0], np.pi * (1.5 + 2 * u[:, 1]), 1.6 * np.pi * u[:, 2]
        images: WideSide = np.sin(frequency * (high * np.cos(angle) + wide * np.sin(angle)) + phase) / 2 + 0.5
        return images

    return make


def discs(side: int) -> Callable[[WideSide, int], WideSide]:
    """Return what draws images of three channels of a disc, whose place and colour four columns tell."""

    def make(behind: WideSide, which: int) -> WideSide:
        u = ndtr(behind)[:, :, None, None]
        inside = expit((0.2 - _distances(side, 0.2 + 0.6 * u[:, 0], 0.2 + 0.6 * u[:, 1])) / 0.03)
        return np.stack([inside * u[:, 2], inside * u[:, 3], inside / 2], axis=-1)

    return make


def _distances(side: int, high: WideSide, wide: WideSide) -> WideSide:
    """Return the distances `(n, side, side)` of pixels from places `(n, 1, 1)`, in sides of the image."""
    t = np.linspace(0, 1, side)
    distances: WideSide = np.hypot(t[:, None] - high, t[None, :] - wide)
    return distances


def turned(informative: int, spread: float = 5.0) -> Callable[[WideSide, int], WideSide]:
    """Return what turns columns, of which the first `informative` ones spread more, by a random rotation."""

    def make(behind: WideSide, which: int) -> WideSide:
        columns = behind.shape[1]
        turn = np.linalg.qr(np.random.default_rng(700 + which).standard_normal((columns, columns)))[0]
        scale = np.where(np.arange(columns) < informative, spread, 1.0)
        side: WideSide = (behind * scale) @ turn
        return side

    return make


def networks(columns: int, hidden: int = 64) -> Callable[[WideSide, int], WideSide]:
    """Return what passes few columns through a random network of one hidden layer."""

    def make(behind: WideSide, which: int) -> WideSide:
        rng = np.random.default_rng(500 + which)
        first, shift = rng.standard_normal((behind.shape[1], hidden)), rng.standard_normal(hidden)
        embedded: WideSide = np.tanh(behind @ first + shift) @ rng.standard_normal((hidden, columns)) / np.sqrt(hidden)
        return embedded

    return make


def correlations(mi: float, pairs: int) -> tuple[float, ...]:
    """Return equal correlations of `pairs` pairs of columns that share `mi` nats."""
    return (float(np.sqrt(-np.expm1(-2 * mi / pairs))),) * pairs


CASES = {
    "blob-16": WidePair(correlations(2.0, 2), blobs(16)),
    "box-16": WidePair(correlations(2.0, 4), boxes(16)),
    "box-14": WidePair(correlations(1.6, 4), boxes(14)),
    "ring-16": WidePair(correlations(2.0, 3), rings(16)),
    "grating-12x20": WidePair(correlations(1.5, 3), gratings(12, 20)),
    "disc-16x16x3": WidePair(correlations(2.0, 4), discs(16)),
    "blob-32": WidePair(correlations(2.0, 2), blobs(32)),
    "networks-768": WidePair((0.8, 0.8), networks(768)),
    "networks-3072": WidePair((0.7, 0.85), networks(3_072)),
    "low-rank-500": WidePair((0.8, 0.8, 0.8, *(0.0,) * 497), turned(3)),
}


def measure(name: str, seed: int, rows: int, evaluation: int) -> dict[str, Any]:
    """Return what `auto` finds in one draw, with the CPU seconds that it takes."""
    case = CASES[name]
    x, y = case.draw(rows + evaluation, seed)
    start = time.process_time()
    found = mmg.estimate(x[:rows], y[:rows], x_eval=x[rows:], y_eval=y[rows:], plugin="auto", seed=seed, threads=1)
    compression = found.diagnostics.get("compression", {})
    return {
        "case": name, "rows": rows, "evaluation_rows": evaluation, "seed": seed, "shape": x.shape[1:],
        "truth": case.truth, "mi": found.mi,
        "std_error": found.std_error, "status": found.status, "interval": found.ci,
        "errors": found.diagnostics.get("errors"),
        "encoders": compression.get("encoders"),
        "axes": compression.get("axes"),
        "compressed_to": compression.get("columns"),
        "contrast": compression.get("learned"),
        "by_heart": compression.get("by_heart"),
        "cpu_seconds": time.process_time() - start,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--rows", type=int, default=8_000)
    parser.add_argument("--evaluation", type=int, default=2_000)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "compression.json")
    asked = parser.parse_args(arguments)
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    lines = []
    for name in asked.only.split(","):
        for seed in seeds:
            lines.append(measure(name, seed, asked.rows, asked.evaluation))
            told = common.document(lines, seeds=seeds, rows=asked.rows, evaluation_rows=asked.evaluation)
            common.write(asked.output, told)
            print(lines[-1], flush=True)


if __name__ == "__main__":
    main()
