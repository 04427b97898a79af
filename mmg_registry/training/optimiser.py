"""The optimiser of torch modules: AdamW, and its steps on mini-batches by automatic differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from mmg_registry.training.rows import RowPair

WEIGHT_DECAY = 0.1  # relative to the learning rate; keeps wide networks from memorising rows of many columns
LONGEST_GRADIENT = 1.0  # gradients of a larger norm are clipped to this norm

Loss = Callable[[Tensor, Tensor], Tensor]  # from a batch x `(b, dim_x)`, y `(b, dim_y)` to a scalar


class Descent(Protocol):
    """An optimiser with its state, which takes steps on batches of rows."""

    def run(self, picked: Tensor, rates: Tensor) -> None:
        """Take one step on each batch of rows `picked` `(batches, rows)` int64, at its learning rate `(batches,)`."""


class TorchDescent:
    """AdamW steps with gradients by automatic differentiation.

    Args:
        module: the module to train.
        loss: the loss to minimise, given rows on the module's device.
        rows: the rows that batches are picked from.
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
        if bool(torch.isfinite(length)):  # skip a batch whose loss overflowed: it gives no direction
            self.adam.step(rate)


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2), as `torch.optim.AdamW`.

    PyTorch's own class loads its compiler when it is constructed, which takes a second: as long as a whole fit of a
    small network.

    Args:
        parameters: the parameters, which are updated in place.
        decay: weight decay; a step shrinks each parameter by the learning rate times this fraction.

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
        """Drop the gradients of all parameters."""
        for each in self.parameters:
            each.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Take one step at learning rate `rate`; every parameter must have a gradient."""
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
