"""Limits that an estimator declares: held before anything is fitted, with the way out in one sentence."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.data import as_pair
from mmg_registry.errors import DataError, DoesNotApply
from mmg_registry.estimation.applies import broken_limit, demand_applies


class Narrow(GaussianMI):
    name = "narrow-fake"
    max_dim_x: ClassVar[int | None] = 1
    max_dim_y: ClassVar[int | None] = 2
    min_rows: ClassVar[int] = 30

    def fit(self, x: Any, y: Any) -> Narrow:
        assert x.shape[1] == 1, "fit was called beyond its limit"
        super().fit(x, y)
        return self


@pytest.fixture(autouse=True)
def narrow() -> None:
    registry.register(Narrow)


def rows(n: int, dim_x: int, dim_y: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))


@pytest.mark.parametrize(
    ("shape", "limit"),
    [
        ((50, 3, 1), "takes at most 1 column of x, and there are 3"),
        ((50, 1, 3), "takes at most 2 columns of y, and there are 3"),
        ((29, 1, 1), "takes at least 30 rows, and there are 29"),
        ((30, 1, 2), ""),
    ],
)
def test_the_limit_that_is_broken(shape: tuple[int, int, int], limit: str) -> None:
    assert broken_limit(Narrow, as_pair(*rows(*shape))) == limit


def test_the_refusal_names_the_plugin_its_limit_and_those_that_can() -> None:
    with pytest.raises(DoesNotApply, match=r"^The plugin 'narrow-fake' takes at most 1 column of x, .* take them\.$"):
        mmg.estimate(*rows(50, 3, 1), plugin="narrow-fake")
    with pytest.raises(DoesNotApply) as caught:
        demand_applies(Narrow, as_pair(*rows(50, 3, 1)))
    assert "narrow-fake" not in str(caught.value).partition(";")[2]
    assert isinstance(caught.value, DataError)
    assert caught.value.exit_code == 4


def test_rows_are_counted_before_those_that_evaluate_are_split_off() -> None:
    assert mmg.estimate(*gaussian_pair(30), plugin="narrow-fake").provenance["n_train"] == 24
    x, y = gaussian_pair(60)
    with pytest.raises(DoesNotApply, match="at least 30 rows, and there are 20"):
        mmg.estimate(x[:20], y[:20], x_eval=x[20:], y_eval=y[20:], plugin="narrow-fake")


def test_columns_that_are_left_out_do_not_count() -> None:
    x, y = gaussian_pair(100)
    assert mmg.estimate(np.hstack([x, np.ones_like(x)]), y, plugin="narrow-fake").mi > 0


def test_what_is_known_without_an_estimate_needs_no_plugin_that_can() -> None:
    found = mmg.estimate(np.ones((50, 3)), rows(50, 1, 1)[1], plugin="narrow-fake")
    assert (found.mi, found.status) == (0.0, "exact")


def test_no_plugin_is_named_where_none_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "records", lambda: [])
    with pytest.raises(DoesNotApply, match="no other plugin here takes them either"):
        demand_applies(Narrow, as_pair(*rows(50, 3, 1)))
