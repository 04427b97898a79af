"""Independent pairs of every kind of column."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.stats import rankdata

from mmg_registry.data.kinds import kind_of
from mmg_registry.samplers import NULL
from mmg_registry.samplers.null import COLUMNS, independent_pair

KINDS = {
    "normal": {"continuous"}, "skewed": {"continuous"}, "count": {"count", "category"}, "zeros": {"mixed"},
    "category": {"category"}, "binary": {"category"}, "rounded": {"continuous"},
}  # fmt: skip


def test_the_null_pairs_have_no_information_and_the_sizes_of_their_names() -> None:
    assert all(task.true_mi == 0 and task.name == name for name, task in NULL.items())
    sizes = {name: re.search(r"-(\d+)-(\d+)(-2)?$", name) for name in NULL if "texts" not in name}
    assert all((NULL[name].dim_x, NULL[name].dim_y) == (int(at[1]), int(at[2])) for name, at in sizes.items() if at)
    assert None not in sizes.values()
    assert {task.dim_x for task in NULL.values()} >= {1, 5, 25, 50}


def test_every_kind_of_column_is_there() -> None:
    assert all(any(f"-{kind}-" in name for name in NULL) for kind in COLUMNS)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_of_the_kind_that_they_are_called(kind: str) -> None:
    x, y = independent_pair(kind, kind, 2).sample(8_000)
    assert {kind_of(column).name for column in np.hstack([x, y]).T} <= KINDS[kind]


def test_mixed_columns_are_of_every_kind_in_turn() -> None:
    x, _ = independent_pair("mixed", "binary", 8).sample(5_000)
    assert [len(np.unique(x[:, j])) for j in (4, 5)] == [5, 2]
    assert len(np.unique(x[:, 0])) == len(np.unique(x[:, 7])) == 5_000
    assert abs(np.corrcoef(x[:, 0], x[:, 7])[0, 1]) < 0.05


@pytest.mark.parametrize("name", NULL)
def test_columns_of_either_side_are_not_correlated(name: str) -> None:
    x, y = NULL[name].sample(2_000, seed=1)
    ranks = [rankdata(side, axis=0) for side in (x, y)]
    standard = [(rank - rank.mean(axis=0)) / rank.std(axis=0) for rank in ranks]
    largest = np.abs(standard[0].T @ standard[1] / 2_000).max()
    assert largest < (3.5 + 0.5 * np.log10(x.shape[1] * y.shape[1])) / np.sqrt(2_000)
