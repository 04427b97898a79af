"""Divergences of samples of known laws; `neighbours` in the place of training."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError
from mmg_registry.quantity import Quantity


def quick(a: object, b: object, **choices: object) -> list[Quantity]:
    found = mmg.divergence(a, b, plugin="neighbours", seed=0, threads=1, **choices)
    return [found, *found.parts]


def test_two_normals_at_other_places() -> None:
    rng = np.random.default_rng(0)
    js, forward, back = quick(rng.standard_normal(3000), 1 + rng.standard_normal(3000))
    assert abs(js.value - 0.1114) < 3 * js.std_error
    assert abs(forward.value - 0.5) < 3 * forward.std_error
    assert abs(back.value - 0.5) < 3 * back.std_error


def test_equal_laws_have_none() -> None:
    rng = np.random.default_rng(1)
    for part in quick(rng.standard_normal(2000), rng.standard_normal(2000)):
        assert part.value < 3 * part.std_error


def test_labels_of_one_sample_alone_leave_the_upper_end_open() -> None:
    a, b = pd.DataFrame({"c": ["u", "v"] * 200}), pd.DataFrame({"c": ["u", "v", "w", "w"] * 100})
    _, forward, back = quick(a, b)
    assert abs(forward.value - math.log(2)) < 3 * forward.std_error
    assert forward.high < math.inf == back.high
    assert any("labels that no row of A has" in sentence for sentence in back.warnings)


def test_supports_that_hardly_overlap_leave_it_open() -> None:
    rng = np.random.default_rng(2)
    _, _, back = quick(rng.random(1000), 2 * rng.random(1000))
    assert back.high == math.inf
    assert any("farther out than any row of A" in sentence for sentence in back.warnings)


def test_other_columns_are_refused() -> None:
    x = np.random.default_rng(3).standard_normal((100, 2))
    with pytest.raises(DataError, match="have other columns"):
        quick(pd.DataFrame(x, columns=["a", "b"]), pd.DataFrame(x, columns=["a", "c"]))


def test_columns_in_another_order_are_matched_by_name() -> None:
    x = np.random.default_rng(4).standard_normal((400, 2))
    a, b = pd.DataFrame(x[:200], columns=["p", "q"]), pd.DataFrame(x[200:] * 2, columns=["p", "q"])
    assert [part.value for part in quick(a, b[["q", "p"]])] == [part.value for part in quick(a, b)]
