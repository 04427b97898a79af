"""The parts of the default and of the published recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmg_plugins.mmg.mmg import MMG
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts.coordinates import ContextColumns, Coordinates, FitCanonical, FitStandard, no_rows
from mmg_plugins.mmg.parts.networks import FusedNetworks, PublishedNetworks, UserModule
from mmg_plugins.mmg.parts.orientation import noise_fewer_columns, noise_x, oriented
from mmg_plugins.mmg.parts.plans import DefaultPlan, PublishedPlan
from mmg_plugins.mmg.parts.terms import Term, linear_apart, one_term
from mmg_registry.contracts import Run
from mmg_registry.diffusion import FusedDenoiser, ModuleDenoiser
from mmg_registry.diffusion.proposals import pilot
from mmg_registry.errors import OptionError


def rows(n: int, dim_x: int = 2, dim_y: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, dim_x)) * 3 + 7
    return x, x[:, :dim_y] + rng.standard_normal((n, dim_y))


WHOLE = Term(0, 2)
KINDS = {"default": FitCanonical(), "paper": FitStandard()}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


# --- Orientation --------------------------------------------------------------------------------------------------
def test_the_part_says_which_variable_is_noised_and_why() -> None:
    assert [noise_fewer_columns(*dims).noised for dims in ((3, 1), (1, 3), (2, 2))] == ["y", "x", "x"]
    assert [oriented("y")(1, 3).noised, oriented("x")(3, 1).noised, noise_x(3, 1).noised] == ["y", "x", "x"]
    assert oriented("x")(3, 1).why == "asked for"
    x, y = rows(3)
    assert [side.shape[1] for side in oriented("y")(2, 1).apply(x, y)] == [1, 2]


# --- Coordinates --------------------------------------------------------------------------------------------------
@kinds
def test_state_restores_the_same_coordinates(kind: Any) -> None:
    x, y = rows(500)
    fitted = kind.fit(x, y)
    restored = kind.restore(*fitted.state())
    for found, expected in zip(restored.transform(x, y), fitted.transform(x, y), strict=True):
        assert torch.equal(found, expected)
    assert np.array_equal(restored.rho, fitted.rho)
    assert (restored.dim_x, restored.dim_y, restored.gaussian_mi) == (fitted.dim_x, fitted.dim_y, fitted.gaussian_mi)


@kinds
def test_coordinates_are_float32_of_unit_scale(kind: Any) -> None:
    x, y = rows(2_000)
    fitted = kind.fit(x, y)
    for values, empty in zip(fitted.transform(x, y), no_rows(fitted), strict=True):
        assert values.dtype == empty.dtype == torch.float32
        assert values.shape[1] == empty.shape[1]
        assert float(values.mean(0).abs().max()) < 0.1
        assert float((values.std(0) - 1).abs().max()) < 0.1


def test_default_coordinates_are_canonical() -> None:
    fitted = FitCanonical().fit(*rows(1_000))
    zx, zy = fitted.transform(*rows(1_000))
    cross = (zx.double().T @ zy.double()) / len(zx)
    assert float(cross[0, 0].abs()) == pytest.approx(float(fitted.rho[0]), abs=0.02)
    assert fitted.gaussian_mi == pytest.approx(-0.5 * np.log(1 - fitted.rho**2).sum())


# --- Networks -----------------------------------------------------------------------------------------------------
def fitted_rows(n: int = 300, kind: Any = KINDS["default"], **dims: int) -> tuple[Coordinates, Any]:
    fitted = kind.fit(*rows(n, **dims))
    return fitted, fitted.transform(*rows(n, **dims))


@kinds
def test_a_module_of_the_users_takes_the_place_of_the_network(kind: Any) -> None:
    coordinates, data = fitted_rows(200, kind)
    module = nn.Linear(2, 2)
    network = UserModule(module) if kind is KINDS["default"] else PublishedNetworks(module=module)
    denoiser = network.build(coordinates, WHOLE, data, Run())
    assert isinstance(denoiser, ModuleDenoiser)
    assert denoiser.module is module
    assert network.cpu_only


def test_default_networks_are_fused_and_have_the_sizes_asked_for() -> None:
    coordinates, data = fitted_rows()
    network = FusedNetworks(20, 3)
    denoiser = network.build(coordinates, WHOLE, data, Run())
    assert isinstance(denoiser, FusedDenoiser)
    assert (denoiser.network.width, denoiser.network.depth) == (20, 3)
    assert network.words(coordinates)["width"] == 20


def test_networks_of_another_size_are_restored_with_it_and_modules_asked_for() -> None:
    assert FusedNetworks(64, 2).restored(FusedNetworks(16, 2).state()) == FusedNetworks(16, 2)
    saved = UserModule(nn.Linear(2, 2)).state()
    for network in (FusedNetworks(64, 2), PublishedNetworks()):
        with pytest.raises(OptionError, match="pass it as 'denoiser'"):
            network.restored(saved)


def test_published_denoiser_is_the_same_for_the_same_seed() -> None:
    coordinates, data = fitted_rows(200, KINDS["paper"])
    built = [PublishedNetworks().build(coordinates, WHOLE, data, Run(seed=seed)).snapshot() for seed in (1, 1, 2)]
    first, again, other = built
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_making_a_denoiser_leaves_torchs_generator_alone() -> None:
    coordinates, data = fitted_rows(200, KINDS["paper"])
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    PublishedNetworks().build(coordinates, WHOLE, data, Run(seed=1))
    assert torch.equal(torch.rand(3), expected)


# --- Terms of the chain rule ----------------------------------------------------------------------------------------
def test_terms_of_the_chain_rule_cover_all_columns_and_keep_partners_together() -> None:
    x, y = torch.arange(8.0).view(2, 4), torch.arange(6.0).view(2, 3) + 100
    rho = np.array([0.9, 0.8, 0.1])
    first, rest = Term(0, 2), Term(2, 4)
    assert all(torch.equal(a, b) for a, b in zip(first.rows((x, y)), (x, y), strict=True))
    rest_x, rest_y = rest.rows((x, y))
    assert torch.equal(rest_x, x[:, 2:])
    assert torch.equal(rest_y[:, 0], y[:, 2])  # the partner of the third column of x
    assert (first.rho(rho).tolist(), rest.rho(rho).tolist()) == ([0.9, 0.8], [0.1])


def test_a_term_conditions_on_the_columns_after_it() -> None:
    coordinates, data = fitted_rows(dim_x=4, dim_y=2)
    terms = (Term(0, 1), Term(1, 4))
    first, rest = (FusedNetworks(8, 1).build(coordinates, term, data, Run()).network for term in terms)  # type: ignore[attr-defined]
    assert (first.dim_x, first.noised, first.context) == (4, 1, 3)
    assert (rest.dim_x, rest.noised, rest.context) == (3, 3, 0)


class Correlated(FitStandard):
    """Coordinates of ten columns a side, of which some are correlated."""

    dim_x = dim_y = 10

    def __init__(self, *rho: float) -> None:
        self.rho = np.array([*rho, *np.zeros(10 - len(rho))])


@pytest.mark.parametrize(
    ("rho", "n", "cuts"),
    [((0.9, 0.8), 3_000, [2]), ((0.9, 0.1), 3_000, [1]), ((0.1,), 100, []), ((), 3_000, []), ((0.9,) * 6, 3_000, [])],
)
def test_few_linearly_dependent_columns_of_many_are_split_off(rho: tuple[float, ...], n: int, cuts: list[int]) -> None:
    terms = linear_apart(Correlated(*rho), n)  # type: ignore[arg-type]
    assert [term.first for term in terms] == [0, *cuts]
    assert [term.last for term in terms] == [*cuts, 10]
    assert one_term(Correlated(*rho), n) == [Term(0, 10)]  # type: ignore[arg-type]


def test_terms_sum_to_the_information_of_all_columns() -> None:
    """Untrained networks are the linear denoisers, and those are exact for a normal pair, whatever is noised first."""
    rng, rho = np.random.default_rng(0), np.array([0.8, 0.6, 0.4])
    x = rng.standard_normal((20_000, 3))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((20_000, 3))
    coordinates = FitCanonical().fit(x, y)
    data = coordinates.transform(x, y)
    for split in ([Term(0, 3)], [Term(0, 1), Term(1, 3)], [Term(0, 2), Term(2, 3)]):
        built = [(term, FusedNetworks(64, 2).build(coordinates, term, data, Run(threads=1))) for term in split]
        gaps = [each.gap(*term.rows(data), pilot(), repeats=8, seed=0)[1] for term, each in built]
        found = sum(float(values[:, 1].mean()) for values in gaps)
        assert found == pytest.approx(-0.5 * np.log(1 - rho**2).sum(), abs=0.02)


def test_columns_beside_are_seen_by_both_denoisers() -> None:
    """Untrained, the linear denoisers give the information of the partial correlation .6, not of the plain one."""
    rng = np.random.default_rng(0)
    z, x, e = rng.standard_normal((3, 20_000, 1))
    y = z + 0.6 * x + 0.8 * e
    coordinates = FitCanonical().fit(np.hstack([x + 2 * z, z]), y, ContextColumns(labels=1))
    restored = FitCanonical().restore(*coordinates.state())
    data = restored.transform(np.hstack([x + 2 * z, z]), y)
    assert (coordinates.dim_x, coordinates.beside.columns, data[0].shape) == (1, 1, (20_000, 2))
    built = FusedNetworks(32, 1).build(restored, Term(0, 1), data, Run(threads=1))
    found = float(built.gap(*data, pilot(), repeats=4, seed=0)[1][:, 1].mean())
    assert found == pytest.approx(-0.5 * np.log(1 - 0.36), abs=0.02)


def test_labels_beside_make_no_dependence_of_independent_columns() -> None:
    rng = np.random.default_rng(5)
    on_x, on_y = (rng.random((3_000, 20)) < 0.6 for _ in range(2))
    noised = np.concatenate([np.exp(rng.standard_normal((3_000, 20))), on_x], axis=1)
    coordinates = FitCanonical().fit(noised, on_y.astype(np.float64), ContextColumns(labels=20))
    assert (coordinates.gaussian_mi or 0.0) < 0.01
    assert coordinates.words == (["maps of single columns"], [])


def test_what_is_given_is_mapped_and_what_it_predicts_is_taken_off() -> None:
    """A common cause behind a bend and an exponential leaves no correlation, and the partial one stays."""
    rng = np.random.default_rng(0)
    z, x, e = rng.standard_normal((3, 8_000, 1))
    bent, y = np.exp(z), z**2 + 0.6 * x + 0.8 * e
    noised = np.hstack([x + np.sin(2 * z), bent])
    coordinates = FitCanonical().fit(noised, y, ContextColumns(given=1))
    assert coordinates.rho == pytest.approx([0.6], abs=0.04)
    data = coordinates.transform(noised, y)
    assert float(data[0][:, 1].abs().max()) < 5  # normal again
    assert all("less its prediction from what is given" in words for words in coordinates.words)
    again = FitCanonical().restore(*coordinates.state()).transform(noised, y)
    assert all(a.equal(b) for a, b in zip(again, data, strict=True))
    plain = FitCanonical(gaussianise=False).fit(noised, y, ContextColumns(given=1))
    assert plain.partial is not None
    assert plain.partial.columns.margins is None


def test_heavy_tails_are_tamed_before_the_prediction() -> None:
    z, x, e = np.random.default_rng(0).standard_normal((3, 8_000, 1))
    noised, y = np.hstack([np.exp(x + z), z]), (z + 0.8 * x + 0.6 * e) ** 3
    assert FitCanonical().fit(noised, y, ContextColumns(given=1)).rho == pytest.approx([0.8], abs=0.04)


# --- Plans ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", [lambda steps: DefaultPlan(MMGOptions(steps=steps)), PublishedPlan])
@pytest.mark.parametrize("steps", [20, 1_000])
def test_a_step_limit_reaches_the_schedule(make: Any, steps: int) -> None:
    plan, schedule = make(steps)(2, 300)
    assert schedule.max_steps == steps
    assert plan.warmup < steps


def test_options_reach_the_optimiser() -> None:
    plan, schedule = DefaultPlan(MMGOptions(batch=64, lr=1e-4, tolerance=0.1))(2, 300)
    assert (plan.batch, plan.lr, schedule.tolerance) == (64, 1e-4, 0.1)


def test_few_rows_are_looked_at_more_often_unless_looks_are_dear() -> None:
    few, many, dear = (
        DefaultPlan(MMGOptions(), least)(2, n)[1].check_every for least, n in ((1, 400), (1, 60_000), (450, 400))
    )
    assert few < dear == 450 < many


@pytest.mark.parametrize(
    ("dim_x", "lr", "batch", "epochs"), [(1, 1e-3, 128, 500), (5, 1e-3, 128, 500), (6, 2e-3, 256, 750)]
)
def test_published_optimiser(dim_x: int, lr: float, batch: int, epochs: int) -> None:
    plan, schedule = PublishedPlan()(dim_x, 1_000)
    assert (plan.lr, plan.batch, plan.weight_decay, plan.beta2) == (lr, batch, 1e-5, 0.999)
    assert schedule.max_steps == epochs * -(-1_000 // batch)
    assert schedule.min_steps == schedule.max_steps  # it never stops early


# --- A recipe -------------------------------------------------------------------------------------------------------
def test_a_recipe_is_made_of_the_parts_that_the_preset_names() -> None:
    ours, published = MMG().recipe(), MMG(preset="paper").recipe()
    assert (ours.coordinates, ours.network) == (FitCanonical(), FusedNetworks(64, 2))
    assert isinstance(published.coordinates, FitStandard)
    assert published.network == PublishedNetworks()
