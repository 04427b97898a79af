"""Batches of row numbers."""

from __future__ import annotations

import torch

from mmg_registry.training.rows import batches


def test_batches_pass_all_rows_and_never_wait_for_more() -> None:
    whole = batches(5, 512, torch.Generator().manual_seed(0))
    assert sorted(next(whole).tolist()) == [0, 1, 2, 3, 4]
    halves = batches(5, 2, torch.Generator().manual_seed(0))
    assert len(set(torch.cat([next(halves), next(halves)]).tolist())) == 4


def test_every_epoch_has_an_order_of_its_own() -> None:
    found = batches(50, 50, torch.Generator().manual_seed(0))
    assert next(found).tolist() != next(found).tolist()
