"""Draws by the reverse flow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mmg_registry.core.reference import Draws, Errors, ErrorsOf
from mmg_registry.diffusion import MixtureDenoisers, NormalMixture, ReverseFlow


def known_errors(mixture: NormalMixture) -> ErrorsOf:
    """The errors of the denoisers of a mixture of one column of x and one of y."""
    denoisers = MixtureDenoisers(mixture, 1)

    def errors(x: Tensor, y: Tensor, draws: Draws) -> Errors:
        marginal, given = denoisers.errors(x, y, draws)
        return Errors(marginal, given, marginal, given)

    return errors


def clusters(spread: float) -> NormalMixture:
    means = np.array([[-1.0, 0.0], [1.0, 0.0]])
    return NormalMixture(np.log([0.3, 0.7]), means, np.stack([np.diag([spread**2, 1.0])] * 2))


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_draws_have_the_law_of_the_denoiser(spread: float) -> None:
    noise = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0))
    drawn = ReverseFlow(known_errors(clusters(spread)), (-8.0, 12.0))(noise, noise[:, :0], torch.zeros(20_000, 1))
    above = drawn[drawn > 0]
    assert abs(len(above) / 20_000 - 0.7) < 0.015
    assert abs(float(above.mean()) - 1) < 0.01
    assert abs(float(above.std()) / spread - 1) < 0.04


def test_a_draw_depends_on_its_own_noise_alone() -> None:
    noise = torch.randn(5_000, 1, generator=torch.Generator().manual_seed(1))
    flow = ReverseFlow(known_errors(clusters(0.2)), (-8.0, 12.0), steps=4)
    whole, some = (flow(part, part[:, :0], torch.zeros(len(part), 1)) for part in (noise, noise[4_500:]))
    assert torch.allclose(whole[4_500:], some, atol=1e-5)
