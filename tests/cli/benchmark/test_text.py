"""Leaderboard, bias, comparison in words and as JSON."""

from __future__ import annotations

import json
import math

import pytest
from benchmark_rows import failed_row, inapplicable_row, run_row

from mmg_cli.benchmark.text import by_suite, changes_document, compare_text, report_text, summary_document
from mmg_registry.benchmark.criteria import cells, changes_between

ROWS = [
    run_row(suite="one", task="a", family="x", mi=1.01),
    run_row(suite="one", task="a", family="x", mi=1.03, seed=1),
    run_row(suite="one", task="b", family="y", mi=0.5, half=None),
    run_row(suite="two", task="c", family="z", plugin="q", mi=0.0, truth=0.0),
    failed_row(suite="two", task="d", family="z", plugin="q"),
]


def table(text: str, start: str) -> dict[str, str]:
    """The line of a table that begins with `start`, by the words of the head above it."""
    lines = text.splitlines()
    number = next(i for i, line in enumerate(lines) if line.startswith(start))
    head = lines[number - 1]
    names = [name for name in head.split("  ") if name]
    begins = [head.index(name.strip()) for name in names]
    pieces = [lines[number][a:b].strip() for a, b in zip(begins, [*begins[1:], None], strict=True)]
    return dict(zip(map(str.strip, names), pieces, strict=True))


def test_the_report_has_a_leaderboard_and_a_bias_table_for_each_suite() -> None:
    text = report_text(cells(ROWS))
    assert table(text, "p  ") == {
        "PLUGIN": "p", "SOLVED": "1/2", "TIGHT": "1/2", "<=0.05": "1/2", "<=0.1": "1/2", "<=0.2": "1/2",
        "MEAN ERR": "0.1800", "MEDIAN ERR": "0.0300", "MAX ERR": "0.5000",
        "MEDIAN S": "2.0", "MAX S": "2.0", "TOTAL S": "6.0", "SEEDS": "2", "FAILED": "0", "N/A": "0",
    }  # fmt: skip
    assert table(text, "p          2/2") == {
        "INTERVALS": "p", "COVERED": "2/2 (100 %)", "USEFUL": "2/2 (100 %)", "SILENT MISSES": "0", "> 4 SE": "0",
        "MEDIAN OFF": "+0.0100",
    }  # fmt: skip
    assert "Suite one" in text
    assert "BIAS (NATS)  X        Y\np            +0.0200  -0.5000" in text
    assert table(text, "q  ")["FAILED"] == "1"
    assert "solved: |mean over seeds - truth| <= max(0.05, 0.10 truth)" in text


def test_the_summary_is_json_even_without_numbers() -> None:
    infinite = run_row(suite="one", task="e")
    infinite["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    document = summary_document([*ROWS, infinite])
    json.dumps(document, allow_nan=False)
    assert document["runs"] == 6
    assert document["suites"]["one"]["leaderboard"][0]["mean_error"] is None
    marks = {task["task"]: (task["solved"], task["tight"]) for task in document["suites"]["one"]["tasks"]}
    assert marks == {"a": (True, True), "b": (False, False), "e": (False, False)}
    assert document["criteria"]["solved"] == {"absolute": 0.05, "relative": 0.1}
    assert document["criteria"]["useful"] == {"absolute": 0.15, "relative": 0.15}
    standing = document["suites"]["one"]["leaderboard"][0]
    assert {name: standing[name] for name in ("useful", "silent", "far")} == {"useful": 2, "silent": 1, "far": 1}
    assert standing["median_signed_error"] == pytest.approx(0.02)
    silent = {task["task"]: (task["silent"], task["useful"]) for task in document["suites"]["one"]["tasks"]}
    assert silent == {"a": (0, [True, True]), "b": (0, []), "e": (1, [])}


def test_a_task_that_a_plugin_does_not_take_is_in_no_other_count() -> None:
    rows = [run_row(task="a", plugin="q"), inapplicable_row(task="b", plugin="q"), run_row(task="b")]
    found = table(report_text(cells(rows)), "q  ")
    assert (found["SOLVED"], found["FAILED"], found["N/A"]) == ("1/1", "0", "1")
    only = table(report_text(cells([inapplicable_row()])), "p  ")
    assert (only["SOLVED"], only["SEEDS"], only["MEAN ERR"], only["N/A"]) == ("0/0", "0", "-", "1")
    json.dumps(summary_document(rows), allow_nan=False)


def test_cells_are_parted_by_suite() -> None:
    assert {name: len(own) for name, own in by_suite(cells(ROWS)).items()} == {"one": 2, "two": 2}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (run_row(suite="one", task="a", family="x", mi=1.02), ["?", "1 cannot be judged"]),
        (failed_row(suite="one", task="a", family="x"), ["yes -> failed"]),
        (inapplicable_row(suite="one", task="a", family="x"), ["yes -> does not apply"]),
        (run_row(suite="one", task="z"), ["absent -> yes", "yes -> absent", "2 are in one folder only"]),
    ],
)
def test_a_comparison_says_what_cannot_be_said(after: dict, words: list[str]) -> None:
    changes = changes_between(cells(ROWS[:2]), cells([after]))
    text = compare_text(changes)
    assert all(word in text for word in words)
    json.dumps(changes_document(changes), allow_nan=False)


def test_infinite_means_are_written_as_such() -> None:
    infinite = run_row()
    infinite["estimate"] |= {"status": "infinite", "mi": None, "ci": None}
    changes = changes_between(cells([run_row()]), cells([infinite]))
    assert math.isinf(changes[0].after.mean)  # type: ignore[union-attr]
    assert "inf" in compare_text(changes)
