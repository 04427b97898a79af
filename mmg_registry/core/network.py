"""The denoiser's parameters in their canonical order: one flat float32 vector (csrc/cpu/layout.h)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

N_EMBEDDING = 16
N_RADIAL = 2
N_WAVES = 4  # frequencies 2, 4, 8, 16
WAVE_COLUMNS = 4  # with more noisy columns there are no waves


class Parameters(ABC):
    """Parameters of a network in one flat vector."""

    @abstractmethod
    def parameters(self) -> list[tuple[str, tuple[int, int]]]:
        """Names and shapes `(fan_in, fan_out)`, biases with fan_in 1, in canonical order."""

    @property
    def n_parameters(self) -> int:
        return sum(k * n for _, (k, n) in self.parameters())

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Named views of a canonical vector `(n_parameters,)`, each of its shape."""
        parts = zip(self.parameters(), flat.split([k * n for _, (k, n) in self.parameters()]), strict=True)
        return {name: part.view(shape) for (name, shape), part in parts}


@dataclass(frozen=True)
class Network(Parameters):
    """Sizes of the residual MLP with gated (SwiGLU) blocks that corrects the Wiener denoisers.

    Attributes:
        dim_x, dim_y: dimensions of the noised and of the conditioning variable.
        width: units of the residual stream and of each gate.
        depth: number of gated blocks.
        context: how many of the last columns of x both denoisers see without noise and do not denoise: the gap is
            then I(first columns; Y | last columns).

    Example:
        >>> net = Network(dim_x=5, dim_y=5, width=128, depth=2)
        >>> net.n_parameters, net.views(net.init(seed=0))["block0.gate"].shape
        (107141, torch.Size([128, 128]))
    """

    dim_x: int
    dim_y: int
    width: int = 64
    depth: int = 2
    context: int = 0

    def parameters(self) -> list[tuple[str, tuple[int, int]]]:
        """Names and shapes `(fan_in, fan_out)`, biases with fan_in 1, in canonical order."""
        h = self.width
        head = [
            ("shared", (2 * self.dim_x + N_RADIAL + N_EMBEDDING + self.n_waves, h)),
            ("b_in", (1, h)),
            ("cond", (self.dim_x + 3 * self.dim_y + N_RADIAL + self.noised + self.n_waves, h)),
        ]
        head += [("mask", (1, h)), ("null", (1, h))]
        block = [
            ("gate", (h, h)),
            ("b_gate", (1, h)),
            ("value", (h, h)),
            ("b_value", (1, h)),
            ("down", (h, h)),
            ("b_down", (1, h)),
        ]
        body = [(f"block{i}.{name}", shape) for i in range(self.depth) for name, shape in block]
        return [*head, *body, ("out", (h, self.noised)), ("b_out", (1, self.noised))]

    @property
    def noised(self) -> int:
        """Columns of x that are noised and denoised: the first ones."""
        return self.dim_x - self.context

    @property
    def n_waves(self) -> int:
        """Sines and cosines among the features of each pass."""
        return 0 if self.noised > WAVE_COLUMNS else 2 * N_WAVES * self.noised

    @property
    def multiply_adds(self) -> int:
        """Of one pass of one row; training costs three times that, and a step has two passes."""
        return sum(k * n for name, (k, n) in self.parameters() if k > 1)

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Named views of a canonical vector `(n_parameters,)`, biases without their first dimension."""
        return {name: part if len(part) > 1 else part[0] for name, part in super().views(flat).items()}

    def init(self, seed: int) -> Tensor:
        """Fresh weights `(n_parameters,)` float32; a zero output layer starts training at the Wiener denoisers."""
        generator = torch.Generator().manual_seed(seed)
        flat = torch.zeros(self.n_parameters)
        for name, view in self.views(flat).items():
            if view.dim() == 2 and name != "out":
                view.normal_(0.0, self._gain(name) / math.sqrt(view.shape[0]), generator=generator)
            elif name in ("null", "mask"):
                view.normal_(0.0, 0.3, generator=generator)
        return flat

    def _gain(self, name: str) -> float:
        return 1.0 / math.sqrt(2.0 * self.depth) if name.endswith("down") else 1.0
