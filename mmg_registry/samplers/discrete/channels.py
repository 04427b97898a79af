"""Channels: a label is sent, and the same or another one is received."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import xlogy

from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.tables import of_table


def binary_symmetric(error: float = 0.1) -> Sampler:
    """Return fair bits and what is received of them when each is turned with probability `error`.

    Raises:
        OptionError: for an error outside [0, 1].

    Example:
        >>> round(binary_symmetric(0.1).true_mi, 4)
        0.3681
    """
    demand_value(0 <= error <= 1, "error", error, "a probability")
    return of_table(f"binary-symmetric-{error:g}", np.array([[1 - error, error], [error, 1 - error]]))


def z_channel(loss: float = 0.3) -> Sampler:
    """Return fair bits and what is received when a 1, and only a 1, is turned with probability `loss`.

    Raises:
        OptionError: for a loss outside [0, 1].
    """
    demand_value(0 <= loss <= 1, "loss", loss, "a probability")
    return of_table(f"z-channel-{loss:g}", np.array([[1.0, 0.0], [loss, 1 - loss]]))


def rerolled(labels: int = 10, share: float = 0.3) -> Sampler:
    """Return labels 0, 1 .. of equal probability and the same, drawn again in a `share` of the rows.

    With K labels and the share r, Y = X with probability s = 1 - r (1 - 1/K), and the information is
    ln K + s ln s + (1 - s) ln(r / K).

    Raises:
        OptionError: for fewer than two labels, or a share outside [0, 1].

    Example:
        >>> round(rerolled(2, 0.2).true_mi, 4)
        0.3681
    """
    demand_value(labels >= 2, "labels", labels, "2 or more")
    demand_value(0 <= share <= 1, "share", share, "from 0 to 1")
    same = 1 - share * (1 - 1 / labels)
    mi = math.log(labels) + xlogy(same, same) + xlogy(1 - same, share / labels)
    return Sampler(f"rerolled-{labels}-{share:g}", 1, 1, max(float(mi), 0.0), partial(_draw_rerolled, labels, share))


def _draw_rerolled(labels: int, share: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.integers(labels, size=(n, 1))
    y = np.where(rng.random((n, 1)) < share, rng.integers(labels, size=(n, 1)), x)
    return x.astype(np.float64), y.astype(np.float64)


def two_texts(names_x: int = 6, names_y: int = 9, seed: int = 3) -> Sampler:
    """Return two columns of text, as a reader brings them: codes in the order of the names, which tells nothing.

    The joint probabilities are a draw of a Dirichlet law of concentration 1/2, fixed by `seed`.
    """
    joint = np.random.default_rng(seed).dirichlet(np.full(names_x * names_y, 0.5)).reshape(names_x, names_y)
    return replace(of_table(f"texts-{names_x}-{names_y}", joint), kinds={"x": "category", "y": "category"})
