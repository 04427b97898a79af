"""Blocks: the entropy of the block, counted in drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import blocks
from mmg_registry.samplers.tables import table_mi


@pytest.mark.parametrize(
    "sampler",
    [blocks.checkerboard(4), blocks.checkerboard(6), blocks.diagonal_blocks(20, 0.5), blocks.diagonal_blocks(6, 0.7)],
    ids=lambda sampler: sampler.name,
)
def test_counts_of_blocks_have_the_information(sampler: Sampler) -> None:
    x, y = (side[:, 0].astype(int) for side in sampler.sample(200_000))
    counts = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(counts, (x, y), 1.0)
    assert table_mi(counts) == pytest.approx(sampler.true_mi, abs=0.01)


def test_within_a_block_rows_are_uniform_and_independent() -> None:
    x, y = (np.mod(side[:, 0], 1) for side in blocks.diagonal_blocks(3, 0.5).sample(20_000))
    counts, _, _ = np.histogram2d(x, y, bins=4, range=[[0, 1], [0, 1]])
    assert np.abs(counts / 20_000 * 16 - 1).max() < 0.15
    assert blocks.checkerboard(2).true_mi == math.log(2)
