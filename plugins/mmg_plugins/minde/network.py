"""The published networks of MINDE (arXiv 2310.09031), from their description.

They are those of MMG, except that they take two times and that their output starts at zero.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmg_plugins.minde.vp_sde import time_of
from mmg_plugins.mmg.paper_network import PaperDenoiser


class ConditionalNetwork(PaperDenoiser):
    """MINDE-c: predicts the noise in x from x_t and y, or from x_t and zeros; the second time says which (1 or 0).

    Example:
        >>> net = ConditionalNetwork(dim_x=3, dim_y=2)
        >>> net(torch.ones(4, 3), torch.zeros(4), None).tolist()[0]
        [0.0, 0.0, 0.0]
    """

    def __init__(self, dim_x: int, dim_y: int) -> None:
        super().__init__(dim_x, dim_y, times=2)
        _silence(self)

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        given = torch.full_like(logsnr, 0.0 if y is None else 1.0)
        y = z.new_zeros(len(z), self.dim_y) if y is None else y
        return self.body(torch.cat([z, y], 1), torch.stack([time_of(logsnr), given], 1))


class JointNetwork(PaperDenoiser):
    """MINDE-j: predicts the noise in (x, y), each with a time of its own, which is 0 for a variable that is clean.

    It takes the noisy pair `z` `(n, dim_x + dim_y)`, and None for the joint prediction or the clean pair for both
    conditional ones side by side.

    Example:
        >>> net = JointNetwork(dim_x=3, dim_y=2)
        >>> net(torch.ones(4, 5), torch.zeros(4), torch.ones(4, 5)).shape
        torch.Size([4, 5])
    """

    def __init__(self, dim_x: int, dim_y: int) -> None:
        super().__init__(dim_x, dim_y, outputs=dim_x + dim_y, times=2)
        self.dim_x = dim_x
        _silence(self)

    def forward(self, z: Tensor, logsnr: Tensor, clean: Tensor | None) -> Tensor:
        t, cut = time_of(logsnr), self.dim_x
        if clean is None:
            return self.body(z, torch.stack([t, t], 1))
        zero = torch.zeros_like(t)
        of_x = self.body(torch.cat([z[:, :cut], clean[:, cut:]], 1), torch.stack([t, zero], 1))
        of_y = self.body(torch.cat([clean[:, :cut], z[:, cut:]], 1), torch.stack([zero, t], 1))
        return torch.cat([of_x[:, :cut], of_y[:, cut:]], 1)


def _silence(network: PaperDenoiser) -> None:
    with torch.no_grad():
        for parameter in network.out[-1].parameters():
            parameter.zero_()
