"""Entropies and divergences of labels from their counts, with the corrections that few rows need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, polygamma

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array

UNSEEN = 0.05  # share of rows whose label may be unseen elsewhere, from which a result says so
UNSEEN_NATS = (
    1.0  # that a share of unseen labels may be off by, for each unit of it: 200 labels by Zipf's law in 50 rows
)
PSEUDO = 0.5  # row added to each count of the other sample: its logarithm then has next to no bias


@dataclass(frozen=True)
class Counted:
    """What counts say of an entropy or a divergence, in nats.

    Attributes:
        value: corrected for few rows.
        std_error: of `value`.
        rows: `(n,)` what each row adds: its surprisal, or log ratio.
        labels: how many there are.
        unseen: estimated share of the law whose labels no row shows.
        error_of_correction: how far two corrections are apart, or unseen labels reach: a part of the error.
    """

    value: float
    std_error: float
    rows: F64
    labels: int
    unseen: float
    error_of_correction: float


def codes_of(rows: Array) -> Index:
    """Return one whole number a row of `rows` `(n, dim)`, equal where all columns are; zeros where dim is 0.

    Example:
        >>> codes_of(np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])).tolist()
        [1, 0, 1]
    """
    if not rows.shape[1]:
        return np.zeros(len(rows), dtype=np.int64)
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def counted_entropy(labels: Index) -> Counted:
    """Return the entropy of labels `(n,)` by Grassberger's estimator, which is nearly unbiased unless most are rare.

    H = ln n - 1/n sum_i n_i G(n_i), with G(m) = psi(m) + (-1)^m / 2 [psi((m + 1) / 2) - psi(m / 2)] (Grassberger,
    "Entropy estimates from insufficient samplings", arXiv physics/0307138). Its distance to the estimator of Chao and
    Shen, which allows for unseen labels, is a part of the error.

    Example:
        >>> found = counted_entropy(np.arange(4000) % 4)
        >>> round(found.value, 3), round(found.std_error, 3)
        (1.386, 0.0)
    """
    n = len(labels)
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    value = float(math.log(n) - np.sum(counts * _grassberger(counts)) / n)
    once = int(np.sum(counts == 1))
    rows: F64 = -np.log(counts / n)[place.reshape(-1)]
    apart = max(abs(_chao_shen(counts) - value), UNSEEN_NATS * once / n) if once else 0.0
    freedom = (len(counts) - 1) / (2 * n**2)  # what equal shares leave of the variance
    error = math.sqrt(float(rows.var()) / n + freedom)
    return Counted(value, math.hypot(error, apart), rows, len(counts), once / n, apart)


def _grassberger(counts: Index) -> F64:
    sign = np.where(counts % 2, -1.0, 1.0)
    out: F64 = digamma(counts) + sign / 2 * (digamma((counts + 1) / 2) - digamma(counts / 2))
    return out


def _chao_shen(counts: Index) -> float:
    """Return the entropy of counts by coverage and inclusion (Chao and Shen, Environ. Ecol. Stat. 2003)."""
    n = int(counts.sum())
    once = min(int(np.sum(counts == 1)), n - 1)
    share = (1 - once / n) * counts / n
    return float(-np.sum(share * np.log(share) / -np.expm1(n * np.log1p(-np.minimum(share, 1 - 1e-12)))))


def counted_divergence(p: Index, q: Index) -> Counted:
    """Return the divergence D(P || Q) in nats of labels `p` `(n,)` and `q` `(m,)` with common codes.

    The entropy of P is `counted_entropy`'s, and -ln q of a label that q has c times is ln m - ln(c + 1/2), which has
    next to no bias. Labels that q never has make the divergence infinite if Q lacks them and finite if they are rare,
    which no counts tell; their share is `unseen`.

    Example:
        >>> fair, loaded = np.arange(6000) % 2, np.arange(6000) % 3 // 2
        >>> round(counted_divergence(fair, loaded).value, 2)  # 1/2 ln(9 / 8)
        0.06
    """
    size = int(max(p.max(), q.max())) + 1
    of_p, of_q = (np.bincount(each, minlength=size) for each in (p, q))
    own = counted_entropy(p)
    surprise = math.log(len(q)) - np.log(of_q + PSEUDO)
    rows: F64 = surprise[p] + np.log(of_p / len(p), where=of_p > 0, out=np.zeros(size))[p]
    value = float(surprise[p].mean()) - own.value
    share = of_p / len(p)
    of_counts = float(np.sum(share**2 * polygamma(1, of_q + PSEUDO)) - 1 / len(q))  # of the other sample's logarithms
    at_zero = max(int(np.count_nonzero(of_p)) - 1, 1) * (1 / len(p) + 1 / len(q)) ** 2 / 2
    error = math.sqrt(float(rows.var()) / len(p) + max(of_counts, 0.0) + at_zero)
    unseen = float(share[of_q == 0].sum())
    return Counted(value, math.hypot(error, own.error_of_correction), rows, size, unseen, own.error_of_correction)
