"""A time that tests drive: no test of the clock waits, or depends on how busy the machine is."""

from __future__ import annotations


class Time:
    """Seconds, called as `time.monotonic` is; they pass only by `pass_by`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
