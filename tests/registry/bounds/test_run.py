"""`mmg_registry.bound`: checks of models, data and options, provenance, and the two built-in sandwiches."""

from __future__ import annotations

import json
import math
import re

import bad_models
import numpy as np
import pytest
import torch

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.errors import DataError, MMGError, OptionError, PluginError
from mmg_registry.models.built_in import built_in

TRUE_MI = 0.5 * math.log(9)  # of bad_models.Plain
QUICK = {"temperatures": 40, "chains": 4, "n": 64}


def test_a_plain_torch_model_is_bounded_by_autograd() -> None:
    found = mmg.bound(bad_models.Plain, **QUICK)
    assert found.ci[0] < TRUE_MI < found.ci[1]
    assert found.kind == "sandwich"
    assert found.true_mi is None


def test_an_encoder_near_the_posterior_needs_few_temperatures() -> None:
    near, far = (mmg.bound(bad_models.Encoded(), start=s, temperatures=4, decay=False) for s in ("encoder", "prior"))
    assert near.diagnostics["gap"] < far.diagnostics["gap"]
    assert near.ci[0] < TRUE_MI < near.ci[1]


@pytest.mark.parametrize("plugin", ["ais", "iwae"])
def test_the_same_seed_gives_the_same_bounds(plugin: str) -> None:
    options = QUICK if plugin == "ais" else {"chains": 10}
    first, again, other = (mmg.bound("gaussian-channel", plugin, seed=s, **options) for s in (1, 1, 2))
    assert (first.lower, first.upper) == (again.lower, again.upper) != (other.lower, other.upper)
    document = json.loads(first.to_json())
    assert (document["plugin"]["name"], document["seed"], document["model"]) == (plugin, 1, "LinearGaussian")


@pytest.mark.parametrize("schedule", ["adaptive-kl", "adaptive-ess", "linear", "sigmoid"])
def test_hmc_contains_the_truth_at_every_schedule(schedule: str) -> None:
    found = mmg.bound("gaussian-mixture", schedule=schedule, start="prior", **{**QUICK, "n": 128})
    assert found.contains_truth
    assert 0 <= found.diagnostics["gap"] < 0.5


def test_the_sandwich_holds_the_exact_log_ratio_of_its_pairs() -> None:
    model = built_in("linear-gaussian", latent=5, data=50, mi=10.0)
    x, z = model.sample(256, seed=3)
    exact = float((model.log_likelihood(x, z) - model.log_marginal(x)).mean())
    found = mmg.bound(model, x=x.numpy(), z=z.numpy(), start="prior", temperatures=150, seed=3)
    assert found.lower < exact < found.upper
    assert found.width < 0.2
    assert -2 < found.diagnostics["gap_decay"] < -0.7
    iwae = mmg.bound(model, "iwae", x=x, z=z, chains=2400)
    assert iwae.lower < exact < iwae.upper
    assert iwae.width > 3 * found.width


@pytest.mark.parametrize(("latent", "mi", "spread"), [(2, 64.0, 0.0), (10, 200.0, 0.5)])
def test_the_sandwich_holds_at_the_most_that_float64_holds(latent: int, mi: float, spread: float) -> None:
    model = built_in("linear-gaussian", latent=latent, data=20, mi=mi, spread=spread)
    x, z = model.sample(16, seed=0)
    exact = float((model.log_likelihood(x, z) - model.log_marginal(x)).mean())
    options = {"temperatures": 1000, "chains": 8, "decay": False}
    far, near = (mmg.bound(model, x=x, z=z, start=start, **options) for start in ("prior", "fitted"))
    assert far.lower < exact < far.upper
    assert far.width < 0.3 * mi
    assert near.lower == pytest.approx(exact, abs=0.01)
    assert near.upper == pytest.approx(exact, abs=0.01)
    assert far.contains_truth
    assert near.contains_truth


@pytest.mark.parametrize("start", ["prior", "fitted"])
def test_a_single_temperature_is_importance_sampling_from_the_start(start: str) -> None:
    found = mmg.bound("linear-gaussian", temperatures=1, chains=16, n=64, start=start, seed=0)
    assert found.lower < found.upper
    assert (found.width < 0.5) is (start == "fitted")


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (bad_models.GivesNaN, PluginError, "log_likelihood returned NaN"),
        (bad_models.NaNElsewhere, PluginError, "log_likelihood returned NaN"),
        (bad_models.WrongShape, PluginError, r"log_likelihood returned shape \(64, 2\) for 64 rows"),
        (bad_models.NotDifferentiable, PluginError, "cannot be differentiated"),
        (bad_models.OtherSupport, DataError, "supports do not match"),
        (bad_models.ZeroAtSomeStarts, DataError, "supports do not match"),
        (bad_models.NeverAccepted, MMGError, "accept"),
        (bad_models.Raises, PluginError, "no decoder was loaded"),
        (bad_models.NoSample, PluginError, "lacks sample"),
    ],
)
def test_a_bad_model_is_one_clear_sentence(model: type, error: type[MMGError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        mmg.bound(model, **QUICK)
    assert str(caught.value).count("\n") == 0


def test_a_model_without_gradients_is_fit_for_iwae() -> None:
    found = mmg.bound(bad_models.NotDifferentiable, "iwae", chains=500)
    assert found.ci[0] < TRUE_MI < found.ci[1]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"temperatures": 0}, "'temperatures'"),
        ({"chains": 0}, "'chains'"),
        ({"plugin": "iwae", "chains": 0}, "'chains'"),
        ({"plugin": "giwae", "chains": 0}, "'chains'"),
        ({"rows": 0}, "'rows'"),
        ({"n": 1}, "'n' is 1"),
        ({"chians": 3}, "nearest is 'chains'"),
        ({"start": "encoder"}, "no log_q"),
        ({"device": "tpu"}, "'device'"),
        ({"x": np.ones((4, 5))}, "both x and z"),
    ],
)
def test_options_out_of_range_are_refused(choices: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        mmg.bound("gaussian-mixture", **choices)


@pytest.mark.parametrize(("model", "start"), [("gaussian-mixture", "prior"), ("linear-gaussian", "fitted")])
def test_a_model_without_an_exact_path_from_its_start_is_refused_exact_transitions(model: str, start: str) -> None:
    with pytest.raises(OptionError, match="draws no exact path"):
        mmg.bound(model, transition="exact", start=start)


@pytest.mark.parametrize(
    ("x", "z", "words"),
    [
        (np.ones((4, 3)), np.ones((4, 5)), "3 columns of x, and the model 5"),
        (np.ones((4, 5)), np.ones((3, 5)), "4 rows of x and 3 of z"),
        (np.full((4, 5), np.nan), np.ones((4, 5)), "NaN or infinity in x"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(x: np.ndarray, z: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        mmg.bound("gaussian-channel", x=x, z=z)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (bad_models.NoSample, PluginError, "lacks sample or sample_prior, which 'ais' needs"),
        (bad_models.PriorOnly, PluginError, "lacks log_likelihood, which 'ais' needs"),
        (bad_models.Plain, DataError, "1 columns of x, and the model 2"),
    ],
)
def test_a_model_that_does_not_fit_given_pairs_is_refused(model: type, error: type[MMGError], words: str) -> None:
    with pytest.raises(error, match=words):
        mmg.bound(model, x=np.ones((4, 1)), z=np.ones((4, 1)))


def test_a_prior_that_cannot_be_drawn_is_told() -> None:
    with pytest.raises(PluginError, match="no prior was loaded"):
        mmg.bound(bad_models.PriorFails, "mine-ais", x=np.ones((4, 1)), z=np.ones((4, 1)))


@pytest.mark.parametrize("plugin", ["ais", "iwae"])
def test_progress_tells_the_sandwich_so_far(plugin: str) -> None:
    events: list[mmg.Progress] = []
    choices = {"temperatures": 32, "start": "prior"} if plugin == "ais" else {}
    found = mmg.bound("gaussian-channel", plugin, n=16, chains=4, progress=events.append, **choices)
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    low, high = re.search(r"MI in (\S+) to (\S+) nats", events[-1].stage).groups()
    if plugin == "iwae":
        assert (float(low), float(high)) == (round(found.lower, 3), round(found.upper, 3))
    else:
        assert float(low) < found.lower < found.upper < float(high)  # of a quarter of the temperatures


def test_bounds_are_found_as_plugins_and_apart_from_estimators() -> None:
    names = {record.name for record in registry.records(registry.BOUNDS)}
    assert {"ais", "iwae", "giwae", "structured-infonce", "mine-ais", "mine-dv", "mine-f"} <= names
    assert not names & {record.name for record in registry.records()}
    with pytest.raises(PluginError, match="nearest is 'ais'"):
        registry.load_bound("ai")


def test_a_bound_of_ones_own_is_registered_like_an_estimator() -> None:
    class Zero(mmg.BoundEstimator):
        name, summary, reference, kind = "zero", "MI is not negative", "Gibbs", "lower"

        def bound(self, model, x, z):
            return mmg.Bound("lower", lower=0.0)

    mmg.register(Zero)
    try:
        assert mmg.bound("gaussian-channel", "zero").lower == 0.0
    finally:
        registry.unregister("zero", registry.BOUNDS)
    assert torch.is_grad_enabled()
