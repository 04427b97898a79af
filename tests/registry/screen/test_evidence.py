"""The evidence of tiles, beside SciPy's chi-square law of moments of one pair after the other."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from mmg_registry.arrays import F64
from mmg_registry.screen.evidence import FAR, _surprise, evidence_of
from mmg_registry.screen.groups import Group, Tiles, groups_of


def reference(a: Group, b: Group) -> F64:
    """Return the evidence by plain NumPy, in double precision."""
    n = a.rows.shape[2]
    found = np.zeros((a.rows.shape[1], b.rows.shape[1]))
    for i, j in np.ndindex(found.shape):
        moments = a.rows[:, i].astype(float) @ b.rows[:, j].astype(float).T / n
        for p, q in zip(a.levels, b.levels, strict=True):
            if p * q:
                found[i, j] = max(found[i, j], -chi2.logsf((n - 1) * (moments[:p, :q] ** 2).sum(), p * q))
    return found


def test_evidence_is_that_of_one_pair_after_the_other() -> None:
    rng = np.random.default_rng(2)
    numbers = rng.standard_normal((300, 3))
    values = np.column_stack([numbers, numbers[:, :1] ** 2, rng.integers(0, 4, (300, 2)), rng.integers(0, 2, 300)])
    groups = groups_of(Tiles(values, ("continuous",) * 4 + ("category",) * 3))
    assert len(groups) == 3
    for a in groups:
        for b in groups:
            np.testing.assert_allclose(evidence_of(a, b), reference(a, b), rtol=1e-3, atol=1e-4)


def test_far_evidence_is_finite_and_continues_the_law() -> None:
    for freedom in (1, 3, 4, 15, 16):
        near = np.array([1.0, 50.0, 2 * FAR - 1, 2 * FAR + 1])
        np.testing.assert_allclose(_surprise(near, freedom), -chi2.logsf(near, freedom), rtol=1e-3)
        assert np.isfinite(_surprise(np.array([1e7]), freedom)).all()
