"""`auto`: what it chooses, and that it says so."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmg_plugins.mmg import steps
from mmg_plugins.mmg.auto import Auto
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.steps import Finding, Step
from mmg_registry import storage
from mmg_registry.contracts import Run
from mmg_registry.errors import OptionError
from mmg_registry.kinds import Kind
from mmg_registry.results import Estimate
from mmg_registry.testing import check_estimator

SMALL: dict[str, Any] = {"steps": 100, "width": 32, "batch": 128, "mixture": False}
MI = -0.5 * math.log(1 - 0.64)


def pair(n: int, dim_x: int, dim_y: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    return x, y


def estimate(dim_x: int, dim_y: int, **options: Any) -> Estimate:
    model = Auto(run=Run(threads=1), **{**SMALL, **options})
    return model.fit(*pair(3_000, dim_x, dim_y)).estimate(*pair(3_000, dim_x, dim_y, seed=1))


@pytest.mark.parametrize(
    ("dim_x", "dim_y", "direction", "noised"),
    [(1, 1, "auto", "x"), (3, 1, "auto", "y"), (1, 3, "auto", "x"), (3, 1, "x", "x"), (1, 3, "y", "y")],
)
def test_the_smaller_variable_is_noised_unless_asked(dim_x: int, dim_y: int, direction: str, noised: str) -> None:
    result = estimate(dim_x, dim_y, direction=direction)
    assert result.diagnostics["choices"]["noised"] == noised
    assert result.mi == pytest.approx(MI, abs=0.08)


@pytest.mark.parametrize("swap", [False, True])
def test_coordinates_are_told_of_the_variable_they_were_made_for(swap: bool) -> None:
    rng = np.random.default_rng(0)
    t = rng.standard_normal((2_000, 3)) / np.sqrt(rng.chisquare(2, (2_000, 1)) / 2)
    x, y = (rng.standard_normal((2_000, 1)), t) if swap else (t, rng.standard_normal((2_000, 4)))
    found = Auto(run=Run(threads=1), **SMALL).fit(x, y).estimate(x[:100], y[:100]).diagnostics
    heavy, normal = ("y", "x") if swap else ("x", "y")
    assert found["coordinates"] == {heavy: ["maps of single columns", "common scale"], normal: []}


def test_estimate_is_the_weighted_integrand_adjusted_to_all_rows() -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 2, 1))
    new = pair(400, 2, 1, seed=1)
    result = model.estimate(*new)
    d, choices = result.diagnostics, result.diagnostics["choices"]
    plain = d["orthogonal"] + choices["weight_of_cross_term"] * d["cross"] + d["outside_window"]
    assert 0.0 <= choices["weight_of_cross_term"] <= 1.0
    assert result.mi != pytest.approx(plain, abs=1e-4)  # 400 rows alone are off by more than that
    assert result.mi == pytest.approx(MI, abs=0.04)
    assert result.pointwise is not None
    assert float(result.pointwise.mean()) == pytest.approx(result.mi, abs=1e-9)
    assert d["errors"]["rows"] < 0.5 * d["direct_se"]  # for a normal pair most of the spread is explained


def test_no_error_bar_is_shorter_than_the_log_density_ratio_allows() -> None:
    n_train, n_eval = 20_000, 2_000
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(n_train, 1, 1))
    rows = model.estimate(*pair(n_eval, 1, 1, seed=1)).diagnostics["errors"]["rows"]
    assert rows == pytest.approx(0.8 / math.sqrt(n_train + n_eval), rel=0.15)  # its spread for a normal pair is rho


def test_few_of_many_columns_are_noised_first_given_the_others_and_then_the_rest() -> None:
    split = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 12, 9)).fitted.gaps[0].trained
    assert [(each.term.first, each.term.last) for each in split.terms] == [(0, 1), (1, 9)]
    whole = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 4, 4)).fitted.gaps[0].trained
    assert [(each.term.first, each.term.last) for each in whole.terms] == [(0, 4)]


def test_log_snrs_are_drawn_where_the_gap_is() -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 1, 1))
    q = model.fitted.gaps[0].trained.proposal
    density, centres = q.cdf.diff() / q.edges.diff(), (q.edges[1:] + q.edges[:-1]) / 2
    top = float(centres[density.argmax()])
    assert -2.0 < top < 4.0  # the gap of a correlation of 0.8 peaks at log-SNR 0.5
    assert float(density.max()) > 2 * float(density[-1])
    assert model.estimate(*pair(500, 1, 1, seed=1)).diagnostics["proposal"]["kind"] == "piecewise constant"


@pytest.mark.parametrize("option", [{"preset": "paper"}, {"direction": "both"}, {"steps": 1}])
def test_options_that_it_does_not_have_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"'{next(iter(option))}'"):
        Auto(**option)


def test_contract() -> None:
    alone = {**SMALL, "without": "critic"}  # which has a contract of its own, and takes most of the time
    assert {result["status"] for result in check_estimator(Auto, options=alone)} == {"passed", "does not apply"}


# ------------------------------------------------------------------------------------------ doubts
def ring(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A point of a circle, noisy, and the same point at twice the angle: no linear dependence."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    noise = 0.1 * rng.standard_normal((2, n, 2))
    return tuple(np.stack([np.cos(k * angle), np.sin(k * angle)], 1) + e for k, e in zip((1, 2), noise, strict=True))


def scaled(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Student 3x3 with two degrees: a common scale, 0.29 nats, is all that they share."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n, 3)) / np.sqrt(rng.chisquare(2, (n, 1)) / 2)
    return x, y


def test_an_estimate_is_no_lower_than_what_norms_share() -> None:
    x, y = scaled(1_000)
    model = Auto(run=Run(threads=1), steps=20, mixture=False, without="copula").fit(x[:800], y[:800])
    found = model.estimate(x[800:], y[800:])
    assert model.fitted.gaps[0].facts is not None
    floor, error, *_ = model.fitted.gaps[0].facts.all_heard("challenge")["norms"]
    assert 0.15 < floor < 0.29
    assert floor - error < found.mi <= floor
    assert found.diagnostics["errors"]["challenge"] > 0.05
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi)
    assert any("norms of rows of x and of y alone share at least 0." in sentence for sentence in found.warnings)
    assert found.ci[0] < 0.29 < found.ci[1]


def test_norms_raise_nothing_where_the_estimate_is_not_surely_lower() -> None:
    for rows in (pair(1_000, 2, 2), tuple(side[::-1] if i else side for i, side in enumerate(scaled(1_000)))):
        x, y = rows
        found = Auto(run=Run(threads=1), steps=20, mixture=False).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
        assert found.diagnostics["steps"][-1]["by"] != "norms"
        assert not any("norms of rows" in sentence for sentence in found.warnings)


def test_what_nearest_neighbours_find_and_the_network_did_not_learn_raises_the_estimate() -> None:
    x, y = ring(1000, seed=0)
    found = Auto(run=Run(threads=1), steps=20, mixture=False).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
    step = found.diagnostics["steps"][-1]
    assert (step["name"], step["by"]) == ("challenge", "neighbours")
    assert step["rise"] > 0.3
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi)
    assert any("Nearest neighbours find at least" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("case", ["enough learned", "many columns", "copies"])
def test_nearest_neighbours_cast_no_doubt_where_they_find_no_more_or_cannot_tell(case: str) -> None:
    x, y = {"enough learned": pair(1000, 1, 1), "many columns": pair(1000, 11, 11), "copies": pair(1000, 1, 1)}[case]
    if case == "copies":
        x, y = np.repeat(x[:100], 10, 0), np.repeat(y[:100], 10, 0)
    model = Auto(run=Run(threads=1), steps=20, mixture=False)
    model.groups = np.repeat(np.arange(80), 10) if case == "copies" else None
    found = model.fit(x[:800], y[:800]).estimate(x[800:], y[800:])
    assert found.diagnostics["steps"][-1]["by"] != "neighbours"
    assert not any("Nearest neighbours" in sentence for sentence in found.warnings)


def test_the_network_sees_about_the_same_in_its_training_rows_where_they_are_many() -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(20_000, 1, 1))
    assert model.fitted.gaps[0].facts is not None
    assert model.fitted.gaps[0].facts.seen is not None
    seen, error = model.fitted.gaps[0].facts.seen
    assert abs(seen - MI) < 4 * error < 0.2


# --- Steps ----------------------------------------------------------------------------------------------------------
NAMES = [step.name for step in steps.AUTO]


@pytest.fixture(scope="module")
def scaled_model() -> Auto:
    x, y = scaled(1_000)
    return Auto(run=Run(threads=1), steps=20, mixture=False).fit(x[:800], y[:800])


def estimate_scaled(model: Auto, without: str = "") -> Estimate:
    x, y = scaled(1_000)
    return model.set_params(without=without).estimate(x[800:], y[800:])


def test_steps_are_listed_in_turn_with_value_error_and_reason(scaled_model: Auto) -> None:
    found = estimate_scaled(scaled_model)
    listed = found.diagnostics["steps"]
    assert [step["name"] for step in listed] == NAMES
    assert listed[-1]["value"] == found.mi
    assert {step["name"]: step["error"] for step in listed if step["error"] is not None} == found.diagnostics["errors"]


@pytest.mark.parametrize("name", NAMES)
def test_each_step_can_be_left_out(scaled_model: Auto, name: str) -> None:
    whole, found = estimate_scaled(scaled_model), estimate_scaled(scaled_model, name)
    assert [step["name"] for step in found.diagnostics["steps"]] == [other for other in NAMES if other != name]
    assert name not in found.diagnostics["errors"]
    assert found.pointwise is not None
    assert float(found.pointwise.mean()) == pytest.approx(found.mi, abs=1e-9)
    if name in ("rows", "challenge"):
        assert found.mi != whole.mi


def test_all_steps_can_be_left_out(scaled_model: Auto) -> None:
    found = estimate_scaled(scaled_model, ", ".join(NAMES))
    assert found.diagnostics["steps"] == []
    assert (found.mi, found.std_error) == (found.diagnostics["orthogonal"], 0.0)


def test_what_is_left_out_of_fit_is_not_computed() -> None:
    x, y = scaled(1_000)
    model = Auto(run=Run(threads=1), steps=20, mixture=False, without="challenge,generalisation").fit(x[:800], y[:800])
    facts = model.fitted.gaps[0].facts
    assert facts is not None
    assert (facts.heard, facts.seen) == (None, None)
    assert np.isfinite(model.estimate(x[800:], y[800:]).mi)
    with pytest.raises(OptionError, match="The step 'generalisation' was left out of fit"):
        estimate_scaled(model)


@pytest.mark.parametrize("name", ["norms", "neighbours", "critic", "columns"])
def test_each_challenger_can_be_left_out(name: str) -> None:
    x, y = scaled(1_000)
    found = (
        Auto(run=Run(threads=1), steps=20, mixture=False, without=name).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
    )
    assert name + " " not in found.diagnostics["steps"][-1]["why"].removeprefix("other estimators find")
    assert any(f"Left out for an experiment: {name}" in sentence for sentence in found.warnings)


def test_steps_that_there_are_not_are_refused() -> None:
    with pytest.raises(OptionError, match="no step 'neighbors'; the nearest is 'neighbours'"):
        Auto(without="rows,neighbors")
    with pytest.raises(OptionError, match="no step 'xyz'; the steps are rows, cross"):
        Auto(without="xyz")


def test_a_new_step_is_one_object_in_the_list(monkeypatch: pytest.MonkeyPatch, scaled_model: Auto) -> None:
    def doubled(evidence: Evidence, value: float) -> Finding:
        return Finding(2 * value, 0.25, "for a test")

    fake = Step("doubled", doubled, lambda evidence, finding, mi: [f"Doubled to {mi:.1f}."])
    monkeypatch.setattr(steps, "AUTO", (*steps.AUTO, fake))
    found = estimate_scaled(scaled_model)
    plain = estimate_scaled(scaled_model, "doubled")
    assert found.mi == 2 * plain.mi
    assert found.diagnostics["errors"]["doubled"] == 0.25
    assert found.diagnostics["steps"][-1]["why"] == "for a test"
    assert f"Doubled to {found.mi:.1f}." in found.warnings
    assert found.pointwise is not None
    assert float(found.pointwise.mean()) == pytest.approx(found.mi, abs=1e-9)


def test_what_is_kept_of_the_training_rows_is_saved(scaled_model: Auto, tmp_path: Path) -> None:
    before = estimate_scaled(scaled_model)
    storage.save(scaled_model, tmp_path / "model")
    after = estimate_scaled(storage.load(tmp_path / "model"))  # type: ignore[arg-type]
    assert after.mi == before.mi
    assert after.diagnostics["errors"] == before.diagnostics["errors"]


# ------------------------------------------------------------------------------------------ mixtures
@pytest.fixture(scope="module")
def ring_model() -> Auto:
    return Auto(run=Run(threads=1), steps=20).fit(*ring(800, seed=0))


def test_what_the_network_of_few_rows_did_not_learn_comes_from_a_mixture(ring_model: Auto) -> None:
    rows = ring(800, seed=0), ring(400, seed=1)
    network = Auto(run=Run(threads=1), steps=20, mixture=False).fit(*rows[0]).estimate(*rows[1])
    both = ring_model.estimate(*rows[1])
    assert network.diagnostics["direct"] < 0.5 < 1.0 < both.diagnostics["direct"]
    assert network.diagnostics["choices"]["weight_of_mixture"] == [0.0]
    assert both.diagnostics["choices"]["weight_of_mixture"][0] > 0.5


def test_a_mixture_is_saved_with_its_weight(ring_model: Auto, tmp_path: Path) -> None:
    storage.save(ring_model, tmp_path / "model")
    loaded = storage.load(tmp_path / "model")
    assert loaded.estimate(*ring(100, seed=2)).mi == ring_model.estimate(*ring(100, seed=2)).mi


def test_labels_are_left_to_the_network() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (600, 1)).astype(float)
    x = 4 * y + rng.standard_normal((600, 1))
    model = Auto(run=Run(threads=1), steps=20)
    model.x_kinds, model.y_kinds = (Kind("continuous", "for a test", 600),), (Kind("category", "for a test", 2),)
    assert model.fit(x, y).estimate(x, y).diagnostics["choices"]["weight_of_mixture"] == [0.0]
