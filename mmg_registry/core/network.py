"""The layout of the denoiser's parameters: one flat float32 vector in canonical order (csrc/cpu/layout.h)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

N_EMBEDDING = 16
N_RADIAL = 2
N_WAVES = 4  # frequencies 2, 4, 8, 16
WAVE_COLUMNS = 4  # networks with more noised columns than this have no sine and cosine features


class Parameters(ABC):
    """The parameters of a network, stored in one flat vector."""

    @abstractmethod
    def parameters(self) -> list[tuple[str, tuple[int, int]]]:
        """Return names and shapes `(fan_in, fan_out)` in canonical order; biases have fan_in 1."""

    @property
    def n_parameters(self) -> int:
        """Return the length of the flat vector."""
        return sum(k * n for _, (k, n) in self.parameters())

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of a canonical vector `(n_parameters,)` by name, each in its own shape."""
        parts = zip(self.parameters(), flat.split([k * n for _, (k, n) in self.parameters()]), strict=True)
        return {name: part.view(shape) for (name, shape), part in parts}


@dataclass(frozen=True)
class Network(Parameters):
    """The sizes of the residual MLP with gated (SwiGLU) blocks that corrects the Wiener denoisers.

    Attributes:
        dim_x, dim_y: dimensions of the noised and of the conditioning variable.
        width: units of the residual stream and of each gate.
        depth: number of gated blocks.
        context: number of last columns of x that both denoisers see without noise and do not denoise; the gap then
            gives I(first columns; Y | last columns).

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
        """Return names and shapes `(fan_in, fan_out)` in canonical order; biases have fan_in 1."""
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
        """Return how many columns of x, the first ones, are noised and denoised."""
        return self.dim_x - self.context

    @property
    def n_waves(self) -> int:
        """Return the number of sine and cosine features of each pass."""
        return 0 if self.noised > WAVE_COLUMNS else 2 * N_WAVES * self.noised

    @property
    def multiply_adds(self) -> int:
        """Return the multiply-adds of one pass of one row; training a row takes two passes at three times that cost."""
        return sum(k * n for name, (k, n) in self.parameters() if k > 1)

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of a canonical vector `(n_parameters,)` by name; biases lack the first dimension."""
        return {name: part if len(part) > 1 else part[0] for name, part in super().views(flat).items()}

    def init(self, seed: int) -> Tensor:
        """Return random initial weights `(n_parameters,)` float32.

        The output layer is zero, so training starts at the Wiener denoisers.
        """
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
