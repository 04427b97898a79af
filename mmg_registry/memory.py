"""The memory of this machine and of this process, on every operating system."""

from __future__ import annotations

import sys

_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in one unit of ru_maxrss


def total() -> int:
    """Return the bytes of this machine's memory.

    Example:
        >>> total() > 2**27
        True
    """
    import psutil  # imported late: listing plugins must not wait for it

    return int(psutil.virtual_memory().total)


def peak() -> int:
    """Return the most bytes of memory that this process has held at one time.

    Example:
        >>> 2**20 < peak()
        True
    """
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource  # psutil knows no peak but that of Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
