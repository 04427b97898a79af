"""Columns as labels and a rest."""

from __future__ import annotations

import json

import numpy as np
import pytest
from labelled import channel, column, dropout

import mmg_registry as mmg
from mmg_plugins.columns import LEAST_ROWS, ColumnParts, PairParts, SideParts
from mmg_registry.kinds import Kind

RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal((400, 2)).astype(np.float32)
WORDS = RNG.integers(0, 4, 400)


def test_plain_numbers_are_taken_as_they_are() -> None:
    side = SideParts.of(NUMBERS)
    assert side.given(NUMBERS) is NUMBERS
    assert side.spread(NUMBERS, (0, 0)) is NUMBERS
    assert (side.has_labels, side.rest_columns, side.words) == (False, 2, [])


def test_codes_of_labels_change_nothing() -> None:
    renamed = np.array([7.0, -2.0, 90.0, 5.0])[WORDS]
    first, second = (SideParts.of(column(values)).indicators(column(values)) for values in (WORDS, renamed))
    assert first.shape == (400, 3)
    assert np.array_equal(first, second)


def test_rare_and_unknown_labels_have_no_indicator() -> None:
    values = np.repeat([0.0, 1.0, 2.0, 3.0], [50, 40, LEAST_ROWS, LEAST_ROWS - 1])
    side = SideParts.of(column(values), [Kind("category", "told", 4)])
    assert side.columns[0].shown == (1.0, 2.0)
    assert side.indicators(column(np.array([3.0, 8.0]))).tolist() == [[0, 0], [0, 0]]
    assert side.labels(column(np.array([3.0, 8.0]))).tolist() == [[3], [-1]]


def test_two_values_keep_an_indicator_however_rare() -> None:
    assert SideParts.of(column(np.repeat([0.0, 1.0], [50, 1]))).columns[0].shown == (1.0,)


def test_a_mixed_column_is_given_as_its_value_and_an_indicator() -> None:
    _, y = dropout(500)
    side = SideParts.of(y)
    given, lost = side.given(y), y[:, 0] == 0
    assert np.array_equal(given[:, 1], lost)
    assert np.array_equal(given[~lost, 0], y[~lost, 0])
    assert np.unique(given[lost, 0]) == pytest.approx(np.median(y[~lost]), rel=0.02)


def test_noise_takes_the_place_of_atoms_and_tells_nothing_of_them() -> None:
    _, y = dropout(4_000)
    spread, lost = SideParts.of(y).spread(y, (0, 0))[:, 0], y[:, 0] == 0
    assert np.array_equal(spread[~lost], y[~lost, 0])
    assert len(np.unique(spread[lost])) == lost.sum()
    assert np.quantile(spread[lost], [0.2, 0.8]) == pytest.approx(np.quantile(y[~lost], [0.2, 0.8]), rel=0.15)


@pytest.mark.parametrize("grain", [0.25, 1.0])
def test_rounded_columns_are_spread_within_their_grain(grain: float) -> None:
    rows = column(np.round(3 * RNG.standard_normal(900) / grain) * grain)
    side = SideParts.of(rows, [Kind("count" if grain == 1 else "continuous", "told", 20, grain=grain)])
    spread = side.spread(rows, (0, 0))
    assert np.array_equal(np.round(spread / grain) * grain, rows)
    assert len(np.unique(spread)) == len(rows)
    assert side.given(rows) is rows


def test_two_columns_on_a_circle_are_noised_as_one_angle() -> None:
    angle, other = RNG.uniform(-np.pi, np.pi, 300), RNG.standard_normal(300)
    rows = np.stack([3 * np.cos(angle), other, 3 * np.sin(angle)], axis=1).round(5)
    side = SideParts.of(rows)
    assert (side.circles, side.rest_columns) == (((0, 2),), 2)
    assert side.spread(rows, (0, 0)) == pytest.approx(np.stack([angle, other], axis=1), abs=1e-4)
    assert side.given(rows) is rows
    assert SideParts.restored(json.loads(json.dumps(side.state()))) == side
    noisy = rows + 1e-3 * RNG.standard_normal(rows.shape)
    assert SideParts.of(noisy).circles == ()
    assert SideParts.of(noisy).spread(noisy, (0, 0)) is noisy


def test_noise_follows_its_seed() -> None:
    _, y = dropout(300)
    side = SideParts.of(y)
    assert np.array_equal(side.spread(y, (1, 0)), side.spread(y, (1, 0)))
    assert not np.array_equal(side.spread(y, (1, 0)), side.spread(y, (1, 1)))


def test_kinds_that_are_told_are_believed() -> None:
    rows = column(RNG.integers(0, 3, 300))
    assert not SideParts.of(rows, [Kind("continuous", "told", 3)]).has_labels
    assert SideParts.of(rows, [Kind("count", "told", 3)]).columns == (ColumnParts(grain=1.0),)
    assert SideParts.of(rows, [Kind("count", "told", 3)], count_as_labels=True).has_labels


def test_a_mixed_column_without_a_rest_in_its_rows_is_all_label() -> None:
    assert SideParts.of(column(np.arange(20) % 2), [Kind("mixed", "told", 2, atoms=(0.0, 1.0))]).rest_columns == 0


def test_sides_come_back_from_json() -> None:
    x, y = np.hstack([dropout(200)[1], channel(200)[0]]), NUMBERS[:200]
    sides = PairParts.of(x, y)
    assert PairParts.restored(json.loads(json.dumps(sides.state()))) == sides
    assert list(sides.words["columns"]["x"]) != []
    assert sides.words["columns"]["y"] == []


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("plugin", ["mine", "infonce", "doe", "minde-c"])
def test_no_trained_estimator_knows_the_codes_of_labels(plugin: str, swap: bool) -> None:
    """Labels beside zeros that stand out of a continuous side, whichever of x and y they are."""
    rng = np.random.default_rng(0)
    k, codes = rng.integers(0, 3, 300), np.array([7.0, -1.0, 40.0])
    z = np.where(rng.random(300) < 0.3, 0.0, k + rng.standard_normal(300)) if plugin == "mine" else k + rng.random(300)
    found = []
    for labels in (k.astype(float), codes[k]):
        x, y = (z, labels) if swap else (labels, z)
        found.append(mmg.estimate(x, y, plugin=plugin, steps=20, seed=0, threads=1).mi)
    assert found[0] == pytest.approx(found[1], abs=1e-12)
