"""Saving and loading fitted estimators without pickle: a folder with estimator.json and arrays.safetensors.

Loading runs no code from the folder, which contains only numbers and JSON; the plugin it names must be installed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry import registry
from mmg_registry.contracts import Estimator, Run
from mmg_registry.errors import DataError, MMGError, explain

SCHEMA = "mmg/estimator/1"
DOCUMENT = "estimator.json"
ARRAYS = "arrays.safetensors"


def save(estimator: Estimator, directory: str | Path) -> None:
    """Write a fitted estimator to the folder `directory`, completely or not at all.

    An estimator saved there earlier is replaced; a folder with any other content is refused.

    Raises:
        OptionError: when the estimator does not support saving.
        PluginError: when its class is not a registered plugin, so that it could not be loaded again.
        MMGError: when the folder cannot be written.
    """
    record = registry.record_of(type(estimator))
    arrays, meta = estimator.state()
    document = {
        "schema": SCHEMA,
        "plugin": {"name": record.name, "distribution": record.distribution, "version": record.version},
        "options": estimator.options.model_dump(mode="json"),
        "seed": estimator.run.seed,
        "arrays": sorted(arrays),
        "meta": meta,
    }
    try:
        text = json.dumps(document, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MMGError(f"The estimator '{estimator.name}' cannot be saved: its state is not JSON ({error}).") from error
    _write(Path(directory), text, arrays)


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


def _write(folder: Path, text: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    from safetensors.numpy import save_file

    _refuse_foreign(folder)
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, temporary / ARRAYS)
        (temporary / DOCUMENT).write_text(text + "\n", encoding="utf-8")
        temporary.chmod(0o777 & ~_umask())
        _replace(temporary, folder)
    except OSError as error:
        raise MMGError(f"The estimator cannot be saved to {folder}: {error.strerror or error}.") from error
    except Exception as error:  # safetensors raises its own errors for a full disk
        raise MMGError(f"The estimator cannot be saved to {folder}: {explain(error)}.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DOCUMENT).is_file():
        raise MMGError(f"The folder {folder} holds other files; give a new or empty folder.")
    if folder.exists() and not folder.is_dir():
        raise MMGError(f"{folder} is a file; give a folder to save the estimator in.")


def _replace(new: Path, folder: Path) -> None:
    """Rename `new` to `folder`; keep a former folder in place until that moment."""
    if not folder.exists():
        os.rename(new, folder)
        return
    former = new.with_name(new.name + ".former")
    os.rename(folder, former)
    try:
        os.rename(new, folder)
    except OSError:
        os.rename(former, folder)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read_document(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder} with a saved estimator.")
    for name in (DOCUMENT, ARRAYS):
        if not (folder / name).is_file():
            raise DataError(f"{folder} is no saved estimator: the file {name} is missing.")
    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / DOCUMENT} cannot be read: {error}.") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise DataError(f"{folder / DOCUMENT} has schema {schema!r}, and this version reads {SCHEMA!r}.")
    missing = {"plugin", "options", "seed", "arrays", "meta"} - set(document)
    if missing:
        raise DataError(f"{folder / DOCUMENT} is incomplete: {', '.join(sorted(missing))} missing.")
    return dict(document)


def _read_arrays(folder: Path, document: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: dict[str, NDArray[Any]] = load_file(folder / ARRAYS)
    except (OSError, SafetensorError, ValueError) as error:
        raise DataError(f"{folder / ARRAYS} cannot be read: it is damaged or truncated ({error}).") from error
    if sorted(arrays) != sorted(document["arrays"]):
        raise DataError(f"{folder / ARRAYS} does not belong to the {DOCUMENT} beside it: the arrays differ.")
    return arrays
