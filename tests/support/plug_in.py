"""Entropies and informations of labels from counts of rows, with Miller and Madow's correction of the bias."""

from __future__ import annotations

import numpy as np


def entropy(rows: np.ndarray) -> float:
    """Return the entropy in nats of rows `(n, d)` of labels (Miller, in Information Theory in Psychology, 1955)."""
    code = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        values, place = np.unique(column, return_inverse=True)
        code = code * len(values) + place
    counts = np.unique(code, return_counts=True)[1]
    shares = counts / len(rows)
    return float(-shares @ np.log(shares)) + (len(counts) - 1) / (2 * len(rows))


def mi(x: np.ndarray, y: np.ndarray) -> float:
    """Return I(X; Y) in nats of labels x `(n, dx)` and y `(n, dy)`."""
    return entropy(x) + entropy(y) - entropy(np.hstack([x, y]))
