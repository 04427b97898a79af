"""Standard streams that are closed or lead nowhere: no traceback, and the exit code that the run deserves."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

CLOSED = "Error: The result could not be printed: standard output is closed.\n"
MMG = f"{shlex.quote(sys.executable)} -m mmg_cli"


def shell(line: str, environment: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("mmg", MMG, 1)], capture_output=True, text=True, env=environment, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "code", "err"),
    [
        ("mmg --version >&-", 1, CLOSED),
        ("mmg --help >&-", 1, CLOSED),
        ("mmg plugins list >&-", 1, CLOSED),
        ("mmg plugins list --format json >&-", 1, CLOSED),
        ("mmg doctor --nosuch >&-", 2, None),
        ("mmg plot nosuch.json >&-", 4, "Error: nosuch.json cannot be read: No such file or directory.\n"),
        ("mmg plugins list 2>&-", 0, ""),
        ("mmg plot nosuch.json 2>&-", 4, ""),
        ("mmg plot nosuch.json 2>/dev/full", 4, ""),
        ("mmg plot nosuch.json >&- 2>&-", 4, ""),
        ("mmg estimate nosuch.csv >&- 2>&- <&-", 4, ""),
        ("mmg estimate - <&-", 4, "Error: standard input is closed.\n"),
        ("mmg --version >&- 2>&-", 1, ""),
    ],
)
def test_closed_streams(environment, line: str, code: int, err: str | None) -> None:
    found = shell(line, environment)
    assert (found[0], found[2]) == (code, found[2] if err is None else err)
    assert found[2].count("\n") <= 1


def test_a_closed_output_does_not_cost_the_other_outputs(environment, data: str) -> None:
    found = shell(f"mmg estimate {data} -p fake-gauss -o r.json -q >&-", environment)
    assert found == (1, "", CLOSED)
    assert Path("r.json").stat().st_size > 0


def test_no_file_takes_the_place_of_a_closed_stream(environment, data: str) -> None:
    """A table that is read as descriptor 1 would be written over by whoever prints there."""
    before = Path(data).read_bytes()
    shell(f"mmg estimate {data} -p fake-gauss --plot c.png >&- 2>&- <&-", environment)
    assert Path(data).read_bytes() == before


@pytest.mark.parametrize("args", ["plugins list", "estimate {data} -p fake-gauss --json -q", "--help"])
def test_a_reader_that_is_gone_before_anything_is_printed(environment, data: str, args: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mmg_cli", *args.format(data=data).split()]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_warnings_that_nobody_reads_do_not_fail_a_run(environment, data: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mmg_cli", "estimate", data, "-p", "fake-gauss", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writing, text=True, env=environment, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert done.stdout.startswith("{")
