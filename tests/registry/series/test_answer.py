"""Embeddings as pairs: columns, names, labels, trials as groups, kinds that were told, and blocks of time."""

from __future__ import annotations

import numpy as np
import pytest
from series import autoregressive, driven

from mmg_registry.errors import DataError
from mmg_registry.request import Request
from mmg_registry.series.answer import Embedded, estimate_of
from mmg_registry.series.embedding import Reach, rows_of
from mmg_registry.series.recording import of_arrays

A, B = driven(600, np.random.default_rng(0))
STATE = np.where(A > 0, "up", "down")


def embedded(x: np.ndarray = A, y: np.ndarray = B, trial: object = None) -> Embedded:
    recording = of_arrays({"x": x, "y": y}, trial=trial)
    rows = rows_of(recording, Reach((3,), own=2))
    return Embedded(recording, rows, [("x", 3)], [("y", 0)], [("y", 1), ("y", 2)])


def test_the_pair_holds_source_target_and_what_is_given() -> None:
    pair = embedded().pair()
    assert (pair.x_names, pair.y_names, pair.z_names) == (("x[t-3]",), ("y[t]",), ("y[t-1]", "y[t-2]"))
    np.testing.assert_array_equal(pair.x[:, 0], A[:-3])
    np.testing.assert_array_equal(pair.z, np.column_stack([B[2:-1], B[1:-2]]))
    assert pair.groups is None


def test_labels_go_along() -> None:
    pair = embedded(x=STATE, y=STATE).pair()
    assert (pair.x_labels, pair.z_labels) == ((("down", "up"),), (("down", "up"),) * 2)


@pytest.mark.parametrize(("trials", "grouped"), [(2, False), (10, True)])
def test_many_trials_are_groups(trials: int, grouped: bool) -> None:
    groups = embedded(trial=np.repeat(np.arange(trials), 600 // trials)).pair().groups
    assert (groups is not None and len(np.unique(groups)) == trials) == grouped


def test_kinds_are_told_of_channels() -> None:
    told = {"y": "count", "z": "angle"}
    assert embedded().kinds(told) == {"y[t]": "count", "y[t-1]": "count", "y[t-2]": "count", "z": "angle"}


def test_kinds_of_no_channel_are_refused() -> None:
    with pytest.raises(DataError, match=r"no column .zz., of which a kind is told"):
        estimate_of(embedded(), Request(plugin="gaussian", kinds={"zz": "count"}, threads=1))


def test_series_that_remember_are_held_together_by_blocks_without_being_told_so() -> None:
    x, y = autoregressive(0.9, 600, np.random.default_rng(0), 2).T
    recording = of_arrays({"x": x, "y": y})
    found = estimate_of(
        Embedded(recording, np.arange(600), [("x", 0)], [("y", 0)]), Request(plugin="gaussian", threads=1)
    )
    assert found.provenance["rows"]["split_by"] == "blocks"
    assert not any("order of the rows" in sentence for sentence in found.warnings)
