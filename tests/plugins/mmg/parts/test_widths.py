"""Halving the width where few rows are over-fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mmg_plugins.mmg.auto import Auto
from mmg_plugins.mmg.parts import widths
from mmg_plugins.mmg.parts.networks import FusedNetworks
from mmg_plugins.mmg.parts.training import TrainingJob, TrainOnce, train_terms
from mmg_plugins.mmg.parts.widths import HalveWidth, narrower
from mmg_plugins.mmg.thresholds import MANY_ROWS
from mmg_plugins.mmg.trained import TrainedTerms
from mmg_registry.contracts import Run


def pair(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.random.default_rng(seed).standard_normal((2, n, 2))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    return x, y


@pytest.mark.parametrize(("worse_by", "kept", "width"), [(1.0, 1, 64), (-1.0, 1, 8), (-1.0, 0, 64)])
def test_held_out_rows_decide_between_two_sizes_of_use(
    monkeypatch: pytest.MonkeyPatch, worse_by: float, kept: int, width: int
) -> None:
    def losses(job: TrainingJob, trained: Any, *_: Any) -> torch.Tensor:
        return worse_by * (64 / trained.network.width) + 0.1 * torch.arange(10.0)

    def over_fitted(job: TrainingJob) -> TrainedTerms:
        trained = train_terms(job)
        trained.reports[0].stopped, trained.reports[0].kept = "overfitting", kept
        return trained

    monkeypatch.setattr(widths, "_losses", losses)
    monkeypatch.setattr(widths, "train_terms", over_fitted)
    model = Auto(run=Run(threads=1), steps=20).fit(*pair(500))
    found, again = (each.estimate(*pair(500, seed=1)) for each in (model, Auto().restore(*model.state())))
    assert found.diagnostics["choices"]["width"] == found.diagnostics["network"]["width"] == width
    assert again.mi == found.mi


@pytest.mark.parametrize(("run", "options"), [(Run(threads=1), {"width": 64}), (Run(threads=1, max_seconds=1e-3), {})])
def test_no_other_size_is_tried_where_one_was_asked_for_or_no_time_is_left(run: Run, options: dict[str, Any]) -> None:
    model = Auto(run=run, steps=3_000, batch=64, **options).fit(*pair(500))
    assert model.fitted.trained.network == FusedNetworks(64, 2)


def test_a_size_asked_for_is_trained_once() -> None:
    assert isinstance(Auto(width=64).recipe().train, TrainOnce)
    assert isinstance(Auto().recipe().train, HalveWidth)


def test_many_rows_are_not_trained_on_twice() -> None:
    job, trained = seen_by_training(Auto(run=Run(threads=1), steps=20))
    smaller = narrower(job, trained)
    assert smaller is not None
    assert smaller.network == FusedNetworks(32, 2)
    assert narrower(job, replace(trained, network=FusedNetworks(8, 2))) is None
    many = torch.zeros(MANY_ROWS, 2)
    assert narrower(replace(job, rows=(many, many)), trained) is None


def seen_by_training(model: Auto) -> tuple[TrainingJob, TrainedTerms]:
    """The job that a recipe hands on, and what is trained of it, over-fitted."""
    jobs: list[TrainingJob] = []

    class Listening(HalveWidth):
        def __call__(self, job: TrainingJob) -> TrainedTerms:
            jobs.append(job)
            return train_terms(job)

    trained = replace(model.recipe(), train=Listening()).fit(*pair(500)).trained
    trained.reports[0].stopped, trained.reports[0].kept = "overfitting", 1
    return jobs[0], trained
