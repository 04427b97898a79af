"""Results on axes of matplotlib."""

from __future__ import annotations

import importlib.util

import pytest
from matplotlib.figure import Figure

from mmg_registry.errors import OptionError
from mmg_registry.quantity import Quantity
from mmg_registry.results import Curve, Estimate


def test_an_estimate_without_a_curve_is_a_mark_with_its_interval() -> None:
    axes = Figure().subplots()
    assert Estimate(1.0, 0.1).plot(axes) is axes
    (interval, mark, _) = axes.lines
    assert list(mark.get_xdata()) == [1.0]
    assert interval.get_xdata() == pytest.approx([0.804, 1.196], abs=1e-3)


@pytest.mark.parametrize(("mmse", "label"), [(None, "direct"), ([1.0], "without y")])
def test_a_curve_is_drawn_as_far_as_it_goes(mmse: list[float] | None, label: str) -> None:
    curve = Curve([0.0, 1.0], [0.1], [0.1], [0.0], [0.01], [0.01], [0.01], [9], mmse=mmse, mmse_cond=mmse)
    axes = Estimate(0.1, 0.1, curve=curve).plot(Figure().subplots())
    assert label in [text.get_text() for text in axes.get_legend().get_texts()]


def test_parts_of_a_quantity_have_a_row_each() -> None:
    part = Quantity("entropy", "h(y)", 2.0)
    axes = Quantity("entropy", "h(x)", 1.0, parts=(part,)).plot(Figure().subplots())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["h(x)", "h(y)"]


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"mmg-registry\[plot\]"):
        Estimate(1.0, 0.1).plot()
