"""The frame of all workers: read the rows, run one method of one package, and write the result.

    python WORKER.py ROWS.npz METHOD CAP_CPU_SECONDS SEED OUTPUT.jsonl

A worker runs in the environment of its package, where this repository is not installed, so this module uses NumPy and
the standard library only. OUTPUT is a file because packages write progress bars to standard output. Its last line is
the answer; lines before it are what a method wrote on the way.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

AGAIN = 5.0  # CPU seconds after which `TimeUp` is raised again, should a package have caught it


class TimeUp(BaseException):
    """The signal that the budget is spent; it is no `Exception`, since packages catch those."""


class PeerRows(NamedTuple):
    """Rows x `(n, dim_x)` and y `(n, dim_y)` to train on, and others to evaluate on."""

    x: np.ndarray
    y: np.ndarray
    x_eval: np.ndarray
    y_eval: np.ndarray

    def standardised(self) -> PeerRows:
        """Return all rows standardised by the training rows, float32, as the packages' own demonstrations do."""
        (x, x_eval), (y, y_eval) = (_in_units_of(*side) for side in ((self.x, self.x_eval), (self.y, self.y_eval)))
        return PeerRows(x, y, x_eval, y_eval)

    def together(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all x and all y, for a package that splits them itself."""
        return np.concatenate([self.x, self.x_eval]), np.concatenate([self.y, self.y_eval])


def _in_units_of(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    return ((rows - mean) / sd).astype(np.float32), ((others - mean) / sd).astype(np.float32)


@dataclass
class Budget:
    """A budget of CPU seconds of this process, counted from its creation; `spent` once it has ended a training."""

    cap: float
    output: Path
    spent: bool = False
    start: float = field(default_factory=time.process_time)
    excluded: float = 0.0

    @property
    def used(self) -> float:
        return time.process_time() - self.start - self.excluded

    def is_over(self) -> bool:
        """Return whether the budget is spent, for a package that can be asked to stop."""
        self.spent = self.spent or self.used >= self.cap
        return self.spent

    @contextmanager
    def ends(self) -> Iterator[None]:
        """Leave the enclosed block when the budget is spent; what it has trained stays as it is."""

        def call_time(*_: Any) -> None:
            raise TimeUp

        signal.signal(signal.SIGPROF, call_time)
        signal.setitimer(signal.ITIMER_PROF, max(0.01, self.cap - self.used), AGAIN)
        try:
            yield
        except TimeUp:
            self.spent = True
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Exclude the enclosed block from the CPU seconds that count."""
        moment = time.process_time()
        yield
        self.excluded += time.process_time() - moment

    def say(self, **content: Any) -> None:
        """Add a line to the output."""
        with self.output.open("a") as file:
            file.write(json.dumps(content) + "\n")


PeerMethod = Callable[[PeerRows, Budget, int], "float | dict[str, Any]"]


def main(methods: Mapping[str, PeerMethod], *packages: str) -> None:
    """Run what the command line asks for.

    Args:
        methods: by name; each returns an estimate in nats, or a dict with "estimate" and further entries.
        *packages: packages whose versions go into the output.
    """
    rows, method, cap, seed, output = sys.argv[1:]
    with np.load(rows) as arrays:
        data = PeerRows(*(arrays[name] for name in PeerRows._fields))
    budget = Budget(float(cap), Path(output))
    found = methods[method](data, budget, int(seed))
    answer = found if isinstance(found, dict) else {"estimate": float(found)}
    versions = {package: metadata.version(package) for package in packages}
    budget.say(cpu_seconds=round(budget.used, 3), cut=budget.spent, versions=versions, **answer)
