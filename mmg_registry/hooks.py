"""pluggy hook specifications: estimators, benchmark tasks, file readers, result writers.

A distribution that offers any of them names a module with `@hookimpl` functions as an entry point in the group
`mmg.plugins`. (A single estimator needs no hook: the group `mmg.estimators` is enough.)

Example:
    >>> from mmg_registry import hookimpl
    >>> @hookimpl
    ... def mmg_readers():
    ...     return {".tab": lambda path: {"x": [1.0], "y": [2.0]}}
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import metadata
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from mmg_registry import registry
from mmg_registry.contracts import Estimator
from mmg_registry.errors import PluginError

PROJECT = "mmg"
GROUP = "mmg.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Reader = Callable[[str], Mapping[str, Any]]
Writer = Callable[[Any, str], None]


class Hooks:
    """What a hook plugin may implement; every function takes no argument."""

    @hookspec
    def mmg_estimators(self) -> list[type[Estimator]]:  # type: ignore[empty-body]
        """Estimator classes, each known by its `name`."""

    @hookspec
    def mmg_tasks(self) -> list[Any]:  # type: ignore[empty-body]
        """Benchmark tasks with a known mutual information, as `mmg_registry.benchmark.tasks.Task`."""

    @hookspec
    def mmg_readers(self) -> Mapping[str, Reader]:  # type: ignore[empty-body]
        """Suffix (".edf") to a function that takes a path and returns named columns or arrays."""

    @hookspec
    def mmg_writers(self) -> Mapping[str, Writer]:  # type: ignore[empty-body]
        """Format name to a function that takes an `Estimate` and a path, and writes it."""


class Failure(NamedTuple):
    """A hook plugin that could not be used: who, and why."""

    record: registry.PluginRecord
    error: PluginError


class InProcess:
    """The hook implementation that returns what `registry.register` was given."""

    @hookimpl
    def mmg_estimators(self) -> list[type[Estimator]]:
        return registry.registered()


def hook_manager() -> pluggy.PluginManager:
    """The manager with built-ins and all usable modules of the group `mmg.plugins`, made once per process.

    A module that cannot be imported or whose hooks do not fit the specifications is left out and listed by
    `failures()`.

    Raises:
        PluginError: for the first unusable one, when `MMG_STRICT_PLUGINS` is set.
    """
    return _state().manager


def failures() -> list[Failure]:
    """The hook plugins that could not be used, so far."""
    return list(_state().failures)


def call_each(hook: str) -> list[tuple[registry.PluginRecord, Any]]:
    """The result of `hook` from every plugin that implements it; one that raises is recorded and left out.

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


def reject(source: registry.PluginRecord, error: Exception) -> None:
    """Record that what a hook of `source` returned cannot be used.

    Raises:
        PluginError: instead of recording, when `MMG_STRICT_PLUGINS` is set.
    """
    _state().fail(source, error)


def merged(hook: str) -> dict[str, Any]:
    """The mappings that every plugin returns for `hook`, in one; the first plugin to claim a key keeps it.

    Example:
        >>> isinstance(merged("mmg_readers"), dict)
        True
    """
    return {key: value for _, mapping in reversed(call_each(hook)) for key, value in mapping.items()}


def reset() -> None:
    """Forget the manager, so that the next call builds it anew (after an installation, or in tests)."""
    _state.cache_clear()


class _State:
    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Hooks)
        self.sources: dict[str, registry.PluginRecord] = {}
        self.failures: list[Failure] = []

    def fail(self, source: registry.PluginRecord, error: BaseException) -> None:
        problem = PluginError(
            f"The hooks {source} cannot be used ({registry.explain(error)}); repair or uninstall {source.distribution}."
        )
        if registry.strict():
            raise problem from error
        problem.__cause__ = error
        self.failures.append(Failure(source, problem))

    def add(self, source: registry.PluginRecord, plugin: object) -> None:
        name = f"{source.distribution}:{source.name}"
        self.sources[name] = source
        self.manager.register(plugin, name=name)
        self.manager.check_pending()  # an unknown hook name is most likely a misspelt one

    def add_guarded(self, source: registry.PluginRecord) -> None:
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
    here = registry.PluginRecord("registered", "mmg_registry.hooks:InProcess", registry.IN_PROCESS, "", "in-process")
    state.add(here, InProcess())
    for source in registry.installed(GROUP):
        if registry.allowed(source):
            state.add_guarded(source)
    return state


def _load_module(source: registry.PluginRecord) -> ModuleType | object:
    loaded: object = metadata.EntryPoint(source.name, source.value, GROUP).load()
    return loaded if isinstance(loaded, ModuleType) or not isinstance(loaded, type) else loaded()
