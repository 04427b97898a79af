"""The report page: whole in itself, complete, safe from what plugins write, and fit for every reader and window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest
from benchmark_rows import curve_of, failed_row, inapplicable_row, run_row
from browser import Browser, found_axe, found_browser

from mmg_cli.benchmark import html
from mmg_cli.benchmark.html import page
from mmg_registry.benchmark.suites import mmg_tasks


class Reader(HTMLParser):
    """Collects tags, their attributes, and whether every opened element is closed."""

    VOID = ("meta", "input", "path", "br")

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


def every_task(*plugins: str) -> list[dict[str, Any]]:
    return [
        run_row(suite=task.suite, task=task.name, plugin=plugin, curve=curve_of())
        for task in mmg_tasks()
        for plugin in plugins
    ]


def test_the_page_refers_to_nothing_outside_of_itself() -> None:
    text = page(every_task("one"))
    reader = Reader(text)
    assert reader.open == []
    assert not {"img", "link", "iframe", "object"} & {*reader.tags}
    assert reader.values("src") == reader.values("srcset") == []
    assert all(str(place).startswith("#") for place in reader.values("href"))
    assert not re.search(r"https?:|@import|url\(", text)
    assert "default-src 'none'" in text


def test_all_links_and_names_lead_to_something_and_no_two_things_have_one_name() -> None:
    rows = [*every_task("one"), failed_row(), run_row(estimate={**run_row()["estimate"], "warnings": ["w"]})]
    reader = Reader(page(rows))
    names = reader.values("id")
    assert len({*names}) == len(names)
    links = [str(place)[1:] for place in reader.values("href")]
    assert {*links, *reader.values("aria-labelledby"), *reader.values("for")} <= {*names}
    regions = [value for tag, name, value in reader.attributes if (tag, name) == ("div", "aria-labelledby")]
    assert len(regions) == reader.values("tabindex").count("0") == reader.tags.count("table")


def test_the_policy_allows_the_very_script_and_style_of_the_page() -> None:
    text = page([run_row()])
    for tag in ("script", "style"):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"{tag}-src '{html._fingerprint(own)}'" in text


def test_every_plugin_and_every_task_is_on_the_page() -> None:
    reader = Reader(page(every_task("one", "two [steps=5]")))
    for task in mmg_tasks():
        assert reader.text.count(task.name) >= 2  # among the estimates, and among the curves
    for plugin in ("one", "two [steps=5]"):
        assert reader.text.count(plugin) >= 15  # leaderboard, intervals and bias of five suites, and more
    for suite in ("bmi", "high-mi", "null", "beyond", "beyond-held-out"):
        assert f"Suite {suite}" in reader.text


EVIL = "\"><script>alert(1)</script>&amp;'"


def filled_with(word: str) -> Reader:
    """The page of runs that say `word` wherever a row holds text, or could."""
    about: dict[str, Any] = dict.fromkeys(("suite", "task", "plugin", "family", "threads"), word)
    about |= {name: {"name": word} for name in ("options", "machine", "versions", "revision")}
    error = {"type": word, "message": word, "traceback": word, "output": word}
    good = run_row(**about, seed=word, curve=curve_of())
    good["estimate"]["warnings"] = [word]
    failed = {**failed_row(**about, seed=f"{word}1"), "error": error}
    return Reader(page([good, failed, inapplicable_row(word, **about, seed=f"{word}2")]))


def breaks() -> bool:
    """Whether text that a plugin writes changes anything on the page but text."""
    harmless = filled_with("harmless")
    try:
        evil = filled_with(EVIL)
    except AssertionError:
        return True  # tags that are closed and were not open
    attributes = [(tag, name, value and value.replace(EVIL, "harmless")) for tag, name, value in evil.attributes]
    same = (evil.tags, attributes, evil.open) == (harmless.tags, harmless.attributes, harmless.open)
    return not same or evil.text.replace(EVIL, "harmless") != harmless.text


def test_what_plugins_write_cannot_break_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not breaks()
    assert filled_with(EVIL).text.count(EVIL) > 20
    monkeypatch.setattr(html, "Environment", lambda **asked: jinja2.Environment(**{**asked, "autoescape": False}))
    assert breaks()


def test_no_template_takes_a_text_out_of_the_escaping() -> None:
    sources = [Path(html.__file__), *Path(html.__file__).with_name("templates").iterdir()]
    assert len(sources) == 5
    assert not re.search(
        r"\|\s*safe|Markup|autoescape\s+(false|true)|forceescape", "".join(map(Path.read_text, sources))
    )


def test_warnings_that_differ_in_numbers_stand_together_with_the_words_of_each() -> None:
    rows = [run_row(seed=seed) for seed in range(3)]
    for row, words in zip(rows, ("stopped at step 20", "stopped at step 1,500", "few rows"), strict=True):
        row["estimate"]["warnings"] = [words]
    text = Reader(page(rows)).text
    assert "stopped at step … (2 runs)" in text
    assert "p on t, seed 1: stopped at step 1,500" in text
    assert "few rows (1 run)" in text
    assert "with a warning" in page(rows)
    assert "Warnings" not in Reader(page([run_row()])).text.replace("warnings", "")


def test_a_single_run_has_its_interval_and_several_have_theirs_among_all_runs() -> None:
    assert "[0.900, 1.100]" in Reader(page([run_row()])).text
    text = page([run_row(), run_row(mi=1.2, seed=1)])
    assert "± 0.141" in text
    assert re.search(r"<td>1</td><td>1.000</td><td>1.200</td><td>1.100</td><td>1.300</td><td>0.200</td>", text)


def test_criteria_and_provenance_are_told() -> None:
    text = Reader(page([run_row(), run_row(seed=1, machine={"cpu": "another"})])).text
    assert "max(0.05, 0.10 truth)" in text
    assert "Intervals" in text
    assert "silent misses: runs whose interval leaves out the truth" in text
    assert "100 rows to train on and 50 to evaluate on" in text
    assert "cpu test, cores 2" in text
    assert "cpu another" in text
    assert "commit abc, dirty False" in text


def opened(text: str) -> int:
    return len(re.findall(r'<td class="[^"]*\bopen"', text))


def test_a_task_that_a_plugin_does_not_take_is_no_failure() -> None:
    text = page([inapplicable_row("takes 1 column", seed=seed) for seed in (0, 1)])
    assert ">n/a<" in text
    assert not opened(text)
    assert "Failed runs" not in text
    assert text.count("p on t: takes 1 column") == 1


def test_an_unsolved_cell_is_framed_and_a_failed_one_says_so() -> None:
    text = page([run_row(mi=3.0), run_row(task="u")])
    assert opened(text) == 1
    text = page([failed_row("it broke")])
    assert ">failed<" in text
    assert "Failed runs (1)" in text
    assert "it broke" in text
    assert "last words" in text


def test_curves_of_all_seeds_are_drawn_without_their_gaps() -> None:
    rows = [run_row(curve=curve_of(), seed=0), run_row(curve=curve_of(), seed=1)]
    reader = Reader(page(rows))
    lines = [value for tag, name, value in reader.attributes if (tag, name) == ("polyline", "points")]
    assert len(lines) == 4
    assert all(line is not None and len(line.split()) == 2 for line in lines)  # the third bin holds null
    assert "nan" not in " ".join(map(str, lines))


def test_without_curves_there_is_no_section_of_them() -> None:
    assert "MMSE curves" not in page([run_row()])


def test_a_curve_of_nulls_alone_is_no_picture() -> None:
    empty = {**curve_of(), "mmse": [None] * 3, "mmse_cond": [None] * 3}
    assert "<polyline" not in page([run_row(curve=empty)])


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    if found_browser() is None:
        pytest.skip("no Chromium here")
    with Browser() as opened:
        yield opened


def rich() -> str:
    """A page with all that a page can hold: two plugins, warnings, curves, a failure, a refusal."""
    names = ("a-task-with-a-long-name-without-a-space-1", "b", "c")
    rows = [
        run_row(task=task, plugin=plugin, mi=mi, seconds=mi * 9, curve=curve_of())
        for task, mi in zip(names, (1.0, 1.3, 0.2), strict=True)
        for plugin in ("one [steps=20000,width=64,depth=2,batch=512]", "two")
    ]
    rows[0]["estimate"]["warnings"] = ["It stopped at step 20 of 50."]
    commit = {"revision": {"commit": "0123456789" * 8}}
    return page([*rows, failed_row(task="d", plugin="two", **commit), inapplicable_row(task="e", plugin="two")])


UNFOLD = "document.querySelectorAll('details').forEach((each) => each.open = true)"
VIOLATIONS = "axe.run().then((found) => found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)]))"


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_violation(tab: Browser, dark: bool) -> None:
    script = found_axe()
    if script is None:
        pytest.skip("no axe-core here: npm install axe-core, or AXE_CORE=.../axe.min.js")
    tab.show(rich(), width=320 if dark else 1280, dark=dark)
    tab.ask(UNFOLD)
    tab.ask(f"{script.read_text()};0")
    assert tab.ask(VIOLATIONS) == []


@pytest.mark.parametrize(("width", "media"), [(320, ""), (1280, ""), (700, "print")])
def test_the_page_is_no_wider_than_its_window(tab: Browser, width: int, media: str) -> None:
    tab.show(rich(), width=width, media=media)
    tab.ask(UNFOLD)
    assert tab.ask("document.documentElement.scrollWidth") == width
    wider = "[...document.querySelectorAll('.wide')].filter((each) => each.scrollWidth > each.clientWidth).length"
    assert bool(tab.ask(wider)) is (width == 320)  # there, tables scroll inside of their regions


SHOWN = "[...document.querySelectorAll('.estimates tbody tr:not([hidden])')].map((row) => row.cells[0].innerText)"


def test_a_keyboard_sorts_filters_and_reaches_every_table(tab: Browser) -> None:
    tab.show(rich())
    tab.ask("document.querySelector('.estimates th:nth-child(3) button').focus()")
    for first in ("c", "b"):  # of the estimates 1.0, 1.3, 0.2
        tab.press("Enter", 13, "\r")
        assert tab.ask(SHOWN)[0] == first
    assert tab.ask("document.activeElement.parentElement.ariaSort") == "descending"
    tab.ask("document.getElementById('filter').focus()")
    tab.call("Input.insertText", text="LONG-name")
    assert tab.ask(SHOWN) == ["a-task-with-a-long-name-without-a-space-1"]
    assert tab.ask("document.getElementById('shown').textContent").startswith("3 of ")
    tab.ask("document.querySelector('.estimates').focus()")
    assert tab.ask("document.activeElement.className") == "wide estimates"


def test_without_its_script_the_page_shows_its_tables_and_no_box(tab: Browser) -> None:
    tab.show(re.sub("<script>.*</script>", "", rich(), flags=re.DOTALL))
    assert len(tab.ask(SHOWN)) == 5
    assert tab.ask("document.querySelectorAll('button').length") == 0
    assert tab.ask("getComputedStyle(document.getElementById('search')).display") == "none"


def test_no_script_but_its_own_runs_on_the_page(tab: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(rich().replace("</main>", "<script>document.title = 'changed'</script></main>"))
    tab.call("Page.navigate", url=file.as_uri())
    tab.ask(
        "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))"
    )
    assert tab.ask("[document.title, document.getElementById('search').hidden]") == ["Benchmark s", False]
