"""The fused denoiser and a user's own module behind one protocol."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mmg_registry.core import Network, Proposal, TrainPlan
from mmg_registry.diffusion import FusedDenoiser, ModuleDenoiser, Objective, default_logistic
from mmg_registry.diffusion.denoisers import Denoiser

RHO = torch.tensor([0.8], dtype=torch.float64)
MI = 0.5108
Q: Proposal = default_logistic()
PLAN = TrainPlan(batch=256, lr=3e-3, warmup=20, hold_until=200, total=400)


class Small(nn.Module):
    """Two layers on [z, y or zero, whether y is there, log-SNR]."""

    def __init__(self, dim_x: int = 1, dim_y: int = 1, width: int = 32) -> None:
        super().__init__()
        self.dim_y = dim_y
        self.body = nn.Sequential(nn.Linear(dim_x + dim_y + 3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.out = nn.Linear(width, dim_x)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        self.calls += self.training
        mask = torch.full((len(z), 1), float(y is not None))
        y = torch.zeros(len(z), self.dim_y) if y is None else y
        level = torch.stack([logsnr / 8, logsnr.sigmoid()], 1)
        out: Tensor = self.out(self.body(torch.cat([z, y, mask, level], 1)))
        return out


def pair(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    y = torch.randn(n, 1, generator=rng)
    return 0.8 * y + 0.6 * torch.randn(n, 1, generator=rng), y


def small_module() -> Small:
    torch.manual_seed(0)
    return Small()


def fused(seed: int = 0) -> FusedDenoiser:
    return FusedDenoiser(Network(1, 1, 16, 1), *pair(1_000), RHO, seed=seed, threads=1)


def of_module(**how: bool) -> ModuleDenoiser:
    return ModuleDenoiser(small_module(), *pair(1_000), RHO, seed=0, objective=Objective(**how))


KINDS = {"fused": fused, "module": of_module, "noise": lambda: of_module(precondition=False)}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def values(denoiser: Denoiser) -> Tensor:
    """Direct and orthogonal estimates on new rows."""
    return denoiser.gap(*pair(2_000, seed=1), Q, repeats=8, seed=0)[1].mean(0)[:2]


# --- What both promise ----------------------------------------------------------------------------------------------
@kinds
def test_training_and_evaluation_repeat(make: type[FusedDenoiser]) -> None:
    first, second = make(), make()
    assert torch.equal(first.train(Q, PLAN, 0, 5), second.train(Q, PLAN, 0, 5))
    assert torch.equal(values(first), values(second))


@kinds
def test_chunks_are_one_training(make: type[FusedDenoiser]) -> None:
    whole, parts = make(), make()
    losses = whole.train(Q, PLAN, 0, 6)
    assert torch.equal(torch.cat([parts.train(Q, PLAN, 0, 2), parts.train(Q, PLAN, 2, 4)]), losses)
    assert torch.equal(values(whole), values(parts))


@kinds
def test_rewind_goes_back_to_a_snapshot(make: type[FusedDenoiser]) -> None:
    denoiser = make()
    denoiser.train(Q, PLAN, 0, 5)
    snapshot, before = denoiser.snapshot(), values(denoiser)
    denoiser.train(Q, PLAN, 5, 5)
    assert not torch.equal(values(denoiser), before)
    denoiser.rewind(snapshot)
    assert torch.equal(values(denoiser), before)


@kinds
def test_a_snapshot_is_not_changed_by_what_follows(make: type[FusedDenoiser]) -> None:
    denoiser = make()
    snapshot = denoiser.snapshot()
    copies = {key: value.clone() for key, value in snapshot.items()}
    denoiser.train(Q, PLAN, 0, 5)
    denoiser.rewind(snapshot)
    denoiser.train(Q, PLAN, 5, 5)
    assert all(torch.equal(copies[key], value) for key, value in snapshot.items())


@kinds
def test_evaluating_does_not_change_the_training(make: type[FusedDenoiser]) -> None:
    looked, other = make(), make()
    looked.train(Q, PLAN, 0, 3)
    values(looked)
    other.train(Q, PLAN, 0, 3)
    assert torch.equal(looked.train(Q, PLAN, 3, 3), other.train(Q, PLAN, 3, 3))


# --- Modules --------------------------------------------------------------------------------------------------------
def test_a_module_that_predicts_the_noise_learns_a_gaussian_pair() -> None:
    torch.manual_seed(0)
    x, y = pair(20_000)
    denoiser = ModuleDenoiser(
        Small(width=48), x, y, torch.zeros(0, dtype=torch.float64), seed=0, objective=Objective(precondition=False)
    )
    untrained = denoiser.gap(*pair(2_000, seed=1), Q, repeats=8, seed=0)[1].mean(0)[:2]
    plan = TrainPlan(batch=512, lr=5e-3, warmup=20, hold_until=250, total=600)
    denoiser.train(Q, plan, 0, 600)
    assert (values(denoiser) - MI).abs().max() < 0.1
    assert (untrained - MI).abs().min() > 0.3


def test_a_preconditioned_module_that_says_nothing_is_exact_on_a_gaussian_pair() -> None:
    module = small_module()
    nn.init.zeros_(module.out.weight)
    nn.init.zeros_(module.out.bias)
    denoiser = ModuleDenoiser(module, *pair(100), RHO, seed=0)
    assert (values(denoiser) - MI).abs().max() < 0.05


def test_averages_follow_buffers_and_weights() -> None:
    denoiser = of_module()
    denoiser.train(Q, PLAN, 0, 4)
    snapshot = denoiser.snapshot()
    assert int(snapshot["calls"]) == 2 * 4  # with and without y
    weights = denoiser.module.state_dict()["out.weight"]
    assert not torch.equal(snapshot["out.weight"], weights)
    assert (snapshot["out.weight"] - weights).abs().max() < 0.1


def test_a_failing_module_is_left_with_its_trained_weights() -> None:
    denoiser = of_module()
    denoiser.train(Q, PLAN, 0, 4)
    before = {key: value.clone() for key, value in denoiser.module.state_dict().items()}
    with pytest.raises(RuntimeError):
        denoiser.gap(torch.zeros(5, 3), torch.zeros(5, 1), Q, repeats=1, seed=0)
    assert all(torch.equal(before[key], value) for key, value in denoiser.module.state_dict().items())


def test_dropping_y_for_whole_batches_trains_both_passes() -> None:
    losses = of_module(published=True, precondition=False).train(Q, PLAN, 0, 60)
    assert bool((losses[-10:].mean(0) < losses[:10].mean(0)).all())
