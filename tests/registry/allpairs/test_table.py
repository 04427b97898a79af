"""The matrix of a table of pairs."""

from __future__ import annotations

import numpy as np

from mmg_registry.allpairs.answer import AllPairs, PairsOptions
from mmg_registry.allpairs.columns import read_paired_columns
from mmg_registry.allpairs.table import matrix_of
from mmg_registry.request import Request


def test_a_copy_has_the_scores_of_its_first() -> None:
    x, e = np.random.default_rng(0).standard_normal((2, 200))
    pair = read_paired_columns(np.stack([x, x + e, x], axis=1), None)
    found = AllPairs.of(pair, Request(plugin="gaussian", seed=0, threads=1), PairsOptions(top=0)).table()
    names, scores = matrix_of(found)
    first, near, copy = (names.index(name) for name in pair.x_names)
    assert scores[first, near] == scores[copy, near] == scores[near, copy] > 0.3
    assert scores[first, copy] == 1
    assert (scores.diagonal() == 1).all()
