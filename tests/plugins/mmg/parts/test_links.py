"""Links of the chain rule over labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from labelled import beside, dropout, two_groups

from mmg_plugins.columns import ColumnParts, PairParts, SideParts
from mmg_plugins.mmg.parts.coordinates import ContextColumns
from mmg_plugins.mmg.parts.links import Link, Sample, links_of
from mmg_plugins.mmg.parts.orientation import noise_fewer_columns, noise_x, oriented

NUMBER, LABEL = ColumnParts(), ColumnParts(False, (0.0, 1.0), (1.0,))
MIXED = ColumnParts(True, (0.0,), (0.0,), (1.0, 2.0))


@pytest.mark.parametrize(
    ("x", "y", "links"),
    [
        ([NUMBER], [NUMBER], ["I(x; y)"]),
        ([NUMBER], [LABEL], ["I(x; labels of y)"]),
        ([LABEL], [NUMBER, NUMBER], ["I(y; labels of x)"]),
        ([NUMBER], [MIXED], ["I(x; y)"]),
        ([LABEL, NUMBER], [NUMBER], ["I(y; x)"]),
        ([MIXED], [LABEL], ["I(values of x; labels of y | labels of x)"]),
        ([LABEL], [LABEL, LABEL], []),
        ([MIXED], [LABEL, NUMBER], ["I(values of y; labels of x | labels of y)", "I(values of x; y | labels of x)"]),
    ],
)
def test_one_continuous_side_is_noised_and_the_rest_is_given(
    x: list[ColumnParts], y: list[ColumnParts], links: list[str]
) -> None:
    assert [link.words for link in links_of(PairParts(SideParts(tuple(x)), SideParts(tuple(y))), noise_x)] == links


def test_the_variable_asked_for_is_noised_last_where_there_is_a_choice() -> None:
    both = PairParts(SideParts((MIXED,)), SideParts((MIXED,)))
    assert links_of(both, oriented("y"))[-1].words == "I(values of y; x | labels of y)"
    assert (
        links_of(PairParts(SideParts((NUMBER, NUMBER)), SideParts((NUMBER,))), noise_fewer_columns)[
            0
        ].orientation.noised
        == "y"
    )


def test_labels_beside_are_the_last_columns_of_the_noised_side() -> None:
    x, y = beside(300)
    sides = PairParts.of(x, y)
    last = links_of(sides, noise_x)[-1]
    of_x, of_y = last.rows(sides, Sample(x, y), (0, 0))
    assert last.columns_beside(sides) == ContextColumns(labels=1)
    assert np.array_equal(of_x[:, 0], x[:, 1])
    assert np.ptp(of_x[:, 1]) == 1
    assert of_y.shape == (300, 2)


def test_labels_alone_are_given_where_a_side_is_all_label() -> None:
    assert [link.labels_given for link in links_of(PairParts.of(*two_groups(300)), noise_x)] == [True]
    assert [link.labels_given for link in links_of(PairParts.of(*dropout(300)), noise_x)] == [False]


def test_links_come_back_from_json() -> None:
    for link in links_of(PairParts(SideParts((MIXED,)), SideParts((MIXED,))), noise_x):
        assert Link.restored(json.loads(json.dumps(link.state()))) == link
