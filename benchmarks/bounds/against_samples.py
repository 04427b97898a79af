"""Estimators that see samples only, compared with the sandwich from the known densities of the same model.

    python -m benchmarks.bounds.against_samples [--rows 10000] [--plugins auto,ksg] [--resume] [--output FILE]

The models are linear decoders of several informations, and VAEs of scikit-learn's digits (64 columns of x) with several
latent sizes. All estimators get the same rows (z, x), of which a fifth is held out for evaluation; `ais` bounds the
model on pairs of its own. An estimate is below, inside or above the sandwich, allowing for both sampling errors at
95 %. A run that fails is a row with its error. A picture of the same name is written beside the JSON file.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

import mmg_registry as mmg
from benchmarks import common
from benchmarks.bounds import models
from benchmarks.bounds.rows import ResultFile, ResultRow
from mmg_registry.bounds.contract import JointModel
from mmg_registry.errors import MMGError
from mmg_registry.models.built_in import linear_gaussian
from mmg_registry.models.decoder import Decoder

PLUGINS = "gaussian,ksg,auto,minde-c,doe,mine,nwj,infonce"
BOUND = "ais"


def model_of(given: argparse.Namespace, name: str) -> JointModel:
    """Return the model of a name such as "linear 10 nats" or "vae 2 latent"."""
    kind, number, _ = name.split()
    if kind == "linear":
        return linear_gaussian(latent=given.linear_latent, data=given.linear_data, mi=float(number), seed=0)
    own = argparse.Namespace(**{**vars(given), "latent": int(number)})
    return models.trained(own, "vae", seed=0)


def bound_row(given: argparse.Namespace, model: JointModel, seed: int) -> ResultRow:
    """Return the row of the model's sandwich."""
    options = {"temperatures": given.temperatures, "chains": given.chains, "decay": False}
    found = mmg.bound(model, BOUND, n=given.pairs, seed=seed + 1000, threads=given.threads, **options)
    sides = {"lower": found.lower, "upper": found.upper, "lower_se": found.lower_se, "upper_se": found.upper_se}
    about = models.described(model) if isinstance(model, Decoder) else {}
    return {**sides, "ci": found.ci, "true_mi": found.true_mi, "seconds": found.provenance["seconds"], "about": about}


def estimate_row(given: argparse.Namespace, model: JointModel, plugin: str, seed: int) -> ResultRow:
    """Return the row of one estimator on the model's own samples."""
    x, z = model.sample(given.rows, seed)
    choices = {"seed": seed, "threads": given.threads, "max_seconds": given.max_seconds}
    try:
        found = mmg.estimate(z.numpy(), x.numpy(), plugin=plugin, **choices)
    except MMGError as error:
        return {"error": str(error)}
    finite = math.isfinite(found.mi)
    return {"mi": found.mi if finite else None, "std_error": found.std_error, "warnings": found.warnings}


def placed(row: ResultRow, sandwich: ResultRow) -> str:
    """Return whether an estimate is below, inside or above the sandwich, allowing for both sampling errors.

    >>> [placed({"mi": mi, "std_error": 0.1}, {"ci": [1.1, 2.0]}) for mi in (0.5, 1.0, 3.0)]
    ['below', 'inside', 'above']
    """
    if row.get("mi") is None:
        return "failed"
    reach = 1.96 * (row["std_error"] or 0.0)
    low, high = sandwich["ci"]
    return "below" if row["mi"] + reach < low else "above" if row["mi"] - reach > high else "inside"


def run(given: argparse.Namespace, rows: ResultFile) -> None:
    """Make all rows that are missing; make each model once, and only where it is needed."""
    for name in given.names:
        wanted = [{"model": name, "plugin": plugin, "seed": given.seed} for plugin in (BOUND, *given.plugins)]
        missing = [key for key in wanted if rows.get(**key) is None]
        model = model_of(given, name) if missing else None
        for key in missing:
            rows.obtain(lambda m=model, p=key["plugin"]: _row(given, m, p), **key)  # type: ignore[misc]


def _row(given: argparse.Namespace, model: JointModel, plugin: str) -> ResultRow:
    return bound_row(given, model, given.seed) if plugin == BOUND else estimate_row(given, model, plugin, given.seed)


def summarised(rows: ResultFile, given: argparse.Namespace) -> list[ResultRow]:
    """Return a line for each estimate, with its model's sandwich."""
    lines = []
    for name in given.names:
        sandwich = rows.get(model=name, plugin=BOUND, seed=given.seed)
        assert sandwich is not None
        for plugin in given.plugins:
            row = rows.get(model=name, plugin=plugin, seed=given.seed)
            assert row is not None
            sides = {side: sandwich[side] for side in ("lower", "upper")}
            estimate = {"mi": row.get("mi"), "std_error": row.get("std_error"), "seconds": row["wall_seconds"]}
            lines.append({"model": name, **sides, "plugin": plugin, **estimate, "place": placed(row, sandwich)})
    return lines


def draw(lines: Sequence[ResultRow], rows: ResultFile, given: argparse.Namespace, path: Path) -> None:
    """Draw a panel for each model, with its sandwich as a band and every estimate."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.2 + 2.0 * len(given.names), 3.6), layout="constrained")
    panels = figure.subplots(1, len(given.names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, given.names, strict=True):
        sandwich = rows.get(model=name, plugin=BOUND, seed=given.seed)
        assert sandwich is not None
        axes.axvspan(*sandwich["ci"], color="#8a8f98", alpha=0.35)
        own = [line for line in lines if line["model"] == name and line["mi"] is not None]
        for line in own:
            color = "#1f5fa8" if line["place"] == "inside" else "#d1651c"
            axes.errorbar(line["mi"], line["plugin"], xerr=1.96 * (line["std_error"] or 0), fmt="o", color=color)
        axes.set_title(name, fontsize=9)
        axes.set_xlim(left=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("MI (nats); grey: the sandwich", fontsize=9)
    figure.savefig(path, dpi=150)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models.add_options(parser, epochs=None)
    names = "linear 2 nats,linear 10 nats,linear 30 nats,vae 2 latent,vae 10 latent"
    parser.add_argument("--names", type=lambda s: s.split(","), default=names, help="the models")
    parser.add_argument("--linear-latent", type=int, default=5)
    parser.add_argument("--linear-data", type=int, default=20)
    parser.add_argument("--plugins", type=lambda s: s.split(","), default=PLUGINS)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--max-seconds", type=float, default=120.0, help="a soft limit on each training")
    parser.add_argument("--temperatures", type=int, default=1000)
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on in the output file")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_against_samples.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, print, write and draw; return the exit code."""
    given = _arguments(argv)
    torch.set_num_threads(given.threads)
    names = (
        "linear_latent",
        "linear_data",
        "rows",
        "max_seconds",
        "temperatures",
        "chains",
        "pairs",
        "hidden",
        "epochs",
    )
    shared = {name: getattr(given, name) for name in names}
    rows = ResultFile(given.output, ("model", "plugin", "seed"), shared, given.resume)
    run(given, rows)
    lines = summarised(rows, given)
    rows.write({"table": lines})
    draw(lines, rows, given, given.output.with_suffix(".png"))
    print(common.table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
