"""The memory benchmark: accounting of a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import common, memory

ALLOCATE = "import sys; block = bytearray({size}); block[::4096] = b'x' * len(block[::4096]); print('{{\"mi\": 1.5}}')"


def test_the_peak_of_a_child_holds_what_it_touched() -> None:
    size = 2 * memory.own_peak()
    large = common.run_child([sys.executable, "-c", ALLOCATE.format(size=size)])
    assert size < large["peak_bytes"] < size + 100e6
    assert large["code"] == 0
    assert json.loads(large["output"]) == {"mi": 1.5}


def test_the_command_is_given_a_readable_file_of_the_asked_size() -> None:
    code = "import sys, numpy as np; d = np.load(sys.argv[1]); print('{\"mi\": %d}' % (d['x'].nbytes + d['y'].nbytes))"
    found = memory.measure(500, 3, [sys.executable, "-c", code])
    assert found["mi"] == found["data_bytes"] == 500 * 6 * 4
    assert found["limit_bytes"] == 3 * found["data_bytes"] + 600e6


def test_a_child_above_the_limit_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ALLOWANCE", 1e6)
    assert not memory.measure(10, 1, [sys.executable, "-c", ALLOCATE.format(size=1)])["passed"]


def test_a_command_that_fails_is_reported() -> None:
    with pytest.raises(RuntimeError, match="ended with code 3"):
        memory.measure(10, 1, [sys.executable, "-c", "raise SystemExit(3)"])


def test_the_result_file_holds_the_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def measure(rows: int, dim: int, command: Any) -> dict[str, Any]:
        assert command[1:5] == ["-m", "mmg_cli", "estimate", "--json"]
        return {"peak_bytes": 7, "limit_bytes": 9, "passed": True, "mi": 1.0}

    monkeypatch.setattr(memory, "measure", measure)
    monkeypatch.setattr(common, "run_child", lambda command: {"peak_bytes": 5})
    assert memory.main(["--rows", "10", "--output", str(tmp_path / "m.json")]) == 0
    found = json.loads((tmp_path / "m.json").read_text())
    assert found["results"]["import_torch_bytes"] == 5
    assert found["parameters"]["rows"] == 10


def test_the_measuring_process_stays_small() -> None:
    """A child's account starts at its parent's size, so importing the benchmark must not load NumPy."""
    code = "import sys, benchmarks.memory; raise SystemExit('numpy' in sys.modules)"
    root = Path(memory.__file__).resolve().parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
