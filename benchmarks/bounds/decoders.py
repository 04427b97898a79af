"""Sandwiches of trained decoders, and how they close as the temperatures grow.

    python -m benchmarks.bounds.decoders --mnist FILE [--temperatures 10,30,100,300,1000] [--resume] [--output FILE]

The chains of a VAE with 10 latent columns start at its encoder and at a fitted density; those of a GAN's generator with
a small variance start at its prior and at a fitted density. Without --mnist the images are scikit-learn's digits. The
trained models are kept in --models, where --resume finds them. A picture of the same name is written beside the JSON
file. The program ends with code 1 where no sandwich of the VAE is at most 1 nat wide in under 10 minutes, its pilot
included.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import mmg_registry as mmg
from benchmarks import common
from benchmarks.bounds import models
from benchmarks.bounds.rows import ResultFile, ResultRow
from mmg_registry.models.decoder import Decoder

AIM_NATS, AIM_SECONDS = 1.0, 600.0
CASES = (("vae", "encoder"), ("vae", "fitted"), ("gan", "prior"), ("gan", "fitted"))


def model_of(given: argparse.Namespace, kind: str) -> Decoder:
    """Return the trained model of `kind`, from its file if there is one."""
    path = given.models / f"{kind}.npz"
    if given.resume and path.exists():
        return mmg.load_model(path)
    given.models.mkdir(parents=True, exist_ok=True)
    model = models.trained(given, kind, seed=0)
    mmg.save_model(model, path)
    return model


def row(given: argparse.Namespace, model: Decoder, start: str, temperatures: int, seed: int) -> ResultRow:
    """Return the row of one sandwich."""
    options = {"temperatures": temperatures, "chains": given.chains, "start": start, "decay": False}
    found = mmg.bound(model, "ais", n=given.pairs, seed=seed, threads=given.threads, **options)
    told = {name: found.diagnostics[name] for name in ("acceptance", "effective_chains")}
    sides = {name: getattr(found, name) for name in ("lower", "upper", "lower_se", "upper_se", "width")}
    return {**sides, **told, "seconds": found.provenance["seconds"], "warnings": found.warnings}


def run(given: argparse.Namespace, rows: ResultFile) -> dict[str, Decoder]:
    """Make all rows that are missing, and return the models."""
    kinds = {kind: model_of(given, kind) for kind in dict.fromkeys(kind for kind, _ in CASES)}
    for kind, start in CASES:
        for t in given.temperatures:
            key = {"model": kind, "start": start, "temperatures": t, "seed": given.seed}
            rows.obtain(lambda k=kind, s=start, t=t: row(given, kinds[k], s, t, given.seed), **key)  # type: ignore[misc]
    return kinds


def summarised(rows: Sequence[ResultRow], kinds: dict[str, Decoder]) -> dict[str, Any]:
    """Return descriptions of the models, and the quickest sandwich of the VAE that is narrow enough."""
    fits = [r for r in rows if r["model"] == "vae" and r["width"] <= AIM_NATS and r["seconds"] < AIM_SECONDS]
    quickest = min(fits, key=lambda r: float(r["seconds"]), default=None)
    return {
        "models": {kind: models.described(model) for kind, model in kinds.items()},
        "passed": quickest is not None,
        "quickest": quickest,
    }


def draw(rows: Sequence[ResultRow], path: Path) -> None:
    """Draw both sides of the sandwiches over T, and their widths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (kind, start), color in zip(CASES, ("#1f5fa8", "#2f8a57", "#d1651c", "#7a3e9d"), strict=True):
        own = sorted(
            (r for r in rows if (r["model"], r["start"]) == (kind, start)), key=lambda r: int(r["temperatures"])
        )
        counts, label = [r["temperatures"] for r in own], f"{kind}, start {start}"
        left.fill_between(counts, [r["lower"] for r in own], [r["upper"] for r in own], color=color, alpha=0.25)
        left.plot(counts, [r["lower"] for r in own], color=color, label=label)
        left.plot(counts, [r["upper"] for r in own], color=color)
        wide = [r for r in own if r["width"] > 0]
        right.loglog([r["temperatures"] for r in wide], [r["width"] for r in wide], "o-", color=color, label=label)
    left.set_xscale("log")
    left.set_ylabel("lower and upper bound (nats)")
    right.axhline(AIM_NATS, color="#8a8f98", linewidth=0.8)
    right.set_ylabel("upper - lower (nats)")
    for axes in (left, right):
        axes.set_xlabel("temperatures T")
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models.add_options(parser, epochs=None)
    parser.add_argument("--models", type=Path, default=Path("build/bounds-models"), help="folder of the trained models")
    counts = "10,30,100,300,1000"
    parser.add_argument("--temperatures", type=lambda s: [int(t) for t in s.split(",")], default=counts)
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0, help="of pairs and chains")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="go on in the output file")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_decoders.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, run what is missing, print, write and draw; return the exit code."""
    given = _arguments(argv)
    torch.set_num_threads(given.threads)
    shared = {name: getattr(given, name) for name in ("latent", "hidden", "chains", "pairs", "threads", "epochs")}
    shared["images"] = given.mnist.name if given.mnist else "digits"
    rows = ResultFile(given.output, ("model", "start", "temperatures", "seed"), shared, given.resume)
    kinds = run(given, rows)
    summary = summarised(rows.rows, kinds)
    rows.write(summary)
    draw(rows.rows, given.output.with_suffix(".png"))
    print(common.table([{name: r[name] for name in rows.keys} | {"width": r["width"]} for r in rows.rows]))
    return 0 if summary["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
