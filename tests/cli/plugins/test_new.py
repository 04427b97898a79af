"""`mmg plugins new`: what it writes, what it refuses, and that nothing is half-written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

from mmg_cli.plugins import template
from mmg_cli.plugins.new import write_all
from mmg_registry.errors import shown

EXAMPLE = ROOT / "plugins" / "example"
UNWRITABLE = "deep/" + 300 * "n"  # a name longer than any file system takes


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_the_example_is_what_the_command_writes() -> None:
    assert contents(EXAMPLE) == template.files("example")


def test_the_example_stays_short() -> None:
    assert sum(contents(EXAMPLE)[name].count("\n") for name in ("pyproject.toml", "mmg_example.py")) < 50


def test_a_distribution_is_written_with_the_name_filled_in(mmg) -> None:
    result = mmg("plugins", "new", "my-knn")
    assert (result.code, result.out) == (0, "mmg-my-knn\n")
    assert result.err == "Next: pip install -e mmg-my-knn && mmg plugins check my-knn\n"
    written = contents(Path("mmg-my-knn"))
    assert sorted(written) == [
        ".github/workflows/test.yml", "README.md", "mmg_my_knn.py", "pyproject.toml", "test_mmg_my_knn.py",
    ]  # fmt: skip
    assert 'my-knn = "mmg_my_knn:MyKnnEstimator"' in written["pyproject.toml"]
    assert 'name = "my-knn"' in written["mmg_my_knn.py"]
    assert [line for text in written.values() for line in text.splitlines() if "$" in line or "example" in line] == [
        '      - run: pip install "$MMG" pytest -e .'  # of the shell
    ]


@pytest.mark.parametrize("name", ["options", "none", "estimate", "class", "x1"])
def test_names_that_python_uses_do_no_harm(name: str) -> None:
    for path, text in template.files(name).items():
        if path.endswith(".py"):
            compile(text, path, "exec")


@pytest.mark.parametrize("out", ["new", ".", "empty"])
def test_new_and_empty_folders_are_filled(mmg, out: str) -> None:
    Path("empty").mkdir()
    where = Path("empty") if out == "." else Path()
    os.chdir(where)
    assert mmg("plugins", "new", "my-knn", "--out", out).code == 0
    assert contents(Path(out)) == template.files("my-knn")


@pytest.mark.parametrize("name", ["My-Knn", "my_knn", "1nn", "my--knn", "knn-", "", "knn\n", "größe", "../knn", "a.b"])
def test_unfit_names_are_refused(mmg, name: str) -> None:
    result = mmg("plugins", "new", name)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"Error: A plugin's name is lower-case letters, digits and single hyphens, and '{shown(name)}' is not.\n"
    )
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("auto", "The name 'auto' is taken by mmg-registry; give another."),
        ("fake-gauss", "The name 'fake-gauss' is taken by fake-mmg; give another."),
        ("registry", "The name 'registry' is taken: there is a module 'mmg_registry'; give another."),
        ("cli", "The name 'cli' is taken: there is a module 'mmg_cli'; give another."),
    ],
)
def test_taken_names_are_refused(mmg, name: str, reason: str) -> None:
    result = mmg("plugins", "new", name)
    assert (result.code, result.out, result.err) == (2, "", f"Error: {reason}\n")
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("full", "full' holds other things; give another path."),
        ("file", "file' is a file; give another path."),
        ("file/below", "file' is no folder to write in; give another path."),
    ],
)
def test_what_is_there_is_left_alone(mmg, out: str, reason: str) -> None:
    Path("file").write_text("kept")
    Path("full").mkdir()
    Path("full/thing").write_text("kept")
    result = mmg("plugins", "new", "my-knn", "--out", out)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: The folder given to --out cannot be written: '")
    assert result.err.endswith(f"{reason}\n")
    assert contents(Path("full")) == {"thing": "kept"}
    assert sorted(os.listdir()) == ["file", "full"]


def test_a_second_call_does_not_overwrite(mmg) -> None:
    mmg("plugins", "new", "my-knn")
    Path("mmg-my-knn/mmg_my_knn.py").write_text("# a week of work\n")
    assert mmg("plugins", "new", "my-knn").code == 2
    assert Path("mmg-my-knn/mmg_my_knn.py").read_text() == "# a week of work\n"


def test_a_failure_leaves_nothing(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(template.FILES, UNWRITABLE, "")
    result = mmg("plugins", "new", "my-knn", "--out", "folder")
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: The folder folder could not be written: File name too long.\n"
    assert os.listdir() == []


def test_a_failure_in_a_folder_that_was_there_leaves_it_empty(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(template.FILES, UNWRITABLE, "")
    Path("mine").mkdir()
    assert mmg("plugins", "new", "my-knn", "--out", "mine").code == 1
    assert os.listdir("mine") == []


def test_ctrl_c_leaves_nothing() -> None:
    class Interrupted(dict):
        def items(self) -> Iterator[tuple[str, str]]:  # type: ignore[override]
            yield "first.py", ""
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_all(Path("deep/folder"), Interrupted())
    assert os.listdir() == []
