"""Regression on z: what it follows, and that its residuals are those of a fit without the row."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data.units import Units
from mmg_registry.significance.smoother import RIDGES, Smoother

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "curve",
    [
        lambda z: np.sin(3 * z[:, :1]),
        lambda z: z[:, :1] * z[:, 1:2],
        lambda z: np.sin(1.5 * z.sum(axis=1, keepdims=True)),
        lambda z: np.cos(1.5 * z.sum(axis=1, keepdims=True)),
    ],
    ids=["wave", "product", "along a direction", "even along a direction"],
)
def test_curves_are_followed(curve) -> None:
    z = RNG.standard_normal((600, 3))
    side = curve(z) + 0.3 * RNG.standard_normal((600, 1))
    left = Smoother.of(z, side, Units(600), 0).fit(side).left
    assert left.std() < 0.45


def test_noise_is_not() -> None:
    z, side = RNG.standard_normal((2, 400, 2))
    fitted = Smoother.of(z, side, Units(400), 0).fit(side).told
    assert (fitted.std(axis=0) < 0.3).all()


def test_residuals_are_those_of_a_fit_without_the_row() -> None:
    """Ridge regression of one row less, on the same features and with the same ridge, done plainly."""
    z, side = RNG.standard_normal((2, 60, 1))
    (own,) = Smoother.of(z, side, Units(60), 0).lengths[:1]
    centred = side - side.mean()
    smoother = Smoother((own,))
    penalties = RIDGES / own.spread[:, None]
    others, found = np.arange(1, 60), smoother.fit(side).left[0, 0]
    design = np.hstack([np.ones((60, 1)), own.basis])
    alone = []
    for penalty in penalties.T:
        gram = design[others].T @ design[others] + np.diag([0.0, *penalty])
        weights = np.linalg.solve(gram, design[others].T @ centred[others])
        alone.append((centred[0] - design[0] @ weights).item())
    assert np.abs(np.array(alone) - found).min() < 1e-6


def test_a_fold_is_told_by_other_folds() -> None:
    """Of copies, a row that is told by its copy has nothing left."""
    z, side = (np.repeat(each, 3, axis=0) for each in RNG.standard_normal((2, 60, 1)))
    together = Units(180, "groups", np.repeat(np.arange(60), 3))
    alone, whole = (Smoother.of(z, side, units, 0).fit(side).left.std() for units in (Units(180), together))
    assert alone < 0.95 * whole
    assert whole > 0.95 * side.std()
