"""What an engine carries: a function by its name, with paths, names and numbers as arguments, and never arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmg_registry.errors import demand

WorkStatus = Literal["ok", "failed", "lost"]
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_MEMORY = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})")


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one work needs of the machine that it runs on.

    Attributes:
        threads: cores that it keeps busy.
        memory: the most memory that it takes, such as "500MB" or "4GB"; None where that is not known.
        minutes: the most time that it takes, in minutes; None where that is not known.
        gpus: number of graphics cards.

    Raises:
        OptionError: for a value out of range.

    Example:
        >>> Resources(threads=2, memory="4GB").megabytes
        4000
    """

    threads: int = 1
    memory: str | None = None
    minutes: float | None = None
    gpus: int = 0

    def __post_init__(self) -> None:
        demand(self.threads >= 1, f"threads must be at least 1, not {self.threads}.")
        demand(self.gpus >= 0, f"gpus must be at least 0, not {self.gpus}.")
        demand(self.minutes is None or self.minutes > 0, f"minutes must be above 0, not {self.minutes}.")
        if self.memory is not None:
            demand(_MEMORY.fullmatch(self.memory), f"memory must be like '500MB' or '4GB', not {self.memory!r}.")

    @property
    def megabytes(self) -> int | None:
        """Return `memory` in MB (10^6 bytes), at least 1."""
        found = _MEMORY.fullmatch(self.memory or "")
        return None if found is None else max(1, round(float(found[1]) * UNITS[found[2]] / 10**6))


@dataclass(frozen=True, kw_only=True)
class Work:
    """One function to call, somewhere.

    Attributes:
        key: what identifies its row. A work that is done twice has one row, the last.
        call: "package.module:function". It is called with `arguments` and returns a mapping that JSON can hold.
        arguments: paths, names of columns, numbers: JSON, and never arrays, which the worker reads itself.
        resources: what the worker needs.
        isolated: whether it runs in a new process, which costs the imports again (a second or two with PyTorch). In
            return it depends on no earlier work, and its crash is a failed row, with what the process wrote.

    Example:
        >>> Work(key="2 and 6", call="math:gcd", arguments={}).isolated
        False
    """

    key: str
    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    resources: Resources = Resources()
    isolated: bool = False


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is submitted to an executor: a work, and where its row goes. It can be pickled.

    Attributes:
        work: the work.
        folder: the folder of results, which all workers see under this path.
        run: the name of this run of the driver, by which the shards tell its attempts from those of earlier runs.
    """

    work: Work
    folder: str
    run: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """That a work is done; its row is in the folder, see `shards.row_of`.

    Attributes:
        key: the key of the work.
        status: "ok"; "failed", where the function raised an error or its process died; "lost", where workers died.
        seconds: the time that the work took on its worker, in seconds.
        shard, offset: file and byte at which its row begins.
    """

    key: str
    status: WorkStatus
    seconds: float
    shard: str
    offset: int
