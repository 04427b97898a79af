"""Hook specifications for pluggy: estimators, benchmark tasks, file readers and result writers.

A distribution that offers any of these declares a module with `@hookimpl` functions as an entry point in the group
`mmg.plugins`. (A single estimator needs no hook: an entry point in the group `mmg.estimators` is enough.)

Example:
    >>> from mmg_registry import hookimpl
    >>> @hookimpl
    ... def mmg_readers():  # for `mmg estimate data.tab`
    ...     return {".tab": lambda path: {"x": [1.0], "y": [2.0]}}
    >>> @hookimpl
    ... def mmg_writers():  # for `mmg estimate data.npz -o result.txt`
    ...     return {".txt": lambda result, path: open(path, "w").write(result.to_json())}
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import metadata
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from mmg_registry import in_process
from mmg_registry.contracts import Estimator
from mmg_registry.entry_points import IN_PROCESS, PluginRecord, allowed, installed, strict
from mmg_registry.errors import PluginError, explain

PROJECT = "mmg"
GROUP = "mmg.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Reader = Callable[[str], Mapping[str, Any]]
Writer = Callable[[Any, str], None]


class Hooks:
    """The hooks that a hook plugin may implement; none of them takes an argument."""

    @hookspec
    def mmg_estimators(self) -> list[type[Estimator]]:  # type: ignore[empty-body]
        """Return estimator classes; each is found by its `name`."""

    @hookspec
    def mmg_tasks(self) -> list[Any]:  # type: ignore[empty-body]
        """Return benchmark tasks with known mutual information, as objects of `mmg_registry.benchmark.tasks.Task`."""

    @hookspec
    def mmg_readers(self) -> Mapping[str, Reader]:  # type: ignore[empty-body]
        """Return a mapping from suffix (".edf") to a function from a path to named columns or arrays."""

    @hookspec
    def mmg_writers(self) -> Mapping[str, Writer]:  # type: ignore[empty-body]
        """Return a mapping from suffix (".mat") to a function that writes a result (`Estimate`, `Bound`) to a path."""


class Failure(NamedTuple):
    """A hook plugin that cannot be used, and the error that says why."""

    record: PluginRecord
    error: PluginError


class InProcess:
    """The hook implementation that returns the classes given to `registry.register`."""

    @hookimpl
    def mmg_estimators(self) -> list[type[Estimator]]:
        """Return the estimator classes registered in this process."""
        return in_process.registered()


def hook_manager() -> pluggy.PluginManager:
    """Return the process's one manager of the built-in hooks and all usable modules of the group `mmg.plugins`.

    A module that cannot be imported, or whose hooks do not match the specifications, is left out and listed by
    `failures()`.

    Raises:
        PluginError: for the first unusable module, when `MMG_STRICT_PLUGINS` is set.
    """
    return _state().manager


def failures() -> list[Failure]:
    """Return the hook plugins that have turned out to be unusable so far."""
    return list(_state().failures)


def call_each(hook: str) -> list[tuple[PluginRecord, Any]]:
    """Return the result of `hook` from every plugin that implements it; record and leave out plugins that raise.

    Raises:
        PluginError: instead of recording, when `MMG_STRICT_PLUGINS` is set.
    """
    state = _state()
    results = []
    for implementation in getattr(state.manager.hook, hook).get_hookimpls():
        source = state.sources[implementation.plugin_name]
        try:
            results.append((source, implementation.function()))
        except Exception as error:
            state.fail(source, error)
    return results


def reject(source: PluginRecord, error: Exception) -> None:
    """Record that the result of a hook of `source` cannot be used.

    Raises:
        PluginError: instead of recording, when `MMG_STRICT_PLUGINS` is set.
    """
    _state().fail(source, error)


def merged(hook: str) -> dict[str, Any]:
    """Return the mappings of all plugins for `hook`, merged into one; the first plugin that claims a key keeps it.

    Example:
        >>> isinstance(merged("mmg_readers"), dict)
        True
    """
    return {key: value for key, (_, value) in claims(hook).items()}


def claims(hook: str) -> dict[str, tuple[PluginRecord, Any]]:
    """Return the same mapping as `merged`, with each value paired with the plugin that it comes from.

    Example:
        >>> isinstance(claims("mmg_writers"), dict)
        True
    """
    found = reversed(call_each(hook))
    return {key: (source, value) for source, mapping in found for key, value in mapping.items()}


def reset() -> None:
    """Discard the manager, so that the next call builds a new one (after an installation, or in tests)."""
    _state.cache_clear()


class _State:
    """The process's plugin manager, the records of its hook plugins, and those that cannot be used."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        self.sources: dict[str, PluginRecord] = {}
        self.failures: list[Failure] = []

    def fail(self, source: PluginRecord, error: BaseException) -> None:
        """Record that `source` cannot be used because of `error`, or raise if `MMG_STRICT_PLUGINS` is set."""
        problem = PluginError(
            f"The hooks {source} cannot be used ({explain(error)}); repair or uninstall {source.distribution}."
        )
        if strict():
            raise problem from error
        problem.__cause__ = error
        self.failures.append(Failure(source, problem))

    def add(self, source: PluginRecord, plugin: object) -> None:
        """Register the hooks of `plugin` under the name of `source`; raise if they do not match the specifications."""
        name = f"{source.distribution}:{source.name}"
        self.sources[name] = source
        self.manager.register(plugin, name=name)
        self.manager.check_pending()  # an unknown hook name is most likely a misspelling

    def add_guarded(self, source: PluginRecord) -> None:
        """Import and register the hook plugin `source`; record it as a failure if that raises."""
        plugin: object = None
        try:
            plugin = _load_module(source)
            self.add(source, plugin)
        except (Exception, SystemExit) as error:
            if plugin is not None and self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            self.fail(source, error)


@functools.cache
def _state() -> _State:
    state = _State()
    here = PluginRecord("registered", "mmg_registry.hooks:InProcess", IN_PROCESS, "", "in-process")
    state.add(here, InProcess())
    for source in installed(GROUP):
        if allowed(source):
            state.add_guarded(source)
    return state


def _load_module(source: PluginRecord) -> ModuleType | object:
    loaded: object = metadata.EntryPoint(source.name, source.value, GROUP).load()
    return loaded if isinstance(loaded, ModuleType) or not isinstance(loaded, type) else loaded()
