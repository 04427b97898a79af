"""Denoisers of a pair noised on both sides: jointly, and each side given the other one clean.

For a pair w = (x, y) of which both noisy versions share one log-SNR, the "denoiser without y" of the common machinery
is the joint one, eps_hat(x_t, y_t), and that "given y" puts [eps_hat(x_t | y_0), eps_hat(y_t | x_0)] side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmg_registry.contracts import below
from mmg_registry.core import Network, Proposal, TrainPlan, reference
from mmg_registry.diffusion import FusedDenoiser, ModuleDenoiser

HALF = math.log(2.0)  # the log-SNR falls by this much where the variance of the data is halved


def beside(x: Tensor, y: Tensor) -> Tensor:
    """Return the pair as one variable `(n, dim_x + dim_y)`."""
    return torch.cat([x, y], 1)


class JointDenoiser:
    """Three fused networks, each starting from the exact linear denoiser, so that every Gaussian task starts solved.

    All training runs in the compiled core. Its kernel noises one variable and takes the difference of two denoisers
    of it, while here the joint denoiser is compared with two others column by column: `gap` runs in torch.

    The core's linear denoisers assume noisy columns of unit variance, or of less given y. The pair's columns are
    rotated (isotropic noise stays as it is) to principal ones, of variances 1 +- rho, halved so as not to exceed 1:
    the joint network sees them as if "given" a variable that predicts nothing and reduces their variances to that.

    Args:
        network: sizes of the network of x given y; the other two have its width and depth.
        x, y: training rows `(n, dim_x)`, `(n, dim_y)` in canonical coordinates, float32.
        rho: `(min(dim_x, dim_y),)` float64 canonical correlations.
        **how: seed, threads and device, as for `FusedDenoiser`.
    """

    def __init__(self, network: Network, x: Tensor, y: Tensor, rho: Tensor, **how: Any) -> None:
        self.dim_x = network.dim_x
        dim_x, dim_y, width, depth = network.dim_x, network.dim_y, network.width, network.depth
        self._turn, variance = principal(rho, dim_x, dim_y)
        w, loose = self._halved(beside(x, y)), (1 - variance / 2).sqrt()
        joint = Network(dim_x + dim_y, dim_x + dim_y + 1, width, depth)
        self.parts = {
            "joint": FusedDenoiser(joint, w, _nothing(w), loose, **how),
            "x_given_y": FusedDenoiser(network, x, y, rho, **how),
            "y_given_x": FusedDenoiser(Network(dim_y, dim_x, width, depth), y, x, rho, **how),
        }
        self.n_parameters = sum(part.n_parameters for part in self.parts.values())

    @property
    def backend(self) -> dict[str, str]:
        return self.parts["joint"].backend

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        losses = [
            part.train(_shifted(proposal) if name == "joint" else proposal, plan, first_step, n_steps)[:, 1]
            for name, part in self.parts.items()
        ]
        return torch.stack([losses[0], losses[1] + losses[2]], 1)

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        w = beside(x, y)
        return reference.gap_of_errors(self.errors(), w, w, proposal, seed=seed, repeats=repeats)

    def errors(self) -> reference.ErrorsOf:
        """Return the function that computes denoising errors from rows `(w, w)`, with w the pair as one variable."""
        return self._errors

    def snapshot(self) -> dict[str, Tensor]:
        return {f"{n}.{key}": value for n, part in self.parts.items() for key, value in part.snapshot().items()}

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        for name, part in self.parts.items():
            part.rewind(below(snapshot, f"{name}."))

    def checkpoint(self) -> dict[str, Any]:
        return {name: part.checkpoint() for name, part in self.parts.items()}

    def resume(self, checkpoint: dict[str, Any]) -> None:
        for name, part in self.parts.items():
            part.resume(checkpoint[name])

    def _halved(self, w: Tensor) -> Tensor:
        """Return the principal columns of `w`, scaled to half their variance."""
        return (w @ self._turn * math.sqrt(0.5)).contiguous()

    def _errors(self, w: Tensor, _: Tensor, draws: reference.Draws) -> reference.Errors:
        w = w[draws.row]
        x, y, cut = w[:, : self.dim_x], w[:, self.dim_x :], self.dim_x
        own = replace(draws, row=torch.arange(len(w)))
        of_x = self.parts["x_given_y"].errors(marginal=False)(x, y, replace(own, eps=draws.eps[:, :cut]))
        of_y = self.parts["y_given_x"].errors(marginal=False)(y, x, replace(own, eps=draws.eps[:, cut:]))
        turned = replace(own, eps=draws.eps @ self._turn, logsnr=draws.logsnr + HALF)
        w = self._halved(w)
        joint = self.parts["joint"].errors(marginal=False)(w, _nothing(w), turned)
        given, wiener_given = beside(of_x.given, of_y.given), beside(of_x.wiener_given, of_y.wiener_given)
        return reference.Errors(joint.given @ self._turn, given, joint.wiener_given @ self._turn, wiener_given)


class PairModuleDenoiser(ModuleDenoiser):
    """A torch module as both denoisers of a pair, which predicts the noise itself.

    The module is called as `module(w_t, logsnr, None)` and `module(w_t, logsnr, w_0)` with `w` `(n, dim_x + dim_y)`.
    """

    def __init__(self, module: torch.nn.Module, x: Tensor, y: Tensor, rho: Tensor, **how: Any) -> None:
        w = beside(x, y)
        super().__init__(module, w, w, rho, **how)

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        w = beside(x, y)
        return super().gap(w, w, proposal, repeats=repeats, seed=seed)


def principal(rho: Tensor, dim_x: int, dim_y: int) -> tuple[Tensor, Tensor]:
    """Return the pair's principal columns in canonical coordinates: (x_i + y_i) / sqrt 2 and (x_i - y_i) / sqrt 2.

    Returns:
        The rotation `(d, d)` float32, which is its own inverse, and the variances `(d,)` float64 of the columns, with
        d = dim_x + dim_y.

    Example:
        >>> principal(torch.tensor([0.8], dtype=torch.float64), 2, 1)[1].tolist()
        [1.8, 1.0, 0.19999999999999996]
    """
    turn, variance = torch.eye(dim_x + dim_y), torch.ones(dim_x + dim_y, dtype=torch.float64)
    i = torch.arange(len(rho))
    turn[i, i] = turn[i, dim_x + i] = turn[dim_x + i, i] = math.sqrt(0.5)
    turn[dim_x + i, dim_x + i] = -math.sqrt(0.5)
    variance[i], variance[dim_x + i] = 1 + rho, 1 - rho
    return turn, variance


def joint_gaussian_tail(rho: NDArray[np.float64], low: float, high: float) -> float:
    """Return the integral, in nats, of the linear denoisers' gap (joint minus conditional) outside `[low, high]`.

    With g the SNR, a coordinate pair's share up to g is
    `1/2 log((1 + g (1 + rho)) (1 + g (1 - rho)) / (1 + g (1 - rho^2))^2)`, and all of it is `-1/2 log(1 - rho^2)`.

    Example:
        >>> round(joint_gaussian_tail(np.array([0.8]), 3.0, 3.0), 4)
        0.5108
    """
    s2 = (1 - rho) * (1 + rho)
    inside = [_up_to(rho, s2, math.exp(edge)) for edge in (low, high)]
    return float(np.sum(-0.5 * np.log(s2) - inside[1] + inside[0]))


def _up_to(rho: NDArray[np.float64], s2: NDArray[np.float64], snr: float) -> NDArray[np.float64]:
    joint = np.log1p(snr * (1 + rho)) + np.log1p(snr * (1 - rho))
    return np.asarray(0.5 * (joint - 2 * np.log1p(snr * s2)))


def _shifted(proposal: Proposal) -> Proposal:
    return replace(proposal, edges=proposal.edges + HALF, loc=proposal.loc + HALF)


def _nothing(w: Tensor) -> Tensor:
    """Return a variable that is constant in `w`, with the norm that the network's radial features expect."""
    nothing = w.new_zeros(len(w), w.shape[1] + 1)
    nothing[:, -1] = math.sqrt(nothing.shape[1])
    return nothing
