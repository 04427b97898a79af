"""The split into labels and what is continuous."""

from __future__ import annotations

import numpy as np

from mmg_registry.entropies.chain import layers_of
from mmg_registry.kinds import Kind

MIXED, LABEL, DENSE = Kind("mixed", "", 9, atoms=(0.0, 9.0)), Kind("category", "", 2), Kind("continuous", "", 9)


def test_rows_off_their_atoms_have_more_continuous_columns() -> None:
    x = np.array([[0.0, 1.0, 0.3], [5.5, 1.0, 0.1], [9.0, 0.0, 0.7], [2.5, 0.0, 0.2]])
    found = layers_of(x, [MIXED, LABEL, DENSE], ["m", "l", "d"])
    assert found.names == ("m", "l")
    assert found.labels.tolist() == [[0.0, 1.0], [-1.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]
    assert [(each.rows.tolist(), each.columns) for each in found.stretches] == [([0, 2], [2]), ([1, 3], [0, 2])]


def test_continuous_columns_are_one_stretch_without_labels() -> None:
    found = layers_of(np.zeros((4, 2)), [DENSE, DENSE], ["a", "b"])
    assert (found.names, found.labels.shape, len(found.stretches)) == ((), (4, 0), 1)
