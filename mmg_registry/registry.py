"""Which estimators there are, and loading the one that is asked for.

Discovery reads the metadata of installed distributions and imports nothing: an estimator is an entry point in the
group `mmg.estimators`, a bound for models with known densities one in `mmg.bounds`; the entry-point name is the value
of `--plugin`. Built-ins come through the same groups as strangers. A plugin is imported only when somebody asks for
it, so a broken one harms nobody else.

Environment: `MMG_PLUGINS=a,b` limits third-party plugins to those names (set but empty: built-ins only);
`MMG_STRICT_PLUGINS=1` raises where a broken plugin would otherwise only be recorded.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

from mmg_registry.errors import PluginError
from mmg_registry.errors import explain as explain

if TYPE_CHECKING:
    from mmg_registry.bounds.contract import BoundEstimator
    from mmg_registry.contracts import Configured, Estimator

GROUP = "mmg.estimators"
BOUNDS = "mmg.bounds"
HOME = "mmg-registry"  # the distribution whose entry points are the built-ins
C = TypeVar("C", bound="Configured")
IN_PROCESS = "in-process"  # stands for the distribution of classes given to `register`


@dataclass(frozen=True)
class PluginRecord:
    """What the metadata say of one plugin; nothing of it is imported.

    Attributes:
        name: the entry point's name, i.e. the value of `--plugin`.
        value: "module:Class".
        distribution, version: of the installed package that declares it.
        origin: "built-in", "third-party" or "in-process" (see `register`).
        group: the entry-point group, which decides the contract.
    """

    name: str
    value: str
    distribution: str
    version: str
    origin: str
    group: str = GROUP

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"'{self.name}' of {self.distribution}{version}"


def records(group: str = GROUP) -> list[PluginRecord]:
    """All known plugins of `group`, sorted by name: from metadata, and the classes given to `register`.

    Example:
        >>> names = [record.name for record in records()]
        >>> names == sorted(names)
        True
    """
    found = [record for record in installed(group) if allowed(record)]
    return sorted(found + _in_process_records(group), key=lambda record: (record.name, record.distribution))


def load_plugin(name: str) -> type[Estimator]:
    """The estimator class called `name`, or `distribution:name` where two distributions use one name.

    Raises:
        PluginError: when it is missing (the nearest names are listed), clashing (both distributions are named),
            broken (the error of its module is chained as `__cause__`) or against the contract.
    """
    cls: type[Estimator] = load_record(find(name))
    return cls


def load_bound(name: str) -> type[BoundEstimator]:
    """The class of the bound called `name` or `distribution:name`; `load_plugin` for the group `mmg.bounds`.

    Raises:
        PluginError: as `load_plugin`.
    """
    cls: type[BoundEstimator] = load_record(find(name, BOUNDS))
    return cls


def find(name: str, group: str = GROUP) -> PluginRecord:
    """The record of `name` or `distribution:name`, without importing it if metadata know it.

    Raises:
        PluginError: when no record or more than one fits.
    """
    matches = _matching(records(group), name) or _matching(_hooked_records(group), name)
    if not matches:
        raise PluginError(_missing(name, group))
    if len(matches) > 1:
        both = " and ".join(f"{record.distribution} {record.version}".strip() for record in matches)
        choice = " or ".join(f"'{record.distribution}:{record.name}'" for record in matches)
        raise PluginError(f"The plugin name '{name}' is claimed by {both}; ask for {choice}, or uninstall one.")
    return matches[0]


def load_record(record: PluginRecord) -> Any:
    """Import the class that `record` points to and check it against the contract.

    Raises:
        PluginError: when the import fails or the object breaks the contract of its group.
    """
    known = record.origin == IN_PROCESS
    cls: Any = _in_process.get((record.group, record.name)) if known else _import(record)
    problem = contract_problem(cls, record.group)
    if problem:
        raise PluginError(f"The plugin {record} breaks the contract: {problem}.")
    return cls


def statuses(load: bool = False, group: str = GROUP) -> list[tuple[PluginRecord, str]]:
    """Every record with a word on its state: "not loaded", "ok", or "broken: " and the reason.

    With `load`, each plugin is imported (and estimators that only hooks know are listed too); a name that two
    distributions claim is reported as a clash without loading.

    Raises:
        PluginError: for the first broken plugin, when `MMG_STRICT_PLUGINS` is set.
    """
    listed = records(group)
    if load:
        known = {record.name for record in listed}
        listed += [record for record in _hooked_records(group) if record.name not in known]
    return [(record, _status(record, listed, load)) for record in listed]


def register(cls: type[C]) -> type[C]:
    """Make `cls` known in this process under `cls.name`, for notebooks and tests; usable as a decorator.

    Registering a name again replaces the former class. `in-process:NAME` picks it where an installed plugin has
    the same name.

    Raises:
        PluginError: when `cls` breaks the contract.
    """
    group = group_of(cls)
    problem = contract_problem(cls, group)
    if problem:
        raise PluginError(f"The class {getattr(cls, '__name__', cls)!r} breaks the contract: {problem}.")
    _in_process[group, cls.name] = cls
    return cls


def unregister(name: str, group: str = GROUP) -> None:
    """Forget the class that `register` took under `name`, if any."""
    _in_process.pop((group, name), None)


def registered() -> list[type[Estimator]]:
    """The estimators given to `register`."""
    return [cls for (group, _), cls in _in_process.items() if group == GROUP]  # type: ignore[misc]


def record_of(cls: type[Configured]) -> PluginRecord:
    """The record under which `cls` can be found again; the one named `cls.name` if there are aliases.

    Raises:
        PluginError: when no plugin points to `cls`.
    """
    value = _value_of(cls)
    fitting = [record for record in records(group_of(cls)) if record.value == value]
    if not fitting:
        raise PluginError(f"The class {value} is not a registered plugin; call mmg_registry.register on it first.")
    return min(fitting, key=lambda record: record.name != cls.name)


def strict() -> bool:
    """Whether a broken plugin shall raise where it would otherwise be recorded."""
    return os.environ.get("MMG_STRICT_PLUGINS", "") not in ("", "0")


def installed(group: str) -> list[PluginRecord]:
    """Records of all entry points in `group`, built-in and third-party, from metadata only.

    A distribution found twice on the path (a stale copy) counts once, as in an import: the first wins.
    """
    found: dict[tuple[str, str], PluginRecord] = {}
    for dist in metadata.distributions():
        for record in _declared(dist, group):
            found.setdefault((record.distribution, record.name), record)
    return list(found.values())


def home_version() -> str:
    """The version of mmg itself."""
    try:
        return metadata.version(HOME)
    except metadata.PackageNotFoundError:
        return "0+not-installed"


def group_of(cls: Any) -> str:
    """The group whose contract `cls` follows: bounds that of bounds, all else that of estimators."""
    from mmg_registry.bounds.contract import BoundEstimator

    return BOUNDS if isinstance(cls, type) and issubclass(cls, BoundEstimator) else GROUP


def contract_problem(cls: Any, group: str = GROUP) -> str:
    """Why `cls` cannot serve as a plugin of `group`, as a clause; empty when it can."""
    from mmg_registry.bounds.contract import BoundEstimator
    from mmg_registry.contracts import Estimator, Options

    base: type[Configured] = BoundEstimator if group == BOUNDS else Estimator
    if not (isinstance(cls, type) and issubclass(cls, base)):
        return f"{cls!r} is not a subclass of mmg_registry.{base.__name__}"
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    missing += [name for name in ("name", "summary", "reference") if not isinstance(getattr(cls, name, None), str)]
    if missing:
        return f"{cls.__name__} lacks {', '.join(missing)}"
    if not (isinstance(cls.Options, type) and issubclass(cls.Options, Options)):
        return f"{cls.__name__}.Options is not a subclass of mmg_registry.Options"
    required = [name for name, option in cls.Options.model_fields.items() if option.is_required()]
    return f"{cls.__name__} has options without a default: {', '.join(required)}" if required else ""


_in_process: dict[tuple[str, str], type[Configured]] = {}


def _declared(dist: metadata.Distribution, group: str) -> Iterator[PluginRecord]:
    """Entry points of one distribution; damaged metadata of a stranger count as none."""
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


def allowed(record: PluginRecord) -> bool:
    """Whether `MMG_PLUGINS` lets `record` take part."""
    names = os.environ.get("MMG_PLUGINS")
    if names is None or record.origin == "built-in":
        return True
    wanted = [name.strip() for name in names.split(",")]
    return record.name in wanted or f"{record.distribution}:{record.name}" in wanted


def _in_process_records(group: str) -> list[PluginRecord]:
    mine = [(name, cls) for (where, name), cls in _in_process.items() if where == group]
    return [PluginRecord(name, _value_of(cls), IN_PROCESS, "", IN_PROCESS, group) for name, cls in mine]


def _hooked_records(group: str) -> list[PluginRecord]:
    """Estimators that no entry point declares and only a hook returns (bounds have none); imports the hook plugins."""
    if group != GROUP:
        return []
    from mmg_registry.hooks import call_each

    found = []
    for source, classes in call_each("mmg_estimators"):
        for cls in classes if source.distribution != IN_PROCESS else ():
            name = getattr(cls, "name", "?")
            found.append(PluginRecord(name, _value_of(cls), source.distribution, source.version, source.origin))
    return found


def _value_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _matching(candidates: list[PluginRecord], name: str) -> list[PluginRecord]:
    distribution, _, bare = name.rpartition(":")
    return [record for record in candidates if record.name == bare and distribution in ("", record.distribution)]


def _missing(name: str, group: str) -> str:
    if any(record.name == name for record in installed(group)):
        return f"The plugin '{name}' is installed, but the environment variable MMG_PLUGINS leaves it out."
    known = sorted({record.name for record in records(group)})
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    if close:
        return f"There is no plugin '{name}'; the nearest are {', '.join(close)}."
    return f"There is no plugin '{name}'; {'known are ' + ', '.join(known) if known else 'none is installed'}."


def _import(record: PluginRecord) -> Any:
    point = metadata.EntryPoint(record.name, record.value, record.group)
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"The plugin {record} cannot be loaded ({explain(error)}); repair or uninstall {record.distribution}."
        ) from error


def _status(record: PluginRecord, listed: list[PluginRecord], load: bool) -> str:
    rivals = [other.distribution for other in listed if other.name == record.name and other != record]
    if rivals:
        return f"broken: its name is also claimed by {', '.join(rivals)}"
    if not load:
        return "not loaded"
    try:
        load_record(record)
    except PluginError as error:
        if strict():
            raise
        return f"broken: {error}"
    return "ok"
