"""Pairs of images, a pixel a column, that show a few correlated numbers."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import ndtr

from mmg_registry.arrays import F64
from mmg_registry.samplers.beyond.circular import von_mises, von_mises_mi
from mmg_registry.samplers.contract import DrawSamples, Sampler, Samples
from mmg_registry.samplers.normal import gaussian

LEAST = 0.2  # length and width of the smallest box, as shares of the image


def boxes(side: int, mi: float) -> Sampler:
    """Return images of a bright box each, whose edges are functions of four correlated normals that share `mi` nats."""
    draw = partial(_draw_boxes, side, gaussian(4, mi).draw)
    return Sampler(f"image-boxes-{side}", side * side, side * side, mi, draw)


def _draw_boxes(side: int, draw: DrawSamples, rng: np.random.Generator, n: int) -> Samples:
    x, y = draw(rng, n)
    return _boxes(ndtr(x), side), _boxes(ndtr(y), side)


def _boxes(u: F64, side: int) -> F64:
    """Draw a box `(n, side * side)` for each row of `u` `(n, 4)` in (0, 1)."""
    across, down = _profile(u[:, :2], side), _profile(u[:, 2:], side)
    return (across[:, :, None] * down[:, None, :]).reshape(len(u), -1)


def _profile(u: F64, side: int) -> F64:
    """Return how bright each of `side` pixels of a line is `(n, side)`: its share that lies within an interval.

    The lower end is (1 - LEAST)(1 - sqrt(1 - u0)), the upper one lies evenly between LEAST beyond it and 1.
    """
    low = (1 - LEAST) * (1 - np.sqrt(1 - u[:, :1]))
    high = low + LEAST + u[:, 1:] * (1 - low - LEAST)
    pixel = np.arange(side)
    return np.asarray(np.clip(np.minimum(pixel - side * low, side * high - pixel), 0, 1), dtype=np.float64)


def gratings(side: int, concentration: float) -> Sampler:
    """Return images of an oblique wave each, whose phases are a uniform angle and itself plus von Mises noise."""
    draw = partial(_draw_gratings, side, von_mises(concentration).draw)
    return Sampler(f"image-gratings-{side}", side * side, side * side, partial(von_mises_mi, concentration), draw)


def _draw_gratings(side: int, draw: DrawSamples, rng: np.random.Generator, n: int) -> Samples:
    x, y = draw(rng, n)
    return _grating(x, side, steep=1.0), _grating(y, side, steep=2.0)


def _grating(phase: F64, side: int, steep: float) -> F64:
    """Return images `(n, side * side)` of a wave that repeats twice across and `steep` times down."""
    place = np.arange(side) / side
    angle = 2 * math.pi * (2 * place[:, None] + steep * place).ravel()
    return np.asarray(0.5 + 0.5 * np.cos(angle + phase), dtype=np.float64)
