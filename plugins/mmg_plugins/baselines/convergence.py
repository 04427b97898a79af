"""Whether an estimate still rises with the number of rows, and how far it may be from its limit.

Nearest neighbours are low until they are near, which takes a number of rows exponential in the information (Gao, Ver
Steeg and Galstyan, AISTATS 2015). The same estimate on parts of the rows shows it at no cost of further rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SURE_RISE = 3.0
"""Standard errors of the smallest parts' mean by which the whole must exceed it. Lower: false doubts. Higher: missed.

Evidence: of 200 independent pairs of 1 to 3 columns none rises so much.
"""

FAR_COLUMNS = 20
"""Columns beyond which the rates are those of so many. Lower: bars too narrow. Higher: bars of noise times hundreds."""


class Rise(NamedTuple):
    """How an estimate rose with the rows, in nats.

    Attributes:
        total: by how much all rows give more than the smallest parts.
        left: by how much more without end of rows would, by the rate at which the rise slows down.
    """

    total: float
    left: float


def rise_of(parts: int, whole: float, middle: float, small: float, error: float, columns: int) -> Rise | None:
    """Return the rise of an estimate from n/m over n/sqrt(m) to n rows, if it is one surely; else None.

    Where the bias falls as a power of the rows, each factor sqrt(m) leaves the same share q of it, and of a rise from
    n/m to n rows q^2 / (1 - q^2) is left. The power of nearest neighbours in d columns lies between 1/d, where the
    density has edges, and 2/d, where it is smooth (Gao, Oh and Viswanath, IEEE Trans. Inf. Theory 2018); the observed
    share counts between these two.

    Args:
        parts: disjoint smallest parts, m.
        whole, middle, small: mean estimates on n, n/sqrt(m) and n/m rows, in nats.
        error: standard error of `small`, in nats.
        columns: continuous columns of both sides.

    Example:
        >>> found = rise_of(10, 2.0, 1.9, 1.7, 0.01, 6)
        >>> round(found.total, 2), round(found.left, 2)
        (0.3, 0.26)
        >>> rise_of(10, 0.50, 0.50, 0.49, 0.01, 2) is None
        True
    """
    total = whole - small
    if total <= SURE_RISE * error:
        return None
    first, second = middle - small, whole - middle
    fastest, slowest = (parts ** (-power / (2 * min(max(columns, 1), FAR_COLUMNS))) for power in (2, 1))
    share = min(max(second / first if first > 0 else math.inf, fastest), slowest)
    return Rise(total, total * share**2 / (1 - share**2))


def still_falling(fall: Rise, mi: float) -> str:
    """Return the warning of an estimate given z that falls with its rows, `fall` being the rise of its negative."""
    return (
        f"The estimate still falls with the rows: parts of them give {mi + fall.total:.2f} nats, all {mi:.2f}. What is "
        "given tells of x and of y more finely than so few rows resolve, and what is left of it counts as shared: the "
        f"estimate is high, by some {fall.left:.2g} nats if it goes on falling, which the standard error includes. "
        "Compare with --plugin auto."
    )


def still_rising(rise: Rise, mi: float) -> str:
    """Return the warning of an estimate that rises with its rows."""
    return (
        f"The estimate still rises with the rows: parts of them give {mi - rise.total:.2f} nats, all {mi:.2f}. It is "
        f"low, by some {rise.left:.2g} nats if it goes on rising as it did, which the standard error includes; nearest "
        "neighbours need rows without end where dependence is strong or columns are many. Compare with --plugin auto."
    )
