"""Which rows are held out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmg_registry.training.held_out import held_out_of, hold_back


@pytest.mark.parametrize("n", [2, 9, 10, 11, 1_000, 150_000])
def test_rows_held_back_are_a_share_of_all_with_x_and_y_still_paired(n: int) -> None:
    x = torch.arange(n, dtype=torch.float64)[:, None]
    rows, held = hold_back(x.clone(), -x, seed=1)
    assert len(held[0]) == held_out_of(n)
    assert torch.cat([rows[0], held[0]]).sort(0).values.equal(x)
    assert rows[1].equal(-rows[0])
    assert held[1].equal(-held[0])


def test_rows_held_back_depend_on_the_seed_and_spread_over_all() -> None:
    x = torch.arange(10_000.0)[:, None]
    first, again, other = (hold_back(x.clone(), x.clone(), seed)[1][0] for seed in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    assert abs(float(first.mean()) - 5_000) < 4 * 10_000 / (12**0.5) / 1_000**0.5


def test_rows_of_a_group_are_held_back_together() -> None:
    x, groups = torch.arange(600.0)[:, None], np.arange(600) // 30
    rows, held = hold_back(x.clone(), -x, 1, groups)
    assert len(held[0]) == 60
    assert not np.isin(groups[held[0][:, 0].long()], groups[rows[0][:, 0].long()]).any()
    assert torch.cat([rows[0], held[0]]).sort(0).values.equal(x)
    assert held[1].equal(-held[0])


def test_a_single_group_cannot_be_kept_together() -> None:
    x = torch.arange(50.0)[:, None]
    assert len(hold_back(x, x.clone(), 1, np.zeros(50, dtype=np.int64))[1][0]) == held_out_of(50) == 16
