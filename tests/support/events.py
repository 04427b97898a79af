"""Wait for what happens, never for a time: on a busy machine these take longer and find the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

WATCHDOG = 600.0  # seconds after which something hangs; no test passes or fails because of it otherwise
EVERY = 0.005  # seconds between two looks


def wait_for(happened: Callable[[], bool], still: Callable[[], bool] = lambda: True) -> None:
    """Return once `happened()`.

    Raises:
        AssertionError: when `still()` ends before, or after `WATCHDOG` seconds.
    """
    limit = time.monotonic() + WATCHDOG
    while not happened():
        assert still(), "it ended before that happened"
        assert time.monotonic() < limit, f"that has not happened in {WATCHDOG:g} s"
        time.sleep(EVERY)


def under_way(seconds: float = 0.3) -> Callable[[], bool]:
    """Return a question: has this process computed for `seconds` since now, so that what was called is at work?"""
    begin = time.process_time()
    return lambda: time.process_time() - begin >= seconds


def interrupt(call: Callable[[], object], when: Callable[[], bool] | None = None) -> None:
    """Press Ctrl-C in `call`, once `when()`, and return when `call` has ended by that.

    A `call` that would go on for longer than `WATCHDOG` shows by ending that it heeds Ctrl-C. By default `when` is once
    it is under way.

    Raises:
        AssertionError: when `call` ends by itself.
    """
    when, ended = when or under_way(), threading.Event()

    def press() -> None:
        while not ended.wait(EVERY):
            if when():
                os.kill(os.getpid(), signal.SIGINT)
                return

    finger = threading.Thread(target=press)
    finger.start()
    try:
        call()
    except KeyboardInterrupt:
        return
    finally:
        ended.set()
        finger.join()
    raise AssertionError("the call ended by itself, before it could be interrupted")
