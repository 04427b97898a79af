"""Scores of pairs, and of rows whose noised side is drawn anew given z, by a trained estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmg_plugins.minde.minde import MINDEJoint
from mmg_plugins.mmg.mmg import MMGOrthogonalAdaptive
from mmg_registry.contracts import Run

SMALL: dict[str, Any] = {"steps": 300, "width": 32, "batch": 128, "run": Run(threads=1)}
MATES = np.stack([(np.arange(400) + 1) % 400, (np.arange(400) + 2) % 400], axis=1)


def triple(n: int = 1_600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw x of two clusters about a wave of z, and y that follows both."""
    z, e, f, which = np.random.default_rng(0).standard_normal((4, n, 1))
    left = np.sign(which) + 0.2 * e
    return np.sin(2 * z) + left, z + 0.5 * left + 0.5 * f, z


@pytest.fixture(scope="module")
def fitted() -> MMGOrthogonalAdaptive:
    x, y, z = triple()
    return MMGOrthogonalAdaptive(**SMALL).fit(x[400:], y[400:], z[400:])


def test_rows_score_higher_than_draws_in_their_place_and_with_mates(fitted: MMGOrthogonalAdaptive) -> None:
    x, y, z = triple()
    found = fitted.redrawn(x[:400], y[:400], z[:400], MATES, 3).scores
    assert fitted.redraws == "x"
    assert found.shape == (400, 4, 3)
    own = found[:, 0, 0].mean()
    assert own == pytest.approx(0.3, abs=0.1)
    assert found[:, 1:].mean() < own - 0.3
    assert found[:, 0, 1:].mean() < own - 0.3
    assert found[:, 1:, 0].mean() == pytest.approx(found[:, 1:, 1:].mean(), abs=0.4)  # a draw knows no other side


def test_the_side_that_is_drawn_is_the_noised_one_and_labels_beside_it_are_not() -> None:
    x, y, z = triple(400)
    label = (x > 0).astype(float)
    both = np.hstack([x * label, x]), np.hstack([label, y])
    assert MMGOrthogonalAdaptive(**{**SMALL, "steps": 20}).fit(label, y, z).redraws == "y"
    assert MMGOrthogonalAdaptive(**{**SMALL, "steps": 20}).fit(*both, z).redraws == ""
    assert MMGOrthogonalAdaptive(**{**SMALL, "steps": 20}).fit(x, y).redraws == ""


def test_every_pair_of_a_table_has_its_log_ratio() -> None:
    x, y, _ = triple()
    fitted = MMGOrthogonalAdaptive(**SMALL).fit(x[400:], y[400:])
    tables = x[:400].reshape(-1, 8, 1), y[:400].reshape(-1, 8, 1)
    found = fitted.scores(*tables)
    assert found.shape == (50, 8, 8)
    right = fitted.pointwise(np.repeat(x[:8], 8, axis=0), np.tile(y[:8], (8, 1))).values.reshape(8, 8)
    assert np.corrcoef(found[0].ravel(), right.ravel())[0, 1] > 0.9
    assert MINDEJoint.table_rows == 0
