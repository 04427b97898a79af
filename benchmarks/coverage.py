"""Coverage of the 95 % intervals of estimators that train nothing, at few rows.

    python -m benchmarks.coverage [--plugin gaussian,cca] [--draws 200] [--output FILE]

Pairs are normal: the first column of x and that of y have a correlation, all others are noise. Cells are those with at
least five rows a column. Intervals are cut at 0, below which information cannot be, so that all that do not lie above 0
hold it; each line also says how many held the truth before they were cut.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from mmg_registry.data import as_pair
from mmg_registry.estimation.run import run
from mmg_registry.request import Request
from mmg_registry.results import Estimate
from mmg_registry.testing import gaussian_rows

ROWS, DIMS, CORRELATIONS = (30, 50, 100, 300, 1_500), (1, 3, 12), (0.0, 0.3, 0.8)
ROWS_A_COLUMN = 5


def measure(plugin: str, n: int, dim: int, correlation: float, draws: int) -> dict[str, Any]:
    """Return the coverage of `plugin` over `draws` draws of `n` rows of `dim` and `dim` columns."""
    request = Request(plugin=plugin, threads=1)
    found = [run(as_pair(*gaussian_rows(n, seed, correlation, dim, dim)), request).estimate for seed in range(draws)]
    truth = -0.5 * math.log1p(-(correlation**2))
    uncut = [uncut_of(each) for each in found]
    return {
        "plugin": plugin, "rows": n, "columns": f"{dim}+{dim}", "true_mi": truth,
        "mean": float(np.mean([mi for mi, _ in uncut])), "sd": float(np.std([mi for mi, _ in uncut], ddof=1)),
        "mean_std_error": float(np.mean([each.std_error or math.nan for each in found])),
        "holds": share(truth, [each.ci for each in found]), "holds_uncut": share(truth, [ci for _, ci in uncut]),
    }  # fmt: skip


def uncut_of(found: Estimate) -> tuple[float, Any]:
    """Return the value and the interval before they were cut to what is possible."""
    raw = found.diagnostics.get("raw", {"mi": found.mi, "ci": found.ci})
    return raw["mi"], raw["ci"]


def share(truth: float, intervals: Sequence[Any]) -> float:
    """Return the share of intervals that hold `truth`."""
    return float(np.mean([ci is not None and ci[0] <= truth <= ci[1] for ci in intervals]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", default="gaussian,cca")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "coverage.json")
    given = parser.parse_args(arguments)
    cells = itertools.product(given.plugin.split(","), ROWS, DIMS, CORRELATIONS)
    cells = (cell for cell in cells if cell[1] >= ROWS_A_COLUMN * 2 * cell[2])
    results = [measure(*cell, given.draws) for cell in cells]
    common.write(given.output, common.document(results, seeds=range(given.draws), draws=given.draws))
    print(common.table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
