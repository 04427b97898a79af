"""What every test gets: none of the caller's plugin settings, no class of another test, the same random numbers.

And what none may take: more than `MOST_CPU_SECONDS`.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator

import pytest
import torch

from mmg_registry import registry

MOST_CPU_SECONDS = 60.0  # ten times what a dear test takes, since a busy machine may double CPU time


def pytest_configure() -> None:
    """Take Ctrl-C as in a terminal, even where a shell started the suite in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("MMG_PLUGINS", "MMG_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    before = {cls.name for cls in registry.registered()}
    yield
    for cls in registry.registered():
        if cls.name not in before:
            registry.unregister(cls.name)


@pytest.fixture(autouse=True)
def affordable() -> Iterator[None]:
    """Fail a test that takes more CPU time, with the processes it waited for, than the whole suite can afford."""
    before = sum(os.times()[:4])
    yield
    spent = sum(os.times()[:4]) - before
    assert spent < MOST_CPU_SECONDS, f"{spent:.0f} CPU seconds, of {MOST_CPU_SECONDS:.0f}: give fewer rows or steps"


@pytest.fixture(autouse=True)
def seeded_globals() -> None:
    """Seed the global generators that a test may draw from, so that no outcome depends on what ran before it."""
    random.seed(0)
    torch.manual_seed(0)
