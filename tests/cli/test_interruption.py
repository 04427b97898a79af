"""Ctrl-C at every moment of a program: while it imports, while it works, while it is taken down."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from events import WATCHDOG

from mmg_cli import interruption, program

INTERRUPTED = (130, "Interrupted.\n")

# Presses Ctrl-C when the module argv[1] is looked for; the rest of argv is the command line.
AT_IMPORT = """
import _signal, sys

class Finger:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            _signal.raise_signal(_signal.SIGINT)

wanted = sys.argv.pop(1)
sys.meta_path.insert(0, Finger())
from mmg_cli.main import main
main()
"""
# The same where an import turns the exception into another, as compiled modules do.
TURNED = AT_IMPORT.replace(
    "            _signal.raise_signal(_signal.SIGINT)",
    "            try: _signal.raise_signal(_signal.SIGINT)\n"
    "            except KeyboardInterrupt: raise ImportError('initialisation failed')",
)
# Presses it in a destructor while a command works, or at the very end.
IN_DESTRUCTOR = """
import signal
from mmg_cli import doctor
from mmg_cli.main import main

class Lost:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def examine(whole=doctor.examine):
    Lost()
    return whole()

doctor.examine = examine
main()
"""
AT_EXIT = """
import atexit, signal
from mmg_cli.main import main

atexit.register(signal.raise_signal, signal.SIGINT)
main()
"""


def run(script: str, *args: str) -> tuple[int, str]:
    command = [sys.executable, "-c", script, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WATCHDOG)
    return done.returncode, done.stderr


def test_before_anything_is_set_up() -> None:
    assert run(AT_IMPORT, "mmg_cli.interruption", "--version") == (130, "")


@pytest.mark.parametrize(
    "module", ["mmg_cli.program", "typer", "mmg_cli.benchmark", "mmg_registry.errors", "numpy", "scipy", "pydantic"]
)
@pytest.mark.parametrize("script", [AT_IMPORT, TURNED], ids=["as it is", "turned into another"])
def test_during_imports(script: str, module: str, tmp_path) -> None:
    rows = np.random.default_rng(0).standard_normal((100, 2))
    np.savetxt(tmp_path / "d.csv", rows, delimiter=",", header="x,y", comments="")
    assert run(script, module, "estimate", str(tmp_path / "d.csv"), "-p", "gaussian", "-q") == INTERRUPTED


def test_in_a_destructor_where_python_can_only_report_it() -> None:
    assert run(IN_DESTRUCTOR, "doctor") == INTERRUPTED


def test_while_the_program_is_taken_down() -> None:
    assert run(AT_EXIT, "--version") == INTERRUPTED


def test_a_program_that_was_started_deaf_stays_so() -> None:
    deaf = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{AT_EXIT}"
    assert run(deaf, "--version") == (0, "")


@pytest.fixture
def _handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook, interruption._pressed
    yield
    signal.signal(signal.SIGINT, before[0])
    sys.unraisablehook, interruption._pressed = before[1:]


@pytest.mark.usefixtures("_handlers")
def test_while_a_command_works_it_is_an_exception_like_any_other(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned = []

    def examine() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            cleaned.append("up")

    monkeypatch.setattr(program.doctor, "examine", examine)
    interruption.is_raised()
    result = mmg("doctor")
    assert (result.code, result.err, cleaned) == (*INTERRUPTED, ["up"])
