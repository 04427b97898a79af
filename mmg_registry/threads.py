"""The number of threads to use, threads that the system refuses, and a block that sets the number of PyTorch's."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mmg_registry.limits import MAX_THREADS

_REFUSALS = "can't start new thread", os.strerror(errno.EAGAIN)  # of Python and of C++
NO_THREADS = "could not start its threads, because the system has no room for so many; give fewer with --threads"


def usable_cores() -> int:
    """Return the number of cores that a container or batch system leaves to this process, not that of the machine.

    Example:
        >>> usable_cores() >= 1
        True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def refused_threads(error: BaseException) -> bool:
    """Return whether `error` says that the system would not start another thread.

    Python and C++ raise a plain RuntimeError for it, which its text alone tells from others; `NO_THREADS` is the
    sentence to say instead.

    Example:
        >>> refused_threads(RuntimeError("can't start new thread")), refused_threads(RuntimeError("no"))
        (True, False)
    """
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _REFUSALS)


def default_threads(jobs: int = 1) -> int:
    """Return the default number of threads for each of `jobs` simultaneous runs: the usable cores, shared equally."""
    return min(max(1, usable_cores() // jobs), MAX_THREADS)


@contextmanager
def torch_threads(number: int | None) -> Iterator[None]:
    """Run the block with PyTorch on `number` threads (None: as many as before), and restore the former number.

    Use one thread where sums, and therefore the bits of a result, must not depend on the number of threads.

    Example:
        >>> import torch
        >>> with torch_threads(1):
        ...     torch.get_num_threads()
        1
    """
    import torch  # imported late: listing plugins must not wait for it

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
