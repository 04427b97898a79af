"""The page of limits: its tables are those of the committed results, and count what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmark_rows import failed_row, run_row

from benchmarks import limits
from mmg_cli.benchmark.text import summary_document

ROWS = [
    run_row(task="a", family="folded", mi=1.0),
    run_row(task="a", family="folded", mi=1.02, seed=1),
    run_row(task="b", family="folded", mi=0.4),
    run_row(task="c", family="null", mi=0.0, truth=0.0, half=0.3),
    failed_row(task="d", family="images"),
]


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(summary_document(ROWS)))
    return path


def test_the_page_holds_the_tables_of_the_committed_results() -> None:
    page = limits.PAGE.read_text(encoding="utf-8")
    assert limits.with_tables(page, limits.committed()) == page


def test_a_kind_counts_its_pairs_and_their_runs(summary: Path) -> None:
    folded, null, images = limits.kinds(limits.tasks_of(summary))
    assert folded == {
        "kind": "folded", "pairs": 2, "solved": 1, "intervals that hold": "2 of 3", "useful ones": "3 of 3",
        "silent misses": 1, "median off": "+0.000",
    }  # fmt: skip
    assert (null["useful ones"], null["solved"]) == ("0 of 1", 1)
    assert (images["pairs"], images["solved"], images["median off"]) == (1, 0, "-")


def test_what_fails_is_named(summary: Path) -> None:
    found = limits.failures(limits.tasks_of(summary))
    assert [row["pair"] for row in found] == ["`b`", "`d`"]
    assert (found[0]["estimate"], found[0]["silent misses"]) == ("0.400", 1)
    assert found[1]["estimate"] == "none"


def test_tables_replace_what_stands_between_the_marks(summary: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{limits.BEGIN}\nreplaced\n{limits.END}\nAfter.\n")
    assert limits.main([str(summary), "--page", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "replaced" not in text
    assert "| folded | 2 | 1 | 2 of 3 | 3 of 3 | 1 | +0.000 |" in text
    assert "| `b` | folded | 1.000 | 0.400 | 0 of 1 | 1 |" in text
    assert "`p` on `s`, 100 rows to train on and 50 to evaluate on, 5 runs" in text
    assert limits.with_tables(text, [summary]) == text
    assert limits.NOTHING in limits.with_tables(text, [])


@pytest.mark.parametrize(
    ("content", "word"),
    [({"suites": {}}, "is no summary.json"), (summary_document([run_row(), run_row(plugin="q")]), "results of p, q")],
)
def test_what_is_no_summary_of_one_plugin_is_refused(tmp_path: Path, content: dict, word: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match=word):
        limits.tasks_of(path)
