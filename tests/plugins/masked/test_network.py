"""The network of masked positions: it starts at independence, gives probabilities, and never sees what is masked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from mmg_plugins.masked.alphabets import Alphabets
from mmg_plugins.masked.network import MaskedNetwork


def made(seed: int = 0, shaken: float = 0.0) -> MaskedNetwork:
    """Return a network of positions of 3 and 2 classes, given a number; `shaken` is the spread of all weights."""
    rng, draw = np.random.default_rng(0), torch.Generator().manual_seed(seed)
    x = np.stack([rng.choice(3, 90, p=[0.5, 0.3, 0.2]), rng.integers(0, 2, 90)], axis=1).astype(float)
    y = rng.poisson(3.0, (90, 1)).astype(float)
    network = MaskedNetwork(Alphabets.of(x, [False, False]), Alphabets.of(y, [True]), (8, 2), draw)
    for weights in network.parameters() if shaken else ():
        torch.nn.init.normal_(weights, std=shaken, generator=draw)
    return network


EVERY = torch.tensor(list(itertools.product(range(3), range(2))))
GIVEN = torch.ones(len(EVERY), 1, dtype=torch.int64)


def test_it_starts_at_the_margins_with_and_without_y() -> None:
    network, kept = made(), torch.zeros(len(EVERY), 2, dtype=torch.bool)
    with_y, alone = network(EVERY, GIVEN, kept)
    assert torch.equal(with_y, alone)
    assert alone[:, 1].exp().unique().sum().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("kept", [(False, False), (True, False), (False, True)])
def test_probabilities_of_each_position_sum_to_one(kept: tuple[bool, bool]) -> None:
    network = made(shaken=0.7)
    for found in network(EVERY, GIVEN, torch.tensor([kept]).expand(len(EVERY), 2)):
        if not kept[0]:  # one of each class of the first position, beside the same class of the second
            assert found[EVERY[:, 1] == 0, 0].exp().sum().item() == pytest.approx(1, abs=1e-5)
        if not kept[1]:
            assert found[EVERY[:, 0] == 0, 1].exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_only_kept_positions_are_seen_and_y_in_one_prediction_alone() -> None:
    network = made(shaken=0.7)
    x, changed = torch.tensor([[0, 1]]), torch.tensor([[2, 1]])
    given, other = torch.tensor([[0]]), torch.tensor([[2]])
    masked, kept = torch.tensor([[False, False]]), torch.tensor([[True, False]])
    assert torch.equal(network(x, given, masked)[0][:, 1], network(changed, given, masked)[0][:, 1])
    assert not torch.equal(network(x, given, kept)[0][:, 1], network(changed, given, kept)[0][:, 1])
    assert torch.equal(network(x, given, kept)[1], network(x, other, kept)[1])
    assert not torch.equal(network(x, given, kept)[0], network(x, other, kept)[0])
