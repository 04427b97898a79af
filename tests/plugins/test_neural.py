"""How the trained baselines put their training together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from mmg_plugins.critics.critics import MINE
from mmg_plugins.critics.training import TrainableCritic
from mmg_plugins.densities.doe import TrainableDensities
from mmg_plugins.neural import NeuralOptions, procedure
from mmg_registry import Run
from mmg_registry.training import Evaluation, RowPair
from mmg_registry.training.stopping import first_verdict


def rows(n: int, columns: int) -> RowPair:
    return torch.zeros(n, columns - 1), torch.zeros(n, 1)


def seen(steps: Sequence[int], objective: float) -> list[Evaluation]:
    """Evaluations that all gained `objective` over the first."""
    return [Evaluation(step, torch.full((9, 2), objective if step else 0.0)) for step in steps]


def verdict(kind: Any, columns: int, evaluations: list[Evaluation]) -> str:
    return first_verdict(procedure(NeuralOptions(), kind, rows(30_000, columns)).stopping, evaluations)


@pytest.mark.parametrize("columns", [10, 11, 40])
def test_with_more_columns_a_training_that_gains_nothing_waits_longer(columns: int) -> None:
    nothing = verdict(TrainableCritic, columns, seen([0, 250, 500], 1e-3))
    assert nothing == ("start" if columns == 10 else "")
    assert verdict(TrainableCritic, columns, seen([0, 250, 500], 0.1)) == ""


@pytest.mark.parametrize(
    ("kind", "columns", "steps"),
    [(TrainableCritic, 2, 1_000), (TrainableCritic, 50, 2_500), (TrainableDensities, 50, 1_000)],
)
def test_no_plateau_is_seen_before_learning_begins(kind: Any, columns: int, steps: int) -> None:
    assert verdict(kind, columns, seen(range(0, steps, 250), 0.1)) == ""
    assert verdict(kind, columns, seen(range(0, steps + 1, 250), 0.1)) == "plateau"


@pytest.mark.parametrize(("n", "every"), [(19_999, 50), (20_000, 250)])
def test_fewer_rows_are_evaluated_more_often(n: int, every: int) -> None:
    made = procedure(NeuralOptions(), TrainableCritic, rows(n, 2))  # type: ignore[arg-type]
    assert made.intervals.every == every  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "told"), [("label", False), ("length", True)])
def test_only_what_is_no_label_is_perhaps_infinite_where_x_and_y_agree(name: str, told: bool) -> None:
    rng = np.random.default_rng(0)
    x = (rng.integers(0, 2, (200, 1)) if name == "label" else rng.standard_normal((200, 1))).astype(float)
    found = MINE(run=Run(threads=1), steps=50).fit(x, x).estimate(x, x)
    assert any("agree to all digits" in warning for warning in found.warnings) == told


def wide(n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """One pair of columns with 0.511 nats among as many others."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, n, columns))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    return x, y


def test_linear_dependence_that_few_rows_hide_is_in_the_error() -> None:
    x, y = wide(500, 30)
    found = MINE(run=Run(threads=1), steps=50).fit(x[:400], y[:400]).estimate(x[400:], y[400:])
    assert found.mi + found.diagnostics["errors"]["linear"] > 0.4 > found.mi
    assert any("linear dependence of some" in warning for warning in found.warnings)


def test_no_more_rows_than_columns_conclude_nothing() -> None:
    x, y = wide(100, 45)
    found = MINE(run=Run(threads=1), steps=50).fit(x[:80], y[:80]).estimate(x[80:], y[80:])
    assert any("80 training rows are no more than the 90 columns" in warning for warning in found.warnings)


def test_a_cut_training_says_what_cannot_be_excluded() -> None:
    x, y = wide(400, 2)
    found = MINE(run=Run(threads=1), steps=20).fit(x, y).estimate(x, y)
    assert any("limit of steps" in text and "nothing above the interval" in text for text in found.warnings)


def test_what_neighbours_find_beyond_the_network_widens_its_error_and_is_said() -> None:
    """A checkerboard, of which a few steps learn nothing."""
    rng = np.random.default_rng(0)
    i = rng.integers(0, 4, (1_500, 1))
    x, y = i + rng.random((1_500, 1)), 2 * rng.integers(0, 2, (1_500, 1)) + i % 2 + rng.random((1_500, 1))
    made = MINE(run=Run(threads=1), steps=20).fit(x, y)
    found = made.estimate(x, y)
    assert any("Nearest neighbours find at least" in warning for warning in found.warnings)
    assert found.diagnostics["errors"]["neighbours"] > 0.3
    again = MINE(run=Run(threads=1), steps=20).restore(*made.state()).estimate(x, y)
    assert again.std_error == found.std_error
    alone = MINE(run=Run(threads=1), steps=20, neighbours=False).fit(x, y).estimate(x, y)
    assert (alone.mi, alone.diagnostics["errors"]["neighbours"]) == (found.mi, 0.0)
