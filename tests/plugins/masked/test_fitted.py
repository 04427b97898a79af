"""What a training of masked positions leaves: counts as a check, what was learned by heart, and the saved state."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from labelled import channel, channel_mi

from mmg_plugins.baselines.second_opinion import Opinion
from mmg_plugins.belief import Measured
from mmg_plugins.masked.fitted import FittedPositions, MaskedTraining, counted_in, fit_positions
from mmg_registry.contracts import Run

RUN = Run(threads=1)
SHORT = MaskedTraining(steps=60, width=16)


@pytest.fixture(scope="module")
def fitted() -> FittedPositions:
    return fit_positions(SHORT, RUN, channel(1_000), ([False], [False]))


def test_small_tables_are_counted_as_a_check(fitted: FittedPositions) -> None:
    assert fitted.counted is not None
    assert fitted.counted.value == pytest.approx(channel_mi(), abs=0.06)


def test_large_tables_and_several_columns_are_not_counted() -> None:
    place = torch.arange(400)[:, None]
    assert counted_in((place % 9, place // 9 % 9)) is None  # 81 cells
    assert counted_in((place % 9, place % 2)) is not None
    assert counted_in((torch.cat([place % 2, place % 3], 1), place % 2)) is None


def test_what_a_count_finds_beyond_the_estimate_is_a_part_of_the_error(fitted: FittedPositions) -> None:
    x, y = channel(300, seed=1)
    found = replace(fitted, counted=Opinion(2.0, 0.1)).estimate(RUN, x, y)
    assert found.diagnostics["errors"]["counts"] == pytest.approx(1.8 - found.mi)
    assert found.std_error is not None
    assert found.std_error > 1.8 - found.mi


def test_half_of_what_was_memorised_is_added_and_in_the_error(fitted: FittedPositions) -> None:
    x, y = channel(300, seed=1)
    plain = replace(fitted, seen=Measured(0.0, 0.01)).estimate(RUN, x, y)
    found = replace(fitted, seen=Measured(plain.mi + 0.8, 0.0)).estimate(RUN, x, y)
    assert plain.diagnostics["errors"]["generalisation"] == 0.0
    assert found.diagnostics["errors"]["generalisation"] == pytest.approx(0.4, abs=0.01)
    assert found.mi - plain.mi == pytest.approx(found.diagnostics["errors"]["generalisation"])


def test_closed_positions_contribute_nothing(fitted: FittedPositions) -> None:
    x, y = channel(300, seed=1)
    shut = replace(fitted, open_positions=np.zeros(1, dtype=bool), seen=Measured(0.0, 0.0))
    assert shut.estimate(RUN, x, y).mi == 0.0


def test_the_state_goes_through_json(fitted: FittedPositions) -> None:
    x, y = channel(300, seed=1)
    arrays, meta = fitted.state()
    back = FittedPositions.restored(SHORT, arrays, json.loads(json.dumps(meta)))
    assert back.estimate(RUN, x, y).mi == fitted.estimate(RUN, x, y).mi
    assert back.counted == fitted.counted


def test_rows_stay_as_they_were() -> None:
    x, y = channel(200)
    before = x.copy(), y.copy()
    fit_positions(SHORT, RUN, (x, y), ([False], [False]))
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])


def test_what_both_predictions_see_tells_nothing_of_one_by_the_other() -> None:
    """Two labels of a common cause: dependent, and not given the cause."""
    rng = np.random.default_rng(0)
    cause = rng.standard_normal((2_000, 1))
    x, y = ((rng.standard_normal((2_000, 1)) < 2 * cause).astype(float) for _ in range(2))
    ordered, settings = ([False], [False]), MaskedTraining(steps=150, width=16)
    given = fit_positions(settings, RUN, (x[:1_500], y[:1_500]), ordered, context=cause[:1_500])
    plain = fit_positions(settings, RUN, (x[:1_500], y[:1_500]), ordered)
    found = given.estimate(RUN, x[1_500:], y[1_500:], cause[1_500:])
    assert plain.estimate(RUN, x[1_500:], y[1_500:]).mi > 0.1
    assert found.mi <= 1.96 * (found.std_error or 0.0)
    assert given.counted is None
    arrays, meta = given.state()
    again = FittedPositions.restored(settings, arrays, json.loads(json.dumps(meta)))
    assert again.estimate(RUN, x[1_500:], y[1_500:], cause[1_500:]).mi == found.mi
