"""What ranks say beside values: a doubt of closed forms whose columns are too skewed or too heavy-tailed for them."""

from __future__ import annotations

import math

from mmg_registry.arrays import F64

RANK_ERRORS = 3.0
"""Standard errors by which ranks must find more. Lower: false doubts. Higher: skewed margins go without a word."""

NOTICEABLE_GAIN = 0.02
"""Nats, and share of the estimate, by which ranks must find more. Lower: doubts that change nothing. Higher: as above.

Evidence: chosen; on normal rows both agree to some 0.005 nats at 1,000 rows.
"""


def surely_more(by_ranks: F64, by_values: F64, mi: float) -> bool:
    """Return whether ranks share surely and noticeably more than values do.

    Args:
        by_ranks, by_values: each row's log-density ratio `(n,)` of the same rows, in nats, with its estimate as mean.
        mi: the estimate by values, in nats.
    """
    more = by_ranks - by_values
    error = float(more.std()) / math.sqrt(len(more))
    return float(more.mean()) > max(RANK_ERRORS * error, NOTICEABLE_GAIN * max(1.0, abs(mi)))


def too_skewed(by_ranks: float, by_values: float) -> str:
    """Return the warning that ranks find more than values (both in nats)."""
    return (
        f"The ranks of the columns share {by_ranks:.2f} nats where their values share {by_values:.2f}: some columns "
        "are too skewed, heavy-tailed or clumped for this closed form, and the estimate is too low. Give their "
        "logarithms or ranks, or compare with --plugin ksg."
    )
