"""A clock that measures how long a training has run, what of it were looks, and whether its time limit has passed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
        self._looks = self.last_look = 0.0

    @property
    def elapsed(self) -> float:
        """Return the seconds since the clock was made."""
        return self._now() - self._start

    @property
    def trained(self) -> float:
        """Return the seconds since the clock was made, without looks at held-out rows."""
        return self.elapsed - self._looks

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Count what is done inside as a look at held-out rows; `last_look` then holds its seconds."""
        start = self._now()
        yield
        self.last_look = self._now() - start
        self._looks += self.last_look

    def is_over(self, share: float = 1.0) -> bool:
        """Return whether `share` of the limit has passed; always False without a limit."""
        return self.limit is not None and self.elapsed >= share * self.limit
