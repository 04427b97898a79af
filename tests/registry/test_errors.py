"""Warnings of results have classes, by which they are filtered."""

from __future__ import annotations

import json
import logging
import pickle
import warnings

import numpy as np
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataWarning, IntervalWarning, MMGWarning, Sentence, about, category_of

X = np.random.default_rng(0).normal(size=60)


def test_a_sentence_keeps_its_class_in_other_processes_and_is_text_in_json() -> None:
    told = Sentence("Two rows repeat.", DataWarning)
    assert category_of(pickle.loads(pickle.dumps(told))) is DataWarning
    assert json.loads(json.dumps([told])) == ["Two rows repeat."]
    assert category_of(about(IntervalWarning, [told])[0]) is DataWarning
    assert category_of("Of a plugin.") is MMGWarning


def test_warnings_are_filtered_by_what_they_are_about_and_name_their_page() -> None:
    twice = np.column_stack([X, X])
    with pytest.warns(DataWarning, match=r"repeats 'x0' and is left out.*\[docs/data.md\]"):
        found = mmg.estimate(twice, X + np.random.default_rng(1).normal(size=60), plugin="gaussian")
    assert not any("docs/" in sentence for sentence in found.warnings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataWarning)
        mmg.estimate(twice, X + np.random.default_rng(1).normal(size=60), plugin="gaussian")


def test_stages_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mmg_registry"):
        mmg.estimate(X, X**2 + np.random.default_rng(1).normal(size=60), plugin="gaussian")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["checking", "checked", "estimated"]
