"""How many threads there are to keep busy, and PyTorch's number of them for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mmg_registry.limits import MAX_THREADS


def usable_cores() -> int:
    """Return how many cores a container or batch system leaves this process, not how many the machine has.

    Example:
        >>> usable_cores() >= 1
        True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads(jobs: int = 1) -> int:
    """Return the threads of each of `jobs` runs at a time where none were asked for: all usable cores, shared."""
    return min(max(1, usable_cores() // jobs), MAX_THREADS)


@contextmanager
def torch_threads(number: int | None) -> Iterator[None]:
    """Run the block with PyTorch on `number` threads (None: as many as before), and put the former number back.

    One thread where sums, and so the bits of a result, must not depend on how many there are.

    Example:
        >>> import torch
        >>> with torch_threads(1):
        ...     torch.get_num_threads()
        1
    """
    import torch  # late: whoever only lists plugins need not wait for it

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
