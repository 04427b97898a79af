"""Help, exit codes, and what becomes of exceptions."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from mmg_cli import doctor, program
from mmg_cli.output import verbosity


def break_doctor(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def examine() -> None:
        raise error

    monkeypatch.setattr(doctor, "examine", examine)


def test_help_lists_commands_and_exit_codes(mmg) -> None:
    result = mmg("--help")
    assert result.code == 0
    assert result.err == ""
    for word in ("estimate", "plugins", "sample", "plot", "doctor"):
        assert f"  {word} " in result.out
    for code, meaning in [(0, "all went well"), (3, "a plugin is missing"), (4, "the data were"), (130, "interrupted")]:
        assert f"{code:<4} {meaning}" in result.out


@pytest.mark.parametrize("group", [[], ["plugins"]])
def test_no_command_prints_help(mmg, group: list[str]) -> None:
    assert mmg(*group).out == mmg(*group, "--help").out


def test_version(mmg) -> None:
    result = mmg("--version")
    assert result.code == 0
    assert result.out.startswith("mmg ")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["estmate"], "No such command 'estmate'"),
        (["estimate"], "Missing argument 'DATA'"),
        (["estimate", "a.npz", "--plugn", "x"], "No such option"),
        (["estimate", "a.npz", "--seed", "many"], "Invalid value for '--seed'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(mmg, args: list[str], sentence: str) -> None:
    result = mmg(*args)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert sentence in result.err
    assert "--help' lists what there is.)" in result.err
    assert result.err.count("\n") == 1


def test_an_unexpected_exception_is_one_sentence_and_exit_code_1(mmg, monkeypatch) -> None:
    break_doctor(monkeypatch, RuntimeError("first line\nsecond line"))
    result = mmg("doctor")
    assert result.code == 1
    assert result.err == "Error: The run failed with RuntimeError: first line. (-vv prints the traceback.)\n"


@pytest.mark.parametrize("args", [["doctor", "-vv"], ["-vv", "doctor"], ["-v", "doctor", "-v"]])
def test_vv_prints_the_traceback(mmg, monkeypatch, args: list[str]) -> None:
    break_doctor(monkeypatch, RuntimeError("oops"))
    result = mmg(*args)
    assert result.err.startswith("Traceback (most recent call last)")
    assert "RuntimeError: oops\nError: The run failed" in result.err


def test_verbosity_does_not_outlive_a_run(mmg, monkeypatch) -> None:
    break_doctor(monkeypatch, RuntimeError("oops"))
    mmg("doctor", "-vv")
    assert "Traceback" not in mmg("doctor").err
    assert verbosity.level == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interruption_is_said_and_has_exit_code_130(mmg, monkeypatch, error) -> None:
    break_doctor(monkeypatch, error)
    result = mmg("doctor")
    assert (result.code, result.out) == (130, "")
    assert result.err.strip() == "Interrupted."


def test_too_little_memory_is_said(mmg, monkeypatch) -> None:
    break_doctor(monkeypatch, MemoryError())
    result = mmg("doctor")
    assert result.code == 1
    assert result.err.startswith("Error: The memory did not suffice; give fewer rows")


def test_a_closed_pipe_is_no_error(mmg, monkeypatch) -> None:
    break_doctor(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    result = mmg("doctor")
    assert (result.code, result.err) == (1, "")


def test_a_full_disk_behind_stdout_is_one_sentence(environment) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "mmg_cli", "plugins", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The run failed with OSError: [Errno 28] No space left on device. (-vv prints the traceback.)\n"
    )


def test_the_usage_problem_class_is_the_base_of_typers_errors() -> None:
    assert program.UsageProblem.__name__ == "ClickException"
