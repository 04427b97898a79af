"""Result files of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import common


def test_a_document_says_where_and_how_it_was_measured() -> None:
    found = common.document({"a": 1}, seeds=[0, 1], threads=2)
    assert found["results"] == {"a": 1}
    assert found["seeds"] == [0, 1]
    assert found["parameters"] == {"threads": 2}
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["memory_gb"] > 0.1
    assert found["versions"]["numpy"]
    assert found["date"].endswith("+00:00")
    json.dumps(found, allow_nan=False)


def test_the_command_holds_no_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/deep/run.py", "--seeds", "0"])
    monkeypatch.setattr("sys.modules", {"__main__": object()})
    assert common.command() == "python run.py --seeds 0"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.json"
    common.write(path, {"mi": 1.0})
    with pytest.raises(ValueError, match="JSON"):
        common.write(path, {"mi": float("nan")})
    assert json.loads(path.read_text()) == {"mi": 1.0}
    assert [each.name for each in path.parent.iterdir()] == ["result.json"]


def test_two_that_write_one_file_each_write_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is cut off before it renames; the other must neither touch its scratch nor leave half a file."""
    path, renamed = tmp_path / "result.json", Path.replace

    def meanwhile(scratch: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", renamed)
        monkeypatch.setattr(common.os, "getpid", lambda: 1)
        common.write(path, {"mi": 2.0})
        assert json.loads(scratch.read_text()) == {"mi": 1.0}
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        common.write(path, {"mi": 1.0})
    assert json.loads(path.read_text()) == {"mi": 2.0}
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_has_a_line_for_each_row() -> None:
    lines = common.table([{"a": 1, "b": 0.25}, {"a": 2, "b": None}]).splitlines()
    assert lines == ["| a | b |", "|---|---|", "| 1 | 0.25 |", "| 2 | None |"]


def test_the_command_names_files_without_the_folders_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        common.sys, "argv", ["/somewhere/run.py", "--mnist", "/somewhere/else/mnist.npz", "--rows", "3"]
    )
    assert common.command().endswith(" --mnist mnist.npz --rows 3")
