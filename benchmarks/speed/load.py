"""The load of other processes, beside which a measurement is worth little, above all one on two threads."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
LOOK = 0.5  # seconds over which the load is measured
QUIET = 0.1  # cores below which the machine counts as quiet


class Meter:
    """A meter of the cores that others have used since it was made; None where the system is not Linux."""

    def __init__(self) -> None:
        self._wall, self._own, self._all = time.perf_counter(), time.process_time(), _busy()

    def others(self) -> float | None:
        busy = _busy()
        if busy is None or self._all is None:
            return None
        elapsed, own = time.perf_counter() - self._wall, time.process_time() - self._own
        return max(0.0, (busy - self._all - own) / elapsed)


def _busy() -> float | None:
    """Return the busy seconds of all cores since boot: user, nice, system, interrupts, and time stolen by the host."""
    try:
        fields = [int(word) for word in STAT.read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    return (sum(fields) - sum(fields[3:5])) / os.sysconf("SC_CLK_TCK")  # without idle and waiting for a disk


def wait_for_quiet(seconds: float) -> bool:
    """Wait, `seconds` at most, until others use less than a tenth of a core.

    Return whether they do; True too where the system does not say.
    """
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        meter = Meter()
        time.sleep(LOOK)
        if (meter.others() or 0.0) < QUIET:
            return True
    return False
