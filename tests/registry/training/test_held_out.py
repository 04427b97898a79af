"""Which rows are held out."""

from __future__ import annotations

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
