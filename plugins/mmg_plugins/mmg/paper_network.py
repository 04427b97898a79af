"""The published denoiser network, from its description: a residual MLP with group normalisation and time embedding.

The sizes are those of the released experiments of MMG (arXiv 2509.20609): width 64, 128 or 256 by dim_x + dim_y, two
residual blocks, then a third one on their output joined with the input projection. Where there is no y, its columns are
set to zero, without a mask.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class _ResidualBlock(nn.Module):
    """A residual block: [GroupNorm, SiLU, Linear + time projection], [GroupNorm, SiLU, Linear], and a skip."""

    def __init__(self, dim_in: int, dim_out: int, dim_time: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, dim_in), nn.SiLU(), nn.Linear(dim_in, dim_out))
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(dim_time, dim_out))
        self.second = nn.Sequential(nn.GroupNorm(8, dim_out), nn.SiLU(), nn.Linear(dim_out, dim_out))
        self.skip = nn.Linear(dim_in, dim_out) if dim_in != dim_out else nn.Identity()

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(h) + self.time(time)) + self.skip(h)
        return out


class PaperDenoiser(nn.Module):
    """A network that predicts the noise from z, the raw log-SNR and y; None for y stands for zeros.

    Args:
        dim_x, dim_y: columns of z and of y.
        outputs: columns of the prediction; dim_x unless given.
        times: numbers that tell the network how noisy its inputs are: 1 for MMG, 2 for MINDE.

    Example:
        >>> net = PaperDenoiser(dim_x=3, dim_y=3)
        >>> net(torch.zeros(4, 3), torch.zeros(4), None).shape
        torch.Size([4, 3])
    """

    def __init__(self, dim_x: int, dim_y: int, outputs: int | None = None, times: int = 1) -> None:
        super().__init__()
        self.dim_y = dim_y
        h = self.width_for(dim_x + dim_y)
        self.project = nn.Linear(dim_x + dim_y, h)
        self.time = nn.Sequential(nn.Linear(times, h), nn.GELU(), nn.Linear(h, h))
        self.middle = nn.ModuleList([_ResidualBlock(h, h, h), _ResidualBlock(h, h, h)])
        self.last = _ResidualBlock(2 * h, h, h)
        self.out = nn.Sequential(nn.GroupNorm(8, h), nn.SiLU(), nn.Linear(h, outputs or dim_x))

    @staticmethod
    def width_for(dim: int) -> int:
        """Return the published width for `dim` columns of x and y together: 64 up to 10, 128 up to 50, else 256."""
        return 64 if dim <= 10 else 128 if dim <= 50 else 256

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        y = z.new_zeros(len(z), self.dim_y) if y is None else y
        return self.body(torch.cat([z, y], 1), logsnr[:, None])

    def body(self, inputs: Tensor, times: Tensor) -> Tensor:
        """Return the prediction `(n, outputs)` for `inputs` `(n, dim_x + dim_y)` and `times` `(n, times)`."""
        time = self.time(times)
        start = h = self.project(inputs)
        for block in self.middle:
            h = block(h, time)
        out: Tensor = self.out(self.last(torch.cat([h, start], 1), time))
        return out
