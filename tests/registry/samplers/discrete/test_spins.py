"""Ising halves: the transfer matrix against all states, one by one, and drawn rows against their law."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.spins import ising
from mmg_registry.samplers.tables import table_mi


def enumerated(rows: int, columns: int, coupling: float) -> tuple[np.ndarray, np.ndarray]:
    """Return all lattices `(2^spins, rows, columns)` and their probabilities."""
    spins = rows * columns
    lattice = 2 * ((np.arange(2**spins)[:, None] >> np.arange(spins)) & 1).reshape(-1, rows, columns) - 1
    bonds = np.sum(lattice[:, 1:] * lattice[:, :-1], axis=(1, 2))
    bonds += np.sum(lattice[:, :, 1:] * lattice[:, :, :-1], axis=(1, 2))
    weight = np.exp(coupling * bonds)
    return lattice, weight / weight.sum()


def codes(half: np.ndarray) -> np.ndarray:
    bits = half.reshape(len(half), -1) > 0
    return bits @ (1 << np.arange(bits.shape[1]))


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (2, 6), (1, 2)])
def test_the_transfer_matrix_gives_the_information_of_all_states(rows: int, columns: int) -> None:
    lattice, mass = enumerated(rows, columns, 0.4)
    left, right = (codes(half) for half in np.split(lattice, 2, axis=2))
    joint = np.zeros((left.max() + 1, right.max() + 1))
    np.add.at(joint, (left, right), mass)
    assert ising(rows, columns, 0.4).true_mi == pytest.approx(table_mi(joint), abs=1e-12)


def test_drawn_lattices_are_as_frequent_as_their_weight() -> None:
    lattice, mass = enumerated(2, 4, 0.4)
    left, right = ising(2, 4, 0.4).sample(200_000)
    columns = np.hstack([left, right]).reshape(-1, 4, 2)  # column after column
    found = np.bincount(codes(columns), minlength=256) / 200_000
    expected = np.zeros(256)
    np.add.at(expected, codes(lattice.transpose(0, 2, 1)), mass)
    chi2 = 200_000 * np.sum((found - expected) ** 2 / expected)
    assert chi2 < 255 + 5 * np.sqrt(2 * 255)


def test_the_large_lattice_is_the_same_from_both_ends() -> None:
    left, right = ising(8, 8, 0.35).sample(20_000)
    assert left.shape == right.shape == (20_000, 32)
    bonds = [np.mean(half[:, :8] * half[:, 8:16]) for half in (left, right[:, ::-1])]
    assert bonds[0] == pytest.approx(bonds[1], abs=0.01)
    middle = np.mean(left[:, -8:] * right[:, :8])
    assert middle > np.mean(left[:, -8:] * right[:, -8:])


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="rows"):
        ising(11, 2)
    with pytest.raises(OptionError, match="an even number"):
        ising(2, 3)
