"""False discovery rates of very many p-values, given as -ln p so that none is too small for a float."""

from __future__ import annotations

import numpy as np

from mmg_registry.arrays import F32, F64, Index


def ordered_rates(surprise: F32) -> tuple[Index, F64]:
    """Return the order of tests, the least likely by chance first, and ln q of each in that order.

    q is the rate of Benjamini and Hochberg (J. R. Statist. Soc. B 1995) over all tests.

    Example:
        >>> order, log_q = ordered_rates(-np.log(np.array([0.5, 0.01, 0.04], dtype=np.float32)))
        >>> order.tolist(), np.exp(log_q).round(3).tolist()
        ([1, 2, 0], [0.03, 0.06, 0.5])
    """
    order = np.argsort(-surprise, kind="stable")
    m = len(surprise)
    raw = np.log(m) - np.log(np.arange(1, m + 1)) - surprise[order].astype(float)
    return order, np.minimum.accumulate(raw[::-1])[::-1].clip(max=0.0)


def price_of_dependence(tests: int) -> float:
    """Return the factor of q under arbitrary dependence, 1 + 1/2 + .. + 1/tests (Benjamini and Yekutieli 2001).

    Example:
        >>> round(price_of_dependence(3), 4)
        1.8333
    """
    return float((1.0 / np.arange(1, tests + 1)).sum())
