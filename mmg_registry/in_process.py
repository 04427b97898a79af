"""Classes registered in this process by `registry.register`, for notebooks and tests; they have no metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmg_registry.entry_points import ESTIMATORS, IN_PROCESS, PluginRecord

if TYPE_CHECKING:
    from mmg_registry.contracts import Configured, Estimator

classes: dict[tuple[str, str], type[Configured]] = {}  # by entry-point group and name


def registered() -> list[type[Estimator]]:
    """Return the estimators given to `registry.register`."""
    return [cls for (group, _), cls in classes.items() if group == ESTIMATORS]  # type: ignore[misc]


def records(group: str) -> list[PluginRecord]:
    """Return a record for each class registered under `group`."""
    mine = [(name, cls) for (where, name), cls in classes.items() if where == group]
    return [PluginRecord(name, value_of(cls), IN_PROCESS, "", IN_PROCESS, group) for name, cls in mine]


def value_of(cls: type) -> str:
    """Return "module:Class", the value of an entry point that points to `cls`.

    Example:
        >>> value_of(dict)
        'builtins:dict'
    """
    return f"{cls.__module__}:{cls.__qualname__}"
