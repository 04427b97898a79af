"""Results as HTML are well-formed, escaped and without scripts."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mmg_registry.markup import card, curve_svg, interval_svg
from mmg_registry.quantity import Quantity
from mmg_registry.results import Curve, Estimate

SVG = "{http://www.w3.org/2000/svg}"


def test_text_is_escaped_and_warnings_are_folded() -> None:
    shown = card("A <b>\n  & more", warnings=["<script>alert(1)</script>"])
    assert "<script" not in shown
    assert ET.fromstring(shown).find("details/ul/li").text == "<script>alert(1)</script>"


@pytest.mark.parametrize(("value", "low", "high"), [(1.0, 0.5, 1.5), (0.0, 0.0, 0.0), (None, -0.5, 2.0)])
def test_an_interval_stays_within_its_picture(value: float | None, low: float, high: float) -> None:
    picture = ET.fromstring(interval_svg(value, low, high, "nats"))
    places = [float(line.get(end)) for line in picture.iter(f"{SVG}line") for end in ("x1", "x2")]
    assert 0 <= min(places) <= max(places) <= float(picture.get("width"))
    assert len(list(picture.iter(f"{SVG}circle"))) == (value is not None)


def test_bins_without_a_value_are_left_out_of_a_curve() -> None:
    picture = ET.fromstring(curve_svg([0.0, 1.0, 2.0], [1.0, None], [0.5, float("nan")], "area"))
    assert [len(line.get("points").split()) for line in picture.iter(f"{SVG}polyline")] == [2, 2]
    assert curve_svg([0.0, 1.0], [None], [None], "area") == ""


def test_estimates_and_quantities_show_their_picture() -> None:
    flat = [0.1, 0.1]
    curve = Curve([-1.0, 0.0, 1.0], *(flat for _ in range(6)), [5, 5], mmse=[1.0, 0.5], mmse_cond=[0.9, 0.4])
    assert "<polygon" in Estimate(1.0, 0.1, curve=curve)._repr_html_()
    assert "<circle" in Estimate(1.0, 0.1)._repr_html_()
    assert "<svg" not in Estimate(float("inf"), status="infinite")._repr_html_()
    assert "<circle" in Quantity("entropy", "h(x)", 1.0, 0.1).with_interval()._repr_html_()
