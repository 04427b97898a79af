"""Help and listing stay fast: nothing heavy is imported, seen in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Neither rich nor pydantic: some versions of Typer import them themselves.
HEAVY = ("torch", "numpy", "scipy", "matplotlib", "joblib", "fake_estimators", "mmg_plugins")
REPORT = """
import json, sys
from mmg_cli.program import run
code = run(sys.argv[1:])
print(json.dumps([code, [name for name in {heavy!r} if name in sys.modules]]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["plugins", "list"],
        ["plugins", "list", "--format", "json"],
        ["plugins", "new", "--help"],
        ["plugins", "new", "my-estimator"],
        ["benchmark", "--help"],
        ["bound", "--help"],
        ["benchmark", "mnist", "--help"],
    ],
)
def test_help_and_listing_import_nothing_heavy(environment, args: list[str]) -> None:
    command = [sys.executable, "-c", REPORT.format(heavy=HEAVY), *args]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    assert any(word in done.stdout.lower() for word in ("estima", "bound")) or "fake-gauss" in done.stdout


def test_completion_of_plugin_names_reads_metadata_only(environment) -> None:
    code = (
        "import sys; from mmg_cli.completion import complete_plugin; "
        "print(complete_plugin('fake-g'), 'fake_estimators' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "['fake-gauss', 'fake-gone'] False False"


def test_the_shell_is_given_plugin_names(environment) -> None:
    wanted = {"_MMG_COMPLETE": "complete_bash", "COMP_WORDS": "mmg estimate --plugin fake-ga", "COMP_CWORD": "3"}
    code = "from mmg_cli.program import run; run([])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**environment, **wanted}, check=False
    )
    assert done.stdout.split() == ["fake-gauss"]
