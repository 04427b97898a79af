"""Columns as classes: rare labels share one, numbers are pooled into intervals, and codes mean nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmg_plugins.masked.alphabets import LEAST_ROWS, MOST_CLASSES, Alphabet, Alphabets, are_ordered
from mmg_registry.errors import DataError
from mmg_registry.kinds import Kind

LABELS = np.repeat([3.0, 8.0, 1.0, 5.0, 9.0], [30, 20, 10, 3, 2])


def test_rare_labels_share_the_last_class() -> None:
    alphabet = Alphabet.of(LABELS, ordered=False)
    assert alphabet.values == (3.0, 8.0, 1.0)
    assert alphabet.shares == pytest.approx(np.array([30, 20, 10, 5]) / 65)
    assert alphabet.classes(np.array([1.0, 3.0, 5.0, 9.0])).tolist() == [2, 0, 3, 3]


def test_labels_never_seen_join_the_rarest_class() -> None:
    alphabet = Alphabet.of(np.repeat([0.0, 1.0], [30, 20]), ordered=False)
    assert alphabet.classes(np.array([-4.0, 0.0, 0.5, 7.0])).tolist() == [1, 0, 1, 1]


def test_codes_of_labels_change_nothing() -> None:
    codes = {3.0: 7.5, 8.0: -2.0, 1.0: 0.0, 5.0: 100.0, 9.0: 4.0}
    other = np.array([codes[value] for value in LABELS])
    one, two = Alphabet.of(LABELS, ordered=False), Alphabet.of(other, ordered=False)
    assert np.array_equal(one.classes(LABELS), two.classes(other))
    assert np.array_equal(one.features(), two.features())


@pytest.mark.parametrize("mean", [0.5, 30.0, 5_000.0])
def test_numbers_are_pooled_into_intervals_of_enough_rows(mean: float) -> None:
    column = np.random.default_rng(0).poisson(mean, 3_000).astype(float)
    alphabet = Alphabet.of(column, ordered=True)
    classes = alphabet.classes(column)
    rows = np.bincount(classes, minlength=alphabet.size)
    assert alphabet.size <= MOST_CLASSES
    assert rows.min() >= LEAST_ROWS
    assert rows / len(column) == pytest.approx(alphabet.shares)
    assert np.all(np.diff(classes[np.argsort(column)]) >= 0)  # in the order of the numbers
    assert np.array_equal(alphabet.classes(np.array([-9.0, 1e9])), [0, alphabet.size - 1])


def test_a_constant_column_is_one_class() -> None:
    for ordered in (False, True):
        alphabet = Alphabet.of(np.full(40, 2.0), ordered)
        assert alphabet.shares == (1.0,)
        assert alphabet.features().shape == (1, 0)
        assert alphabet.classes(np.array([2.0, 3.0])).tolist() == [0, 0]


def test_a_column_of_rare_labels_alone_is_one_class() -> None:
    alphabet = Alphabet.of(np.arange(20.0) // 2, ordered=False)
    assert (alphabet.values, alphabet.shares) == ((), (1.0,))
    assert alphabet.classes(np.array([3.0, 77.0])).tolist() == [0, 0]


def test_only_categories_are_labels() -> None:
    rows = np.stack([np.arange(90.0) % 3, np.arange(90.0)], axis=1)
    assert are_ordered(rows) == [False, True]
    assert are_ordered(rows, [Kind("count", "told", 3), Kind("category", "told", 90)]) == [True, False]


def test_alphabets_survive_json_and_refuse_nan() -> None:
    rows = np.stack([LABELS, np.arange(65.0)], axis=1)
    alphabets = Alphabets.of(rows, [False, True])
    assert Alphabets.restored(json.loads(json.dumps(alphabets.state()))) == alphabets
    rows[3, 1] = np.nan
    with pytest.raises(DataError, match="NaN"):
        alphabets.classes(rows)
    with pytest.raises(DataError, match="NaN"):
        Alphabets.of(rows, [False, True])
