"""Every figure that a page quotes is what its result file holds."""

from __future__ import annotations

import re

import pytest
from places import ROOT
from quotes import QUOTES, RESULTS, Quote, plain

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "questions").glob("*.md")])


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.page}-{quote.file}")
def test_the_page_says_what_the_file_holds(quote: Quote) -> None:
    page = plain((ROOT / quote.page).read_text(encoding="utf-8"))
    missing = [words for words in quote.expected() if plain(words) not in page]
    assert missing == []


def test_every_result_file_that_a_page_links_to_is_quoted() -> None:
    quoted = {(quote.page, quote.file) for quote in QUOTES}
    linked = {
        (str(page.relative_to(ROOT)), file)
        for page in PAGES
        for file in re.findall(r"results/([\w.-]+\.json)\)", page.read_text(encoding="utf-8"))
    }
    assert linked - quoted == set()


def test_every_result_file_is_listed_with_its_command() -> None:
    listed = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in RESULTS.glob("*.json") if path.name not in listed] == []
