"""The denoiser's part of an entropy: what the closed form lacks, and what a mixture knows better."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_plugins.mmg.entropy import DenoisedEntropy
from mmg_registry.contracts import Run
from mmg_registry.errors import OptionError

RNG = np.random.default_rng(0)
CLUSTERS = 8.0 * RNG.integers(0, 2, (2000, 1)) + RNG.standard_normal((2000, 2))
ANGLE = 2 * np.pi * RNG.random(4000)
RING = (1 + 0.1 * RNG.standard_normal((4000, 1))) * np.column_stack([np.cos(ANGLE), np.sin(ANGLE)])
TRUTH = math.log(2) + math.log(2 * math.pi * math.e)  # clusters that do not overlap


def fitted(rows: np.ndarray, steps: int, **options: object) -> DenoisedEntropy:
    return DenoisedEntropy(run=Run(threads=1), steps=steps, **options).fit(rows)


def test_a_mixture_knows_clusters() -> None:
    found = fitted(CLUSTERS[:1600], 100).surprisals(CLUSTERS[1600:])
    assert found.diagnostics["mixture"] >= 2
    assert abs(found.values.mean() - TRUTH) < 0.15


def test_the_denoiser_lowers_what_the_closed_form_says() -> None:
    found = fitted(RING[:3200], 600, mixture=False).surprisals(RING[3200:])
    assert found.diagnostics["mixture"] == 0
    assert found.diagnostics["correction"] < -0.1
    assert found.values.mean() == pytest.approx(found.diagnostics["first_guess"] + found.diagnostics["correction"])


def test_nothing_is_told_before_a_fit() -> None:
    with pytest.raises(OptionError, match="not fitted"):
        DenoisedEntropy(run=Run(threads=1)).surprisals(CLUSTERS)


def test_few_rows_have_no_mixture() -> None:
    found = fitted(CLUSTERS[:10, :1], 20).surprisals(CLUSTERS[10:12, :1])
    assert found.diagnostics["mixture"] == 0
