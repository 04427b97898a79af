"""The contrast that encoders learn, and the axes of their codes."""

from __future__ import annotations

import pytest
import torch

from mmg_plugins.mmg.compression.encoders import Axes, Encoders, View, compared, inner, own_contrasts
from mmg_plugins.mmg.thresholds import CODE_COLUMNS


def codes(n: int = 512, telling: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw codes of which `telling` columns have correlation .8 and scores that are the log-density ratio."""
    draw = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, n, CODE_COLUMNS + 1, generator=draw)
    y = 0.8 * x + 0.6 * noise
    for side in (x, y):
        side[:, telling:] = 1e-3 * torch.randn(n, CODE_COLUMNS + 1 - telling, generator=draw)
        side[:, -1] = -0.5 * (0.64 / 0.36) * (side[:, :telling] ** 2).sum(1)
        side[:, :telling] *= (0.8 / 0.36) ** 0.5 * CODE_COLUMNS**0.25
    return x, y


def test_contrasts_are_a_bound_and_do_not_mind_what_each_side_adds() -> None:
    table = 3 * torch.eye(6)
    assert float(own_contrasts(table).mean()) < torch.log(torch.tensor(6.0))
    shifted = own_contrasts(table + torch.arange(6.0)[:, None])
    assert shifted.shape == (6,)
    assert float(shifted.mean()) < float(own_contrasts(table).mean())


def test_telling_axes_are_those_that_scores_need() -> None:
    both = codes()
    axes = Axes.of(both)
    whole = torch.cat([own_contrasts(inner(*each)) for each in compared(*both)])
    assert axes.own_contrasts(both).numpy() == pytest.approx(whole.numpy(), abs=1e-3)
    found = axes.telling(both)
    assert len(found.weight) == 2
    x, y = found(both)
    assert torch.cov(x.T).numpy() == pytest.approx(torch.eye(2).numpy(), abs=0.01)
    assert float((x * y).mean(0).min()) == pytest.approx(0.8, abs=0.06)


def test_decoders_rebuild_from_codes_alone() -> None:
    encoders = Encoders((View(5), View(7)), torch.Generator().manual_seed(0))
    found = encoders((torch.zeros(3, 5), torch.zeros(3, 7)))
    assert [tuple(side.shape) for side in encoders.rebuilt(found)] == [(3, 5), (3, 7)]


def test_a_convolution_sees_pixels_and_rebuilds_components() -> None:
    encoders = Encoders((View(5, (3, 8, 11)), View(7)), torch.Generator().manual_seed(0))
    rows = torch.randn(4, 5 + 3 * 8 * 11), torch.randn(4, 7)
    other = torch.cat([torch.zeros(4, 5), rows[0][:, 5:]], 1), rows[1]
    assert torch.equal(encoders(rows)[0], encoders(other)[0])
    assert not torch.equal(encoders(rows)[0], encoders((rows[0].roll(1, 1), rows[1]))[0])
    assert torch.equal(encoders.components(rows)[0], rows[0][:, :5])
    assert encoders.rebuilt(encoders(rows))[0].shape == (4, 5)
