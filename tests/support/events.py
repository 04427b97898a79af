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


def computed(seconds: float) -> Callable[[], bool]:
    """Return a question: has this process computed for `seconds` of CPU time since now?"""
    begin = time.process_time()
    return lambda: time.process_time() - begin >= seconds


def interrupt(call: Callable[[], object], when: Callable[[], bool] | None = None) -> float:
    """Press Ctrl-C in `call`, once `when()`; return the CPU seconds that this process computes from then to the end.

    By default `when` is after 0.3 CPU seconds, which only `call` can have used. CPU time does not count the waiting for
    a busy machine.

    Raises:
        AssertionError: when `call` ends by itself.
    """
    when, ended, pressed = when or computed(0.3), threading.Event(), []

    def press() -> None:
        while not ended.wait(EVERY):
            if when():
                pressed.append(time.process_time())
                os.kill(os.getpid(), signal.SIGINT)
                return

    finger = threading.Thread(target=press)
    finger.start()
    try:
        call()
    except KeyboardInterrupt:
        return time.process_time() - pressed[0]
    finally:
        ended.set()
        finger.join()
    raise AssertionError("the call ended by itself, before it could be interrupted")
