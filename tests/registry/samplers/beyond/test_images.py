"""Images: what they show can be read off them again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mmg_registry.samplers.beyond import images


def test_boxes_show_four_numbers() -> None:
    sampler = images.boxes(16, mi=2.0)
    x, y = (side.reshape(-1, 16, 16) for side in sampler.sample(4000))
    assert (x.min(), x.max()) == (0.0, 1.0)
    length = [each.max(2).sum(1) for each in (x, y)]  # of the lit part, in pixels, but for its edge
    assert length[0].min() > 0.2 * 16 - 2
    assert stats.spearmanr(*length).statistic > 0.6
    assert sampler.true_mi == 2.0


def test_a_box_lies_between_its_edges() -> None:
    low, high = 0.8 * (1 - math.sqrt(0.5)), 0.0
    high = low + 0.2 + 0.5 * (0.8 - low)
    line = images._profile(np.array([[0.5, 0.5]]), 16)[0]
    inside = (np.arange(16) >= 16 * low + 1) & (np.arange(16) <= 16 * high - 1)
    np.testing.assert_array_equal(line == 1, inside)
    assert line[np.arange(16) < 16 * low].max() == 0


def test_the_phase_of_a_grating_can_be_read() -> None:
    sampler = images.gratings(14, concentration=4.0)
    x, y = sampler.sample(3000)
    phases = []
    for side, steep in ((x, 1.0), (y, 2.0)):
        place = np.arange(14) / 14
        wave = np.exp(-2j * np.pi * (2 * place[:, None] + steep * place)).ravel()
        phases.append(np.angle((side - 0.5) @ wave))
    noise = np.angle(np.exp(1j * (phases[1] - phases[0])))
    assert stats.kstest(noise, stats.vonmises(4.0).cdf).pvalue > 1e-4
    assert sampler.true_mi == pytest.approx(math.log(2 * math.pi) - float(stats.vonmises(4.0).entropy()), abs=1e-9)
