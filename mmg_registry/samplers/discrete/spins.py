"""The left and the right half of an Ising lattice with open borders, by its transfer matrix.

A column of the lattice is one of 2^rows states. Given the last column of the left half, that half tells no more of the
right half, and the reverse; so the information of the halves is that of the two columns in the middle.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.tables import table_mi


def ising(rows: int = 4, columns: int = 4, coupling: float = 0.45) -> Sampler:
    """Return the spins, -1 and 1, of the left and of the right half of a `rows` x `columns` Ising lattice.

    The probability of all spins is proportional to exp(coupling * sum over neighbours of s s'). Rows are drawn exactly,
    column after column.

    Raises:
        OptionError: for no or more than 10 rows, or columns that are not even.
    """
    demand_value(1 <= rows <= 10, "rows", rows, "from 1 to 10")
    demand_value(columns >= 2 and columns % 2 == 0, "columns", columns, "an even number")
    within, between = _weights(rows, coupling)
    message = within
    for _ in range(columns // 2 - 1):
        message = within * (between @ message)
        message = message / message.sum()
    spins = rows * columns // 2
    mi = table_mi(message[:, None] * between * message)
    return Sampler(f"ising-{spins}-{spins}", spins, spins, mi, partial(_draw_lattice, rows, columns, coupling))


def _states(rows: int) -> F64:
    """Return the states of a column `(2^rows, rows)`, -1 and 1."""
    bits = (np.arange(2**rows)[:, None] >> np.arange(rows)) & 1
    return np.asarray(2 * bits - 1, dtype=np.float64)


def _weights(rows: int, coupling: float) -> tuple[F64, F64]:
    """Return the weight of each state of a column, and of each two states side by side (the transfer matrix)."""
    states = _states(rows)
    within = np.exp(coupling * np.sum(states[:, 1:] * states[:, :-1], axis=1))
    return within, np.exp(coupling * states @ states.T)


def _draw_lattice(rows: int, columns: int, coupling: float, rng: np.random.Generator, n: int) -> Samples:
    within, between = _weights(rows, coupling)
    beyond = [np.ones(len(within))]  # the weight of all columns to the right, given a column's state
    for _ in range(columns - 1):
        weight = between @ (within * beyond[0])
        beyond.insert(0, weight / weight.max())
    state = _drawn((within * beyond[0])[None], np.zeros(n, dtype=np.int64), rng)
    lattice = [state]
    for right in beyond[1:]:
        lattice.append(_drawn(between * (within * right), lattice[-1], rng))
    spins = _states(rows)[np.stack(lattice, axis=1)].reshape(n, -1)
    return spins[:, : rows * columns // 2], spins[:, rows * columns // 2 :]


def _drawn(weights: F64, given: Index, rng: np.random.Generator) -> Index:
    """Draw a state for each of the states `given` `(n,)`, from the rows of `weights` `(given, states)`."""
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    ends[:, -1] = 1.0
    stacked = (ends + np.arange(len(ends))[:, None]).ravel()  # row i lies between i and i + 1
    found: Index = np.searchsorted(stacked, given + rng.random(len(given)), side="right") - given * ends.shape[1]
    return found
