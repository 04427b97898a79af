"""A side as an image: which axes are its rows, columns and channels, and its pixels for a convolution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from mmg_plugins.mmg.thresholds import (
    CHANNELS,
    LEAST_PICTURE_SIDE,
    MOST_PICTURE_SIDE,
    RIDGE_COLUMNS,
    RIDGE_ERRORS,
    RIDGE_ROWS,
)
from mmg_registry.arrays import F32, F64, Index
from mmg_registry.contracts import Array
from mmg_registry.grids import Grid


@dataclass(frozen=True)
class Picture:
    """What makes images of the columns of a side; columns that were left out are at their mean.

    Attributes:
        shape: channels, height and width of a row as it was given.
        places: `(dim,)` the place of each column in an image of that shape.
        mean: `(dim,)` means of the columns.
        scale: root of the columns' mean variance, by which pixels are divided.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((50, 63))
        >>> Picture.of(rows, Grid((8, 8), np.arange(1, 64)))(rows).shape
        (50, 64)
    """

    shape: tuple[int, int, int]
    places: Index
    mean: F64
    scale: float

    @classmethod
    def of(cls, rows: Array, grid: Grid | None) -> Picture | None:
        """Return how `rows` `(n, dim)` become images; None where they are none, as far as can be told."""
        grid = grid or Grid.whole(rows.shape[1:])
        placed = _channels_first(grid if len(grid.shape) > 1 else _folded(rows, grid))
        if placed is None:
            return None
        (c, h, w), varied = placed.shape, rows.var(axis=0, dtype=np.float64)
        return cls((c, h, w), placed.places, rows.mean(axis=0, dtype=np.float64), float(np.sqrt(varied.mean())))

    @property
    def seen(self) -> tuple[int, int, int]:
        """Return channels, height and width of the images that an encoder sees, the larger ones shrunk."""
        c, h, w = self.shape
        return c, min(h, MOST_PICTURE_SIDE), min(w, MOST_PICTURE_SIDE)

    def __call__(self, rows: Array) -> F32:
        """Return the pixels `(n, c * h * w)` of rows `(n, dim)`, of the shape `seen`."""
        pixels = np.zeros((len(rows), math.prod(self.shape)), dtype=np.float32)
        pixels[:, self.places] = (rows - self.mean) / self.scale
        if self.seen == self.shape:
            return pixels
        shrunk: Tensor = adaptive_avg_pool2d(torch.from_numpy(pixels).reshape(-1, *self.shape), self.seen[1:])
        return shrunk.flatten(1).numpy()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays, from which `from_arrays` rebuilds the picture."""
        return {
            "shape": np.array(self.shape), "places": self.places, "mean": self.mean, "scale": np.array(self.scale)
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Picture:
        """Rebuild what `arrays` returned."""
        c, h, w = (int(size) for size in arrays["shape"])
        return cls((c, h, w), arrays["places"], arrays["mean"], float(arrays["scale"]))


def _channels_first(grid: Grid | None) -> Grid | None:
    """Return the same columns in an array of channels, height and width; None where the array is no image."""
    if grid is None or len(grid.shape) not in (2, 3):
        return None
    shape = grid.shape if len(grid.shape) == 3 else (1, *grid.shape)
    order = (2, 0, 1) if shape[0] > CHANNELS else (0, 1, 2)
    c, h, w = (shape[axis] for axis in order)
    if c > CHANNELS or min(h, w) < LEAST_PICTURE_SIDE:
        return None
    along = np.unravel_index(grid.places, shape)
    return Grid((c, h, w), np.ravel_multi_index([along[axis] for axis in order], (c, h, w)))


def _folded(rows: Array, grid: Grid) -> Grid | None:
    """Return the grid of images whose pixels came as plain columns: None where no width makes neighbours of them.

    Pixels of one image column are as many places apart as the image is wide, and more alike than those a place nearer
    or farther; a row of an embedding, or a series, has no such ridge.
    """
    size = grid.shape[0]
    ridges = {w: _ridge(rows, grid, w) for w in _widths(size)}
    width = max(ridges, key=lambda w: ridges[w], default=0)
    return Grid((size // width, width), grid.places) if width and ridges[width] > RIDGE_ERRORS else None


def _widths(size: int) -> list[int]:
    """Return the widths of images of `size` pixels that are not too narrow."""
    return [w for w in range(LEAST_PICTURE_SIDE, size // LEAST_PICTURE_SIDE + 1) if size % w == 0]


def _ridge(rows: Array, grid: Grid, width: int) -> float:
    """Return how much more alike pixels `width` places apart are than those a place nearer or farther, in errors."""
    few = rows[:: -(-len(rows) // RIDGE_ROWS)]
    pixels = np.full((len(few), grid.shape[0]), np.nan)
    pixels[:, grid.places] = (few - few.mean(axis=0)) / np.maximum(few.std(axis=0), np.finfo(np.float32).tiny)
    starts = np.arange(1, grid.shape[0] - width - 1)
    starts = starts[:: -(-len(starts) // RIDGE_COLUMNS)]
    near, at, far = (
        np.abs(np.mean(pixels[:, starts] * pixels[:, starts + lag], axis=0)) for lag in (width - 1, width, width + 1)
    )
    gain = (at - np.maximum(near, far))[np.isfinite(at + near + far)]
    return float(gain.mean() / max(gain.std(), 1e-12) * len(gain) ** 0.5) if len(gain) > 1 else 0.0
