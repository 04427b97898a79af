"""Shared by all tests: none of the caller's plugin settings, and no class that another test registered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mmg_registry import registry


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("MMG_PLUGINS", "MMG_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    before = {cls.name for cls in registry.registered()}
    yield
    for cls in registry.registered():
        if cls.name not in before:
            registry.unregister(cls.name)
