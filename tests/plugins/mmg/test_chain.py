"""Estimates from columns that are not plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled import SEPARATION, beside, channel, channel_mi, column, dropout, gaussian_mi, two_groups, two_groups_mi
from torch import nn

import mmg_registry as mmg
from mmg_plugins.baselines.gaussian import Gaussian
from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.columns import PairParts
from mmg_plugins.minde.minde import MINDEConditional, MINDEJoint
from mmg_plugins.mmg.auto import Auto
from mmg_plugins.mmg.chain import SampleKinds, fit_chain
from mmg_plugins.mmg.mmg import MMG, MMGOrthogonal, MMGOrthogonalAdaptive
from mmg_plugins.mmg.parts.labels import PredictedLabels
from mmg_plugins.mmg.parts.links import Sample
from mmg_plugins.mmg.parts.table import LabelTable
from mmg_registry import storage
from mmg_registry.contracts import Progress, Run
from mmg_registry.errors import DataError, OptionError
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate
from mmg_registry.samplers import CONDITIONAL

RUN = Run(threads=1)
SMALL: dict[str, Any] = {"steps": 300, "width": 32, "batch": 128}
Pair = tuple[np.ndarray, np.ndarray]


def small(cls: Any = Auto, **options: Any) -> Any:
    """Return an unfitted estimator of few steps; `auto` without its mixture, which costs ten times the network."""
    return cls(run=RUN, **SMALL | ({"mixture": False} if cls is Auto else {}) | options)


def estimate(pair: Pair, cls: Any = Auto, **options: Any) -> Estimate:
    x, y = pair
    cut = 3 * len(x) // 4
    found: Estimate = small(cls, **options).fit(x[:cut], y[:cut]).estimate(x[cut:], y[cut:])
    return found


def swapped(pair: Pair) -> Pair:
    return pair[1], pair[0]


def test_small_tables_are_counted_and_nothing_is_trained() -> None:
    found = estimate(channel(4_000))
    assert found.mi == pytest.approx(channel_mi(), abs=0.04)
    assert found.diagnostics["chain"][0]["how"] == "counted"
    assert "training" not in found.diagnostics


@pytest.mark.parametrize("turn", [lambda pair: pair, swapped])
@pytest.mark.parametrize("cls", [Auto, MMG, MMGOrthogonalAdaptive, MINDEConditional], ids=lambda cls: cls.name)
def test_the_continuous_side_is_noised_whichever_it_is(cls: Any, turn: Callable[[Pair], Pair]) -> None:
    found = estimate(turn(two_groups(4_000)), cls)
    assert found.mi == pytest.approx(two_groups_mi(), abs=0.06)
    assert found.std_error is not None
    assert found.std_error < 0.1


def test_codes_of_labels_change_nothing() -> None:
    x, y = two_groups(1_000)
    other = np.where(y == 0, 31.0, -4.0)
    assert estimate((x, y), steps=40).mi == estimate((x, other), steps=40).mi


def test_zeros_on_either_side_are_labels_beside_values() -> None:
    for pair in (dropout(4_000), swapped(dropout(4_000))):
        assert estimate(pair).mi == pytest.approx(0.7 * gaussian_mi(), abs=0.07)


def test_links_sum_to_the_information_of_labels_and_numbers_on_both_sides() -> None:
    found = estimate(beside(4_000), steps=60)
    assert found.mi == pytest.approx(channel_mi() + gaussian_mi(), abs=0.09)
    assert [part["how"] for part in found.diagnostics["chain"]] == ["counted", "trained", "trained"]
    assert found.mi == pytest.approx(sum(part["mi"] for part in found.diagnostics["chain"]))
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi, abs=1e-6)
    assert set(found.diagnostics["columns"]) == {"x", "y"}


def test_labels_without_information_give_none() -> None:
    rng = np.random.default_rng(0)
    found = estimate((column(rng.integers(0, 3, 2_000)), rng.standard_normal((2_000, 1))))
    assert abs(found.mi) < 1.96 * (found.std_error or 0.0) + 0.01
    assert (found.std_error or 0.0) < 0.05


def test_counts_are_labels_where_their_table_is_small() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 4_000)
    count = column(rng.poisson(np.array([4.0, 30.0])[label]))
    kinds = [Kind("count", "told", 50, grain=1.0)]
    chain = fit_chain(small().recipe(), Sample(column(label), count), SampleKinds(y=kinds))
    assert chain.gaps == ()
    assert isinstance(chain.labels, LabelTable)


def test_saved_chains_give_the_same_estimate(tmp_path: Path) -> None:
    x, y = beside(1_200)
    model = small(steps=30).fit(x[:1_000], y[:1_000])
    storage.save(model, tmp_path / "model")
    back = storage.load(tmp_path / "model").estimate(x[1_000:], y[1_000:])
    assert back.mi == model.estimate(x[1_000:], y[1_000:]).mi


def test_cross_fitting_evaluates_every_row() -> None:
    x, y = beside(900)
    found = mmg.estimate(x, y, plugin="auto", cross_fit=2, steps=30, mixture=False)
    assert found.pointwise is not None
    assert len(found.pointwise) == 900


def test_progress_runs_once_over_all_links() -> None:
    seen: list[Progress] = []
    x, y = beside(600)
    small(steps=40).set_params(run=Run(threads=1, progress=seen.append)).fit(x, y)
    fractions = [each.fraction for each in seen]
    assert fractions == sorted(fractions)
    assert max(fractions) <= 1.0


def test_what_has_no_place_for_labels_says_so() -> None:
    with pytest.raises(OptionError, match="labels beside numbers"):
        estimate(beside(600), MMG, preset="paper", steps=20, width=64, batch=512)
    with pytest.raises(DataError, match="noises both sides"):
        estimate(two_groups(600), MINDEJoint)


def test_links_know_the_columns_they_were_fitted_to() -> None:
    x, y = dropout(600)
    assert fit_chain(small(steps=20).recipe(), Sample(x, y)).sides == PairParts.of(x, y)


@pytest.mark.parametrize("turn", [lambda pair: pair, swapped])
def test_of_labels_on_both_sides_those_of_fewer_columns_are_predicted(turn: Callable[[Pair], Pair]) -> None:
    """A table of many columns against one label is too large to be counted, and a network tells the label from them."""
    rng = np.random.default_rng(0)
    word, label = rng.integers(0, 3, (600, 6)), rng.integers(0, 2, 600)
    x, y = turn((word.astype(float), label[:, None].astype(float)))
    chain = fit_chain(small(steps=20).recipe(), Sample(x, y))
    assert chain.gaps == ()
    assert isinstance(chain.labels, PredictedLabels)
    assert len(chain.labels.fitted.open_positions) == 1


def bits(n: int, extra: bool = False) -> Pair:
    """Return five bits through a channel each, whose table is large; with `extra` numbers of correlation .8 beside."""
    pairs = [channel(n, seed=seed) for seed in range(5)]
    x, y = (np.hstack([pair[side] for pair in pairs]) for side in (0, 1))
    if not extra:
        return x, y
    rng = np.random.default_rng(9)
    number = rng.standard_normal((n, 1))
    return np.hstack([x, number]), np.hstack([0.8 * number + 0.6 * rng.standard_normal((n, 1)), y])


@pytest.mark.parametrize("cls", [Auto, MMGOrthogonalAdaptive], ids=lambda cls: cls.name)
def test_large_tables_of_labels_are_predicted(cls: Any) -> None:
    found = estimate(bits(4_000), cls)
    assert found.mi == pytest.approx(5 * channel_mi(), abs=0.12)
    assert found.diagnostics["chain"][0]["how"] == "predicted"
    assert found.std_error is not None
    assert found.std_error < 0.1


def test_predicted_labels_and_numbers_beside_them_sum_to_the_information() -> None:
    found = estimate(bits(4_000, extra=True))
    assert found.mi == pytest.approx(5 * channel_mi() + gaussian_mi(), abs=0.2)
    assert [part["how"] for part in found.diagnostics["chain"]] == ["predicted", "trained", "trained"]


def test_saved_predictions_of_labels_give_the_same_estimate(tmp_path: Path) -> None:
    x, y = bits(1_200)
    model = small(steps=30).fit(x[:1_000], y[:1_000])
    storage.save(model, tmp_path / "model")
    back = storage.load(tmp_path / "model").estimate(x[1_000:], y[1_000:])
    assert back.mi == model.estimate(x[1_000:], y[1_000:]).mi


def test_counts_on_both_sides_are_predicted_in_their_order() -> None:
    rng = np.random.default_rng(0)
    rate = rng.normal(1.5, 0.8, 2_000)
    x, y = (column(rng.poisson(np.exp(rate))) for _ in range(2))
    kinds = [Kind("count", "told", 60)]
    chain = fit_chain(small(steps=20).recipe(), Sample(x, y), SampleKinds(kinds, kinds))
    assert isinstance(chain.labels, PredictedLabels)
    assert all(side.columns[0].ordered for side in chain.labels.fitted.alphabets)


# --- Given a third variable -----------------------------------------------------------------------------------------


def given(name: str, n: int, cls: Any = Auto, **options: Any) -> tuple[Estimate, Any]:
    """Return an estimate of a known triple, and the fitted estimator."""
    train, rows = CONDITIONAL[name].sample(n, seed=0), CONDITIONAL[name].sample(n // 4, seed=1)
    model = small(cls, **options).fit(*train)
    found: Estimate = model.estimate(*rows)
    return found, model


@pytest.mark.parametrize("cls", [Auto, MMGOrthogonalAdaptive], ids=lambda cls: cls.name)
def test_what_is_given_is_seen_by_both_denoisers(cls: Any) -> None:
    found, _ = given("collider-normal-1", 3_000, cls, steps=100)
    assert found.mi == pytest.approx(CONDITIONAL["collider-normal-1"].true_mi, abs=0.08)
    assert "less its prediction from what is given" in found.diagnostics["coordinates"]["x"]


def test_a_bent_common_cause_is_taken_out() -> None:
    found, _ = given("fork-bent-1", 3_000, steps=100)
    assert abs(found.mi) <= 1.96 * (found.std_error or 0.0)
    assert (found.std_error or 0.0) < 0.03


def test_small_tables_are_counted_given_labels() -> None:
    found, model = given("xor-1", 2_000)
    assert found.mi == pytest.approx(CONDITIONAL["xor-1"].true_mi, abs=0.05)
    assert found.diagnostics["chain"][0]["of"] == "I(labels of x; labels of y | z)"
    assert isinstance(model.fitted.labels, LabelTable)


def test_labels_are_predicted_given_numbers(tmp_path: Path) -> None:
    found, model = given("chain-labels-1", 1_500)
    assert found.mi <= 1.96 * (found.std_error or 0.0)
    assert isinstance(model.fitted.labels, PredictedLabels)
    storage.save(model, tmp_path / "model")
    assert storage.load(tmp_path / "model").estimate(*CONDITIONAL["chain-labels-1"].sample(375, seed=1)).mi == found.mi


def test_labels_and_numbers_given_numbers_make_links_given_them(tmp_path: Path) -> None:
    (x, y), z = beside(1_200), np.random.default_rng(5).standard_normal((1_200, 1))
    sides = (x + np.array([0.0, 1.0]) * z, y + np.array([1.0, 0.0]) * z, np.exp(z))
    model = small(steps=30).fit(*(side[:1_000] for side in sides))
    found = model.estimate(*(side[1_000:] for side in sides))
    words = [part["of"] for part in found.diagnostics["chain"]]
    assert words[0] == "I(labels of x; labels of y | z)"
    assert all(each.endswith("| labels of x, z)") or each.endswith("| labels of y, z)") for each in words[1:])
    storage.save(model, tmp_path / "model")
    assert storage.load(tmp_path / "model").estimate(*(side[1_000:] for side in sides)).mi == found.mi


def test_published_recipes_and_modules_have_no_place_for_what_is_given() -> None:
    with pytest.raises(OptionError, match="variable that is given"):
        given("collider-normal-1", 200, MMG, preset="paper", steps=20, width=64, batch=512)
    with pytest.raises(OptionError, match="variable that is given"):
        Auto(run=RUN, denoiser=nn.Linear(1, 1), steps=20).fit(*CONDITIONAL["collider-normal-1"].sample(100))


def test_counted_labels_have_the_log_ratio_of_their_cell() -> None:
    x, y = channel(4_000)
    found = Auto(run=RUN).fit(x[:3_000], y[:3_000]).pointwise(x[3_000:], y[3_000:])
    truth = np.log(np.where(x[3_000:] == y[3_000:], 1.8, 0.2))[:, 0]
    np.testing.assert_allclose(found.values, truth, atol=0.2)
    assert not found.errors.any()


@pytest.mark.parametrize("turn", [lambda pair: pair, swapped])
def test_numbers_and_labels_have_a_log_ratio_whichever_side_is_noised(turn: Callable[[Pair], Pair]) -> None:
    wide, label = two_groups(3_000)
    ahead = np.where(label == 1, 1.0, -1.0)[:, 0] * (SEPARATION * wide[:, 0] - SEPARATION**2 / 2)
    truth = np.log(2) - np.log1p(np.exp(-ahead))
    x, y = turn((wide, label))
    fitted = small(repeats=256).fit(x[:2_600], y[:2_600])
    found, own = fitted.pointwise(x[2_600:], y[2_600:]), truth[2_600:]
    assert np.corrcoef(found.values, own)[0, 1] > 0.95
    assert np.sqrt(np.mean((found.values - own) ** 2)) < 0.25


def test_both_integrands_have_the_same_log_ratio() -> None:
    x, y = two_groups(400)
    one, other = (
        cls(run=RUN, repeats=16, steps=40).fit(x[:300], y[:300]).pointwise(x[300:], y[300:])
        for cls in (MMGOrthogonal, MMG)
    )
    np.testing.assert_array_equal(one.values, other.values)
    assert one.values.min() < 0


@pytest.mark.parametrize("cls", [Gaussian, KSG, MMG], ids=lambda cls: cls.name)
def test_given_their_cause_rows_of_a_fork_share_what_is_left(cls: Any) -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((1_200, 1))
    left = rng.standard_normal((1_200, 1))
    x, y = 2 * z + left, z + 0.8 * left + 0.6 * rng.standard_normal((1_200, 1))
    truth = 0.5 * ((y - z) ** 2 - (y - z - 0.8 * left) ** 2 / 0.36)[:, 0] - 0.5 * np.log(0.36)
    options = {"steps": 60, "repeats": 64} if cls is MMG else {}
    fitted = cls(run=RUN, **options).fit(x[:800], y[:800], z[:800])
    found = fitted.pointwise(x[800:], y[800:], z[800:])
    assert np.corrcoef(found.values, truth[800:])[0, 1] > (0.6 if cls is KSG else 0.95)
    assert np.mean(np.abs(found.values - truth[800:]) < 3 * found.errors + 0.2) > 0.9
