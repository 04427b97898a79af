"""Uniform rows within blocks of the plane: what the block tells is all there is to know."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import entr

from mmg_registry.samplers.contract import Sampler, Samples


def checkerboard(side: int) -> Sampler:
    """Return a uniform point on the squares of one colour of a board with an even `side`: log 2 nats."""
    return Sampler(f"checkerboard-{side}", 1, 1, math.log(2), partial(_draw_checkerboard, side))


def _draw_checkerboard(side: int, rng: np.random.Generator, n: int) -> Samples:
    column = rng.integers(side, size=(n, 1))
    row = 2 * rng.integers(side // 2, size=(n, 1)) + column % 2
    return column + rng.random((n, 1)), row + rng.random((n, 1))


def diagonal_blocks(rare: int, common: float) -> Sampler:
    """Return uniform rows in unit blocks on the diagonal: one of probability `common`, and `rare` that share the rest.

    The information is the entropy of the block.
    """
    each = (1 - common) / rare
    mi = float(entr(common) + rare * entr(each))
    return Sampler(f"diagonal-blocks-{rare}", 1, 1, mi, partial(_draw_blocks, rare, common))


def _draw_blocks(rare: int, common: float, rng: np.random.Generator, n: int) -> Samples:
    block = np.where(rng.random((n, 1)) < common, 0, rng.integers(1, rare + 1, size=(n, 1)))
    return block + rng.random((n, 1)), block + rng.random((n, 1))
