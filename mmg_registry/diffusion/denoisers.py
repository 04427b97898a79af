"""Two kinds of denoiser behind one protocol: the core's fused network, and any torch module of a user."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from mmg_registry.core import (
    Compute,
    Network,
    Problem,
    Proposal,
    TrainPlan,
    isa,
    mmse_gap,
    reference,
    train_denoiser,
    why_reference,
)
from mmg_registry.core.cuda import chosen_maths


class Denoiser(Protocol):
    """A trainable pair of denoisers (with and without y) and the gap between them."""

    n_parameters: int

    @property
    def backend(self) -> dict[str, str]:
        """What computes: "isa" is an instruction set, "cuda" or "torch"; goes into the result."""

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        """Run optimiser steps; `(n_steps, 2)` losses without and with y."""

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        """Per-bin sums and per-row means of the averaged weights; see `mmg_registry.core.mmse_gap`."""

    def errors(self) -> reference.ErrorsOf:
        """The errors of the averaged weights on drawn rows, in torch: for functionals that `gap` has no sums of."""

    def snapshot(self) -> dict[str, Tensor]:
        """The averaged weights, to go back to or to save."""

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        """Evaluate with `snapshot` from now on."""

    def checkpoint(self) -> Any:
        """Everything that training changes, to go on from later."""

    def resume(self, checkpoint: Any) -> None:
        """Train and evaluate from `checkpoint` on."""


class FusedDenoiser:
    """The gated residual MLP, trained and evaluated wholly inside the compiled core.

    Args:
        network: its sizes.
        x, y: training rows `(n, dim_x)`, `(n, dim_y)` in canonical coordinates, float32.
        rho: `(min(dim_x, dim_y),)` float64 canonical correlations.
        seed: of the weights and of all noise.
        device: where to train and evaluate; results come to the CPU. On a GPU, networks beyond the sizes that the
            CUDA core has kernels for run in plain torch there, as `backend` says.
    """

    def __init__(
        self,
        network: Network,
        x: Tensor,
        y: Tensor,
        rho: Tensor,
        *,
        seed: int,
        threads: int,
        device: torch.device | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        weights = network.init(seed).to(self.device)
        self.network, self.rho = network, rho
        self.n_parameters = network.n_parameters
        self._x, self._y = x.to(self.device), y.to(self.device)
        self._seed, self._compute = seed, Compute(threads)
        self._state = (weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        problem = Problem(self.network, self._x, self._y, self.rho, proposal, self._seed)
        return train_denoiser(problem, self._state, plan, range(first_step, first_step + n_steps), self._compute).cpu()

    @property
    def backend(self) -> dict[str, str]:
        why = why_reference(self.network, self.device)
        if self.device.type == "cpu":
            return {"isa": isa()}
        return {"isa": "torch", "why": why} if why else {"isa": "cuda", "maths": chosen_maths()}

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        problem = Problem(self.network, x.to(self.device), y.to(self.device), self.rho, proposal, seed)
        bins, rows = mmse_gap(problem, self._state[3], repeats, self._compute)
        return bins.cpu(), rows.cpu()

    def errors(self, marginal: bool = True) -> reference.ErrorsOf:
        """Without `marginal`, that of the denoiser without y is the linear one's, and costs nothing."""
        return reference.network_errors(self.network, self._state[3].cpu(), self.rho, marginal)

    def snapshot(self) -> dict[str, Tensor]:
        return {"weights": self._state[3].to("cpu", copy=True)}

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        self._state[3].copy_(snapshot["weights"])

    def checkpoint(self) -> tuple[Tensor, ...]:
        return tuple(part.clone() for part in self._state)

    def resume(self, checkpoint: tuple[Tensor, ...]) -> None:
        for part, kept in zip(self._state, checkpoint, strict=True):
            part.copy_(kept)


@dataclass(frozen=True)
class Objective:
    """What a module is trained to do.

    Attributes:
        precondition: whether it corrects the linear denoisers, rather than predict the noise itself.
        published: train as published: drop y for whole batches at random, half of them, instead of passing every
            batch with and without y; weigh the loss to be uniform over log-SNR; draw every row's noise alone.
        weighted: whether a published training weighs its loss at all, or leaves the emphasis to the proposal.
    """

    precondition: bool = True
    published: bool = False
    weighted: bool = True


CORRECTION = Objective()


class ModuleDenoiser:
    """Any `torch.nn.Module` as the denoiser, trained with torch's Adam on the reference's draws.

    The module is called as `module(z, logsnr, y)` and `module(z, logsnr, None)` with `z` `(n, dim_x)`, `logsnr`
    `(n,)` and `y` `(n, dim_y)`, and returns `(n, dim_x)`: the noise itself, or (preconditioned) the correction
    of the linear (Wiener) denoisers in units of their error, which starts every Gaussian task solved.

    Args:
        module: trained in place.
        x, y, rho: as for `FusedDenoiser`.
        seed: of all noise; the module has its weights already.
        objective: what it is trained to do.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        x: Tensor,
        y: Tensor,
        rho: Tensor,
        *,
        seed: int,
        objective: Objective = CORRECTION,
    ) -> None:
        self.module, self.rho = module, rho
        self.n_parameters = sum(p.numel() for p in module.parameters())
        self._x, self._y, self._seed = x, y, seed
        self._objective = objective
        self._average = {k: v.detach().clone() for k, v in module.state_dict().items()}
        self._adam: torch.optim.Adam | None = None
        self._coin = torch.Generator().manual_seed(seed)

    @property
    def backend(self) -> dict[str, str]:
        return {"isa": "torch"}

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        self._adam = self._adam or self._optimiser(plan)
        losses = torch.zeros(n_steps, 2, dtype=torch.float64)
        self.module.train()
        for i in range(n_steps):
            losses[i] = self._step(self._adam, proposal, plan, first_step + i)
        return losses

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        with self._averaged():
            return reference.gap_of_errors(self._errors, x, y, proposal, seed=seed, repeats=repeats)

    def errors(self) -> reference.ErrorsOf:
        def errors_of(x: Tensor, y: Tensor, draws: reference.Draws) -> reference.Errors:
            with self._averaged():
                return self._errors(x, y, draws)

        return errors_of

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The module with its averaged weights, for evaluation."""
        trained = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.module.load_state_dict(self._average)
        self.module.eval()
        try:
            yield
        finally:
            self.module.load_state_dict(trained)

    def snapshot(self) -> dict[str, Tensor]:
        return {k: v.clone() for k, v in self._average.items()}

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        self._average = {k: v.clone() for k, v in snapshot.items()}

    def checkpoint(self) -> tuple[Any, ...]:
        adam = None if self._adam is None else self._adam.state_dict()
        return copy.deepcopy((self.module.state_dict(), self._average, adam))

    def resume(self, checkpoint: tuple[Any, ...]) -> None:
        weights, self._average, adam = copy.deepcopy(checkpoint)
        self.module.load_state_dict(weights)
        if adam is not None and self._adam is not None:
            self._adam.load_state_dict(adam)

    def _optimiser(self, plan: TrainPlan) -> torch.optim.Adam:
        betas = (plan.beta1, plan.beta2)
        return torch.optim.Adam(self.module.parameters(), plan.lr, betas, plan.eps, weight_decay=plan.weight_decay)

    def _step(self, adam: torch.optim.Adam, proposal: Proposal, plan: TrainPlan, step: int) -> Tensor:
        sizes = plan.batch, len(self._x), self._x.shape[1]
        draws = reference.training_draws(proposal, self._seed, step, *sizes, paired=not self._objective.published)
        weighted = self._objective.published and self._objective.weighted
        weight = draws.weight / proposal.window if weighted else None
        marginal, given = reference.batch_loss(self._errors(self._x, self._y, draws), weight)
        loss = marginal + given
        if self._objective.published:
            loss = marginal if torch.rand((), generator=self._coin) < 0.5 else given
        for group in adam.param_groups:
            group["lr"] = plan.lr_at(step)
        adam.zero_grad()
        loss.backward()
        adam.step()
        self._update_average(min(plan.ema_decay, (1 + step) / (10 + step)))
        return torch.stack([marginal, given]).detach().double()

    def _update_average(self, decay: float) -> None:
        with torch.no_grad():
            for key, value in self.module.state_dict().items():
                if value.is_floating_point():
                    self._average[key].lerp_(value, 1 - decay)
                else:
                    self._average[key].copy_(value)

    def _errors(self, x: Tensor, y: Tensor, draws: reference.Draws) -> reference.Errors:
        def correction(z: Tensor, logsnr: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            return self.module(z, logsnr, y), self.module(z, logsnr, None)

        if self._objective.precondition:
            return reference.denoiser_errors(correction, x, y, self.rho, draws)
        return reference.noise_errors(correction, x, y, self.rho, draws)
