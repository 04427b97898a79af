"""A result holds its command, without what was printed and written."""

from __future__ import annotations

from mmg_cli.invocation import asked, invocation, recorded
from mmg_registry.results import Estimate


def test_files_and_manners_are_left_out() -> None:
    words = ["rank", "a.csv", "--y", "b", "--plot", "p.png", "-o", "r.csv", "--out=folder", "-v", "--json"]
    assert list(asked(words)) == ["rank", "a.csv", "--y", "b"]


def test_outside_of_the_program_nothing_is_recorded(monkeypatch) -> None:
    monkeypatch.setattr(invocation, "words", [])
    assert recorded(Estimate(1.0)).provenance == {}
