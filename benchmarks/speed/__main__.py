"""The program: it measures, condenses, prints and writes; see the package."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.speed import load, report
from mmg_registry.core import build_info, compiled

PACKAGES = (*common.PACKAGES, "pytest-benchmark")


def measure(words: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Run the benchmarks in a pytest of their own; return what it measured, and its exit code.

    Raises:
        RuntimeError: when pytest ended before writing its file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "measured.json"
        command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "-p", "no:cacheprovider", "--no-header"]
        command += ["-o", "addopts=", "-v", f"--benchmark-json={output}", "--benchmark-quiet", *words]
        code = subprocess.run(command, cwd=common.ROOT, stdout=sys.stderr).returncode
        if not output.exists() or not output.read_text():
            raise RuntimeError(f"pytest ended with code {code} and wrote no measurements; its own output says why.")
        return json.loads(output.read_text()), code


def measure_patiently(words: Sequence[str], wait: float) -> tuple[dict[str, Any], int]:
    """Measure, waiting up to `wait` seconds for other processes before a cell; measure disturbed cells once more."""
    measured, code = measure([*words, f"--wait={wait}"])
    names = [entry["name"] for entry in measured["benchmarks"] if report.disturbed(entry)]
    if not (names and wait > 0):
        return measured, code
    again, second = measure([f"--wait={wait}", "-k", " or ".join(names)])
    return report.merge(measured, again), code or second


def fingerprint() -> str | None:
    """Return the SHA-256 of the compiled core on disk, None without one."""
    core = compiled()
    return None if core is None else hashlib.sha256(Path(str(core.__file__)).read_bytes()).hexdigest()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", dest="expression", help="only the cells that pytest's -k selects, e.g. 'training and t1'")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for other processes, each cell")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "speed.json")
    return parser.parse_args(argv)


def warning(disturbed: int, cells: int) -> str:
    """Return a warning about cells during which others used the machine; "" when there were none."""
    if not disturbed:
        return ""
    return (
        f"Other processes used more than {load.QUIET} cores during {disturbed} of {cells} cells: run it again alone.\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write; return the exit code, which is 1 where a test failed or a limit was missed."""
    given, before = _arguments(argv), fingerprint()
    measured, code = measure_patiently(["-k", given.expression] if given.expression else [], given.wait)
    if fingerprint() != before:
        raise RuntimeError(
            "The compiled core was built anew during the run, which therefore measured two: run it again."
        )
    results = report.condense(measured)
    common.write(
        given.output,
        common.document(results, seeds=[0], packages=PACKAGES, build=build_info() | {"core_sha256": before}),
    )
    print(common.table([report.for_print(cell) for cell in results["cells"]]))
    print(warning(results["disturbed"], len(results["cells"])), end="", file=sys.stderr)
    return 0 if results["passed"] and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
