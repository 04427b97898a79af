"""The denoiser protocol and its two implementations: the core's fused network, and any torch module of a user."""

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


class TrainedDenoiser(Protocol):
    """A pair of denoisers (with and without y) and the gap between them."""

    n_parameters: int

    @property
    def backend(self) -> dict[str, str]:
        """Return what computes, for the result: "isa" is an instruction set, "cuda" or "torch"."""

    def gap(self, x: Tensor, y: Tensor, proposal: Proposal, *, repeats: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return the per-bin sums and per-row means of the averaged weights; see `mmg_registry.core.mmse_gap`."""

    def errors(self) -> reference.ErrorsOf:
        """Return a torch function for the averaged weights' errors on drawn rows, for integrals that `gap` lacks."""

    def snapshot(self) -> dict[str, Tensor]:
        """Return a copy of the averaged weights by name, for `rewind` or for saving."""

    def rewind(self, snapshot: Mapping[str, Tensor]) -> None:
        """Use the averaged weights of `snapshot` in all further evaluations."""


class Denoiser(TrainedDenoiser, Protocol):
    """A pair of denoisers that can be trained."""

    def train(self, proposal: Proposal, plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
        """Run `n_steps` optimiser steps from `first_step` on and return losses `(n_steps, 2)` without and with y."""

    def checkpoint(self) -> Any:
        """Return a copy of everything that training changes, for `resume`."""

    def resume(self, checkpoint: Any) -> None:
        """Restore `checkpoint` for further training and evaluation."""


class FusedDenoiser:
    """The gated residual MLP, trained and evaluated entirely inside the compiled core.

    Args:
        network: sizes of the network.
        x, y: training rows `(n, dim_x)`, `(n, dim_y)` in canonical coordinates, float32.
        rho: `(min(dim_x, dim_y),)` float64 canonical correlations.
        seed: seed of the weights and of all noise.
        threads: number of CPU threads.
        device: device to train and evaluate on; results come to the CPU. On a GPU, networks of sizes for which the
            CUDA core has no kernel run there in plain torch, as `backend` tells.
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
        """Return the errors as a function.

        With `marginal=False` the errors of the denoiser without y are those of the linear one, which cost nothing.
        """
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
    """The training objective of a user's module.

    Attributes:
        precondition: whether the module corrects the linear denoisers rather than predicting the noise itself.
        published: whether to train as published: drop y for a random half of the batches instead of passing every
            batch with and without y, weight the loss to be uniform over log-SNR, and draw independent noise per row.
        weighted: whether a published training weights its loss at all, or leaves the emphasis to the proposal.
    """

    precondition: bool = True
    published: bool = False
    weighted: bool = True


CORRECTION = Objective()


class ModuleDenoiser:
    """A denoiser made of any `torch.nn.Module`, trained with torch's Adam on the reference's draws.

    The module is called as `module(z, logsnr, y)` and `module(z, logsnr, None)` with `z` `(n, dim_x)`, `logsnr`
    `(n,)` and `y` `(n, dim_y)`, and returns `(n, dim_x)`: the noise itself or, with preconditioning, the correction of
    the linear (Wiener) denoisers in units of their error. With a correction of zero every Gaussian task is solved.

    Args:
        module: the module to train in place.
        x, y, rho: as for `FusedDenoiser`.
        seed: seed of all noise; the module already has its weights.
        objective: the training objective.
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
        """Put the averaged weights into the module for an evaluation, and the trained ones back afterwards."""
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
