"""Where the columns of a side stand in the array that each of its rows was: the pixels of an image, the bins of a time.

Columns that vary nowhere are left out of what an estimator sees; a grid says where the others stood, so that one who
knows what to do with neighbours still finds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import Index


@dataclass(frozen=True)
class Grid:
    """The array that a row was, and the places of the columns that are left of it.

    Attributes:
        shape: sizes of the axes of a row as it was given: (28, 28) for images, (50,) for a row of 50 numbers.
        places: `(dim,)` the place of each column among the `prod(shape)` numbers of a row, the last axis fastest.

    Example:
        >>> Grid.whole((2, 3)).kept([1, 5]).places.tolist()
        [1, 5]
    """

    shape: tuple[int, ...]
    places: Index

    @classmethod
    def whole(cls, shape: Sequence[int]) -> Grid:
        """Return the grid of rows of which no column is left out."""
        return cls(tuple(shape), np.arange(math.prod(shape)))

    def kept(self, columns: Index | Sequence[int]) -> Grid:
        """Return the grid of some of its columns."""
        return Grid(self.shape, self.places[np.asarray(columns)])
