"""The errors of csrc/common/fastmath.h: each line "name: at most .. ULP" of it, measured against float64."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from places import ROOT

from mmg_registry.core import compiled

CORE = compiled()
BOUND = re.compile(r"^// (\w+): at most ([\d.]+) ULP for \w in \[(\S+), (\S+)\]\.$", re.MULTILINE)
BOUNDS = {
    name: (float(ulp), float(low), float(high))
    for name, ulp, low, high in BOUND.findall((ROOT / "csrc" / "common" / "fastmath.h").read_text())
}
VARIANTS = ["scalar", *(CORE.build_info()["isas_available"] if CORE else [])]
STRIDE = 1009  # of the representable numbers that are tried; a prime, so that all mantissas' ends come up
DENSE = 4096  # numbers tried on either side of those where a function changes its formula
Floats = np.ndarray
pytestmark = pytest.mark.skipif(CORE is None, reason="the compiled core is not built here")


# --- Numbers to try --------------------------------------------------------------------------------------------------
def from_order(order: np.ndarray) -> Floats:
    """Return the float32 at each place of their order: 0 for 0, the first one below zero for -1."""
    return np.where(
        order < 0, -np.abs(order).astype(np.int32).view(np.float32), np.abs(order).astype(np.int32).view(np.float32)
    )


def order_of(value: float) -> int:
    bits = int(np.abs(np.float32(value)).view(np.int32))
    return -bits if value < 0 else bits


def representable(low: float, high: float, around: tuple[float, ...] = ()) -> Floats:
    """Return floats of [low, high]: both ends, every STRIDE-th one, and all close to the numbers in `around`."""
    first, last = order_of(low), order_of(high)
    places = [np.arange(first, last, STRIDE), np.arange(last - DENSE, last + 1), np.arange(first, first + DENSE)]
    places += [np.arange(order_of(value) - DENSE, order_of(value) + DENSE) for value in around]
    every = np.concatenate(places)
    return from_order(every[(every >= first) & (every <= last)])


def uniforms() -> Floats:
    """Return draws in (0, 1) as csrc/common/philox.h makes them: both ends, and every seventh one."""
    index = np.append(np.arange(0, 2**23, 7), 2**23 - 1)
    return ((index + 0.5) / 2**23).astype(np.float32)


def evaluate(name: str, variant: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return both results of the compiled function, the second one untouched where it has only one."""
    n = -(-len(x) // 16) * 16
    arrays = np.ones(4 * n + 16, np.float32)  # and room to begin on a cache line
    skip = -arrays.ctypes.data % 64 // 4
    rows = arrays[skip : skip + 4 * n].reshape(4, n)
    rows[0, : len(x)], rows[1, : len(x)] = x, y
    CORE.fastmath.evaluate(
        name, variant, rows[0].ctypes.data, rows[1].ctypes.data, n, rows[2].ctypes.data, rows[3].ctypes.data
    )
    return rows[2, : len(x)], rows[3, : len(x)]


# --- References in float64 -------------------------------------------------------------------------------------------
def sines(t: Floats) -> tuple[Floats, Floats]:
    """Return sin and cos of 2 pi t. The rest of t beyond whole quarters is exact, so no digits cancel."""
    t = t.astype(np.float64)
    quarter = np.rint(4 * t)
    rest = 2 * np.pi * (t - quarter / 4)
    sine, cosine, k = np.sin(rest), np.cos(rest), quarter.astype(int) % 4
    return np.choose(k, [sine, cosine, -sine, -cosine]), np.choose(k, [cosine, -sine, -cosine, sine])


def normals(u: Floats, t: Floats) -> tuple[Floats, Floats]:
    radius = np.sqrt(-2 * np.log(u.astype(np.float64)))
    sine, cosine = sines(t)
    return radius * cosine, radius * sine


def of_one(f: Callable[[Floats], Floats]) -> Callable[[Floats, Floats], tuple[Floats]]:
    return lambda x, _: (f(x.astype(np.float64)),)


REFERENCES: dict[str, Callable[[Floats, Floats], tuple[Floats, ...]]] = {
    "exp_": of_one(np.exp),
    "log_": of_one(np.log),
    "sincos_turn": lambda t, _: sines(t),
    "sigmoid": of_one(lambda x: 1 / (1 + np.exp(-x))),
    "box_muller": normals,
}
AROUND = {"log_": (0.5**0.5, 1.0, 2**0.5), "sincos_turn": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)}


def errors(got: Floats, exact: Floats) -> Floats:
    """Return errors in units in the last place of the exact result as a float32."""
    return np.abs(got - exact) / np.spacing(np.abs(exact).astype(np.float32))


def tried(name: str) -> tuple[Floats, Floats]:
    _, low, high = BOUNDS[name]
    if name == "box_muller":
        u = uniforms()
        return u, np.random.default_rng(0).permutation(u)
    x = representable(low, high, AROUND.get(name, (0.0,)))
    return x, x


def measured(name: str, variant: str) -> float:
    """Return the largest error of any result, in units in the last place."""
    x, y = tried(name)
    got = evaluate(name, variant, x, y)
    return max(float(errors(g, e).max()) for g, e in zip(got, REFERENCES[name](x, y), strict=False))


# --- Tests -----------------------------------------------------------------------------------------------------------
def test_every_function_states_its_error_and_its_range() -> None:
    assert set(BOUNDS) == set(REFERENCES)
    with pytest.raises(ValueError, match="no function 'tan'"):
        evaluate("tan", "scalar", np.ones(1, np.float32), np.ones(1, np.float32))


@pytest.mark.parametrize("name", BOUNDS)
def test_what_is_tried_covers_the_stated_range(name: str) -> None:
    x, _ = tried(name)
    assert (x.min(), x.max()) == tuple(np.float32(BOUNDS[name][1:]))
    assert len(x) > 10**6


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", BOUNDS)
def test_no_error_exceeds_the_stated_bound(name: str, variant: str) -> None:
    assert measured(name, variant) <= BOUNDS[name][0]


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_no_larger_than_they_need_be(name: str) -> None:
    """Half a unit above the worst variant would be a bound that says less than is known."""
    assert max(measured(name, variant) for variant in VARIANTS) > BOUNDS[name][0] - 0.5


def test_a_value_that_is_one_unit_off_counts_as_one() -> None:
    exact = np.array([1.0, 3.0, 1e-30])
    off = np.nextafter(exact.astype(np.float32), np.float32(np.inf))
    np.testing.assert_allclose(errors(off, exact.astype(np.float32).astype(np.float64)), 1.0)
