"""The colours of both themes, by numbers: text can be read, and what differs in meaning differs for every eye."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row
from colour_vision import EYES, contrast, difference

from mmg_cli.benchmark import colours
from mmg_cli.benchmark.colours import DARK, LIGHT, MISSING, Theme, shades, tone
from mmg_registry.benchmark.criteria import cells

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
BY_EYES = pytest.mark.parametrize("eyes", EYES)


def test_the_measures_know_black_and_white_and_the_confusion_of_red_and_green() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert difference("#000000", "#ffffff", "all cones") == pytest.approx(100.0, abs=0.1)
    red_and_green = ("#b35a00", "#7a7a00")
    assert difference(*red_and_green, "no green cones") < 0.5 * difference(*red_and_green, "all cones")


@THEMES
def test_text_can_be_read_on_all_that_it_stands_on(theme: Theme) -> None:
    for ground in (theme.paper, theme.raised, *shades(theme).values()):
        assert contrast(theme.ink, ground) >= 4.5, ground
    for ground in (theme.paper, theme.raised):
        assert contrast(theme.quiet, ground) >= 4.5, ground
    assert contrast(theme.mark, theme.paper) >= 4.5  # of links too


@THEMES
def test_lines_and_dots_can_be_seen(theme: Theme) -> None:
    for colour in (*theme.seeds, theme.mark, theme.quiet):
        assert contrast(colour, theme.paper) >= 3.0, colour


@THEMES
@BY_EYES
def test_seeds_can_be_told_apart(theme: Theme, eyes: str) -> None:
    for pair in itertools.combinations(theme.seeds, 2):
        assert difference(*pair, eyes) > 20, pair


@THEMES
@BY_EYES
def test_too_low_and_too_high_and_own_dots_and_others_can_be_told_apart(theme: Theme, eyes: str) -> None:
    assert difference(theme.under, theme.over, eyes) > 20
    assert difference(theme.under, theme.paper, eyes) > 15
    assert difference(theme.over, theme.paper, eyes) > 15
    assert difference(theme.mark, theme.faint, eyes) > 20


def test_the_style_takes_all_its_colours_from_the_themes() -> None:
    style = Path(colours.__file__).with_name("templates").joinpath("report.css").read_text()
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb\(|hsl\(", style)


@pytest.mark.parametrize(("mi", "side"), [(1.05, "over"), (0.95, "under")])
def test_the_shade_says_on_which_side_the_estimate_lies(mi: float, side: str) -> None:
    (cell,) = cells([run_row(mi=mi)])
    assert tone(cell).startswith(side)


def test_the_shade_grows_with_the_error_and_stops_at_twice_the_tolerance() -> None:
    assert [tone(cells([run_row(mi=mi)])[0]) for mi in (1.0, 1.05, 1.2, 9.0)] == ["", "over-1", "over-5", "over-5"]


def test_a_cell_without_an_estimate_is_missing_and_an_infinite_one_is_far_over() -> None:
    row = run_row()
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    found = [tone(cells([each])[0]) for each in (failed_row(), inapplicable_row(), row)]
    assert found == [MISSING, MISSING, "over-5"]
