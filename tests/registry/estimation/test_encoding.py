"""Categories and angles as estimators take them, alike in all rows, and kinds that an estimator refuses."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from fakes import GaussianMI

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.data import Pair, as_pair, clean
from mmg_registry.errors import DataError, DoesNotApply
from mmg_registry.estimation import encoding
from mmg_registry.estimation.encoding import encoding_for
from mmg_registry.results import Estimate

N = 120
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)
COLOURS = np.array(["red", "green", "blue", "red"] * (N // 4))


class Hot(GaussianMI):
    """Takes columns of 0 and 1, and keeps what reached it."""

    name = "hot-fake"
    seen: ClassVar[list[Any]] = []

    def fit(self, x: Any, y: Any) -> Hot:
        self.seen.append((x.copy(), self.x_kinds, self.y_kinds))
        super().fit(x, y)
        return self


class Codes(Hot):
    """Takes codes, and angles as they are."""

    name = "codes-fake"
    one_hot = False
    kinds = Hot.kinds | {"angle"}


class Smooth(Hot):
    """Takes continuous columns alone."""

    name = "smooth-fake"
    kinds = frozenset({"continuous"})


def checked(x: Any, kind: Any = None) -> Pair:
    return clean(as_pair(x, Y), kinds={"x": kind} if kind else {}).pair


def test_a_category_becomes_columns_of_0_and_1_but_for_its_commonest_value() -> None:
    pair = checked(COLOURS)
    found = encoding_for(Hot, pair)(pair)
    assert found.x[:4].tolist() == [[0, 0], [0, 1], [1, 0], [0, 0]]
    assert found.x_names == ("x=blue", "x=green")
    assert [(kind.name, kind.values) for kind in found.x_kinds] == [("category", 2)] * 2


def test_or_codes() -> None:
    pair = checked(np.array([7.0, -3.0, 0.5, 7.0] * (N // 4)))
    found = encoding_for(Codes, pair)(pair)
    assert found.x[:4, 0].tolist() == [2, 0, 1, 2]
    assert (found.x_names, found.x_kinds[0].values) == (("x",), 3)


@pytest.mark.parametrize("cls", [Hot, Codes])
def test_two_values_are_one_column(cls: type[Hot]) -> None:
    pair = checked(np.where(COLOURS == "red", 5.0, -5.0))
    assert encoding_for(cls, pair)(pair).x[:4, 0].tolist() == [1, 0, 0, 1]


def test_numbers_are_not_copied() -> None:
    pair = checked(np.column_stack([Y**2, COLOURS == "red"]))
    assert encoding_for(Hot, pair)(pair).x is pair.x


def test_an_angle_becomes_cosine_and_sine_unless_angles_are_taken() -> None:
    angles = RNG.uniform(-3, 3, N)
    pair = checked(angles, "angle")
    found = encoding_for(Hot, pair)(pair)
    np.testing.assert_allclose(found.x, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert [(kind.name, kind.reason) for kind in found.x_kinds] == [
        ("continuous", "the cosine of an angle"),
        ("continuous", "the sine of an angle"),
    ]
    assert encoding_for(Codes, pair)(pair).x is pair.x


def test_evaluation_rows_are_coded_alike() -> None:
    pair = checked(np.array([1.0, 2.0, 3.0, 3.0] * (N // 4)), "category")
    code = encoding_for(Hot, pair)
    assert code(as_pair([2.0, 1.0], [0.0, 1.0])).x.tolist() == [[0, 1], [1, 0]]
    with pytest.raises(
        DataError, match=r"The column 'x' of x in new\.csv is a category and holds 4, which no fitting row"
    ):
        code(as_pair([2.0, 4.0], [0.0, 1.0], source="new.csv"))


@pytest.mark.parametrize("cls", [Hot, Codes])
def test_numbers_that_only_look_like_labels_take_the_nearest_that_was_fitted(cls: type[Hot]) -> None:
    pair = checked(np.array([1.0, 2.0, 4.0, 4.0] * (N // 4)))
    code = encoding_for(cls, pair)
    known, unknown = (code(as_pair(column, np.zeros(3))).x for column in ([1.0, 2.0, 4.0], [-7.0, 2.4, 15.0]))
    assert unknown.tolist() == known.tolist()


def test_kinds_that_are_not_taken_are_refused_before_anything_runs() -> None:
    registry.register(Smooth)
    Hot.seen.clear()
    with pytest.raises(DoesNotApply) as caught:
        mmg.estimate(COLOURS, Y, plugin="smooth-fake")
    told = str(caught.value)
    assert told.startswith(
        "The plugin 'smooth-fake' takes no column of the kind 'category', which 'x' of x is (text of 3 values; --kind"
    )
    assert told.endswith("take them.")
    assert Hot.seen == []
    assert mmg.estimate(Y**3 + RNG.normal(size=N), Y, plugin="smooth-fake", kinds={"x": "angle"}).mi >= 0


def test_too_many_values_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_CODED", 3 * N - 1)
    pair = checked(COLOURS)
    with pytest.raises(DataError, match="The categories of x and y have 3 values, which 'hot-fake' takes as so many"):
        encoding_for(Hot, pair)
    assert encoding_for(Codes, pair)(pair).x.shape == (N, 1)


@pytest.mark.parametrize("how", [{}, {"cross_fit": 3}, {"x_eval": COLOURS[:40], "y_eval": RNG.normal(size=40)}])
def test_kinds_reach_the_estimator_in_step_with_its_columns(how: dict[str, Any]) -> None:
    registry.register(Hot)
    Hot.seen.clear()
    found: Estimate = mmg.estimate(COLOURS, Y, plugin="hot-fake", **how)
    assert found.provenance["columns"]["x"] == {
        "kinds": {"category": 1},
        "columns": [{"name": "x", "kind": "category", "reason": "text of 3 values", "values": 3}],
    }
    for x, x_kinds, y_kinds in Hot.seen:
        assert (x.shape[1], len(x_kinds), len(y_kinds)) == (2, 2, 1)
        assert set(np.unique(x)) == {0.0, 1.0}
