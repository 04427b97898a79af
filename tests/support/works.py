"""Functions that workers call in tests of engines."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from mmg_registry.engines.work import Work


def double(number: float) -> dict[str, float]:
    return {"double": 2 * number}


def doubles(count: int) -> list[Work]:
    return [Work(key=f"double {number}", call="works:double", arguments={"number": number}) for number in range(count)]


def whereabouts() -> dict[str, object]:
    return {"process": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS")}


def fail() -> dict[str, float]:
    raise ValueError("singular matrix")


def die(word: str = "last words") -> dict[str, float]:
    print(word, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def die_once(mark: str) -> dict[str, float]:
    """Die where the file `mark` is not there yet; leave it behind."""
    if not Path(mark).exists():
        Path(mark).touch()
        die()
    return {"done": 1.0}


def wait_for_ever(mark: str) -> dict[str, float]:
    Path(mark).write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)
