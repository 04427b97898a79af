"""MINDE: the published window and its ceiling, its forms, and that minde-c is MMG-orthogonal under another proposal."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gap_evidence import evidence, gap
from torch import Tensor, nn

from mmg_plugins.minde.joint_denoiser import JointDenoiser, PairModuleDenoiser, joint_gaussian_tail, principal
from mmg_plugins.minde.minde import MINDEConditional, MINDEJoint
from mmg_plugins.minde.network import ConditionalNetwork, JointNetwork
from mmg_plugins.minde.outside import against_gaussian, warn_forms_differ
from mmg_plugins.minde.vp_sde import FIRST_TIME, LAST_TIME, logsnr_of, rate, stub, time_of, training_proposal, window
from mmg_plugins.mmg.mmg import MMGOrthogonal
from mmg_plugins.mmg.paper_network import PaperDenoiser
from mmg_plugins.mmg.parts.proposals import following_gap
from mmg_plugins.mmg.recipe import Recipe
from mmg_plugins.mmg.steps import cross
from mmg_registry import load_plugin, storage
from mmg_registry.contracts import Run
from mmg_registry.core import Network, Proposal, TrainPlan, reference
from mmg_registry.diffusion import gaussian_tail, summarise
from mmg_registry.errors import OptionError
from mmg_registry.results import Estimate
from mmg_registry.samplers import multinormal_sparse
from mmg_registry.testing import check_estimator

FORMS = [MINDEConditional, MINDEJoint]
forms = pytest.mark.parametrize("cls", FORMS, ids=lambda cls: cls.name)
SMALL: dict[str, Any] = {"steps": 100, "width": 16, "batch": 128, "repeats": 8}
RUN = Run(seed=0, threads=1)
MI = -0.5 * math.log(1 - 0.64)
CEILINGS = {200: 9.24, 650: 10.01, 1100: 10.12, 1550: 10.16, 2000: 10.17}  # of the published window, in nats
TRUTHS = {200: 9.90, 650: 12.26, 1100: 13.31, 1550: 14.00, 2000: 14.51}
Pair = tuple[np.ndarray, np.ndarray]


def pair(n: int = 2_000, rho: float = 0.8, dim_x: int = 1, dim_y: int = 1, seed: int = 0) -> Pair:
    """Gaussian rows whose first columns are correlated."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def folded(n: int, seed: int = 0) -> Pair:
    """y is |x| with noise: no correlation at all, so the networks have everything to learn; 0.81 nats."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 1))
    return x, np.abs(x) + 0.3 * rng.standard_normal((n, 1))


def estimate(cls: type[MINDEConditional], train: Pair, new: Pair, **options: Any) -> Estimate:
    return cls(run=RUN, **{**SMALL, **options}).fit(*train).estimate(*new)


# --- The published diffusion in log-SNR -------------------------------------------------------------------------------
def test_published_window_and_the_mass_above_it() -> None:
    assert (window().low, window().high) == (pytest.approx(-10.05, abs=0.005), pytest.approx(9.115, abs=0.001))
    above = sum(weight * part.window for weight, part in stub())
    assert above == pytest.approx(rate(FIRST_TIME) * FIRST_TIME, rel=0.004)  # what the last bin leaves out
    assert window().window + above == pytest.approx(20.256, abs=0.005)  # the published normaliser


def test_time_and_log_snr_are_each_others_inverse_and_the_rate_its_slope() -> None:
    for t in (FIRST_TIME, 0.1, 0.5, LAST_TIME):
        assert float(time_of(torch.tensor(logsnr_of(t), dtype=torch.float64))) == pytest.approx(t, rel=1e-9)
        assert (logsnr_of(t * 0.9999) - logsnr_of(t * 1.0001)) / (0.0002 * t) == pytest.approx(rate(t), rel=1e-5)


def test_training_draws_times_as_published() -> None:
    """Uniformly in log-SNR in the window; 1.09 of 20.26 above it, uniformly in time."""
    logsnr = reference.draw_logsnr(training_proposal(), (torch.arange(200_000) + 0.5) / 200_000)[0].double()
    above = logsnr > window().high
    assert float(above.double().mean()) == pytest.approx(1.09 / 20.26, abs=5e-4)
    assert float(logsnr[~above].mean()) == pytest.approx((window().low + window().high) / 2, abs=0.01)
    assert float(time_of(logsnr[above]).mean()) == pytest.approx(FIRST_TIME / 2, rel=0.02)


@pytest.mark.parametrize("strength", CEILINGS)
def test_published_window_holds_the_known_ceilings(strength: int) -> None:
    """Exactly, by the closed form of two coordinates of correlation l^2 / (1 + l^2)."""
    rho = np.full(2, strength**2 / (1 + strength**2))
    whole = multinormal_sparse(3, strength).true_mi
    parts = [(1.0, window()), *stub()]
    inside = [weight * (whole - gaussian_tail(rho, part.low, part.high)) for weight, part in parts]
    assert whole == pytest.approx(TRUTHS[strength], abs=0.005)
    assert sum(inside) == pytest.approx(CEILINGS[strength], abs=0.006)


class Exact(nn.Module):
    """The noise that is expected of a Gaussian x of unit variance, given y or not; its one parameter does nothing."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.idle = nn.Parameter(torch.zeros(()))
        squared = strength**2
        noise = math.sqrt(1 + 2 * squared) / (1 + squared)
        self.rho = torch.tensor([squared / (1 + squared)] * 2 + [0.0])
        self.s2 = torch.tensor([noise**2] * 2 + [1.0])

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        a, b = reference.channel(logsnr)
        predicted, s2 = (0.0, torch.ones(3)) if y is None else (self.rho * y, self.s2)
        return b * (z - a * predicted) / (a.square() * s2 + b.square()) + 0 * self.idle


@pytest.mark.parametrize("strength", CEILINGS)
def test_paper_preset_with_exact_scores_stays_under_its_ceiling(strength: int) -> None:
    task = multinormal_sparse(3, strength)
    model = MINDEConditional(run=RUN, denoiser=Exact(strength), preset="paper", steps=20, repeats=10)
    result = model.fit(*task.sample(500)).estimate(*task.sample(2_000, seed=1))
    assert result.std_error is not None
    assert result.std_error < 0.1
    assert result.mi == pytest.approx(CEILINGS[strength], abs=3 * result.std_error)
    assert any("upper end of the window (log-SNR 9.1)" in warning for warning in result.warnings)


@forms
@pytest.mark.parametrize("strength", [200, 2000])
def test_default_preset_has_no_ceiling(cls: type[MINDEConditional], strength: int) -> None:
    task = multinormal_sparse(3, strength)
    result = estimate(cls, task.sample(1_000), task.sample(2_000, seed=1), steps=20)
    assert result.mi == pytest.approx(TRUTHS[strength], abs=3 * (result.std_error or 0))
    assert not any("upper end" in warning for warning in result.warnings)


# --- minde-c is mmg-orthogonal ----------------------------------------------------------------------------------------
class SameProposal(MMGOrthogonal):
    """MMG-orthogonal, uniform in log-SNR over the window of the measured gap."""

    def recipe(self) -> Recipe:
        return replace(super().recipe(), proposals=following_gap(floor=1.0))


def test_conditional_form_is_mmg_orthogonal_under_its_proposal_bit_for_bit() -> None:
    train, new = folded(2_000), folded(500, seed=1)
    ours = estimate(MINDEConditional, train, new)
    theirs = SameProposal(run=RUN, **SMALL).fit(*train).estimate(*new)
    assert (ours.mi, ours.std_error, ours.curve) == (theirs.mi, theirs.std_error, theirs.curve)
    assert np.array_equal(ours.pointwise, theirs.pointwise)  # type: ignore[arg-type]
    assert ours.mi != MMGOrthogonal(run=RUN, **SMALL).fit(*train).estimate(*new).mi


def test_log_snrs_are_uniform_over_a_window_from_the_gap() -> None:
    q = MINDEConditional(run=RUN, **SMALL).fit(*pair()).fitted.gaps[0].trained.proposal
    density = q.cdf.diff() / q.edges.diff()
    assert float(density.max() / density.min()) == pytest.approx(1.0, abs=1e-3)
    assert -12.0 < q.low < -4.0
    assert 4.0 < q.high < 16.0


# --- Known answers ----------------------------------------------------------------------------------------------------
@forms
@pytest.mark.parametrize("difference", ["inside", "outside", "outside-infinite"])
def test_a_gaussian_pair(cls: type[MINDEConditional], difference: str) -> None:
    result = estimate(cls, pair(1_000), pair(1_500, seed=1), difference=difference, steps=40)
    assert result.mi == pytest.approx(MI, abs=4 * (result.std_error or 0))
    assert (result.std_error or 1) < 0.06
    assert result.curve is not None
    height = result.curve.orthogonal if difference == "inside" else result.curve.direct
    inside = float(np.sum(np.diff(result.curve.edges) * height))
    assert inside + result.diagnostics["outside_window"] == pytest.approx(result.mi, rel=1e-9)
    assert result.pointwise is not None
    assert float(result.pointwise.mean()) == pytest.approx(result.mi, rel=1e-9)


@forms
def test_an_independent_pair(cls: type[MINDEConditional]) -> None:
    result = estimate(cls, pair(1_000, 0.0, 2), pair(500, 0.0, 2, seed=1), steps=40)
    assert abs(result.mi) < 0.02


@forms
def test_a_pair_without_correlation_is_learned(cls: type[MINDEConditional]) -> None:
    result = estimate(cls, folded(4_000), folded(1_000, seed=1), steps=600, width=32, batch=256)
    assert 0.55 < result.mi < 0.95


@forms
def test_unlike_numbers_of_columns(cls: type[MINDEConditional]) -> None:
    for dims in ((3, 1), (1, 2)):
        result = estimate(cls, pair(1_000, 0.8, *dims), pair(800, 0.8, *dims, seed=1), steps=40)
        assert result.mi == pytest.approx(MI, abs=0.12)


# --- The joint form ---------------------------------------------------------------------------------------------------
RHO = torch.tensor([0.9, 0.5], dtype=torch.float64)


def canonical(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Three columns of x and two of y, correlated by `RHO`."""
    rng = torch.Generator().manual_seed(seed)
    x, y = torch.randn(n, 3, generator=rng), torch.randn(n, 2, generator=rng)
    y = RHO.float() * x[:, :2] + (1 - RHO.square()).sqrt().float() * y
    return x, y


def untrained(width: int = 8) -> JointDenoiser:
    return JointDenoiser(Network(3, 2, width, 1), *canonical(100), RHO, seed=0, threads=1)


@pytest.mark.parametrize("ends", [(-12.0, 20.0), (-2.0, 3.0), (1.0, 9.0)])
def test_untrained_joint_denoisers_are_exact_inside_the_window_and_their_tail_outside(
    ends: tuple[float, float],
) -> None:
    proposal = Proposal.uniform(*ends)
    gap = summarise(*untrained().gap(*canonical(2_000, seed=1), proposal, repeats=8, seed=0), proposal, 8)
    truth = float(-0.5 * torch.log(1 - RHO.square()).sum()) - joint_gaussian_tail(RHO.numpy(), *ends)
    assert gap.orthogonal == pytest.approx(truth, abs=4 * gap.orthogonal_se)
    assert gap.direct == pytest.approx(truth, abs=4 * gap.direct_se)
    assert gap.orthogonal_se < 0.05


def test_untrained_joint_denoisers_are_the_linear_ones() -> None:
    rows = untrained().gap(*canonical(200), Proposal.uniform(-5.0, 5.0), repeats=2, seed=0)[1]
    assert float(rows[:, 2:].abs().max()) < 1e-4
    assert float(rows[:, 0].abs().max()) > 0.1


def test_principal_columns_have_the_variances_told() -> None:
    turn, variance = principal(RHO, 3, 2)
    turned = torch.cat(canonical(50_000), 1) @ turn
    torch.testing.assert_close(turn @ turn, torch.eye(5))
    torch.testing.assert_close(torch.cov(turned.T), torch.diag(variance).float(), atol=0.04, rtol=0)


def test_each_part_of_the_joint_denoiser_trains_and_comes_back() -> None:
    denoiser, proposal, new = untrained(), Proposal.uniform(-5.0, 5.0), canonical(50, seed=1)
    before = denoiser.snapshot()
    start = denoiser.checkpoint()
    losses = denoiser.train(proposal, TrainPlan(batch=16, warmup=0), 0, 5)
    after = denoiser.snapshot()
    assert losses.shape == (5, 2)
    assert all(not torch.equal(before[key], after[key]) for key in before)
    value = denoiser.gap(*new, proposal, repeats=1, seed=0)[1]
    denoiser.rewind(before)
    assert not torch.equal(denoiser.gap(*new, proposal, repeats=1, seed=0)[1], value)
    denoiser.resume(start)
    assert torch.equal(denoiser.train(proposal, TrainPlan(batch=16, warmup=0), 0, 5), losses)
    assert torch.equal(denoiser.gap(*new, proposal, repeats=1, seed=0)[1], value)


# --- The difference outside -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sigma", [0.5, 2.0, None])
def test_difference_outside_is_that_of_distances_from_the_gaussian(sigma: float | None) -> None:
    torch.manual_seed(0)
    x, proposal = torch.randn(64, 2), Proposal.uniform(-4.0, 4.0)
    draws = reference.gap_draws(proposal, 0, 0, 1, torch.arange(64), 2)
    marginal, given = torch.randn(64, 2), torch.randn(64, 2)
    found = against_gaussian(lambda *_: reference.Errors(marginal, given, marginal, given), sigma)(x, x, draws)
    a, b = reference.channel(draws.logsnr)
    r = 0.0 if sigma is None else b * (a * x + b * draws.eps) / (a**2 * sigma**2 + b**2)
    torch.testing.assert_close(found.marginal, draws.eps - given - r)  # c - r
    torch.testing.assert_close(found.given, draws.eps - marginal - r)  # u - r


@forms
def test_forms_share_the_inside_value_and_part_where_scores_are_wrong(cls: type[MINDEConditional]) -> None:
    model = cls(run=RUN, **SMALL).fit(*folded(1_000))
    new = folded(500, seed=1)
    inside = model.estimate(*new)
    wide = model.set_params(difference="outside-infinite").estimate(*new)
    finite = model.set_params(difference="outside", sigma=0.5).estimate(*new)
    for other in (wide, finite):
        assert other.diagnostics["orthogonal"] == pytest.approx(
            inside.mi - inside.diagnostics["outside_window"], abs=1e-4
        )
        assert other.mi != pytest.approx(inside.mi, abs=1e-4)
        assert other.curve is not None
        assert other.curve.mmse is None
    assert wide.mi != pytest.approx(finite.mi, abs=1e-4)
    assert finite.diagnostics["formula"] == {"difference": "outside", "sigma": 0.5}
    assert inside.diagnostics["formula"] == {"difference": "inside", "sigma": None}


def test_forms_that_disagree_are_said_to() -> None:
    for apart, said in ((0.2, True), (0.001, False)):
        given = evidence(gap(cross=apart))
        finding = cross.WATCHED.find(given, 0.5)
        sentences = warn_forms_differ(given, finding, 0.5)
        assert bool(sentences) == said
        assert all("estimate is 0.500 nats and inside 0.300, +0.200 +- 0.010 apart" in each for each in sentences)
    assert [step.warn for step in MINDEConditional(difference="outside").recipe().steps if step.name == "cross"] == [
        warn_forms_differ
    ]
    assert cross.WATCHED in MINDEConditional().recipe().steps


# --- The published recipe ---------------------------------------------------------------------------------------------
@forms
def test_the_paper_preset_runs_and_is_saved(cls: type[MINDEConditional], tmp_path: Path) -> None:
    model = cls(run=RUN, preset="paper", steps=20, repeats=2).fit(*pair(200, dim_x=2))
    new = pair(60, dim_x=2, seed=1)
    result = model.estimate(*new)
    storage.save(model, tmp_path / "model")
    assert storage.load(tmp_path / "model").estimate(*new).mi == result.mi
    assert result.diagnostics["outside_window"] == 0.0
    assert result.backend["isa"] == "torch"
    assert result.curve is not None
    assert len(result.curve.edges) == 32 + 12 + 1
    assert float(np.sum(np.diff(result.curve.edges) * result.curve.orthogonal)) == pytest.approx(result.mi, rel=1e-9)


@pytest.mark.parametrize("network", [ConditionalNetwork, JointNetwork])
def test_published_networks_start_at_zero_and_take_both_times(network: type[PaperDenoiser]) -> None:
    torch.manual_seed(0)
    net, columns = network(2, 1), 2 if network is ConditionalNetwork else 3
    z, logsnr, y = torch.randn(4, columns), torch.linspace(-5, 5, 4), torch.randn(4, 1 if columns == 2 else 3)
    assert not net(z, logsnr, y).any()
    assert not net(z, logsnr, None).any()
    nn.init.ones_(net.out[-1].weight)  # type: ignore[arg-type]
    same_y = torch.zeros(4, 1) if columns == 2 else z
    assert not torch.equal(net(z, logsnr, same_y), net(z, logsnr, None))  # the times alone tell them apart


def test_a_conditional_half_of_the_joint_network_sees_its_own_side_noisy_alone() -> None:
    torch.manual_seed(0)
    net = JointNetwork(2, 1)
    nn.init.normal_(net.out[-1].weight)  # type: ignore[arg-type]
    z, clean, logsnr = torch.randn(4, 3), torch.randn(4, 3), torch.zeros(4)
    other = torch.cat([clean[:, :2] + 1, clean[:, 2:]], 1)
    noisier = torch.cat([z[:, :2], z[:, 2:] + 1], 1)
    base = net(z, logsnr, clean)
    assert torch.equal(net(z, logsnr, other)[:, :2], base[:, :2])  # x given y: the clean x is not looked at
    assert not torch.equal(net(z, logsnr, other)[:, 2:], base[:, 2:])
    assert torch.equal(net(noisier, logsnr, clean)[:, :2], base[:, :2])  # nor the noisy y


# --- Modules, state, refusals, contract -------------------------------------------------------------------------------
class Idle(nn.Module):
    """Predicts no noise, but could learn to."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor, logsnr: Tensor, clean: Tensor | None) -> Tensor:
        return self.gain * z


def test_a_users_module_denoises_the_pair() -> None:
    model = MINDEJoint(run=RUN, denoiser=Idle(), steps=20, batch=32, repeats=2).fit(*pair(300, dim_x=2))
    assert isinstance(model.fitted.gaps[0].trained.terms[0].denoiser, PairModuleDenoiser)
    assert math.isfinite(model.estimate(*pair(50, dim_x=2, seed=1)).mi)
    with pytest.raises(OptionError, match="pass it as 'denoiser'"):
        MINDEJoint(run=RUN, steps=20).restore(*model.state())


@forms
def test_names_reach_the_registry(cls: type[MINDEConditional]) -> None:
    assert load_plugin(cls.name) is cls


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"difference": "between"}, "'difference'"),
        ({"difference": "outside", "sigma": 0.0}, "'sigma'"),
        ({"difference": "outside", "sigma": 1e4}, "'sigma'"),
        ({"sigma": 2.0}, "sigma counts with difference 'outside' alone"),
        ({"difference": "outside-infinite", "sigma": 2.0}, "sigma counts with difference 'outside' alone"),
        ({"preset": "paper", "width": 32}, "preset 'paper' fixes width"),
        ({"sigmas": 1.0}, "the nearest is 'sigma'"),
    ],
)
@forms
def test_options_out_of_range_are_refused_by_name(
    cls: type[MINDEConditional], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        cls(**options)


def test_the_paper_preset_leaves_the_formula_open() -> None:
    assert MINDEConditional(preset="paper", difference="outside", sigma=0.5).options.sigma == 0.5


@forms
def test_estimating_before_fitting_and_a_gpu_are_refused(cls: type[MINDEConditional]) -> None:
    with pytest.raises(OptionError, match=rf"'{cls.name}' is not fitted"):
        cls(run=RUN).estimate(*pair(50))
    with pytest.raises(OptionError, match="'cuda' cannot be used"):
        cls(run=Run(device="cuda")).fit(*pair(50))


@forms
def test_contract(cls: type[MINDEConditional]) -> None:
    results = check_estimator(cls, options={**SMALL, "steps": 40})
    assert {result["status"] for result in results} == {"passed", "does not apply"}
