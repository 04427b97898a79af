"""The figures: every task and plugin is on the heat map, colours mean what they say."""

from __future__ import annotations

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row

from mmg_cli.benchmark.figures import PLUGIN_COLOURS, draw_errors, draw_heat_map, png, shade, text_of
from mmg_registry.benchmark.criteria import cells

ROWS = [
    run_row(task="a", family="x", mi=1.0),
    run_row(task="b", family="x", mi=1.2, truth=1.0),
    run_row(task="c", family="y", mi=0.1, truth=0.3),
    run_row(task="a", family="x", plugin="q [k=1]", mi=1.05),
    failed_row(task="b", family="x", plugin="q [k=1]"),
]


def texts(figure) -> list[str]:
    (axes,) = figure.axes
    ticks = [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return [*ticks, *(text.get_text() for text in axes.texts)]


def test_the_heat_map_has_truth_plugins_tasks_families_and_values() -> None:
    figure = draw_heat_map(cells(ROWS))
    assert png(figure, dpi=40).startswith(b"\x89PNG")
    found = texts(figure)
    for word in ("truth", "p", "q\n[k=1]", "a", "b", "c", "x", "y", "0.300", "1.200", "0.100", "1.050", "failed"):
        assert word in found, word


def test_what_is_not_solved_is_framed() -> None:
    (axes,) = draw_heat_map(cells(ROWS)).axes
    frames = [patch.get_xy() for patch in axes.patches if not patch.get_fill()]
    assert [(int(x), int(y)) for x, y in frames] == [(0, 1), (1, 1), (0, 2)]


@pytest.mark.parametrize(("mi", "warm"), [(1.05, True), (0.95, False)])
def test_red_is_above_the_truth_and_blue_below(mi: float, warm: bool) -> None:
    (cell,) = cells([run_row(mi=mi)])
    red, blue = int(shade(cell)[1:3], 16), int(shade(cell)[5:7], 16)
    assert (red > blue) is warm


def test_the_shade_grows_with_the_error_and_stops_at_twice_the_tolerance() -> None:
    shades = [shade(cells([run_row(mi=mi)])[0]) for mi in (1.0, 1.05, 1.2, 9.0)]
    assert len(set(shades[:3])) == 3
    assert shades[2] == shades[3]


def test_a_failed_cell_is_grey_and_an_infinite_one_is_not_forgotten() -> None:
    (cell,) = cells([failed_row()])
    assert (shade(cell), text_of(cell)) == ("#d5d8dd", "failed")
    (cell,) = cells([inapplicable_row()])
    assert (shade(cell), text_of(cell)) == ("#d5d8dd", "n/a")
    row = run_row()
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    (cell,) = cells([row])
    assert text_of(cell) == "inf"
    assert shade(cell) == shade(cells([run_row(mi=99.0)])[0])


def test_errors_are_drawn_against_seconds_for_every_plugin() -> None:
    figure = draw_errors(cells(ROWS))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["p", "q [k=1]"]
    points = axes.collections[0].get_offsets()
    assert sorted(round(float(y), 4) for _, y in points) == [0.0001, 0.2, 0.2]  # an error of 0 lies on the floor
    assert png(figure, dpi=40).startswith(b"\x89PNG")


def test_with_failures_alone_the_figures_are_still_drawn() -> None:
    found = cells([failed_row()])
    assert png(draw_errors(found), dpi=40)
    assert png(draw_heat_map(found), dpi=40)


def test_plugins_beyond_the_colours_look_different() -> None:
    rows = [run_row(plugin=f"p{i}") for i in range(len(PLUGIN_COLOURS) + 1)]
    legend = draw_errors(cells(rows)).axes[0].get_legend_handles_labels()[0]
    looks = {(str(mark.get_facecolor()), mark.get_paths()[0].vertices.tobytes()) for mark in legend}
    assert len(looks) == len(rows)
