"""The published network, from its description."""

from __future__ import annotations

import pytest
import torch

from mmg_plugins.mmg.paper_network import PaperDenoiser


@pytest.mark.parametrize(("dim", "width"), [(2, 64), (10, 64), (11, 128), (50, 128), (51, 256), (100, 256)])
def test_published_widths(dim: int, width: int) -> None:
    assert PaperDenoiser.width_for(dim) == width


@pytest.mark.parametrize(("dim", "thousands"), [(1, 55.4), (3, 55.7), (5, 56.1), (25, 226), (50, 898)])
def test_published_numbers_of_parameters(dim: int, thousands: float) -> None:
    count = sum(p.numel() for p in PaperDenoiser(dim, dim).parameters())
    assert count / 1e3 == pytest.approx(thousands, rel=0.01)


def test_no_y_is_a_y_of_zeros() -> None:
    torch.manual_seed(0)
    net = PaperDenoiser(2, 3)
    z, logsnr = torch.randn(5, 2), torch.linspace(-10, 14, 5)
    assert torch.equal(net(z, logsnr, None), net(z, logsnr, torch.zeros(5, 3)))
    assert not torch.equal(net(z, logsnr, None), net(z, logsnr, torch.ones(5, 3)))


def test_output_depends_on_the_log_snr() -> None:
    torch.manual_seed(0)
    net = PaperDenoiser(2, 1)
    z = torch.randn(5, 2)
    assert not torch.equal(net(z, torch.zeros(5), None), net(z, torch.ones(5), None))


def test_rows_do_not_mix() -> None:
    torch.manual_seed(0)
    net = PaperDenoiser(2, 1)
    z, logsnr, y = torch.randn(6, 2), torch.randn(6), torch.randn(6, 1)
    torch.testing.assert_close(net(z, logsnr, y)[:3], net(z[:3], logsnr[:3], y[:3]))
