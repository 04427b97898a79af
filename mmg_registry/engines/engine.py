"""The contract of an engine, and finding engines by name.

An engine is a function that takes a `Place` and returns a `concurrent.futures.Executor`. What is submitted to it is
always `perform(parcel)`: an executor that can reserve what a work needs reads `parcel.work.resources`. A future that
ends in an error says that the worker was lost. `shutdown(cancel_futures=True)` ends what is at work, too.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmg_registry.entry_points import ENGINES, PluginRecord, allowed, installed
from mmg_registry.errors import DataError, OptionError, PluginError, demand, explain
from mmg_registry.limits import checked
from mmg_registry.names import nearest

EXTRA = "mmg-registry[engines]"
EXTRAS = {"dask": EXTRA, "distributed": EXTRA, "submitit": EXTRA, "yaml": EXTRA, "mpi4py": "mmg-registry[mpi]"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """What an engine is open_engine with.

    Attributes:
        jobs: works at a time.
        address: what follows the colon of "NAME:ADDRESS", such as the address of a scheduler; None where nothing does.
        options: keyword arguments from a file of `--engine-config`.
    """

    jobs: int = 1
    address: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


Engine = Callable[[Place], Executor]


def open_engine(engine: str, jobs: int = 1, config: str | Path | None = None) -> Executor:
    """Return the executor of an engine.

    Args:
        engine: "NAME" or "NAME:ADDRESS".
        jobs: works at a time.
        config: a file with keyword arguments of the engine, see `read_config`.

    Raises:
        OptionError: for an unknown engine, an address or an option that it does not take, or a package that it lacks.
        PluginError: for an engine that cannot be imported.

    Example:
        >>> with open_engine("local") as executor:
        ...     executor.submit(pow, 2, 5).result()
        32
    """
    name, _, address = engine.partition(":")
    function, options = check_engine(engine, config)
    place = Place(jobs=checked("jobs", jobs), address=address or None, options=options)
    try:
        return function(place)
    except ImportError as error:
        raise OptionError(f"The engine '{name}' cannot be used ({explain(error)}): {_remedy(error)}.") from error
    except TypeError as error:
        raise OptionError(f"The engine '{name}' does not take these options ({explain(error)}).") from error


def check_engine(engine: str, config: str | Path | None = None) -> tuple[Engine, Mapping[str, Any]]:
    """Return the function of an engine and its options, which is what can be checked before anything is started.

    Raises:
        OptionError, PluginError, DataError: as `load` and `read_config` do.
    """
    name = engine.partition(":")[0]
    return load(name), {} if config is None else read_config(config, name)


def _remedy(error: ImportError) -> str:
    missing = (error.name or "").partition(".")[0]
    return f"pip install '{EXTRAS.get(missing, missing or EXTRA)}'"


def load(name: str) -> Engine:
    """Return the function of an engine.

    Raises:
        OptionError: for an unknown name.
        PluginError: when its module cannot be imported.
    """
    found = {record.name: record for record in reversed(records())}
    demand(name in found, f"There is no engine '{name}'; {nearest(name, found)}.")
    module, _, attribute = found[name].value.partition(":")
    try:
        engine: Engine = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise PluginError(f"The engine {found[name]} cannot be imported ({explain(error)}).") from error
    return engine


def records() -> list[PluginRecord]:
    """Return the records of all engines, the built-in ones first, which a name that two claim means."""
    found = [record for record in installed(ENGINES) if allowed(record)]
    return sorted(found, key=lambda record: record.origin != "built-in")


def read_config(path: str | Path, engine: str) -> Mapping[str, Any]:
    """Return the keyword arguments for `engine` in a file of YAML or JSON, which maps names of engines to them.

    Raises:
        DataError: when the file cannot be read, or is no such mapping.
        OptionError: when it is YAML and PyYAML is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        ...     _ = file.write('{"slurm": {"partition": "long"}}'), file.flush()
        ...     read_config(file.name, "slurm")
        {'partition': 'long'}
    """
    try:
        found = _parsed(Path(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    demand(isinstance(found, Mapping), f"{path} is no mapping of engines to their options.", DataError)
    options = found.get(engine)
    there = f"{path} has no options of the engine '{engine}'; it has {', '.join(map(str, found)) or 'nothing'}."
    demand(isinstance(options, Mapping) and all(isinstance(key, str) for key in options), there, DataError)
    return dict(options)


def _parsed(path: Path) -> Any:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} is no JSON ({explain(error)}).") from error
    try:
        import yaml
    except ImportError as error:
        raise OptionError(f"{path} needs PyYAML (pip install '{EXTRA}'); or write it as .json.") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DataError(f"{path} is no YAML ({explain(error)}).") from error
