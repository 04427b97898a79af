"""Hook plugins: they add estimators, readers, writers and tasks; one that is broken is left out and recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import install

from mmg_registry import api, hooks, registry
from mmg_registry.errors import DataError, PluginError

ESTIMATORS = """
from fakes import GaussianMI
from mmg_registry import hookimpl
class Hooked(GaussianMI):
    name = "hooked"
@hookimpl
def mmg_estimators():
    return [Hooked]
"""
READERS = """
from mmg_registry import hookimpl
@hookimpl
def mmg_readers():
    return {".pairs": lambda path: {"x": [float(w) for w in open(path).read().split()], "y": [3.0, 4.0, 6.0]}}
"""
MISSPELT = "from mmg_registry import hookimpl\n@hookimpl\ndef mmg_reeders():\n    return {}\n"
RAISING = "from mmg_registry import hookimpl\n@hookimpl\ndef mmg_readers():\n    raise KeyError('oops')\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    hooks.reset()
    yield tmp_path
    hooks.reset()


def add(site: Path, source: str, name: str = "hooker") -> None:
    sys.modules.pop(f"{name}_module", None)
    install(site, name, "2.0", {f"mmg.plugins/{name}": f"{name}_module"}, {f"{name}_module": source})


def test_an_estimator_that_only_a_hook_knows(site: Path) -> None:
    add(site, ESTIMATORS)
    assert "hooked" not in [record.name for record in registry.records()]
    assert registry.load_plugin("hooked").name == "hooked"
    assert registry.find("hooked").distribution == "hooker"
    assert ("hooked", "ok") in [(record.name, status) for record, status in registry.statuses(load=True)]


def test_a_registered_class_comes_through_the_hook(site: Path) -> None:
    from fakes import GaussianMI

    registry.register(GaussianMI)
    returned = [cls for classes in hooks.hook_manager().hook.mmg_estimators() for cls in classes]
    assert returned == [GaussianMI]


def test_a_reader_for_another_extension(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "data.pairs"
    file.write_text("1 2 4")
    with pytest.raises(DataError, match=r"extension '.pairs'"):
        api.read(file)
    add(site, READERS)
    hooks.reset()
    pair = api.read(file)
    assert pair.x[:, 0].tolist() == [1, 2, 4]
    with pytest.raises(DataError, match=r"known are .*\.pairs"):
        api.read(tmp_path / "data.xyz")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import not_there_at_all\n", "No module named 'not_there_at_all'"),
        (MISSPELT, "mmg_reeders"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
    ],
)
def test_a_broken_hook_plugin_is_recorded(site: Path, source: str, told: str) -> None:
    add(site, source, "bad")
    add(site, READERS, "good")
    assert set(hooks.merged("mmg_readers")) == {".pairs"}
    (failure,) = hooks.failures()
    assert failure.record.distribution == "bad"
    assert told in str(failure.error)
    assert failure.error.__cause__ is not None


def test_a_hook_that_raises_is_left_out(site: Path) -> None:
    add(site, RAISING, "bad")
    add(site, READERS, "good")
    assert set(hooks.merged("mmg_readers")) == {".pairs"}
    assert "KeyError" in str(hooks.failures()[0].error)


@pytest.mark.parametrize("source", [MISSPELT, RAISING])
def test_strict_raises(site: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    add(site, source, "bad")
    with pytest.raises(PluginError, match=r"'bad' of bad 2.0 cannot be used"):
        hooks.merged("mmg_readers")


def test_mmg_plugins_limits_hook_plugins(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, READERS)
    monkeypatch.setenv("MMG_PLUGINS", "")
    assert hooks.merged("mmg_readers") == {}
