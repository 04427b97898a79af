"""The sandwich where the truth is known: a linear decoder with 784 columns and 2, 10 or 100 latent ones.

    python -m benchmarks.bounds.linear_gaussian [--seeds 3] [--pairs 64] [--resume] [--output FILE]

For every latent size, MI and seed, `ais` from the prior is run at each number of temperatures T; the width should fall
like 1/T, and its exponent is fitted. At the largest T, `ais` is also run from the default start, a density fitted to
the pilot's draws. That sandwich must contain the truth and be at most max(0.1 nats, 1 %) wide. The pairs are random, so
"contain" allows for their sampling error at 99.9 %: of some fifty runs none should miss by that alone. `lower_error`
and `upper_error` are free of it: they are taken against the exact mean log ratio of the same pairs. IWAE gets as many
evaluations of the likelihood as the longest AIS made, its pilots and leapfrog steps included. A picture of the same
name is written beside the JSON file. The program ends with code 1 where a sandwich misses the truth or is too wide.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import mmg_registry as mmg
from benchmarks import common
from benchmarks.bounds.rows import ResultFile, ResultRow
from mmg_registry.models.built_in import MOST_NATS, LinearGaussian, linear_gaussian

MOST_A_COLUMN = MOST_NATS / 1.5  # mean over columns, where the best one carries half as much again
LEAST_DRAWN = 1e-5  # nats; smaller and negative widths are noise
FAR, JUDGED = "prior", "fitted"  # the start over which T varies, and the start that is judged
IWAE_NUMBERS = 4e7  # most latent values that IWAE holds at a time


class Counting(LinearGaussian):
    """A linear decoder that counts the evaluations of its likelihood along chains, for each data point."""

    evaluations = 0

    def condition(self, x: Tensor) -> Any:
        given = super().condition(x)
        of_model = given.likelihood

        def counted(z: Tensor) -> tuple[Tensor, Tensor]:
            self.evaluations += z.shape[0] if z.ndim == 3 else 1
            return of_model(z)

        given.likelihood = counted  # type: ignore[method-assign]
        return given


def model_of(latent: int, mi: float, data: int, seed: int) -> Counting:
    """Return the built-in linear decoder as one that counts."""
    made = linear_gaussian(latent, data, mi, seed)
    return Counting(made.weight, made.offset, made.scale)


def ais_row(given: argparse.Namespace, latent: int, mi: float, seed: int, start: str, temperatures: int) -> ResultRow:
    """Return the row of one sandwich; `noise` is the exact log ratio of the pairs minus the truth, in nats."""
    model = model_of(latent, mi, given.data, seed)
    x, z = model.sample(given.pairs, seed)
    options = {"start": start, "temperatures": temperatures, "chains": given.chains}
    options |= {"decay": False, "ci_level": 0.999}
    found = mmg.bound(model, "ais", x=x, z=z, seed=seed, threads=given.threads, **options)
    exact = float((model.log_likelihood(x, z) - model.log_marginal(x)).mean())
    assert found.lower is not None
    assert found.upper is not None
    return {
        "lower": found.lower, "upper": found.upper, "width": found.width, "lower_se": found.lower_se,
        "contains_truth": found.contains_truth, "noise": exact - mi,
        "lower_error": found.lower - exact, "upper_error": found.upper - exact,
        "acceptance": found.diagnostics["acceptance"], "evaluations": model.evaluations,
        "seconds": found.provenance["seconds"],
    }  # fmt: skip


def iwae_row(given: argparse.Namespace, latent: int, mi: float, seed: int, samples: int) -> ResultRow:
    """Return the row of IWAE with `samples` draws for each data point, on some of the pairs, in parts."""
    model = model_of(latent, mi, given.data, seed)
    x, z = model.sample(given.pairs, seed)
    x, z = x[: given.iwae_pairs], z[: given.iwae_pairs]
    part = max(2, int(IWAE_NUMBERS / (samples * latent)) // 2 * 2)
    sides = []
    for i in range(0, len(x) - 1, part):
        choices = {"x": x[i : i + part], "z": z[i : i + part], "chains": samples}
        found = mmg.bound(model, "iwae", seed=seed + i, threads=given.threads, **choices)
        assert found.lower is not None
        assert found.upper is not None
        sides += [[found.lower, found.upper]] * len(choices["x"])
    lower, upper = np.mean(sides, 0).tolist()
    return {"lower": lower, "upper": upper, "width": upper - lower, "samples": samples, "pairs": len(sides)}


def slope(rows: Sequence[ResultRow]) -> ResultRow:
    """Return the exponent of the width in T and its standard error, by least squares on logs of positive widths.

    >>> found = slope([{"temperatures": t, "width": 5 / t} for t in (10, 100, 1000)])
    >>> round(found["slope"], 6), round(found["slope_se"], 6)
    (-1.0, 0.0)
    """
    points = np.log([(row["temperatures"], row["width"]) for row in rows if row["width"] > 0]).reshape(-1, 2)
    if len(points) < 3:
        return {"slope": None, "slope_se": None, "widths_not_positive": len(rows) - len(points)}
    t, width = points.T
    exponent, level = np.polyfit(t, width, 1)
    residual = width - exponent * t - level
    error = math.sqrt(float(residual @ residual) / (len(t) - 2) / float(((t - t.mean()) ** 2).sum()))
    return {"slope": float(exponent), "slope_se": error, "widths_not_positive": len(rows) - len(points)}


def cells(given: argparse.Namespace) -> list[tuple[int, float]]:
    """Return latent sizes with the MI to test; where an MI is too large for a size, the largest possible one."""
    found = [(latent, min(mi, MOST_A_COLUMN * latent)) for latent in given.latents for mi in given.mis]
    return list(dict.fromkeys(found))


def runs_of(given: argparse.Namespace) -> list[tuple[str, int]]:
    """Return starts and temperatures of one latent size, MI and seed; the judged run is the last."""
    return [*((FAR, t) for t in given.temperatures), (JUDGED, max(given.temperatures))]


def run(given: argparse.Namespace, rows: ResultFile) -> None:
    """Make all rows that are missing."""
    for (latent, mi), seed in itertools.product(cells(given), range(given.seeds)):
        key = {"latent": latent, "mi": mi, "seed": seed}
        for start, t in runs_of(given):
            ais = rows.obtain(
                lambda s=start, t=t: ais_row(given, latent, mi, seed, s, t),  # type: ignore[misc]  # noqa: B023 - at once
                **key, plugin="ais", start=start, temperatures=t,
            )  # fmt: skip
        samples = ais["evaluations"]
        rows.obtain(
            lambda: iwae_row(given, latent, mi, seed, samples),  # noqa: B023 - called at once
            **key, plugin="iwae", start="prior", temperatures=1,
        )  # fmt: skip


def summarised(rows: Sequence[ResultRow], given: argparse.Namespace) -> dict[str, Any]:
    """Return a line for each latent size and MI, and the verdict on all of them."""
    lines = []
    for latent, mi in cells(given):
        here = [row for row in rows if (row["latent"], row["mi"]) == (latent, mi) and row["seed"] < given.seeds]
        far, last = ([row for row in here if (row["plugin"], row["start"]) == ("ais", s)] for s in (FAR, JUDGED))
        from_prior = [row for row in far if row["temperatures"] == max(given.temperatures)]
        iwae = [row for row in here if row["plugin"] == "iwae"]
        widths, allowed = [row["width"] for row in last], max(0.1, 0.01 * mi)
        contain = sum(row["contains_truth"] for row in last)
        errors = {"highest_lower": max(row["lower_error"] for row in last)}
        errors["lowest_upper"] = min(row["upper_error"] for row in last)
        sizes = {"largest_width": max(widths), "allowed": allowed, "narrow": max(widths) <= allowed}
        cost = {"width_from_prior": max(row["width"] for row in from_prior)}
        cost["iwae_width"] = float(np.mean([row["width"] for row in iwae]))
        cost["seconds"] = float(np.median([row["seconds"] for row in last]))
        head = {"latent": latent, "mi": mi, "contain": contain, "runs": len(last)}
        lines.append({**head, **errors, **sizes, **slope(far), **cost})
    passed = all(line["contain"] == line["runs"] and line["narrow"] for line in lines)
    return {"cells": lines, "passed": passed}


def draw(summary: dict[str, Any], rows: Sequence[ResultRow], path: Path) -> None:
    """Draw the widths over T, and the widths over MI with those of IWAE."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    colors = dict(
        zip(sorted({row["latent"] for row in rows}), ("#1f5fa8", "#2f8a57", "#d1651c", "#8a8f98"), strict=False)
    )
    for line in summary["cells"]:
        latent, mi = line["latent"], line["mi"]
        own = [r for r in rows if (r["latent"], r["mi"]) == (latent, mi) and r["width"] > 0]
        ais = [r for r in own if (r["plugin"], r["start"]) == ("ais", FAR)]
        counts = sorted({r["temperatures"] for r in ais})
        means = [float(np.mean([r["width"] for r in ais if r["temperatures"] == t])) for t in counts]
        left.loglog(counts, means, "o-", color=colors[latent], markersize=3, linewidth=1.0)
        if means:
            left.annotate(f"{mi:g}", (counts[-1], means[-1]), fontsize=7, xytext=(3, 0), textcoords="offset points")
    for latent, color in colors.items():
        own = [line for line in summary["cells"] if line["latent"] == latent]
        mis = [line["mi"] for line in own]
        fitted = [max(line["largest_width"], LEAST_DRAWN) for line in own]
        right.loglog(mis, fitted, "o-", color=color, label=f"ais, {latent} latent")
        right.loglog(mis, [line["width_from_prior"] for line in own], "^:", color=color, label="from the prior")
        right.loglog(mis, [line["iwae_width"] for line in own], "s--", color=color, label=f"iwae, {latent} latent")
    right.loglog(mis := sorted({line["mi"] for line in summary["cells"]}), [max(0.1, 0.01 * mi) for mi in mis],
                 color="#8a8f98", linewidth=0.8, label="allowed")  # fmt: skip
    left.set_xlabel("temperatures T, from the prior (a line: one MI, in nats)")
    right.set_xlabel("true MI (nats)")
    right.set_ylim(LEAST_DRAWN / 2, 1e3)
    right.legend(frameon=False, fontsize=7)
    for axes in (left, right):
        axes.set_ylabel("upper - lower (nats)")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _numbers(kind: type[Any]) -> Any:
    return lambda text: [kind(word) for word in text.split(",")]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latents", type=_numbers(int), default=[2, 10, 100])
    parser.add_argument("--mis", type=_numbers(float), default=[2.0, 6.0, 20.0, 60.0, 200.0])
    parser.add_argument("--data", type=int, default=784)
    parser.add_argument("--temperatures", type=_numbers(int), default=[30, 100, 300, 1000])
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--iwae-pairs", type=int, default=8, help="of these, for IWAE; at least 2")
    parser.add_argument("--seeds", type=int, default=1, help="3 for the full run")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on in the output file")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_linear_gaussian.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, print, write and draw; return the exit code."""
    given = _arguments(argv)
    torch.set_num_threads(given.threads)
    shared = {name: getattr(given, name) for name in ("data", "chains", "pairs", "iwae_pairs", "threads")}
    rows = ResultFile(given.output, ("latent", "mi", "seed", "plugin", "start", "temperatures"), shared, given.resume)
    run(given, rows)
    summary = summarised(rows.rows, given)
    rows.write(summary)
    draw(summary, rows.rows, given.output.with_suffix(".png"))
    print(common.table(summary["cells"]))
    return 0 if summary["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
