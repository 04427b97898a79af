"""Codes that lie on a surface are told by fewer columns, and others are left as they are."""

from __future__ import annotations

import torch

from mmg_plugins.mmg.compression.encoders import Axes
from mmg_plugins.mmg.compression.unfolding import Unfolding, unfolded
from mmg_plugins.mmg.thresholds import CODE_COLUMNS
from mmg_registry.contracts import Run

RUN = Run(seed=0, threads=1)


def arcs(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw codes whose first two columns are a cosine and a sine of an angle that both sides share but for noise."""
    draw = torch.Generator().manual_seed(seed)
    angle, noise, rest_x, rest_y = torch.randn(4, n, CODE_COLUMNS + 1, generator=draw)
    sides = (0.7 * angle[:, 0], 0.7 * angle[:, 0] + 0.3 * noise[:, 0])
    found = []
    for side, rest in zip(sides, (rest_x, rest_y), strict=True):
        code = 1e-3 * rest
        code[:, 0], code[:, 1], code[:, -1] = 6 * torch.cos(side), 6 * torch.sin(side), 0
        found.append(code)
    return found[0], found[1]


def test_an_arc_is_told_by_one_column() -> None:
    known, others = arcs(1_000, 0), arcs(600, 1)
    axes = Axes.of(known).first(2)
    found = unfolded(axes, known, others, RUN)
    assert found is not None
    assert found.sizes == (2, 1)
    whole = float(axes.own_contrasts(others).mean())
    assert whole > 0.8
    with torch.no_grad():
        assert float(axes.own_contrasts(others, found.rebuilt(axes(others))).mean()) > 0.98 * whole
        assert found(axes(others))[0].shape == (600, 1)


def test_axes_that_are_each_needed_are_left() -> None:
    x, noise = torch.randn(2, 1_000, CODE_COLUMNS + 1, generator=torch.Generator().manual_seed(0))
    y = 0.8 * x + 0.6 * noise
    for side in (x, y):
        side[:, 2:] *= 1e-3
        side[:, -1] = -0.5 * (0.64 / 0.36) * (side[:, :2] ** 2).sum(1)
        side[:, :2] *= (0.8 / 0.36) ** 0.5 * CODE_COLUMNS**0.25
    known = x, y
    axes = Axes.of(known).first(2)
    assert unfolded(axes, known, known, RUN) is None


def test_an_unfolding_maps_both_sides() -> None:
    module = Unfolding(4, 3, torch.Generator().manual_seed(0))
    columns = torch.zeros(5, 4), torch.ones(5, 4)
    assert [tuple(side.shape) for side in module(columns)] == [(5, 3), (5, 3)]
    assert [tuple(side.shape) for side in module.rebuilt(columns)] == [(5, 4), (5, 4)]
