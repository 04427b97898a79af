"""Optimisers of modules: AdamW, and its steps on batches by automatic differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from mmg_registry.training.rows import RowPair

WEIGHT_DECAY = 0.1  # times the learning rate; against learning rows by heart where columns are many
LONGEST_GRADIENT = 1.0  # a gradient of a larger norm is cut to it

Loss = Callable[[Tensor, Tensor], Tensor]  # of a batch x `(b, dim_x)`, y `(b, dim_y)`: a scalar


class Descent(Protocol):
    """Optimiser steps, and what the optimiser remembers between them."""

    def run(self, picked: Tensor, rates: Tensor) -> None:
        """Take one step on each batch of rows `picked` `(batches, rows)` int64, at its learning rate `(batches,)`."""


class TorchDescent:
    """Steps of AdamW by automatic differentiation.

    Args:
        module: whose parameters are trained.
        loss: to be minimised; of rows on the device of the module.
        rows: that batches are picked from.
    """

    def __init__(self, module: nn.Module, loss: Loss, rows: RowPair) -> None:
        self.loss, self.rows = loss, rows
        self.parameters = list(module.parameters())
        self.adam = AdamW(self.parameters, WEIGHT_DECAY)

    def run(self, picked: Tensor, rates: Tensor) -> None:
        for batch, rate in zip(picked.to(self.rows[0].device), rates.tolist(), strict=True):
            self._step(batch, rate)

    def _step(self, batch: Tensor, rate: float) -> None:
        x, y = self.rows
        self.adam.forget()
        self.loss(x[batch], y[batch]).backward()
        length = nn.utils.clip_grad_norm_(self.parameters, LONGEST_GRADIENT)
        if bool(torch.isfinite(length)):  # an exponential that overflowed tells nothing of where to go
            self.adam.step(rate)


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2), as `torch.optim.AdamW`.

    That one loads PyTorch's compiler when it is made, which takes a second: as long as a whole fit of a small network.

    Args:
        parameters: to be moved in place.
        decay: times the learning rate, the share of each parameter that a step takes off.

    Example:
        >>> weight = nn.Parameter(torch.ones(1))
        >>> adam = AdamW([weight], decay=0.0)
        >>> (3 * weight).backward()
        >>> adam.step(rate=0.1)
        >>> round(weight.item(), 4)
        0.9
    """

    BETAS, EPS = (0.9, 0.999), 1e-8

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        self.parameters: list[Tensor] = list(parameters)
        self.decay, self.steps = decay, 0
        self.mean, self.square = ([torch.zeros_like(each) for each in parameters] for _ in range(2))

    def forget(self) -> None:
        """Drop all gradients."""
        for each in self.parameters:
            each.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all parameters, each of which has a gradient."""
        self.steps += 1
        grads = [each.grad for each in self.parameters if each.grad is not None]
        first, second = self.BETAS
        torch._foreach_lerp_(self.mean, grads, 1 - first)
        torch._foreach_mul_(self.square, second)
        torch._foreach_addcmul_(self.square, grads, grads, 1 - second)
        below = torch._foreach_sqrt(self.square)
        torch._foreach_div_(below, math.sqrt(1 - second**self.steps))
        torch._foreach_add_(below, self.EPS)
        torch._foreach_mul_(self.parameters, 1 - rate * self.decay)
        torch._foreach_addcdiv_(self.parameters, self.mean, below, -rate / (1 - first**self.steps))
