"""What all estimators that train nothing do alike: known answers, errors, refusals, all rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from rows import MI, pair

import mmg_registry as mmg
from mmg_plugins.baselines.gaussian import CCA, Gaussian
from mmg_plugins.baselines.ksg import KSG
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError, OptionError
from mmg_registry.testing import check_estimator

ALL = [KSG, Gaussian, CCA]
every = pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)


@every
def test_a_gaussian_pair(cls: type[Any]) -> None:
    found = cls(run=Run(threads=1)).fit(*pair()).estimate(*pair(seed=1))
    assert found.mi == pytest.approx(MI, abs=4 * found.std_error)
    assert found.pointwise.mean() == pytest.approx(found.mi, rel=1e-9)


@every
def test_an_independent_pair(cls: type[Any]) -> None:
    found = cls(run=Run(threads=1)).fit(*pair(rho=0.0)).estimate(*pair(rho=0.0, seed=1))
    assert abs(found.mi) < 4 * found.std_error
    assert found.std_error > 0


@every
def test_the_error_is_the_spread_over_samples(cls: type[Any]) -> None:
    found = [cls(run=Run(threads=1)).fit(*pair(10)).estimate(*pair(400, seed=i)) for i in range(1, 60)]
    spread = np.std([each.mi for each in found])
    assert np.mean([each.std_error for each in found]) == pytest.approx(spread, rel=0.4)


@every
def test_all_rows_are_evaluated_unless_a_share_is_asked_for(cls: type[Any]) -> None:
    x, y = pair(1_000)
    how: dict[str, Any] = {"plugin": cls.name, "seed": 0, "threads": 1}
    assert mmg.estimate(x, y, **how).provenance["n_eval"] == 1_000
    assert mmg.estimate(x, y, eval_fraction=0.3, **how).provenance["n_eval"] == 300
    assert mmg.estimate(x, y, **how).mi == pytest.approx(cls(run=Run(threads=1)).fit(x, y).estimate(x, y).mi, abs=1e-12)


@every
def test_the_order_of_rows_does_not_matter(cls: type[Any]) -> None:
    x, y = pair(300, dim=20)
    order = np.argsort(x[:, 0] + y[:, 0])
    found, sorted_rows = (mmg.estimate(a, b, plugin=cls.name, seed=0) for a, b in ((x, y), (x[order], y[order])))
    assert found.mi == pytest.approx(sorted_rows.mi, abs=1e-9)


@every
def test_other_widths_cuda_and_no_fit_are_refused(cls: type[Any]) -> None:
    with pytest.raises(DataError, match="fitted on"):
        cls(run=Run(threads=1)).fit(*pair()).estimate(*pair(dim=2))
    with pytest.raises(OptionError, match="--device cpu"):
        cls(run=Run(device="cuda")).fit(*pair())
    with pytest.raises(OptionError, match="not fitted"):
        cls().estimate(*pair())


@every
def test_contract(cls: type[Any]) -> None:
    results = check_estimator(cls)
    assert {result["status"] for result in results} == {"passed"}


def test_the_truth_of_the_pair() -> None:
    assert pytest.approx(-0.5 * math.log(1 - 0.64)) == MI
