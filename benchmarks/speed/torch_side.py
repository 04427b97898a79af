"""The same training step and the same evaluation in PyTorch, as an expert in it would write them.

Both passes are one batch, gate and value are one product, and the input layers are computed once. PyTorch's own
generator takes the place of Philox; Adam is the fused one, the moving average uses `_foreach`. The oracle is
`mmg_registry.core.reference`, which is written to be read; the tests hold this module to it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmg_registry.core import BIN_SUMS, Network, Problem, TrainPlan
from mmg_registry.core.network import N_EMBEDDING, N_WAVES
from mmg_registry.core.proposal import ROW_VALUES
from mmg_registry.core.reference import channel, draw_logsnr, linear_prediction, normalise, radial

INPUT = ("shared", "b_in", "cond", "mask", "null")


class Denoisers(nn.Module):
    """The network of both denoisers' corrections on the rows of a batch: first all rows given y, then all without."""

    centres: Tensor
    frequencies: Tensor

    def __init__(self, network: Network, weights: Tensor, rho: Tensor) -> None:
        super().__init__()
        self.rho, self.waves = rho, network.n_waves > 0
        w = {name: nn.Parameter(view.clone()) for name, view in network.views(weights.detach()).items()}
        self.shared, self.b_in, self.cond, self.mask, self.null = (w[name] for name in INPUT)
        self.out, self.b_out = w["out"], w["b_out"]
        self.blocks = nn.ModuleList(Block(w, i) for i in range(network.depth))
        self.register_buffer("centres", 2.5 * torch.arange(1, N_EMBEDDING) - 13.5)
        self.register_buffer("frequencies", 2.0 ** torch.arange(1, N_WAVES + 1))

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor) -> Tensor:
        """Return corrections `(2 n, dim_x)` from z `(n, dim_x)`, log-SNR `(n,)` and y `(n, dim_y)`."""
        rz, ry = radial(z), radial(y)
        scale, given_scale = rz[:, :1], ry[:, :1]
        bumps = torch.exp(-0.08 * (logsnr[:, None] - self.centres).square())
        a, b = channel(logsnr)
        predicted, s2 = linear_prediction(y, self.rho, z.shape[1])
        total = s2 * a.square() + b.square()
        innovation = (z - a * predicted) / total.sqrt()
        inputs = torch.cat([z, scale * z, rz, logsnr[:, None] * 0.125, bumps, self._waves(a * z, b.square())], 1)
        waves = self._waves(a * (s2 / total).sqrt() * innovation, b.square() / total)
        given_inputs = torch.cat([y, given_scale * y, scale * y, given_scale * z, ry, innovation, waves], 1)
        base = torch.addmm(self.b_in, inputs, self.shared)
        given = torch.addmm(self.mask, given_inputs, self.cond)
        h = torch.cat([base + given, base + self.null])
        for block in self.blocks:
            h = block(h)
        return torch.addmm(self.b_out, normalise(h), self.out)

    def _waves(self, mean: Tensor, blur: Tensor) -> Tensor:
        if not self.waves:
            return mean[:, :0]
        phase = (mean[:, :, None] * self.frequencies).flatten(1)
        damp = torch.exp(-0.5 * blur.expand_as(mean)[:, :, None] * self.frequencies.square()).flatten(1)
        return torch.cat([phase.sin() * damp, phase.cos() * damp], 1)


class Block(nn.Module):
    """One gated (SwiGLU) residual block; `up` holds the gate's columns, then the value's."""

    def __init__(self, w: dict[str, nn.Parameter], i: int) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.cat([w[f"block{i}.gate"].data, w[f"block{i}.value"].data], 1))
        self.b_up = nn.Parameter(torch.cat([w[f"block{i}.b_gate"].data, w[f"block{i}.b_value"].data]))
        self.down, self.b_down = w[f"block{i}.down"], w[f"block{i}.b_down"]

    def forward(self, h: Tensor) -> Tensor:
        gate, value = torch.addmm(self.b_up, normalise(h), self.up).chunk(2, 1)
        return torch.addmm(h + self.b_down, nn.functional.silu(gate) * value, self.down)


class Batches:
    """Rows of a problem, drawn and noised, and the losses of a network on them."""

    def __init__(self, problem: Problem) -> None:
        self.x, self.y, self.proposal, self.k = problem.x, problem.y, problem.proposal, len(problem.rho)
        self.rho = problem.rho.to(self.x)
        self.s2 = self.x.new_ones(self.x.shape[1])
        self.s2[: self.k] = 1 - self.rho.square()

    def errors(self, net: nn.Module, rows: Tensor, logsnr: Tensor, eps: Tensor) -> tuple[Tensor, ...]:
        """Return eps - eps_hat given y, without y, and of the two linear denoisers; all `(n, dim_x)`."""
        x, y = self.x[rows], self.y[rows]
        a, b = logsnr.sigmoid().sqrt()[:, None], (-logsnr).sigmoid().sqrt()[:, None]
        f_given, f_marginal = net(a * x + b * eps, logsnr, y).chunk(2)
        residual = torch.cat([x[:, : self.k] - self.rho * y[:, : self.k], x[:, self.k :]], 1)
        kept = a.square() * self.s2  # the signal's part of the variance of a x + b eps given y
        total = kept + b.square()
        wiener, wiener_given = a * (a * eps - b * x), (kept * eps - (a * b) * residual) / total
        return wiener_given - (kept / total).sqrt() * f_given, wiener - a * f_marginal, wiener_given, wiener

    def draw(self, n: int) -> tuple[Tensor, ...]:
        """Draw rows with replacement, one log-SNR per stratum, and noise, in opposite pairs (for an even batch)."""
        half = n // 2
        u = (torch.arange(half) + torch.rand(half)) / half
        rows, eps = torch.randint(len(self.x), (half,)), torch.randn(half, self.x.shape[1])
        return rows.repeat(2), draw_logsnr(self.proposal, u)[0].repeat(2), torch.cat([eps, -eps])

    def loss(self, net: nn.Module, rows: Tensor, logsnr: Tensor, eps: Tensor) -> Tensor:
        """Return the sum of both passes' mean losses."""
        given, marginal, *_ = self.errors(net, rows, logsnr, eps)
        return 0.5 * (given.square().sum() + marginal.square().sum()) / len(rows)

    def drawn_loss(self, net: nn.Module, n: int) -> Tensor:
        return self.loss(net, *self.draw(n))


class Training:
    """The optimiser steps of `train_denoiser`."""

    def __init__(self, problem: Problem, weights: Tensor, plan: TrainPlan) -> None:
        self.plan, self.batches, self.loss = plan, Batches(problem), Batches.drawn_loss
        self.net = Denoisers(problem.network, weights, self.batches.rho)
        self.parameters = list(self.net.parameters())
        self.average = [p.detach().clone() for p in self.parameters]
        self.adam = torch.optim.Adam(
            self.parameters, lr=plan.lr, betas=(plan.beta1, plan.beta2), eps=plan.eps, fused=True
        )

    def compile(self) -> None:
        """Compile draws, both passes, loss and gradients for this batch size."""
        torch._dynamo.reset()
        self.loss = torch.compile(Batches.drawn_loss, dynamic=False, fullgraph=True)

    def run(self, first_step: int, n_steps: int) -> Tensor:
        """Take `n_steps` steps from `first_step` on, and return the losses `(n_steps,)`."""
        return torch.stack([self.step(first_step + i) for i in range(n_steps)])

    def step(self, step: int) -> Tensor:
        self.adam.param_groups[0]["lr"] = self.plan.lr_at(step)
        self.adam.zero_grad(set_to_none=True)
        loss = self.loss(self.batches, self.net, self.plan.batch)
        loss.backward()
        self.adam.step()
        decay = min(self.plan.ema_decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - decay)
        return loss.detach()


@torch.inference_mode()
def mmse_gap(problem: Problem, net: nn.Module, repeats: int, tile: int) -> tuple[Tensor, Tensor]:
    """Return per-bin sums and per-row means, as `mmg_registry.core.mmse_gap` does."""
    n, proposal, batches = len(problem.x), problem.proposal, Batches(problem)
    bins = torch.zeros(proposal.n_bins, len(BIN_SUMS), dtype=torch.float64)
    rows = torch.zeros(n, len(ROW_VALUES), dtype=torch.float64)
    for chunk in torch.arange(n).split(tile):
        for repeat in range(repeats):
            logsnr, weight, found = draw_logsnr(proposal, (repeat + torch.rand(len(chunk))) / repeats)
            eps = torch.randn(len(chunk), problem.x.shape[1])
            values = _values(batches.errors(net, chunk, logsnr, eps), weight)
            bins.index_add_(0, found, _bin_columns(values))
            rows[chunk] += values[:, [0, 1, 4, 5]] / repeats
    return bins, rows


def _values(errors: tuple[Tensor, ...], weight: Tensor) -> Tensor:
    """Return `(n, 6)` float64: direct, orthogonal, mse, mse_given, excess, excess_given, times half the weight."""
    given, marginal, *_ = errors
    g, m, wg, w, between = (e.square().sum(1) for e in (*errors, marginal - given))
    return (0.5 * weight)[:, None].double() * torch.stack([m - g, between, m, g, m - w, g - wg], 1)


def _bin_columns(values: Tensor) -> Tensor:
    direct, orthogonal = values[:, 0], values[:, 1]
    cross = direct - orthogonal
    columns = [torch.ones_like(cross), *(v for e in (direct, orthogonal, cross) for v in (e, e.square()))]
    return torch.cat([torch.stack(columns, 1), values[:, 2:]], 1)
