"""The figures: every task and plugin is on the heat map, and every plugin has a panel of errors."""

from __future__ import annotations

from benchmark_rows import failed_row, inapplicable_row, run_row

from mmg_cli.benchmark.figures import PANELS_A_ROW, draw_errors, draw_heat_map, png, text_of
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


def test_a_failed_cell_says_so_and_an_infinite_one_is_not_forgotten() -> None:
    row = run_row()
    row["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    assert [text_of(cells([each])[0]) for each in (failed_row(), inapplicable_row(), row)] == ["failed", "n/a", "inf"]


def test_errors_are_drawn_against_seconds_in_a_panel_for_every_plugin() -> None:
    figure = draw_errors(cells(ROWS))
    assert [axes.get_title() for axes in figure.axes] == ["p", "q [k=1]"]
    behind, near, off = (each.get_offsets() for each in figure.axes[0].collections)
    assert sorted(round(float(y), 4) for _, y in behind) == [-0.2, 0.0, 0.05, 0.2]
    assert [round(float(y), 4) for _, y in near] == [0.0]
    assert sorted(round(float(y), 4) for _, y in off) == [-0.2, 0.2]
    assert png(figure, dpi=40).startswith(b"\x89PNG")


def test_with_failures_alone_the_figures_are_still_drawn() -> None:
    found = cells([failed_row()])
    assert png(draw_errors(found), dpi=40)
    assert png(draw_heat_map(found), dpi=40)


def test_many_plugins_have_panels_of_one_scale_in_rows() -> None:
    rows = [run_row(plugin=f"p{i}", seconds=1.0 + i, mi=1.0 + i) for i in range(PANELS_A_ROW + 1)]
    shown = [axes for axes in draw_errors(cells(rows)).axes if axes.get_visible()]
    assert len(shown) == len(rows)
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in shown}) == 1


def test_no_text_of_the_errors_is_cut() -> None:
    figure = draw_errors(cells(ROWS[:1]))
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    for text in (figure._suptitle, figure._supxlabel, figure._supylabel):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
