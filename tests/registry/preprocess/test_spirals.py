"""Turns by an angle that grows with the distance: exactly undone, found where there are any, and only there."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from mmg_registry.errors import DataError
from mmg_registry.preprocess import PairTransform, Turn, fit_turns
from mmg_registry.preprocess.spirals import _Rotation

N = 8_000


def generator(dim: int, i: int, j: int, speed: float) -> np.ndarray:
    out = np.zeros((dim, dim))
    out[i, j], out[j, i] = speed, -speed
    return out


def twist(dim: int, speed: float = 1.0) -> Turn:
    return Turn(np.zeros(dim), np.eye(dim), generator(dim, 0, 1, speed))


def correlated(dim: int, noise: float, seed: int = 0, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, other = rng.standard_normal((2, n, dim))
    return x, (x + noise * other) / math.hypot(1.0, noise)


# ------------------------------------------------------------------------------------------ the map
@pytest.mark.parametrize("dim", [2, 3, 7])
def test_the_turn_keeps_lengths_and_the_opposite_one_undoes_it(dim: int) -> None:
    rows = np.random.default_rng(1).standard_normal((500, dim))
    turned = twist(dim, 2.0)(rows)
    assert np.abs(turned - rows).max() > 0.5
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(rows, axis=1), rtol=1e-12)
    np.testing.assert_allclose(twist(dim, -2.0)(turned), rows, atol=1e-12)


def test_the_turn_is_the_matrix_exponential_row_by_row() -> None:
    rng = np.random.default_rng(2)
    upper = np.triu(rng.standard_normal((4, 4)), 1)
    rows, centre, scale = rng.standard_normal((5, 4)), rng.standard_normal(4), rng.standard_normal((4, 4))
    placed = (rows - centre) @ scale.T
    q = np.minimum(np.mean(placed**2, axis=1) - 1, 30.0)
    powers = torch.from_numpy(q[:, None, None] * (upper - upper.T))
    expected = np.einsum("nij,nj->ni", torch.matrix_exp(powers).numpy(), placed)
    np.testing.assert_allclose(Turn(centre, scale, upper - upper.T)(rows), expected, atol=1e-10)


@pytest.mark.parametrize("speed", [0.0, 1.3], ids=["coinciding eigenvalues", "distinct ones"])
def test_the_rotation_has_the_gradient_of_finite_differences(speed: float) -> None:
    draw = torch.Generator().manual_seed(0)
    v, q, a = (torch.randn(*s, generator=draw, dtype=torch.float64).requires_grad_() for s in ((5, 4), (5, 1), (4, 4)))
    start = (a.detach() * speed).requires_grad_()
    assert torch.autograd.gradcheck(lambda v, q, a: _Rotation.apply(v, q, a - a.T), (v, q, start))


# ------------------------------------------------------------------------------------------ finding it
@pytest.mark.parametrize(("dim", "planes"), [(2, ((0, 1), (0, 1))), (3, ((0, 1), (1, 2)))])
def test_turns_of_both_sides_are_found(dim: int, planes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    x, y = correlated(dim, 0.3, n=20_000)
    hide = [Turn(np.zeros(dim), np.eye(dim), generator(dim, i, j, 1.0)) for i, j in planes]
    hidden, seen = PairTransform.fit(hide[0](x), hide[1](y)), PairTransform.fit(x, y)
    assert hidden.gaussian_mi == pytest.approx(seen.gaussian_mi, abs=0.02)
    assert hidden.x.words == hidden.y.words == ["turn by distance"]


def test_a_turn_is_found_to_the_last_digits_where_the_dependence_is_strong() -> None:
    x, y = correlated(3, 1e-3, n=20_000)
    found = PairTransform.fit(twist(3)(x), y)
    assert found.gaussian_mi == pytest.approx(PairTransform.fit(x, y).gaussian_mi, rel=0.02)


def test_a_single_column_on_one_side_does_not_keep_the_other_from_turning() -> None:
    x, y = correlated(2, 0.1)
    found = PairTransform.fit(twist(2)(x), y[:, :1])
    assert found.gaussian_mi == pytest.approx(PairTransform.fit(x, y[:, :1]).gaussian_mi, abs=0.03)


def test_equal_rows_give_equal_turns_for_any_number_of_threads() -> None:
    x, y = correlated(2, 0.3)
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(fit_turns(twist(2)(x), y))
    torch.set_num_threads(1)
    for first, second in zip(*found, strict=True):
        for one, other in zip(first.arrays("x").values(), second.arrays("x").values(), strict=True):
            assert np.array_equal(one, other)


# ------------------------------------------------------------------------------------------ leaving alone
PLAIN = {
    "normal": correlated(3, 0.5),
    "nearly equal": correlated(3, 1e-4),
    "independent": (correlated(3, 0.5)[0], correlated(3, 0.5, seed=1)[0]),
    "uniform": tuple(ndtr(side) for side in correlated(3, 0.5)),
    "heavy tails": tuple(np.sinh(3 * side) for side in correlated(2, 0.5)),
    "one column each": correlated(1, 0.5),
    "few rows": tuple(side[:300] for side in (twist(2)(correlated(2, 0.3)[0]), correlated(2, 0.3)[1])),
    "discrete": tuple(np.round(side) for side in correlated(2, 0.3)),
    "a column twice": tuple(np.hstack([side, side[:, :1]]) for side in correlated(2, 0.3)),
    "a constant column": tuple(np.hstack([side, np.ones((N, 1))]) for side in correlated(2, 0.3)),
    "many columns": correlated(12, 0.5),
}


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_is_turned_where_nothing_is_hidden(name: str) -> None:
    assert fit_turns(*PLAIN[name]) is None


# ------------------------------------------------------------------------------------------ state
def test_state_brings_the_turn_back() -> None:
    x, y = correlated(2, 0.3)
    fitted = PairTransform.fit(twist(2)(x), y)
    again = PairTransform.from_state(*fitted.state())
    for one, other in zip(fitted.transform(x, y), again.transform(x, y), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.x.words == ["turn by distance"]


def test_a_state_of_a_release_without_turns_is_refused() -> None:
    arrays, _ = PairTransform.fit(*correlated(2, 0.3)).state()
    with pytest.raises(DataError, match="version 2"):
        PairTransform.from_state(arrays, {"version": 2})
