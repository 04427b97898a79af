"""What `mmg plugins list` lists: the plugins of every kind, and, where they are loaded, what each of them takes."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from mmg_registry.entry_points import BOUNDS, ENGINES, ENTROPIES, ESTIMATORS

if TYPE_CHECKING:
    from mmg_registry.entry_points import PluginRecord

NOT_LOADED = "not loaded"
LOADED = ("columns", "conditional", "test", "pointwise", "summary")  # what is known of a plugin that was loaded


class PluginKind(str, Enum):
    """What a plugin does."""

    estimator = "estimator"
    entropy = "entropy"
    bound = "bound"
    engine = "engine"


GROUPS = {
    PluginKind.estimator: ESTIMATORS,
    PluginKind.entropy: ENTROPIES,
    PluginKind.bound: BOUNDS,
    PluginKind.engine: ENGINES,
}


def listing(load: bool = False, kind: PluginKind | None = None) -> list[dict[str, Any]]:
    """Return one dictionary per plugin class; aliases in the same distribution with the same status share it.

    Args:
        load: whether to import plugins, to see whether they work and what they take. Engines are not imported: theirs
            is what reaches a cluster.
        kind: the kind to list; all if None.

    Raises:
        PluginError: for a broken plugin, if `load` is true and MMG_STRICT_PLUGINS is set.
    """
    return [row for each in PluginKind if kind in (None, each) for row in _of_kind(each, load)]


def _of_kind(kind: PluginKind, load: bool) -> Iterator[dict[str, Any]]:
    from mmg_registry.registry import statuses

    groups: dict[tuple[str, ...], list[PluginRecord]] = defaultdict(list)
    for record, status in statuses(load and kind is not PluginKind.engine, GROUPS[kind]):
        if not status.startswith("broken"):
            status = _missing_module(record) or status
        groups[record.distribution, record.version, record.value, status].append(record)
    for group, records in groups.items():
        yield _row(records, group[-1], kind)


def _row(group: list[PluginRecord], status: str, kind: PluginKind) -> dict[str, Any]:
    first = group[0]
    return {
        "name": first.name,
        "aliases": [record.name for record in group[1:]],
        "kind": kind.value,
        "distribution": first.distribution,
        "version": first.version,
        "origin": first.origin,
        "value": first.value,
        "status": status,
        **(_declared(first) if status == "ok" else {}),
    }


def _declared(record: PluginRecord) -> dict[str, Any]:
    """Return what a plugin declares; None where its kind has no such declaration."""
    from mmg_registry.contracts import Estimator, has_ratio
    from mmg_registry.registry import load_record

    cls = load_record(record)
    if not issubclass(cls, Estimator):
        return {**dict.fromkeys(LOADED), "summary": cls.summary}
    ratio = has_ratio(cls)  # from which scores of pairs can be made too
    able = {"conditional": cls.conditional, "test": cls.table_rows > 0 or ratio, "pointwise": ratio}
    return {"columns": sorted(cls.kinds), **able, "summary": cls.summary}


def _missing_module(record: PluginRecord) -> str:
    """Return a "broken" status if the plugin's package is missing, else ""; import nothing."""
    package = record.value.partition(":")[0].partition(".")[0]
    if record.origin == "in-process" or importlib.util.find_spec(package):
        return ""
    return f"broken: no module '{package}'"
