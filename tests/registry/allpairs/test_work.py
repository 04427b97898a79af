"""Pairs as works: the same values as in this process, from columns that another command does not touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmg_registry.allpairs.answer import AllPairs, PairsOptions
from mmg_registry.allpairs.columns import read_paired_columns
from mmg_registry.allpairs.work import paired_on
from mmg_registry.engines.folder import WorkFolder
from mmg_registry.errors import OptionError
from mmg_registry.request import Request

X, E = np.random.default_rng(0).standard_normal((2, 200))


def question(scale: float) -> AllPairs:
    pair = read_paired_columns(np.stack([X, X + scale * E], axis=1), None)
    return AllPairs.of(pair, Request(plugin="gaussian", seed=0, threads=1), PairsOptions(top=1))


def test_workers_say_the_same_and_a_refused_command_touches_nothing(tmp_path: Path) -> None:
    place, asked = WorkFolder(tmp_path, "joblib:threading"), question(1.0)
    assert paired_on(asked, place).rows == asked.table().rows
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(OptionError, match="holds results already"):
        paired_on(question(3.0), place)
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match=r"file cannot be written: .*; give another folder"):
        paired_on(question(1.0), WorkFolder(tmp_path / "file", "joblib:threading"))
