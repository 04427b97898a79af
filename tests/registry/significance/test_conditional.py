"""The quick test given z: its level with a common cause that is no line, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data.units import Units
from mmg_registry.significance.conditional import conditional
from mmg_registry.significance.exchange import exchange_of
from mmg_registry.significance.independence import independence

N = 300


def common(seed: int, shared: float = 0.0):
    z, e, f, g = np.random.default_rng(seed).standard_normal((4, N, 1))
    return np.sin(2 * z) + 0.5 * e + shared * g, z**2 + 0.5 * f + shared * g, z


def p(x, y, z, units: Units = Units(N), most: int = 199) -> float:  # noqa: B008
    return conditional(x, y, z, units, 0, most).p.value


def test_its_level_is_kept_with_a_curved_common_cause() -> None:
    rejected = np.mean([p(*common(seed), most=59) <= 0.1 for seed in range(25)])
    assert rejected < 0.1 + 3 * np.sqrt(0.1 * 0.9 / 25)


def test_without_z_the_same_rows_are_dependent() -> None:
    rows = np.concatenate([np.hstack(common(seed)) for seed in range(4)])
    assert independence(rows[:, :1], rows[:, 1:2], exchange_of(Units(len(rows))), 0, 199).p.value < 0.05


@pytest.mark.parametrize(
    "effect",
    [lambda e, z: e, lambda e, z: e**2, lambda e, z: e * np.sign(z)],
    ids=["line", "square", "turned by z"],
)
def test_it_sees_dependence_of_the_noise(effect) -> None:
    z, e, f = np.random.default_rng(0).standard_normal((3, N, 1))
    assert p(np.sin(2 * z) + e, np.cos(2 * z) + effect(e, z) + f, z) == 1 / 200


def test_of_few_values_of_z_rows_change_places_within_each() -> None:
    z = np.random.default_rng(0).integers(0, 3, (N, 1))
    e, f = np.random.default_rng(1).standard_normal((2, N, 1))
    found = conditional(z + e, z + f, z.astype(float), Units(N), 0, 199)
    assert "rows of equal z" in found.method
    assert found.p.value > 0.05
    assert p(z + e, z * 1.0 + f + e * (z - 1), z.astype(float)) < 0.05


def test_rows_that_belong_together_share_their_sign() -> None:
    """Three copies of a hundred rows tell no more than a hundred rows do."""

    def of_copies(seed: int) -> tuple[float, float]:
        sides = [np.repeat(side[:100], 3, axis=0) for side in common(seed)]
        jitter = 1e-3 * np.random.default_rng(seed).standard_normal((3, N, 1))
        sides = [side + noise for side, noise in zip(sides, jitter, strict=True)]
        return p(*sides, Units(N, "groups", np.repeat(np.arange(100), 3)), most=39), p(*sides, most=39)

    together, alone = np.transpose([of_copies(seed) for seed in range(6)])
    assert (alone <= 0.1).mean() > (together <= 0.1).mean()
    assert (together <= 0.1).mean() <= 0.34


def test_many_rows_share_signs_at_random() -> None:
    rng = np.random.default_rng(0)
    z, e, f = rng.standard_normal((3, 6_000, 1))
    assert conditional(z + e, z + f, z, Units(6_000), 0, 99).p.value > 0.05
    assert conditional(z + e, z + f + 0.1 * e, z, Units(6_000), 0, 99).p.value == 0.01
