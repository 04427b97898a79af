"""Saving and loading fitted estimators without pickle: a folder with estimator.json and one file of arrays.

Loading runs no code from the folder, which contains only numbers and JSON; the plugin it names must be installed. Both
files have checksums in estimator.json. The file of arrays is named after its own, so that new arrays lie beside the
former ones until estimator.json is replaced: a kill at any moment leaves the former estimator or the new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry import registry
from mmg_registry.contracts import Estimator, Run
from mmg_registry.errors import DataError, MMGError, demand, explain
from mmg_registry.files import checksum, replacing

SCHEMA = "mmg/estimator/2"  # 1 had no checksums
DOCUMENT = "estimator.json"
ARRAYS = "arrays-{}.safetensors"  # with the first digits of its checksum

_TYPES = {"plugin": dict, "options": dict, "seed": int, "arrays": str, "meta": dict, "checksum": str}


def save(estimator: Estimator, directory: str | Path) -> None:
    """Write a fitted estimator to the folder `directory`, completely or not at all.

    An estimator saved there earlier is replaced; a folder with any other content is refused.

    Raises:
        OptionError: when the estimator does not support saving.
        PluginError: when its class is not a registered plugin, so that it could not be loaded again.
        MMGError: when the folder cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    record = registry.record_of(type(estimator))
    state, meta = estimator.state()
    arrays = to_bytes({name: np.asarray(array, order="C") for name, array in state.items()})
    document = {
        "schema": SCHEMA,
        "plugin": {"name": record.name, "distribution": record.distribution, "version": record.version},
        "options": estimator.options.model_dump(mode="json"),
        "seed": estimator.run.seed,
        "arrays": checksum(arrays),
        "meta": meta,
    }
    try:
        text = json.dumps({**document, "checksum": checksum_of(document)}, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MMGError(f"The estimator '{estimator.name}' cannot be saved: its state is not JSON ({error}).") from error
    _write(Path(directory), text, arrays)


def checksum_of(document: Mapping[str, Any]) -> str:
    """Return the checksum of what estimator.json says, however it is laid out; its own "checksum" is left out."""
    said = {name: value for name, value in document.items() if name != "checksum"}
    return checksum(json.dumps(said, sort_keys=True, allow_nan=False).encode())


def load(directory: str | Path) -> Estimator:
    """Read the fitted estimator that `save` wrote to the folder `directory`.

    Raises:
        DataError: when files are missing or damaged, or have another schema.
        PluginError: when its plugin is missing or broken.
    """
    folder = Path(directory)
    document = _read_document(folder)
    arrays = _read_arrays(folder, document)
    plugin = document["plugin"]
    cls = registry.load_plugin(_address(plugin))
    try:
        return cls(run=Run(seed=document["seed"]), **document["options"]).restore(arrays, document["meta"])
    except MMGError as error:
        raise DataError(f"{folder} does not fit the plugin '{plugin['name']}' installed here: {error}") from error
    except Exception as error:
        raise DataError(
            f"{folder} was saved by version {plugin['version'] or '?'} of the plugin '{plugin['name']}' and the one "
            f"installed here cannot read it ({explain(error)})."
        ) from error


def _address(plugin: Mapping[str, str]) -> str:
    """Return the plugin's name, with its distribution only where the name alone is ambiguous."""
    claimed = [record for record in registry.records() if record.name == plugin["name"]]
    return plugin["name"] if len(claimed) < 2 else f"{plugin['distribution']}:{plugin['name']}"


def _write(folder: Path, text: str, arrays: bytes) -> None:
    _refuse_foreign(folder)
    file = folder / _name_of(checksum(arrays))
    new = [path for path in (file, folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in ((file, arrays), (folder / DOCUMENT, f"{text}\n".encode())):
            with replacing(path) as handle:
                handle.write(content)
    except OSError as error:
        _remove(new)
        raise MMGError(f"The estimator cannot be saved to {folder}: {error.strerror or error}.") from error
    former = (*folder.glob(ARRAYS.format("*")), *folder.glob("*.tmp"))  # also what a kill has left
    _remove(path for path in former if path != file)


def _name_of(digits: str) -> str:
    return ARRAYS.format(digits[:16])


def _remove(paths: Iterable[Path]) -> None:
    """Remove files, and folders that are then empty; what cannot be removed does no harm."""
    for path in paths:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DOCUMENT).is_file():
        raise MMGError(f"The folder {folder} holds other files; give a new or empty folder.")
    if folder.exists() and not folder.is_dir():
        raise MMGError(f"{folder} is a file; give a folder to save the estimator in.")


def _read_document(folder: Path) -> dict[str, Any]:
    file = folder / DOCUMENT
    demand(folder.is_dir(), f"There is no folder {folder} with a saved estimator.", DataError)
    demand(file.is_file(), f"{folder} is no saved estimator: the file {DOCUMENT} is missing.", DataError)
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} cannot be read: it is damaged or truncated ({explain(error)}).") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    found = f"{file} has schema {schema!r}, and this version reads {SCHEMA!r}; fit and save the estimator again."
    demand(schema == SCHEMA, found, DataError)
    missing = _TYPES.keys() - document.keys()
    demand(not missing, f"{file} is incomplete: {', '.join(sorted(missing))} missing.", DataError)
    _check(file, document)
    return dict(document)


def _check(file: Path, document: Mapping[str, Any]) -> None:
    """Refuse a document that is not what `save` wrote: another checksum, or values of other types."""
    try:
        whole = document["checksum"] == checksum_of(document)
    except ValueError:  # NaN, which is no JSON
        whole = False
    demand(whole, f"{file} is damaged or was changed: its checksum does not fit.", DataError)
    wrong = [name for name, kind in _TYPES.items() if not isinstance(document[name], kind)]
    about = document["plugin"] if isinstance(document["plugin"], dict) else {}
    wrong += [f"plugin.{key}" for key in ("name", "distribution", "version") if not isinstance(about.get(key), str)]
    wrong += [] if re.fullmatch("[0-9a-f]{64}", str(document["arrays"])) else ["arrays"]  # a part of a file's name
    demand(not wrong, f"{file} cannot be used: {', '.join(wrong)} is of another type.", DataError)


def _read_arrays(folder: Path, document: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    file = folder / _name_of(document["arrays"])
    try:
        content = file.read_bytes()
        demand(checksum(content) == document["arrays"], f"{file} is damaged: its checksum does not fit.", DataError)
        arrays: dict[str, NDArray[Any]] = from_bytes(content)
    except FileNotFoundError:
        raise DataError(f"{folder} is no saved estimator: the file {file.name} is missing.") from None
    except (OSError, SafetensorError, KeyError) as error:
        raise DataError(f"{file} cannot be read ({explain(error)}).") from error
    return arrays
