"""Spins: a lattice that is counted by hand, and the bonds of drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.samplers.beyond import spins
from mmg_registry.samplers.quadrature import mi_of_masses


def test_two_by_two_spins_and_a_lattice() -> None:
    # two rows of two spins: the halves share what a ring of four, cut by two bonds, shares
    small = spins.ising(0.5, side=2)
    states = [(a, b, c, d) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1) for d in (-1, 1)]
    weight = {s: math.exp(0.5 * (s[0] * s[1] + s[1] * s[2] + s[2] * s[3] + s[3] * s[0])) for s in states}
    table = np.array([[weight[s] for s in states if s[0] == a and s[3] == d] for a in (-1, 1) for d in (-1, 1)])
    assert small.true_mi == pytest.approx(mi_of_masses(table))
    x, y = spins.ising(0.5).sample(20_000)
    assert set(np.unique(x)) == {-1.0, 1.0}
    states, probability = spins._ising_law(0.5, 4)
    assert (x[:, 1] * y[:, 0]).mean() == pytest.approx(probability @ (states[:, 0, 1] * states[:, 0, 2]), abs=0.03)
