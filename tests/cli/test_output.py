"""Files are whole or absent; devices are written to, not replaced; read-only files are left alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

import pytest

from mmg_cli.output import (
    check_folder,
    check_writable,
    columns,
    display,
    print_error,
    say,
    to_json,
    verbosity,
    warn,
    write_atomically,
)
from mmg_registry.errors import MMGError, OptionError


def write(path: str, content: bytes = b"new") -> None:
    write_atomically(path, lambda handle: handle.write(content), "The result")


def test_a_new_file_has_the_mode_that_the_umask_gives() -> None:
    write("a.json")
    assert Path("a.json").read_bytes() == b"new"
    umask = os.umask(0)
    os.umask(umask)
    assert Path("a.json").stat().st_mode & 0o777 == 0o666 & ~umask


def test_an_old_file_is_replaced_and_keeps_its_mode() -> None:
    Path("a.json").write_text("old")
    os.chmod("a.json", 0o640)
    write("a.json")
    assert Path("a.json").read_bytes() == b"new"
    assert Path("a.json").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link() -> None:
    Path("target").write_text("old")
    os.symlink("target", "link")
    write("link")
    assert os.path.islink("link")
    assert Path("target").read_bytes() == b"new"


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else() -> None:
    Path("a.json").write_text("old")

    def fill_the_disk(handle: IO[bytes]) -> None:
        handle.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MMGError, match=r"^The result could not be written: a\.json: No space left on device\.$"):
        write_atomically("a.json", fill_the_disk, "The result")
    assert os.listdir() == ["a.json"]
    assert Path("a.json").read_text() == "old"


def test_an_interruption_while_writing_leaves_nothing() -> None:
    def interrupt(handle: IO[bytes]) -> None:
        handle.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically("a.json", interrupt, "The result")
    assert os.listdir() == []


def test_a_device_is_written_to_and_not_replaced() -> None:
    with pytest.raises(MMGError, match="No space left on device"):
        write("/dev/full")
    assert not os.path.isfile("/dev/full")


def test_a_read_only_file_is_left_alone_even_by_root() -> None:
    Path("a.json").write_text("old")
    os.chmod("a.json", 0o444)
    with pytest.raises(MMGError, match=r"'a\.json' is read-only\.$"):
        write("a.json")
    assert Path("a.json").read_text() == "old"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("no/a.png", "the folder of 'no/a.png' does not exist"), ("folder", "'folder' is a folder")],
)
def test_a_path_that_cannot_be_written_is_refused_beforehand(path: str, reason: str) -> None:
    os.mkdir("folder")
    with pytest.raises(OptionError) as caught:
        check_writable(path, "--plot")
    assert str(caught.value) == f"The file given to --plot cannot be written: {reason}; give another path."


def test_a_path_that_can_be_written_is_not_refused_and_not_made() -> None:
    check_writable("a.png", "--plot")
    assert os.listdir() == []


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns([["a", "b"], ["long", ""]]) == "a     b\nlong"


def test_nothing_that_is_shown_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    display("\x1b[2Jof a file\nand the next line")
    say("\x9b31mof a plugin")
    warn("of a column \r\n")
    with pytest.raises(ValueError, match="of a library") as caught:
        raise ValueError("\x1b]0;of a library\x07")
    verbosity.level = 2
    print_error(caught.value, "of an error\x08")
    out, err = capsys.readouterr()
    assert out == "\\x1b[2Jof a file\nand the next line\n"
    assert err.startswith("\\x9b31mof a plugin\nWarning: of a column \\r\\n\nTraceback (most recent call last)")
    assert err.endswith("ValueError: \\x1b]0;of a library\\x07\nError: of an error\\x08\n")
    assert all(line.isprintable() for line in (out + err).splitlines())


def test_a_cell_is_one_line_and_as_wide_as_it_is_shown() -> None:
    assert columns([["\x1b[2J", "b"], ["\n", ""]]) == "\\x1b[2J  b\n\\n"


def test_json_never_holds_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"mi": float("nan")})


def test_a_folder_can_be_made_or_replaced_if_it_is_ours() -> None:
    os.mkdir("empty")
    os.mkdir("ours")
    Path("ours/estimator.json").write_text("{}")
    for path in ("new", "new/", "empty", "ours"):
        check_folder(path, "--save", "estimator.json")
    assert sorted(os.listdir()) == ["empty", "ours"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("file", "file' is a file"),
        ("file/new", "file' is no folder to write in"),
        ("full", "full' holds other things"),
        ("gone/new", "gone' does not exist"),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused(path: str, reason: str) -> None:
    Path("file").touch()
    os.mkdir("full")
    Path("full/thesis.tex").touch()
    with pytest.raises(OptionError, match=rf"^The folder given to --save cannot be written: .*'.*{reason}"):
        check_folder(path, "--save", "estimator.json")
