"""Plugins that installed distributions declare as entry points, read from metadata without importing any of them.

Environment variables: `MMG_PLUGINS=a,b` limits third-party plugins to those names (set but empty: built-ins only);
`MMG_STRICT_PLUGINS=1` raises an error where a broken plugin would otherwise only be recorded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from mmg_registry.errors import PluginError, explain

HOME = "mmg-registry"  # the distribution whose entry points are the built-in plugins
ESTIMATORS = "mmg.estimators"
ENGINES = "mmg.engines"
BOUNDS = "mmg.bounds"
ENTROPIES = "mmg.entropies"
IN_PROCESS = "in-process"  # the "distribution" of classes that were given to `registry.register`


@dataclass(frozen=True)
class PluginRecord:
    """The metadata of one plugin, which need not be imported.

    Attributes:
        name: the name of the entry point, i.e. the value of `--plugin`.
        value: "module:Class".
        distribution, version: name and version of the installed distribution that declares the plugin.
        origin: "built-in", "third-party" or "in-process" (see `registry.register`).
        group: the entry-point group, which decides the contract.
    """

    name: str
    value: str
    distribution: str
    version: str
    origin: str
    group: str = ESTIMATORS

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"'{self.name}' of {self.distribution}{version}"


def installed(group: str) -> list[PluginRecord]:
    """Return the records of all entry points in `group`, built-in and third-party.

    A distribution that is on the path twice (a stale copy) counts once: as in an import, the first one wins.

    Raises:
        PluginError: for damaged metadata, when `MMG_STRICT_PLUGINS` is set.
    """
    found: dict[tuple[str, str], PluginRecord] = {}
    for dist in metadata.distributions():
        for record in _declared(dist, group):
            found.setdefault((record.distribution, record.name), record)
    return list(found.values())


def home_version() -> str:
    """Return the version of the distribution `mmg-registry` itself."""
    try:
        return metadata.version(HOME)
    except metadata.PackageNotFoundError:
        return "0+not-installed"


def allowed(record: PluginRecord) -> bool:
    """Return whether `MMG_PLUGINS` admits `record`."""
    names = os.environ.get("MMG_PLUGINS")
    if names is None or record.origin == "built-in":
        return True
    wanted = [name.strip() for name in names.split(",")]
    return record.name in wanted or f"{record.distribution}:{record.name}" in wanted


def strict() -> bool:
    """Return whether a broken plugin raises an error where it would otherwise be recorded."""
    return os.environ.get("MMG_STRICT_PLUGINS", "") not in ("", "0")


def _declared(dist: metadata.Distribution, group: str) -> Iterator[PluginRecord]:
    """Yield the entry points of one distribution; treat damaged metadata of a third party as no entry points."""
    try:
        points = [point for point in dist.entry_points if point.group == group]
        name, version = (dist.metadata["Name"] or "unnamed", dist.version or "") if points else ("", "")
    except Exception as error:
        if strict():
            raise PluginError(f"The metadata of a distribution cannot be read: {explain(error)}.") from error
        return
    origin = "built-in" if name == HOME else "third-party"
    for point in points:
        yield PluginRecord(point.name, point.value, name, version, origin, group)
