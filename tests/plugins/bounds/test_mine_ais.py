"""Bounds from a learned energy: what holds for any energy, and what training must reach."""

from __future__ import annotations

import math

import bad_models
import pytest
import torch

import mmg_registry as mmg
from mmg_plugins.bounds.critics import LatentCritic, pairs_of
from mmg_plugins.bounds.mine_ais import READINGS, Tilted, implicit, linearised, partition
from mmg_registry.annealing.ais import Annealing, evidence
from mmg_registry.annealing.hmc import HMCMoves
from mmg_registry.annealing.path import HandwrittenPath, ModelPath, path_of
from mmg_registry.annealing.schedule import linear
from mmg_registry.errors import DataError, MMGError, OptionError, PluginError
from mmg_registry.models.built_in import built_in, generator

QUICK = {"steps": 200, "width": 16, "embedding": 8, "temperatures": 60, "chains": 4, "decay": False}
TRUE_MI = 0.5 * math.log(9)  # of bad_models.Plain
PLUGINS = ["mine-ais", "mine-dv", "mine-f"]


class Wrong:
    """A channel of 2 nats whose energy is not its log density ratio, but `factor` times its log-likelihood."""

    def __init__(self, factor: float) -> None:
        self.given, self.factor = built_in("gaussian-channel", dim=2, mi=2.0), factor
        self.log_prior, self.sample = self.given.log_prior, self.given.sample

    def log_likelihood(self, x, z):
        return self.factor * self.given.log_likelihood(x, z)


@pytest.mark.parametrize("factor", [-0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("temperatures", [1, 3, 30])
def test_reverse_chains_from_the_pairs_bound_for_any_energy(factor: float, temperatures: int) -> None:
    model = Wrong(factor)
    x, z = model.sample(2000, seed=0)
    path, betas = path_of(model, x), linear(temperatures).tolist()
    steps = torch.full((temperatures + 1, len(x)), 0.3).double()
    scales = torch.ones(temperatures + 1, 2).double()
    moves = HMCMoves(path, betas, steps, scales, [3] * (temperatures + 1))
    found = evidence(Annealing(path, betas, moves), z, 4, "sandwich", generator(1))
    reverse, error = implicit(path.log_ratio(z[None])[0], found.high)
    assert reverse < 2.0 + 3 * error
    if factor == 3.0 and temperatures < 30:
        assert implicit(path.log_ratio(z[None])[0], found.low)[0] > 2.0 + 3 * error  # the side forward chains err on


def test_of_one_energy_mine_ais_is_above_mine_dv_above_mine_f() -> None:
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        energy, log_z = torch.randn(2, 30, generator=draw).double() * 3
        values = [read(energy, log_z)[0] for read in (implicit, partition, linearised)]
        assert values == sorted(values, reverse=True)
    constant = torch.full((30,), 0.7).double()
    assert implicit(energy, constant)[0] == pytest.approx(partition(energy, constant)[0])
    assert partition(energy, torch.zeros(30))[0] == pytest.approx(linearised(energy, torch.zeros(30))[0])


def test_standard_errors_are_those_of_repeated_samples() -> None:
    draw = torch.Generator().manual_seed(0)
    energy, log_z = torch.randn(2, 500, 400, generator=draw).double()
    for read in READINGS.values():
        found = [read(*pair) for pair in zip(energy, 0.5 * log_z, strict=True)]
        spread = torch.tensor([value for value, _ in found]).std()
        assert float(torch.tensor([error for _, error in found]).mean()) == pytest.approx(float(spread), rel=0.1)


def test_the_conditioned_energy_and_its_gradient_are_those_of_autograd() -> None:
    model = built_in("gaussian-channel", dim=2, mi=2.0)
    x, z = model.sample(30, seed=0)
    energy = LatentCritic(x, z, 8, 4, 0)
    for weight in energy.parameters():
        torch.nn.init.normal_(weight, std=0.3, generator=torch.Generator().manual_seed(0))
    energy.requires_grad_(False)
    tilted, chains = Tilted(model, energy), z[torch.randperm(30)].view(3, 10, 2)
    one, other = (make(tilted, x[:10]).tempered(chains, 0.6) for make in (HandwrittenPath, ModelPath))
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(HandwrittenPath(Tilted(model, energy, 7), x[:10]).tempered(chains, 0.6), one)
    torch.testing.assert_close(energy.table(x, z).diagonal(), energy(x, z))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_simple_model_is_learned(plugin: str) -> None:
    found = mmg.bound(bad_models.Plain, plugin, n=300, **QUICK)
    assert (found.kind, found.upper) == ("lower", None)
    assert TRUE_MI - 0.35 < found.lower < TRUE_MI + 3 * found.lower_se
    assert abs(found.diagnostics["gap"]) < 0.1
    assert found.lower == found.diagnostics["same_energy"][plugin]
    assert "lower bound in expectation" in found.diagnostics["caveat"]
    assert found.warnings == []


def test_chains_that_are_too_short_are_told_and_do_not_lift_the_bound() -> None:
    model = built_in("gaussian-channel", dim=2, mi=6.0)
    found = mmg.bound(model, "mine-ais", n=100, **{**QUICK, "temperatures": 3})
    assert any("Forward and reverse chains disagree by +" in sentence for sentence in found.warnings)
    assert found.lower < min(6.0, found.diagnostics["forward"])


def test_pairs_alone_do_where_the_prior_can_be_drawn() -> None:
    x, z = bad_models.Plain().sample(3000, seed=1)
    found = mmg.bound(bad_models.PriorOnly, "mine-ais", x=x, z=z, held=300, **QUICK)
    assert TRUE_MI - 0.35 < found.lower < TRUE_MI + 3 * found.lower_se
    assert (found.diagnostics["pairs"], found.provenance["n"]) == (300, 3000)
    with pytest.raises(PluginError, match="lacks sample, which 'mine-ais' needs"):
        mmg.bound(bad_models.PriorOnly, "mine-ais", **QUICK)


def test_no_pair_is_both_learned_from_and_bounded_with() -> None:
    x, z = (torch.arange(10.0)[:, None] for _ in range(2))
    pairs = pairs_of(bad_models.PriorOnly(), x, z, held=100)
    assert (len(pairs.x), len(pairs.known[0])) == (5, 5)
    assert not set(pairs.x.flatten().tolist()) & set(pairs.known[0].flatten().tolist())
    drawn = pairs.draw(None, 50, generator(0))
    assert torch.equal(*drawn)
    assert set(drawn[0].flatten().tolist()) == set(pairs.known[0].flatten().tolist())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_same_seed_gives_the_same_bound(plugin: str) -> None:
    short = {**QUICK, "steps": 5, "temperatures": 5}
    one, again, other = (mmg.bound(bad_models.Plain, plugin, seed=seed, **short).lower for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize(
    ("model", "choices", "error", "words"),
    [
        (bad_models.Plain, {"steps": 0}, OptionError, "'steps'"),
        (bad_models.Plain, {"chains": 0}, OptionError, "'chains'"),
        (bad_models.Plain, {"temperatures": 0}, OptionError, "'temperatures'"),
        (bad_models.PriorNaN, {}, PluginError, "log_prior returned NaN"),
        (bad_models.PriorOfWrongShape, {}, PluginError, r"log_prior returned shape \(64, 1\)"),
        (bad_models.NotDifferentiable, {}, PluginError, "cannot be differentiated"),
        (bad_models.NeverAccepted, {"steps": 2}, MMGError, "HMC accepts"),
        (bad_models.PriorElsewhere, {}, DataError, "supports do not match"),
    ],
)
def test_bad_input_is_one_clear_sentence(model: type, choices: dict, error: type[MMGError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        mmg.bound(model, "mine-ais", **{**QUICK, **choices})
    assert str(caught.value).count("\n") == 0


def test_a_training_that_diverges_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LatentCritic, "table", lambda self, x, z: self(x, z)[:, None] * torch.full((len(x),), math.nan))
    with pytest.raises(MMGError, match="diverged at step 1; set a smaller rate"):
        mmg.bound(bad_models.Plain, "mine-dv", **QUICK)
