"""The kinds of columns: what recurs by nature, what stands out, and what is only rounded."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data.kinds import kind_of

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal(2_000)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (NORMAL, "continuous"),
        (NORMAL > 0, "category"),
        (RNG.integers(0, 12, 2_000), "category"),
        (RNG.choice([0.5, 1.5, 7.0], 2_000), "category"),
        (np.where(RNG.random(2_000) < 0.4, 0.0, NORMAL), "mixed"),
        (np.where(RNG.random(2_000) < 0.98, 0.0, NORMAL), "mixed"),
        (np.maximum(NORMAL, -1.0), "mixed"),
        (np.round(NORMAL, 1), "continuous"),
        (np.round(np.exp(8 + NORMAL)), "continuous"),
        (np.arange(2_000), "continuous"),
    ],
)
def test_the_kind_of_a_column(column: np.ndarray, kind: str) -> None:
    found = kind_of(column)
    assert (found.name, bool(found.reason)) == (kind, True)


def test_grain_and_atoms_are_found() -> None:
    assert kind_of(np.round(NORMAL, 1)).grain == pytest.approx(0.1)
    assert kind_of(NORMAL).grain == 0.0
    assert kind_of(np.maximum(NORMAL, -1.0)).atoms == (-1.0,)
    assert kind_of(np.maximum(NORMAL, -1.0)).to_dict()["atoms"] == [-1.0]


def test_codes_do_not_matter() -> None:
    labels = RNG.integers(0, 5, 500)
    assert kind_of(labels).name == kind_of(np.array([9.0, -3.0, 0.0, 100.0, 7.0])[labels]).name == "category"
