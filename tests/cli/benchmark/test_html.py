"""The report page: whole in itself, complete, and safe from what plugins write."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from benchmark_rows import curve_of, failed_row, inapplicable_row, run_row

from mmg_cli.benchmark import html
from mmg_cli.benchmark.html import page
from mmg_registry.benchmark.suites import mmg_tasks

PIXEL = b"\x89PNG not really"


class Reader(HTMLParser):
    """Collects tags, their attributes, and whether every opened element is closed."""

    VOID = ("meta", "img", "path", "polyline", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str | None]:
        return [value for _, each, value in self.attributes if each == name]


def forty(*plugins: str) -> list[dict[str, Any]]:
    return [
        run_row(suite=task.suite, task=task.name, plugin=plugin, truth=task.true_mi, mi=task.true_mi, curve=curve_of())
        for task in mmg_tasks()
        for plugin in plugins
    ]


def test_the_page_refers_to_nothing_outside_of_itself() -> None:
    text = page(forty("one"), {"A figure": PIXEL})
    reader = Reader(text)
    assert reader.open == []
    assert not {"script", "link", "iframe", "a", "object"} & {*reader.tags}
    sources = reader.values("src")
    assert len(sources) == 1
    assert all(source and source.startswith("data:image/png;base64,") for source in sources)
    assert reader.values("href") == reader.values("srcset") == []
    assert not re.search(r"https?:|//|@import|url\(", re.sub(r"base64,[A-Za-z0-9+/=]*", "", text))


def test_every_plugin_and_every_task_is_on_the_page() -> None:
    reader = Reader(page(forty("one", "two [steps=5]"), {}))
    for task in mmg_tasks():
        assert reader.text.count(task.name) >= 2  # among the estimates, and among the curves
    for plugin in ("one", "two [steps=5]"):
        assert reader.text.count(plugin) >= 15  # leaderboard, intervals and bias of five suites, and more
    for suite in ("bmi", "high-mi", "null", "beyond", "beyond-held-out"):
        assert f"Suite {suite}" in reader.text


def test_it_is_made_for_narrow_windows_and_for_print() -> None:
    text = page([run_row()], {})
    assert '<meta name="viewport" content="width=device-width,initial-scale=1">' in text
    assert "@media print" in text
    assert "@media (max-width" in text
    assert "overflow-x:auto" in text


Page = Callable[[list[dict[str, Any]], dict[str, bytes]], str]
EVIL = "\"><script>alert(1)</script>&amp;'"
SOURCE = Path(html.__file__).read_text()
ESCAPES = [found.start() for found in re.finditer(r"\bescape\(", SOURCE)]


def filled_with(word: str, page: Page) -> Reader:
    """The page of runs that say `word` wherever a row holds text, or could."""
    about: dict[str, Any] = dict.fromkeys(("suite", "task", "plugin", "family", "threads"), word)
    about |= {name: {"name": word} for name in ("options", "machine", "versions", "revision")}
    error = {"type": word, "message": word, "traceback": word, "output": word}
    rows = [run_row(**about, seed=word, curve=curve_of()), failed_row(**about, seed=f"{word}1")]
    rows.append(inapplicable_row(word, **about, seed=f"{word}2"))
    return Reader(page([rows[0], {**rows[1], "error": error}, rows[2]], {word: PIXEL}))


def breaks(page: Page) -> bool:
    """Whether text that a plugin writes changes anything on the page but text."""
    harmless = filled_with("harmless", page)
    try:
        evil = filled_with(EVIL, page)
    except AssertionError:
        return True  # tags that are closed and were not open
    attributes = [(tag, name, value and value.replace(EVIL, "harmless")) for tag, name, value in evil.attributes]
    same = (evil.tags, attributes, evil.open) == (harmless.tags, harmless.attributes, harmless.open)
    return not same or "script" in evil.tags or evil.text.replace(EVIL, "harmless") != harmless.text


def changed(source: str) -> Page:
    module = ModuleType("changed")
    exec(compile(source, html.__file__, "exec"), module.__dict__)
    found: Page = module.page
    return found


def test_what_plugins_write_cannot_break_the_page() -> None:
    assert not breaks(page)
    assert filled_with(EVIL, page).text.count(EVIL) > 20


@pytest.mark.parametrize("place", ESCAPES)
def test_no_escape_can_be_left_out(place: int) -> None:
    assert breaks(changed(SOURCE[:place] + "str(" + SOURCE[place + len("escape(") :]))


def test_a_bare_script_is_seen() -> None:
    assert breaks(changed(SOURCE.replace("<h2>Measured on</h2>", "<script>alert(1)</script><h2>Measured on</h2>")))


def test_criteria_and_provenance_are_told() -> None:
    text = Reader(page([run_row(), run_row(seed=1, machine={"cpu": "another"})], {})).text
    assert "max(0.05, 0.10 truth)" in text
    assert "Intervals" in text
    assert "silent misses: runs whose interval leaves out the truth" in text
    assert "100 rows to train on and 50 to evaluate on" in text
    assert "cpu test, cores 2" in text
    assert "cpu another" in text
    assert "commit abc, dirty False" in text


def test_a_task_that_a_plugin_does_not_take_is_no_failure() -> None:
    text = page([inapplicable_row("takes 1 column", seed=seed) for seed in (0, 1)], {})
    assert ">n/a" in text
    assert 'class="open"' not in text
    assert "Failed runs" not in text
    assert text.count("p on t: takes 1 column") == 1


def test_an_unsolved_cell_is_framed_and_a_failed_one_says_so() -> None:
    text = page([run_row(mi=3.0), run_row(task="u")], {})
    assert text.count('class="open"') == 1
    text = page([failed_row("it broke")], {})
    assert ">failed" in text
    assert "Failed runs (1)" in text
    assert "it broke" in text
    assert "last words" in text


def test_curves_of_all_seeds_are_drawn_without_their_gaps() -> None:
    rows = [run_row(curve=curve_of(), seed=0), run_row(curve=curve_of(), seed=1)]
    reader = Reader(page(rows, {}))
    lines = [value for tag, name, value in reader.attributes if (tag, name) == ("polyline", "points")]
    assert len(lines) == 4
    assert all(line is not None and len(line.split()) == 2 for line in lines)  # the third bin holds null
    assert "nan" not in " ".join(map(str, lines))


def test_without_curves_there_is_no_section_of_them() -> None:
    assert "MMSE curves" not in page([run_row()], {})


def test_a_curve_of_nulls_alone_is_no_picture() -> None:
    empty = {**curve_of(), "mmse": [None] * 3, "mmse_cond": [None] * 3}
    assert "<svg" not in page([run_row(curve=empty)], {})
