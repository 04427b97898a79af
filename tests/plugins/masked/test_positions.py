"""Sums over positions: exact probabilities in place of a network give the exact information, whatever is masked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mmg_plugins.masked.positions import kept_at_random, summed, weights_of


class Exact:
    """What a network would tell that knows the law of two positions of x and one column of y."""

    def __init__(self, law: np.ndarray) -> None:
        self.law, self.positions, self.classes = torch.from_numpy(law), 2, law.shape[0]  # law[x0, x1, y]

    def __call__(self, x: Tensor, y: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        with_y = self._log(x, kept, self.law[:, :, y[:, 0]])
        return with_y, self._log(x, kept, self.law.sum(2)[:, :, None].expand(-1, -1, len(x)))

    def _log(self, x: Tensor, kept: Tensor, law: Tensor) -> Tensor:
        """Return ln p(x_l | x_kept) `(n, 2)` from weights `(k, k, n)` of both positions."""
        at = torch.arange(len(x))
        both = law[x[:, 0], x[:, 1], at]
        others = law[:, x[:, 1], at].sum(0), law[x[:, 0], :, at].sum(1)  # of the other position's class
        margins = law.sum(1)[x[:, 0], at], law.sum(0)[x[:, 1], at]
        alone = [margin / law.sum((0, 1)) for margin in margins]
        given = [both / other for other in others]
        return torch.stack([torch.where(kept[:, 1 - j], given[j], alone[j]) for j in (0, 1)], 1).log()


def drawn(n: int) -> tuple[np.ndarray, tuple[Tensor, Tensor], Tensor]:
    """Return a law, rows of it, and the log ratio of each row."""
    rng = np.random.default_rng(0)
    law = rng.dirichlet(np.full(18, 0.5)).reshape(3, 3, 2)
    place = rng.choice(18, n, p=law.ravel())
    x0, x1, y = np.unravel_index(place, law.shape)
    ratio = law / law.sum(2, keepdims=True) / law.sum((0, 1))
    rows = torch.from_numpy(np.stack([x0, x1], axis=1)), torch.from_numpy(y[:, None])
    return law, rows, torch.from_numpy(np.log(ratio[x0, x1, y]))


def test_exact_predictions_give_the_exact_information() -> None:
    law, rows, ratio = drawn(4_000)
    found = summed(Exact(law), rows, 16, 0).gains.sum(1)  # type: ignore[arg-type]
    assert found.mean().item() == pytest.approx(ratio.mean().item(), abs=0.01)


def test_the_strata_are_every_number_of_kept_positions() -> None:
    """With as many masks as positions the log-probabilities of each row sum to the chain rule's, but for the order."""
    law, rows, _ = drawn(2_000)
    every = [summed(Exact(law), rows, 2, seed).with_y.sum(1) for seed in range(40)]  # type: ignore[arg-type]
    x, y = rows
    joint = torch.from_numpy(law)[x[:, 0], x[:, 1], y[:, 0]] / torch.from_numpy(law).sum((0, 1))[y[:, 0]]
    assert (torch.stack(every).mean(0) - joint.log()).abs().mean().item() < 0.1
    assert torch.stack(every).mean().item() == pytest.approx(joint.log().mean().item(), abs=0.005)


def test_masked_positions_share_the_weight_of_all() -> None:
    kept = kept_at_random(torch.tensor([0, 1, 2, 3]), 4, torch.Generator().manual_seed(0))
    assert kept.sum(1).tolist() == [0, 1, 2, 3]
    weights = weights_of(kept)
    assert weights.sum(1).tolist() == pytest.approx([4.0] * 4)
    assert not weights[kept].any()
