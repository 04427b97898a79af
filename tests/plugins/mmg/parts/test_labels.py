"""The labels of a side as columns of their own: atoms by their place, labels and counts as they are."""

from __future__ import annotations

import numpy as np

from mmg_plugins.columns import ColumnParts, SideParts
from mmg_plugins.mmg.parts.labels import MOST_CLASSES_OF_COUNTS, are_few, labels_in, ordered_in

NUMBER, LABEL = ColumnParts(), ColumnParts(False, (3.0, 5.0), (5.0,))
MIXED = ColumnParts(True, (0.0,), (0.0,), (1.0, 2.0))
COUNT = ColumnParts(False, (0.0, 1.0, 2.0), (1.0, 2.0), ordered=True)


def test_columns_without_labels_are_left_out_and_atoms_are_told_from_values() -> None:
    rows = np.array([[0.3, 5.0, 0.0, 2.0], [0.4, 9.0, 1.7, 7.0]])
    side = SideParts((NUMBER, LABEL, MIXED, COUNT))
    assert labels_in(side, rows).tolist() == [[5.0, 0.0, 2.0], [9.0, -1.0, 7.0]]  # unseen counts keep their order
    assert ordered_in(side) == [False, False, True]


def test_many_values_of_all_columns_together_are_not_few() -> None:
    half = ColumnParts(False, tuple(map(float, range(MOST_CLASSES_OF_COUNTS // 2))), ordered=True)
    assert are_few(SideParts((half, half)))
    assert not are_few(SideParts((half, half, LABEL)))
