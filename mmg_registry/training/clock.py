"""The time that a training has taken, and whether a share of its limit is over."""

from __future__ import annotations

import time
from collections.abc import Callable

Now = Callable[[], float]  # seconds from any fixed point; `time.monotonic`, or what a test drives


class Clock:
    """Count the seconds since it was made.

    Args:
        limit: seconds that the training may take, or None.
        now: the time in seconds.

    Example:
        >>> times = iter([0.0, 3.0, 3.0])
        >>> clock = Clock(limit=4.0, now=lambda: next(times))
        >>> clock.elapsed, clock.is_over(share=0.5)
        (3.0, True)
    """

    def __init__(self, limit: float | None = None, now: Now = time.monotonic) -> None:
        self.limit, self._now = limit, now
        self._start = now()

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return self._now() - self._start

    def is_over(self, share: float = 1.0) -> bool:
        """Return whether `share` of the limit has passed; never without a limit."""
        return self.limit is not None and self.elapsed >= share * self.limit
