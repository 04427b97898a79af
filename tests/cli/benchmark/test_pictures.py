"""Where the dots and lines of the page's pictures lie."""

from __future__ import annotations

import pytest
from benchmark_rows import curve_of, failed_row, run_row

from mmg_cli.benchmark.pictures import PLACE, SECONDS_FLOOR, curves, error_panels
from mmg_registry.benchmark.criteria import cells

LEFT, RIGHT, TOP, BOTTOM = PLACE


def test_each_plugin_has_a_picture_with_a_dot_for_each_run_and_the_best_comes_first() -> None:
    rows = [run_row(plugin="off", mi=3.0, seed=seed) for seed in range(3)] + [run_row(plugin="near")]
    found = error_panels(cells(rows))
    assert found is not None
    assert [(each.plugin, len(each.marks)) for each in found.panels] == [("near", 1), ("off", 3)]
    assert len(found.all) == 4
    assert [mark.near for each in found.panels for mark in each.marks] == [True, False, False, False]
    assert found.panels[1].words == "3 runs, 0 within the tolerance, median error 2.000 nats, 2.0 s"


def test_too_high_lies_above_too_low_and_slow_lies_right_of_fast() -> None:
    found = error_panels(cells([run_row(mi=1.5, seconds=100.0), run_row(mi=0.5, task="u", seconds=0.0)]))
    assert found is not None
    high, low = found.all
    assert high.y < low.y
    assert (low.x, high.x) == (LEFT, RIGHT)  # a time of 0 lies on the floor
    assert {tick.text for tick in found.x_ticks} >= {f"{SECONDS_FLOOR:g}", "1", "100"}
    ticks = {tick.text: tick.at for tick in found.y_ticks}
    assert ticks["0"] == pytest.approx((TOP + BOTTOM) / 2)
    assert ticks["+0.05"] < ticks["0"] < ticks["-0.05"]


def test_runs_without_a_finite_estimate_have_no_dot() -> None:
    row = run_row(task="u")
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    found = error_panels(cells([row, run_row()]))
    assert found is not None
    assert len(found.all) == 1
    assert error_panels(cells([row])) is error_panels(cells([failed_row()])) is None


def test_the_pair_of_curves_of_a_run_lies_within_the_axes_and_seeds_have_their_colours() -> None:
    (task,) = curves([run_row(curve=curve_of(), seed=seed) for seed in range(6)])
    (picture,) = task.pictures
    assert [line.given for line in picture.lines] == [False, True] * 6
    assert [line.colour for line in picture.lines[::2]] == [0, 1, 2, 3, 4, 0]
    places = [tuple(map(float, each.split(","))) for line in picture.lines for each in line.points.split()]
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in places)
    assert picture.ticks == ("-0.5", "0.5", "0.5")
