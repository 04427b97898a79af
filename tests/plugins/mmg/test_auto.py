"""`auto`: what it chooses, and that it says so."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mmg_plugins.mmg.auto import Auto, _neighbours, cross_weight, raised_to, shrinkage
from mmg_plugins.mmg.mmg import MMG, MMGOptions
from mmg_plugins.mmg.recipes import MANY_ROWS, DefaultPrepared, Term, default_recipe
from mmg_registry.contracts import Run
from mmg_registry.diffusion.proposals import pilot
from mmg_registry.errors import OptionError
from mmg_registry.results import Estimate
from mmg_registry.testing import check_estimator

SMALL: dict[str, Any] = {"steps": 100, "width": 32, "batch": 128}
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
    fitted = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 12, 9))._need_fit()
    assert [(each.term.first, each.term.last) for each in fitted.terms] == [(0, 1), (1, 9)]
    whole = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 4, 4))._need_fit()
    assert [(each.term.first, each.term.last) for each in whole.terms] == [(0, 4)]


def test_terms_sum_to_the_information_of_all_columns() -> None:
    """Untrained networks are the linear denoisers, and those are exact for a normal pair, whatever is noised first."""
    rng, rho = np.random.default_rng(0), np.array([0.8, 0.6, 0.4])
    x = rng.standard_normal((20_000, 3))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((20_000, 3))
    prepared = default_recipe(MMGOptions()).prepare(x, y)
    data = prepared.transform(x, y)
    for split in ([Term(0, 3)], [Term(0, 1), Term(1, 3)], [Term(0, 2), Term(2, 3)]):
        denoisers = [(term, prepared.denoiser(term, *data, Run(threads=1), None)) for term in split]
        gaps = [each.gap(*term.rows(*data), pilot(), repeats=8, seed=0)[1] for term, each in denoisers]
        found = sum(float(rows[:, 1].mean()) for rows in gaps)
        assert found == pytest.approx(-0.5 * np.log(1 - rho**2).sum(), abs=0.02)


def test_log_snrs_are_drawn_where_the_gap_is() -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(3_000, 1, 1))
    q = model._need_fit().proposal
    density, centres = q.cdf.diff() / q.edges.diff(), (q.edges[1:] + q.edges[:-1]) / 2
    top = float(centres[density.argmax()])
    assert -2.0 < top < 4.0  # the gap of a correlation of 0.8 peaks at log-SNR 0.5
    assert float(density.max()) > 2 * float(density[-1])
    assert model.estimate(*pair(500, 1, 1, seed=1)).diagnostics["proposal"]["kind"] == "piecewise constant"


@pytest.mark.parametrize(("value", "error", "share"), [(0.1, 0.0, 1.0), (0.1, 0.05, 0.75), (-0.1, 0.05, 0.75)])
def test_a_significant_cross_term_is_believed(value: float, error: float, share: float) -> None:
    assert shrinkage(value, error) == pytest.approx(share)


@pytest.mark.parametrize(("value", "error"), [(0.0, 0.0), (0.0, 0.1), (0.05, 0.05), (0.01, 0.1), (0.1, math.inf)])
def test_an_insignificant_cross_term_is_not(value: float, error: float) -> None:
    assert shrinkage(value, error) == 0.0


def test_half_of_a_negative_cross_term_is_counted() -> None:
    assert cross_weight(0.1, 0.0) == 1.0
    assert cross_weight(-0.1, 0.0) == 0.5
    assert cross_weight(-0.1, 0.05) == pytest.approx(0.375)
    assert cross_weight(0.01, 0.05) == 0.0


@pytest.mark.parametrize("option", [{"preset": "paper"}, {"direction": "both"}, {"steps": 1}])
def test_options_that_it_does_not_have_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"'{next(iter(option))}'"):
        Auto(**option)


def test_contract() -> None:
    assert {result["status"] for result in check_estimator(Auto, options=SMALL)} == {"passed"}


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


def test_an_estimate_is_no_lower_than_what_lengths_share() -> None:
    x, y = scaled(1_000)
    model = Auto(run=Run(threads=1), steps=20).fit(x[:800], y[:800])
    found = model.estimate(x[800:], y[800:])
    floor, error = model._need_fit().extras["lengths"]
    assert 0.15 < floor < 0.29
    assert floor - error < found.mi <= floor
    assert found.diagnostics["errors"]["lengths"] > 0.05
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi)
    assert any("lengths of x and y alone share at least 0." in sentence for sentence in found.warnings)
    assert found.ci[0] < 0.29 < found.ci[1]


def test_lengths_raise_nothing_where_the_estimate_is_not_surely_lower() -> None:
    for rows in (pair(1_000, 2, 2), tuple(side[::-1] if i else side for i, side in enumerate(scaled(1_000)))):
        x, y = rows
        found = Auto(run=Run(threads=1), steps=20).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
        assert found.diagnostics["errors"]["lengths"] == 0
        assert not any("lengths" in sentence for sentence in found.warnings)


def test_a_floor_is_believed_as_far_as_it_is_known() -> None:
    raised = [raised_to(0.1, 0.2, error)[0] for error in (0.0, 0.05, 0.09, 0.1, 0.2)]
    assert raised == sorted(raised, reverse=True)
    assert raised[0] == pytest.approx(0.1)
    assert raised[-2:] == [0, 0]


def test_what_nearest_neighbours_find_and_the_network_did_not_learn_widens_the_error() -> None:
    x, y = ring(1000, seed=0)
    found = Auto(run=Run(threads=1), steps=20).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
    missed = found.diagnostics["errors"]["neighbours"]
    assert missed > 0.3
    assert found.std_error > missed
    assert any("Nearest neighbours find at least" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("case", ["enough learned", "many columns", "copies"])
def test_nearest_neighbours_cast_no_doubt_where_they_find_no_more_or_cannot_tell(case: str) -> None:
    x, y = {"enough learned": pair(1000, 1, 1), "many columns": pair(1000, 11, 11), "copies": pair(1000, 1, 1)}[case]
    if case == "copies":
        x, y = np.repeat(x[:100], 10, 0), np.repeat(y[:100], 10, 0)
    found = Auto(run=Run(threads=1), steps=20).fit(x[:800], y[:800]).estimate(x[800:], y[800:])
    assert found.diagnostics["errors"]["neighbours"] < 0.02
    assert not any("Nearest neighbours" in sentence for sentence in found.warnings)


def test_nearest_neighbours_work_on_the_cpu_whatever_the_network_does() -> None:
    found, error = _neighbours(*pair(1_000, 1, 1), Run(device="cuda", threads=1))
    assert found == pytest.approx(MI, abs=4 * error)


@pytest.mark.parametrize(("more", "expected"), [(0.8, 0.4), (0.0, 0.0), (-0.8, 0.0)])
def test_half_of_what_training_rows_show_more_is_added_and_widens_the_error(more: float, expected: float) -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(1_000, 1, 1))
    rows = pair(3_000, 1, 1, seed=1)
    extras = model._need_fit().extras
    extras["seen"] = np.array([-9.0, 0.001])
    plain = model.estimate(*rows)
    extras["seen"] = np.array([plain.diagnostics["direct"] + more, 0.001])
    found = model.estimate(*rows)
    assert plain.diagnostics["errors"]["generalisation"] == 0
    assert found.diagnostics["errors"]["generalisation"] == pytest.approx(expected, abs=0.02)
    assert found.mi - plain.mi == pytest.approx(found.diagnostics["errors"]["generalisation"])


def test_the_network_sees_about_the_same_in_its_training_rows_where_they_are_many() -> None:
    model = Auto(run=Run(threads=1), **SMALL).fit(*pair(20_000, 1, 1))
    seen, error = model._need_fit().extras["seen"].tolist()
    assert abs(seen - MI) < 4 * error < 0.2


@pytest.mark.parametrize(("worse_by", "kept", "width"), [(1.0, 1, 64), (-1.0, 1, 8), (-1.0, 0, 64)])
def test_held_out_rows_decide_between_two_sizes_of_use(
    monkeypatch: pytest.MonkeyPatch, worse_by: float, kept: int, width: int
) -> None:
    def losses(self: Auto, fitted: Any, *_: Any) -> torch.Tensor:
        return worse_by * (64 / fitted.prepared.width) + 0.1 * torch.arange(10.0)

    reported = MMG._trained

    def over_fitted(self: Auto, *args: Any) -> Any:
        fitted = reported(self, *args)
        fitted.reports[0].stopped, fitted.reports[0].kept = "overfitting", kept
        return fitted

    monkeypatch.setattr(Auto, "_losses", losses)
    monkeypatch.setattr(MMG, "_trained", over_fitted)
    model = Auto(run=Run(threads=1), steps=20).fit(*pair(500, 2, 2))
    found, again = (each.estimate(*pair(500, 2, 2, seed=1)) for each in (model, Auto().restore(*model.state())))
    assert found.diagnostics["choices"]["width"] == found.diagnostics["network"]["width"] == width
    assert again.mi == found.mi


@pytest.mark.parametrize(("run", "options"), [(Run(threads=1), {"width": 64}), (Run(threads=1, max_seconds=1e-3), {})])
def test_no_other_size_is_tried_where_one_was_asked_for_or_no_time_is_left(run: Run, options: dict[str, Any]) -> None:
    model = Auto(run=run, steps=3_000, batch=64, **options).fit(*pair(500, 2, 2))
    assert model._need_fit().prepared.network_words["width"] == 64


def test_many_rows_are_not_trained_on_twice() -> None:
    assert replace(prepared_of(pair(500, 2, 2)), n_rows=MANY_ROWS).narrower() is None
    assert replace(prepared_of(pair(500, 2, 2)), width=8).narrower() is None


def prepared_of(rows: tuple[np.ndarray, np.ndarray]) -> DefaultPrepared:
    made = default_recipe(Auto().options).prepare(*rows)
    assert isinstance(made, DefaultPrepared)
    return made
