"""Channels: informations against closed forms and against counts of rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import plug_in
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.samplers import Sampler
from mmg_registry.samplers.discrete.channels import binary_symmetric, rerolled, two_texts, z_channel
from mmg_registry.samplers.tables import table_mi


def bit(p: float) -> float:
    """Return the entropy of a bit in nats."""
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def test_channels_of_bits_have_their_closed_forms() -> None:
    assert binary_symmetric(0.1).true_mi == pytest.approx(math.log(2) - bit(0.1))
    assert z_channel(0.3).true_mi == pytest.approx(bit(0.35) - bit(0.3) / 2)
    assert (binary_symmetric(0.5).true_mi, z_channel(1.0).true_mi) == (pytest.approx(0), pytest.approx(0))
    assert binary_symmetric(0.0).true_mi == pytest.approx(math.log(2))


@pytest.mark.parametrize(("labels", "share"), [(2, 0.5), (10, 0.3), (7, 1.0), (5, 0.0)])
def test_rerolled_labels_have_the_information_of_their_table(labels: int, share: float) -> None:
    joint = (1 - share) * np.eye(labels) / labels + share / labels**2
    assert rerolled(labels, share).true_mi == pytest.approx(table_mi(joint), abs=1e-12)


@pytest.mark.parametrize("make", [binary_symmetric, z_channel, rerolled, two_texts])
def test_rows_hold_the_information(make: Callable[[], Sampler]) -> None:
    pair = make()
    assert plug_in.mi(*pair.sample(200_000)) == pytest.approx(pair.true_mi, abs=0.008)


def test_codes_of_text_are_told_to_be_a_category() -> None:
    assert two_texts().kinds == {"x": "category", "y": "category"}


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: binary_symmetric(1.1), "error"),
        (lambda: z_channel(-0.1), "loss"),
        (lambda: rerolled(1), "labels"),
        (lambda: rerolled(3, 2.0), "share"),
    ],
)
def test_parameters_out_of_range_are_refused(make: Callable[[], Sampler], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        make()
