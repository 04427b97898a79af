"""`pmi`: pointwise mutual information of new rows, from a fitted or saved estimator or a pretrained denoiser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry.contracts import Estimator
from mmg_registry.data import Pair, as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.errors import DataError, demand, issue
from mmg_registry.estimation.by_row import ratios
from mmg_registry.limits import checked
from mmg_registry.results import Pointwise
from mmg_registry.storage import load

ALONE = "What is given is known to conditional estimators alone, fitted with it; leave it out here."


def pmi(fitted: Any, x: Any, y: Any, *, given: Any = None, draws: int | None = None, seed: int = 0) -> Pointwise:
    """Return ln p(x, y) / (p(x) p(y)) of each row, from what was trained on other rows.

    The pairs need not be true ones: of a shuffled pair the value tells how much less likely it is than its parts.

    Args:
        fitted: a fitted estimator; the folder that one was saved in; or a pretrained denoiser, see
            `mmg_registry.pointwise.denoiser.NoisePredictor`.
        x, y: rows, `(n, dim_x)` and `(n, dim_y)`, with the columns that the estimator was fitted to, as numbers.
            Estimators that train nothing (`ksg`, `gaussian`) compare these rows with one another.
        given: rows `(n, dim_z)` of what was given where the estimator was fitted with it; the value is then
            ln p(x, y | z) / (p(x | z) p(y | z)).
        draws: draws of log-SNR and noise a row from a denoiser, 512 unless given; an estimator has an option for it.
        seed: seed of a denoiser's draws; an estimator has its own.

    Returns:
        The values and the standard errors of their draws, in nats. The errors hold nothing of what other training rows
        would teach, which `estimate(.., pointwise=True)` measures.

    Warns:
        MMGWarning: where a denoiser's schedule ends before the gap does.

    Raises:
        OptionError: for an estimator that has no such values, is not fitted, or cannot be given `draws`.
        DataError: for rows with NaN or infinity, labels in place of numbers, or other columns than were fitted.
        PluginError: for a denoiser that returns something else than the noise.

    Example:
        >>> import mmg_registry as mmg
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> doe = mmg.load_plugin("doe")(run=mmg.Run(threads=1), steps=50).fit(x, y)
        >>> (pmi(doe, [[1.0], [1.0]], [[0.8], [-0.8]]).values > 0).tolist()
        [True, False]
    """
    pair = as_pair(x, y)
    found, told = of_rows(fitted, pair if given is None else with_given(pair, given), draws, seed)
    issue(told)
    return replace(found, rows=None)


def of_rows(fitted: Any, pair: Pair, draws: int | None = None, seed: int = 0) -> tuple[Pointwise, list[str]]:
    """Return the values of the rows of `pair` with their places in its source, and what to warn of; else as `pmi`."""
    _demand_numbers(pair)
    if isinstance(fitted, (str, Path)):
        fitted = load(fitted)
    if isinstance(fitted, Estimator):
        demand(pair.z is None or fitted.conditional, ALONE)
        demand(draws is None, "Give 'draws' with a denoiser; an estimator is told by set_params(repeats=..).")
        return replace(ratios(fitted, pair), rows=pair.places), []
    demand(pair.z is None, ALONE)
    from mmg_registry.pointwise.denoiser import ratio_of_denoiser  # imports torch

    found, told = ratio_of_denoiser(fitted, pair.x, pair.y, checked("n", draws or 512), checked("seed", seed))
    return replace(found, rows=pair.places), told


def _demand_numbers(pair: Pair) -> None:
    """Refuse no rows, rows that are not finite, and labels, for their codes would be those of the rows at hand."""
    demand(len(pair), f"There are no rows in {pair.source}.", DataError)
    for side in pair.sides:
        labels, values = getattr(pair, f"{side}_labels"), getattr(pair, side)
        numbers = f"In {pair.source} a column of {side} holds labels; give the numbers that it was fitted to."
        demand(not any(labels), numbers, DataError)
        bad = int((~np.isfinite(values).all(axis=1)).sum())
        missing = f"In {pair.source} {bad} of {len(pair)} rows of {side} hold NaN or infinity; "
        demand(not bad, f"{missing}leave them out (--drop-nan does).", DataError)
