"""A clock that measures how long a training has run, and whether a share of its time limit has passed."""

from __future__ import annotations

import time
from collections.abc import Callable

Now = Callable[[], float]  # seconds since any fixed point: `time.monotonic`, or a function that a test controls


class Clock:
    """A stopwatch that starts when it is made.

    Args:
        limit: seconds that the training may take, or None for no limit.
        now: returns the present time in seconds.

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
        """Return the seconds since the clock was made."""
        return self._now() - self._start

    def is_over(self, share: float = 1.0) -> bool:
        """Return whether `share` of the limit has passed; always False without a limit."""
        return self.limit is not None and self.elapsed >= share * self.limit
