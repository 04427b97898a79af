"""`auto`: what it chooses, and that it says so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmg_plugins.auto import Auto, shrinkage
from mmg_registry.contracts import Run
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


def test_estimate_lies_between_its_integrands_by_the_weight_it_tells() -> None:
    d = (result := estimate(2, 1)).diagnostics
    weight = d["choices"]["weight_of_cross_term"]
    assert result.mi == pytest.approx(d["orthogonal"] + weight * d["cross"] + d["outside_window"], rel=1e-9)
    assert 0.0 <= weight <= 1.0
    assert (result.std_error or 0) >= 0.9 * min(d["direct_se"], d["orthogonal_se"])


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


@pytest.mark.parametrize("option", [{"preset": "paper"}, {"direction": "both"}, {"steps": 1}])
def test_options_that_it_does_not_have_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"'{next(iter(option))}'"):
        Auto(**option)


def test_contract() -> None:
    assert {result["status"] for result in check_estimator(Auto, options=SMALL)} == {"passed"}
