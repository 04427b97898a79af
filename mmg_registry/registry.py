"""The registry: it finds plugins, and loads the one that is asked for.

Discovery reads the metadata of installed distributions and imports nothing (see `entry_points`): an estimator is an
entry point in the group `mmg.estimators`, an estimator of entropy one in `mmg.entropies`, a bound for models with known
densities one in `mmg.bounds`; the entry-point name is the value of `--plugin`. Built-in plugins use the same groups as
third-party ones. A plugin is imported only when it is asked for, so a broken plugin does not affect the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

from mmg_registry import in_process
from mmg_registry.entry_points import (
    BOUNDS,
    ENTROPIES,
    ESTIMATORS,
    IN_PROCESS,
    PluginRecord,
    allowed,
    installed,
    strict,
)
from mmg_registry.errors import PluginError, explain
from mmg_registry.in_process import registered as registered
from mmg_registry.in_process import value_of
from mmg_registry.names import nearest

if TYPE_CHECKING:
    from mmg_registry.bounds.contract import BoundEstimator
    from mmg_registry.contracts import Configured, Estimator
    from mmg_registry.entropies.contract import EntropyEstimator

C = TypeVar("C", bound="Configured")


def records(group: str = ESTIMATORS) -> list[PluginRecord]:
    """Return the records of all known plugins of `group`, sorted by name: those in metadata and those of `register`.

    Example:
        >>> names = [record.name for record in records()]
        >>> names == sorted(names)
        True
    """
    found = [record for record in installed(group) if allowed(record)]
    return sorted(found + in_process.records(group), key=lambda record: (record.name, record.distribution))


def load_plugin(name: str) -> type[Estimator]:
    """Return the estimator class called `name`, or `distribution:name` where two distributions use one name.

    Raises:
        PluginError: when the plugin is missing (the message lists the nearest names), ambiguous (it names both
            distributions), broken (the error of its module is chained as `__cause__`) or violates the contract.
    """
    cls: type[Estimator] = load_record(find(name))
    return cls


def check_options(name: str, options: Mapping[str, Any], beside: Iterable[str] = ()) -> None:
    """Refuse an estimator that is not there, and options that it has not, as before any data are read.

    Args:
        name: of the estimator.
        options: of the estimator, by their names.
        beside: other names that a wrong one may have meant.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: in the same cases as `load_plugin`.
    """
    from mmg_registry.contracts import parse_options, refuse_unknown

    cls = load_plugin(name)
    refuse_unknown(cls, options, beside)
    parse_options(cls, options)


def load_bound(name: str) -> type[BoundEstimator]:
    """Return the class of the bound called `name` or `distribution:name`, from the group `mmg.bounds`.

    Raises:
        PluginError: in the same cases as `load_plugin`.
    """
    cls: type[BoundEstimator] = load_record(find(name, BOUNDS))
    return cls


def load_entropy(name: str) -> type[EntropyEstimator]:
    """Return the class of the entropy estimator called `name` or `distribution:name`, from the group `mmg.entropies`.

    Raises:
        PluginError: in the same cases as `load_plugin`.
    """
    cls: type[EntropyEstimator] = load_record(find(name, ENTROPIES))
    return cls


def find(name: str, group: str = ESTIMATORS) -> PluginRecord:
    """Return the record of `name` or `distribution:name`; import hook plugins only if no other record matches.

    Raises:
        PluginError: when no record matches, or more than one does.
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
    """Import the class that `record` points to, check it against the contract, and return it.

    Raises:
        PluginError: when the import fails or the object violates the contract of its group.
    """
    known = record.origin == IN_PROCESS
    cls: Any = in_process.classes.get((record.group, record.name)) if known else _import(record)
    problem = contract_problem(cls, record.group)
    if problem:
        raise PluginError(f"The plugin {record} breaks the contract: {problem}.")
    return cls


def statuses(load: bool = False, group: str = ESTIMATORS) -> list[tuple[PluginRecord, str]]:
    """Return every record with its state: "not loaded", "ok", or "broken: " and the reason.

    With `load`, each plugin is imported, and estimators that only hooks provide are listed too. A name that two
    distributions claim is reported as broken without loading either.

    Raises:
        PluginError: for the first broken plugin, when `MMG_STRICT_PLUGINS` is set.
    """
    listed = records(group)
    if load:
        known = {record.name for record in listed}
        listed += [record for record in _hooked_records(group) if record.name not in known]
    return [(record, _status(record, listed, load)) for record in listed]


def register(cls: type[C]) -> type[C]:
    """Register `cls` in this process under `cls.name`, for notebooks and tests; usable as a decorator.

    Registering a name again replaces the former class. Where an installed plugin has the same name,
    `in-process:NAME` selects the registered class.

    Raises:
        PluginError: when `cls` violates the contract.
    """
    group = group_of(cls)
    problem = contract_problem(cls, group)
    if problem:
        raise PluginError(f"The class {getattr(cls, '__name__', cls)!r} breaks the contract: {problem}.")
    in_process.classes[group, cls.name] = cls
    return cls


def unregister(name: str, group: str = ESTIMATORS) -> None:
    """Remove the class that was registered under `name`, if there is one."""
    in_process.classes.pop((group, name), None)


def record_of(cls: type[Configured]) -> PluginRecord:
    """Return the record that points to `cls`; among aliases, the one named `cls.name`.

    Raises:
        PluginError: when no plugin points to `cls`.
    """
    value = value_of(cls)
    fitting = [record for record in records(group_of(cls)) if record.value == value]
    if not fitting:
        raise PluginError(f"The class {value} is not a registered plugin; call mmg_registry.register on it first.")
    return min(fitting, key=lambda record: record.name != cls.name)


def group_of(cls: Any) -> str:
    """Return the entry-point group of `cls`, by the contract that it implements; that of estimators for anything else.

    Example:
        >>> group_of(int)
        'mmg.estimators'
    """
    known = isinstance(cls, type)
    return next((group for group, base in _contracts().items() if known and issubclass(cls, base)), ESTIMATORS)


def _contracts() -> dict[str, type[Configured]]:
    """Return the class that plugins of each group derive from."""
    from mmg_registry.bounds.contract import BoundEstimator
    from mmg_registry.contracts import Estimator
    from mmg_registry.entropies.contract import EntropyEstimator

    return {BOUNDS: BoundEstimator, ENTROPIES: EntropyEstimator, ESTIMATORS: Estimator}


def contract_problem(cls: Any, group: str = ESTIMATORS) -> str:
    """Return the reason why `cls` cannot be a plugin of `group`, as a clause; empty when it can."""
    from mmg_registry.contracts import Options

    base = _contracts()[group]
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


def _hooked_records(group: str) -> list[PluginRecord]:
    """Return records of estimators that only hooks provide; import the hook plugins. Bounds have no hook."""
    if group != ESTIMATORS:
        return []
    from mmg_registry.hooks import call_each

    found = []
    for source, classes in call_each("mmg_estimators"):
        for cls in classes if source.distribution != IN_PROCESS else ():
            name = getattr(cls, "name", "?")
            found.append(PluginRecord(name, value_of(cls), source.distribution, source.version, source.origin))
    return found


def _matching(candidates: list[PluginRecord], name: str) -> list[PluginRecord]:
    distribution, _, bare = name.rpartition(":")
    return [record for record in candidates if record.name == bare and distribution in ("", record.distribution)]


def _missing(name: str, group: str) -> str:
    if any(record.name == name for record in installed(group)):
        return f"The plugin '{name}' is installed, but the environment variable MMG_PLUGINS leaves it out."
    known = sorted({record.name for record in records(group)})
    return f"There is no plugin '{name}'; {nearest(name, known, 'known are', most=3)}."


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
