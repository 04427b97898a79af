"""The information of classes stays below that of the columns, and is not found where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.ranking.classes import classes_of, information_of_classes, most_classes

RNG = np.random.default_rng(0)


def classes(column: np.ndarray, label: bool = False) -> np.ndarray:
    return classes_of(np.unique(column, return_inverse=True)[1], most_classes(len(column)), label)


@pytest.mark.parametrize(("r", "share"), [(0.3, 0.9), (0.9, 0.85)])
def test_most_of_a_normal_pair_is_seen_and_never_more(r: float, share: float) -> None:
    x, noise = RNG.standard_normal((2, 20_000))
    truth = -0.5 * math.log(1 - r * r)
    found = information_of_classes(classes(x), classes(r * x + math.sqrt(1 - r * r) * noise))
    assert share * truth < found.mi < truth + 3 * found.std_error


def test_nothing_is_sure_where_nothing_is_there() -> None:
    sure = [
        information_of_classes(classes(RNG.standard_normal(1000)), classes(RNG.poisson(1, 1000))).surely(0.95)
        for _ in range(100)
    ]
    assert np.mean(np.array(sure) > 0) < 0.08


def test_ties_stay_together_and_rare_labels_share_a_class() -> None:
    assert len(np.unique(classes(np.repeat([1.0, 2.0], 500)))) == 2
    labels = np.concatenate([np.zeros(400), np.arange(1, 101)])
    assert len(np.unique(classes(labels, label=True))) == most_classes(500)
