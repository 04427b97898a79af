"""Perceptrons: the plain networks that critics, densities and bounds are built from."""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn


def perceptron(dims: list[int], draw: torch.Generator, quiet: int = 0) -> nn.Sequential:
    """Return linear layers of sizes `dims` with SiLU between them, weights drawn from `draw`.

    Args:
        dims: number of inputs, of units of each hidden layer, and of outputs.
        draw: generator of the weights.
        quiet: number of outputs, the first ones, that start at zero.

    Example:
        >>> network = perceptron([3, 8, 1], torch.Generator().manual_seed(0), quiet=1)
        >>> network(torch.ones(2, 3)).tolist()
        [[0.0], [0.0]]
    """
    layers: list[nn.Module] = []
    for first, last in itertools.pairwise(dims):
        layers += [_linear(first, last, draw), nn.SiLU()]
    nn.init.zeros_(layers[-2].weight[:quiet])  # type: ignore[index]
    return nn.Sequential(*layers[:-1])


def _linear(first: int, last: int, draw: torch.Generator) -> nn.Linear:
    """Return a linear layer with weights from `draw`, and leave the global generator of `nn.Linear` as it was.

    PyTorch's `skip_init` would do that too, but loads PyTorch's compiler.
    """
    with torch.random.fork_rng(devices=[]):
        layer = nn.Linear(first, last)
    nn.init.uniform_(layer.weight, -math.sqrt(3 / first), math.sqrt(3 / first), generator=draw)
    nn.init.zeros_(layer.bias)
    return layer
