"""Nearest neighbours as a second opinion: when they are asked, and what counts of their answer."""

from __future__ import annotations

import numpy as np
import pytest
from rows import MI, pair

from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.baselines.second_opinion import Opinion, ask_neighbours, neighbours_find_more
from mmg_registry.contracts import Run

RUN = Run(seed=0, threads=1)


def test_they_find_what_is_there_in_some_of_the_rows() -> None:
    found = ask_neighbours(*pair(2_000), RUN, 1_000, 20)
    assert found.value == pytest.approx(MI, abs=4 * found.error)
    assert found.error > ask_neighbours(*pair(2_000), RUN, 2_000, 20).error


@pytest.mark.parametrize("most_columns", [1, 20])
def test_many_columns_and_copies_are_not_for_them(most_columns: int) -> None:
    x, y = pair(400)
    coarse = np.round(x), np.round(y)
    assert ask_neighbours(*((x, y) if most_columns == 1 else coarse), RUN, 1_000, most_columns) == Opinion()


def test_their_error_does_not_hold_what_is_left_to_rise() -> None:
    """The lower they are, the surer is that a value below them is too low."""
    x, y = pair(2_000, 0.95, dim=5)
    found, whole = ask_neighbours(x, y, RUN, 2_000, 20), KSG(run=RUN).fit(x, y).estimate(x, y)
    assert found.value == whole.mi
    assert found.error == whole.diagnostics["errors"]["rows"]
    assert 2 * found.error < whole.std_error


def test_the_sentence_names_both() -> None:
    assert "at least 0.80 nats in the training rows, 0.30 more" in neighbours_find_more(0.5, 0.3)
