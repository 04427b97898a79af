"""The four MMG variants: their switches, known answers, warnings, state, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmg_plugins.mmg.evidence import height
from mmg_plugins.mmg.mmg import MMG, MMGAdaptive, MMGOrthogonal, MMGOrthogonalAdaptive
from mmg_registry import storage
from mmg_registry.contracts import Progress, Run
from mmg_registry.core import build_info
from mmg_registry.diffusion import gaussian_tail
from mmg_registry.errors import OptionError
from mmg_registry.results import Estimate
from mmg_registry.testing import check_estimator

VARIANTS = [MMG, MMGAdaptive, MMGOrthogonal, MMGOrthogonalAdaptive]
variants = pytest.mark.parametrize("cls", VARIANTS, ids=lambda cls: cls.name)
SMALL: dict[str, Any] = {"steps": 100, "width": 32, "batch": 128}
RUN = Run(seed=0, threads=1)
MI = -0.5 * math.log(1 - 0.64)
Pair = tuple[np.ndarray, np.ndarray]


def pair(n: int = 2_000, rho: float = 0.8, dim_x: int = 1, dim_y: int = 1, seed: int = 0) -> Pair:
    """Gaussian rows whose first columns are correlated."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def folded(n: int = 3_000, noise: float = 0.3, seed: int = 0) -> Pair:
    """y is |x| with noise: no correlation at all, so the network has everything to learn."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 1))
    return x, np.abs(x) + noise * rng.standard_normal((n, 1))


def estimate(cls: type[MMG], train: Pair, new: Pair, run: Run = RUN, **options: Any) -> Estimate:
    return cls(run=run, **{**SMALL, **options}).fit(*train).estimate(*new)


# --- The two switches ---------------------------------------------------------------------------------------------
def test_variants_differ_in_their_two_switches_and_their_words_alone() -> None:
    switches = {cls.name: (cls.orthogonal, cls.adaptive) for cls in VARIANTS}
    assert switches == {
        "mmg": (False, False),
        "mmg-adaptive": (False, True),
        "mmg-orthogonal": (True, False),
        "mmg-orthogonal-adaptive": (True, True),
    }
    for cls in VARIANTS[1:]:
        own = {name for name in vars(cls) if not name.startswith("__")} - {"_abc_impl"}
        assert own <= {"name", "summary", "orthogonal", "adaptive"}
        assert cls.__mro__[1] is MMG


def test_integrands_and_proposals_are_those_of_the_switches() -> None:
    train, new = pair(), pair(seed=1)
    found = {cls.name: estimate(cls, train, new) for cls in VARIANTS}
    for name, result in found.items():
        d, kind = result.diagnostics, result.diagnostics["proposal"]
        inside = d["orthogonal"] if "orthogonal" in name else d["direct"]
        assert result.mi == pytest.approx(inside + d["outside_window"], rel=1e-12)
        assert ((kind["loc"], kind["scale"]) == (2.0, 3.0)) == ("adaptive" not in name)
        assert d["direct"] == pytest.approx(d["orthogonal"] + d["cross"], rel=1e-9)
    assert found["mmg"].curve == found["mmg-orthogonal"].curve  # the same training and evaluation, read differently
    assert found["mmg-adaptive"].curve == found["mmg-orthogonal-adaptive"].curve


# --- Known answers ------------------------------------------------------------------------------------------------
@variants
def test_a_gaussian_pair(cls: type[MMG]) -> None:
    result = estimate(cls, pair(4_000), pair(4_000, seed=1))
    assert result.mi == pytest.approx(MI, abs=0.05)
    assert result.ci is not None
    assert result.ci[0] < MI < result.ci[1]


@variants
def test_an_independent_pair(cls: type[MMG]) -> None:
    result = estimate(cls, pair(rho=0.0), pair(rho=0.0, seed=1))
    assert abs(result.mi) < 0.03


@variants
def test_a_pair_without_correlation_is_learned(cls: type[MMG]) -> None:
    """I(X; Y) of y = |x| + 0.3 e is 0.81 nats (entropy of y by quadrature, less that of the noise)."""
    result = estimate(cls, folded(8_000), folded(4_000, seed=1), steps=600, batch=256)
    assert 0.5 < result.mi < 1.0


@pytest.mark.parametrize(("dim_x", "dim_y"), [(3, 1), (1, 4), (5, 2)])
def test_more_columns_on_one_side(dim_x: int, dim_y: int) -> None:
    result = estimate(MMGOrthogonalAdaptive, pair(4_000, dim_x=dim_x, dim_y=dim_y), pair(2_000, 0.8, dim_x, dim_y, 1))
    assert result.mi == pytest.approx(MI, abs=0.08)


def test_a_very_strong_gaussian_pair_needs_the_tail() -> None:
    rho = 0.999999
    result = estimate(MMG, pair(4_000, rho), pair(4_000, rho, seed=1))
    assert result.diagnostics["outside_window"] > 0.1
    assert result.mi == pytest.approx(-0.5 * math.log(1 - rho**2), abs=4 * (result.std_error or 0) + 0.05)


def test_monotone_maps_of_the_margins_change_little() -> None:
    (x, y), (new_x, new_y) = pair(4_000), pair(4_000, seed=1)
    bent = estimate(MMGOrthogonal, (np.exp(x), y**3), (np.exp(new_x), new_y**3))
    assert bent.mi == pytest.approx(MI, abs=0.06)


def test_units_of_the_columns_do_not_matter() -> None:
    (x, y), (new_x, new_y) = pair(), pair(seed=1)
    plain = estimate(MMG, (x, y), (new_x, new_y))
    scaled = estimate(MMG, (1e6 * x + 3, 1e-6 * y), (1e6 * new_x + 3, 1e-6 * new_y))
    assert scaled.mi == pytest.approx(plain.mi, abs=0.01)


# --- Sizes --------------------------------------------------------------------------------------------------------
def test_fewer_rows_than_a_batch() -> None:
    result = estimate(MMGOrthogonalAdaptive, pair(150), pair(100, seed=1), batch=512)
    assert result.mi == pytest.approx(MI, abs=0.35)
    assert math.isfinite(result.std_error or math.nan)


def test_one_row_to_estimate_has_a_value_and_no_trusted_error() -> None:
    x, y = pair(1, seed=1)
    result = estimate(MMG, pair(), (x, y))
    assert math.isfinite(result.mi)
    assert result.std_error == math.inf
    assert '"mi"' in result.to_json()


@variants
def test_no_number_of_a_result_is_nan(cls: type[MMG]) -> None:
    result = estimate(cls, pair(dim_x=2), pair(300, dim_x=2, seed=1))
    assert result.curve is not None
    assert result.pointwise is not None
    numbers = [v for values in vars(result.curve).values() for v in values]
    assert np.isfinite(numbers).all()
    assert np.isfinite(result.pointwise).all()
    assert None not in result.to_dict()["diagnostics"]["training"]["history"][0].values()


def test_pointwise_values_average_to_the_estimate_and_follow_the_density_ratio() -> None:
    x, y = pair(500, seed=1)
    result = estimate(MMG, pair(4_000), (x, y), repeats=64)
    assert result.pointwise is not None
    assert result.pointwise.mean() == pytest.approx(result.mi, rel=1e-9)
    ratio = (x**2 - (x - 0.8 * y) ** 2 / 0.36)[:, 0] / 2 - 0.5 * math.log(0.36)
    assert np.corrcoef(result.pointwise, ratio)[0, 1] > 0.9


def test_more_repeats_make_a_smaller_error() -> None:
    train, new = pair(), pair(500, seed=1)
    model = MMGOrthogonal(run=RUN, **SMALL, repeats=2).fit(*train)
    few = model.estimate(*new)
    many = model.set_params(repeats=64).estimate(*new)
    assert (many.std_error or 0) < (few.std_error or 0)
    assert many.diagnostics["repeats"] == 64


# --- Seeds, threads, limits ---------------------------------------------------------------------------------------
def test_the_same_seed_is_the_same_estimate_for_any_threads() -> None:
    first, again, other = (
        estimate(MMG, pair(), pair(seed=1), Run(seed=s, threads=t)) for s, t in ((3, 1), (3, 2), (4, 1))
    )
    assert first.mi == again.mi
    assert first.std_error == again.std_error
    assert first.mi != other.mi


def test_fitting_again_forgets_the_first_fit() -> None:
    model = MMG(run=RUN, **SMALL).fit(*pair(rho=0.0))
    assert model.fit(*pair()).estimate(*pair(seed=1)).mi == estimate(MMG, pair(), pair(seed=1)).mi


def test_rows_given_to_fit_are_left_as_they_were() -> None:
    for dtype in (np.float32, np.float64):
        x, y = (rows.astype(dtype) for rows in pair())
        copies = x.copy(), y.copy()
        MMG(run=RUN, **SMALL, gaussianise=False).fit(x, y)
        assert np.array_equal(x, copies[0])
        assert np.array_equal(y, copies[1])


def test_max_seconds_cuts_the_training_and_says_so() -> None:
    result = estimate(MMG, folded(), folded(seed=1), Run(threads=1, max_seconds=1e-3), steps=1_000_000)
    training = result.diagnostics["training"]
    assert (training["stopped"], training["steps"] < 100) == ("max_seconds", True)
    assert any("time limit" in warning for warning in result.warnings)


def test_the_step_limit_is_said() -> None:
    result = estimate(MMG, folded(), folded(seed=1))
    assert result.diagnostics["training"]["stopped"] == "max_steps"
    assert any("limit of 100 steps" in warning for warning in result.warnings)


@variants
def test_progress_is_told(cls: type[MMG]) -> None:
    heard: list[Progress] = []
    estimate(cls, pair(), pair(seed=1), replace(RUN, progress=heard.append))
    fractions = [event.fraction for event in heard]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.5 < fractions[-1] <= 1
    assert all(event.mi is not None and math.isfinite(event.mi) for event in heard)


# --- Warnings -----------------------------------------------------------------------------------------------------
def test_an_undertrained_conditional_denoiser_is_said_to_be_biased() -> None:
    result = estimate(MMG, folded(noise=0.1), folded(noise=0.1, seed=1))
    assert result.diagnostics["cross"] > 3 * result.diagnostics["cross_se"]
    assert any("conditional denoiser is biased by about" in warning for warning in result.warnings)


def test_an_exact_conditional_denoiser_is_not() -> None:
    assert not any("biased" in warning for warning in estimate(MMG, pair(4_000), pair(4_000, seed=1)).warnings)


def test_nearly_infinite_information_is_said_to_be_more() -> None:
    """|x| with hardly any noise: uncorrelated, so that no closed form covers what training and window leave out."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4_000, 1))
    y = np.abs(x) + 1e-3 * rng.standard_normal((4_000, 1))
    for kind, steps, said in (
        (MMG, 2_000, "upper end of the window"),
        (MMGAdaptive, 1_000, "more training may add some"),
    ):
        result = estimate(kind, (x[:3_000], y[:3_000]), (x[3_000:], y[3_000:]), steps=steps, batch=256)
        assert any(said in warning for warning in result.warnings)
        assert (result.std_error or 0) > 0.3


def test_correlations_of_one_to_all_digits_are_said_to_be_the_end_of_precision() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4_000, 1))
    y = x + 1e-8 * rng.standard_normal((4_000, 1))
    result = estimate(MMGOrthogonal, (x[:3_000], y[:3_000]), (x[3_000:], y[3_000:]), steps=20)
    assert any("agree to all digits" in warning for warning in result.warnings)
    assert result.ci is not None
    assert result.ci[1] > 18.4  # the truth, log(1e8) and a little


def test_a_strong_gaussian_pair_is_known_to_go_on_past_the_window() -> None:
    rho = np.array([0.999999])
    known = 0.5 * (1 - 1 / (1 + 1 / (math.exp(14) * (1 - 0.999999**2))))
    assert height(gaussian_tail, rho, 14.0) == pytest.approx(known, abs=0.02)
    result = estimate(MMG, pair(4_000, 0.999999), pair(4_000, 0.999999, seed=1))
    assert not any("upper end of the window" in warning for warning in result.warnings)


# --- State --------------------------------------------------------------------------------------------------------
@variants
def test_saved_and_loaded_gives_the_same_bits(cls: type[MMG], tmp_path: Path) -> None:
    new = pair(seed=1)
    model = cls(run=RUN, **SMALL).fit(*pair())
    storage.save(model, tmp_path / "model")
    loaded = storage.load(tmp_path / "model")
    before, after = model.estimate(*new), loaded.estimate(*new)
    assert type(loaded) is cls
    assert (after.mi, after.std_error, after.curve) == (before.mi, before.std_error, before.curve)
    assert after.diagnostics["training"] == before.diagnostics["training"]


def test_the_paper_preset_is_saved_too(tmp_path: Path) -> None:
    new = pair(50, seed=1)
    model = MMG(run=RUN, preset="paper", steps=20).fit(*pair(200))
    storage.save(model, tmp_path / "model")
    assert storage.load(tmp_path / "model").estimate(*new).mi == model.estimate(*new).mi


def test_a_changed_state_gives_another_estimate() -> None:
    """What a test of equal bits would miss: that the weights are not read back at all."""
    new = folded(seed=1)
    model = MMG(run=RUN, **SMALL).fit(*folded())
    arrays, meta = model.state()
    weights = "link0.term.0.weights"
    changed = {**arrays, weights: arrays[weights] * 0.5}
    assert MMG(run=RUN, **SMALL).restore(changed, meta).estimate(*new).mi != model.estimate(*new).mi


# --- A module of the user's ---------------------------------------------------------------------------------------
class Zero(nn.Module):
    """Corrects nothing, but could learn to."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        return self.gain * z


def test_a_users_module_is_the_denoiser() -> None:
    module = Zero()
    result = MMG(run=RUN, denoiser=module, steps=20, batch=64).fit(*pair(4_000)).estimate(*pair(2_000, seed=1))
    assert result.mi == pytest.approx(MI, abs=0.05)
    assert result.diagnostics["network"]["parameters"] == 1
    assert result.backend["isa"] == "torch"
    assert module.gain.item() != 0.0


def test_a_saved_module_asks_for_the_module(tmp_path: Path) -> None:
    model = MMG(run=RUN, denoiser=Zero(), steps=20, batch=64).fit(*pair(300))
    arrays, meta = model.state()
    with pytest.raises(OptionError, match="module of its own; pass it as 'denoiser'"):
        MMG(run=RUN, steps=20, batch=64).restore(arrays, meta)
    new = pair(100, seed=1)
    restored = MMG(run=RUN, denoiser=Zero(), steps=20, batch=64).restore(arrays, meta)
    assert restored.estimate(*new).mi == model.estimate(*new).mi


# --- The published preset -----------------------------------------------------------------------------------------
@variants
def test_the_paper_preset_runs(cls: type[MMG]) -> None:
    result = cls(run=RUN, preset="paper", steps=20).fit(*pair(300)).estimate(*pair(100, seed=1))
    assert math.isfinite(result.mi)
    assert result.diagnostics["network"]["kind"] == "published residual MLP"
    assert result.diagnostics["gaussian_mi"] is None
    assert result.backend["isa"] == "torch"
    assert result.diagnostics["training"]["steps"] == 20


@pytest.mark.parametrize("fixed", [{"width": 32}, {"lr": 1e-3}, {"batch": 128, "depth": 3}, {"gaussianise": False}])
def test_the_paper_preset_refuses_options_that_it_fixes(fixed: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=rf"preset 'paper' fixes .*{sorted(fixed)[0]}"):
        MMG(preset="paper", **fixed)


def test_the_paper_preset_takes_what_it_leaves_open() -> None:
    assert MMG(preset="paper", steps=50, repeats=3).options.repeats == 3


# --- Refusals -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_this_build_does_not_know_is_refused(device: str) -> None:
    with pytest.raises(OptionError, match=rf"'{device}' cannot be used: .*(CUDA|GPU).*; use --device cpu"):
        MMG(run=Run(device=device), **SMALL).fit(*pair(300))


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_the_cpu_is_taken(device: str) -> None:
    result = estimate(MMG, pair(300), pair(100, seed=1), Run(device=device, threads=1))
    assert result.device == "cpu"
    assert result.backend == {"isa": build_info()["isa"], "threads": 1}


@variants
def test_estimating_before_fitting_is_refused(cls: type[MMG]) -> None:
    for call in (lambda: cls(run=RUN).estimate(*pair(100)), lambda: cls(run=RUN).state()):
        with pytest.raises(OptionError, match=rf"'{cls.name}' is not fitted; call fit"):
            call()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"steps": 5}, "'steps'"),
        ({"width": 0}, "'width'"),
        ({"depth": 17}, "'depth'"),
        ({"lr": 0.0}, "'lr'"),
        ({"batch": 1}, "'batch'"),
        ({"preset": "published"}, "'preset'"),
        ({"stepz": 100}, "no option 'stepz'; the nearest is 'steps'"),
    ],
)
def test_options_out_of_range_are_refused_by_name(option: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        MMG(**option)


# --- The contract -------------------------------------------------------------------------------------------------
@variants
def test_contract(cls: type[MMG]) -> None:
    results = check_estimator(cls, options=SMALL)
    assert {result["status"] for result in results} == {"passed", "does not apply"}
