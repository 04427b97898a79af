"""What an evaluation holds: the data, the sums, and a tile of rows a thread."""

from __future__ import annotations

import subprocess
import sys

import pytest
from places import SUPPORT
from problems import ISAS

pytestmark = pytest.mark.skipif(
    not ISAS or not sys.platform.startswith("linux"), reason="needs the compiled core and Linux's peak memory in kB"
)

SCRIPT = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from problems import make_problem

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

problem = make_problem(10, 10, 8, 1, n=20_000)
problem.gap(repeats=2, threads=2)
few = peak()
problem.gap(repeats=200, threads=2)
print(peak() - few)
"""


def test_peak_memory_does_not_grow_with_rows_times_repeats() -> None:
    """The noise alone of 20,000 rows x 200 repeats x 10 columns would take 153 MB."""
    command = [sys.executable, "-c", SCRIPT, str(SUPPORT)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(grown) < 8.0  # MB
