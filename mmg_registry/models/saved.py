"""Files of decoders without pickle: one npz archive of float arrays and a JSON document.

Loading runs no code from the file, whoever wrote it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mmg_registry.arrays import NamedArrays
from mmg_registry.errors import DataError, MMGError, OptionError, demand
from mmg_registry.files import replacing
from mmg_registry.models.decoder import Decoder, EncodedDecoder, linear_layers, mlp

SCHEMA = "mmg/model/1"
DOCUMENT = "document"


def save_model(model: Decoder, path: str | Path) -> None:
    """Write `model` to the file `path`, whole or not at all.

    Raises:
        OptionError: for a name that does not end in .npz.
        MMGError: when the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "model.npz"
        >>> save_model(Decoder(mlp([2, 8, 20]), scale=0.1), path)
        >>> load_model(path).data_size
        20
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise OptionError(f"A model is saved as npz, and '{path}' does not end in .npz.")
    networks = model.networks()
    sizes = {name: _sizes(network) for name, network in networks.items()}
    document = {"schema": SCHEMA, "scale": model.scale, "networks": sizes, "about": model.about}
    states = {name: network.state_dict() for name, network in networks.items()}
    arrays = {f"{name}.{key}": value.cpu().numpy() for name, state in states.items() for key, value in state.items()}
    _write(path, {DOCUMENT: np.array(json.dumps(document, allow_nan=False)), **arrays})


def load_model(path: str | Path) -> Decoder:
    """Read the model that `save_model` wrote to the file `path`.

    Raises:
        DataError: when the file is missing, damaged, not a model, or of another schema.
    """
    arrays = _read(Path(path))
    try:
        return _restored(_document(arrays), arrays)
    except DataError as error:
        raise DataError(f"{path} is no model that can be used: {error}.") from error.__cause__


def _sizes(network: nn.Sequential) -> list[int]:
    layers = linear_layers(network)
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


def _write(path: Path, arrays: NamedArrays) -> None:
    try:
        with replacing(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, not numpy's own options
    except OSError as error:
        raise MMGError(f"The model cannot be written to {path}: {error.strerror or error}.") from error


def _read(path: Path) -> NamedArrays:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive}
    except FileNotFoundError:
        raise DataError(f"There is no file {path} with a model.") from None
    except Exception as error:  # a damaged zip file may raise almost anything: struct.error, NotImplementedError ..
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(f"{path} cannot be read as a model: it is damaged or no npz file ({reason}).") from error


def _document(arrays: NamedArrays) -> dict[str, Any]:
    if DOCUMENT not in arrays or arrays[DOCUMENT].dtype.kind != "U":
        raise DataError(f"it has no {DOCUMENT}, so `mmg train-model` did not write it")
    try:
        document = json.loads(str(arrays[DOCUMENT]))
    except ValueError as error:
        raise DataError(f"its {DOCUMENT} is not JSON") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise DataError(f"it has schema {schema!r}, and this version reads {SCHEMA!r}")
    return dict(document)


def _restored(document: Mapping[str, Any], arrays: NamedArrays) -> Decoder:
    scale, sizes, about = (document.get(name) for name in ("scale", "networks", "about"))
    demand(isinstance(scale, float) and 0 < scale < math.inf, "its scale is no positive number", DataError)
    demand(isinstance(about, dict) and isinstance(sizes, dict), "its document lacks parts", DataError)
    named = isinstance(sizes, dict) and set(sizes) in ({"mean"}, {"mean", "code"})
    demand(named, "its networks have other names", DataError)
    networks = {name: _network(name, numbers, arrays) for name, numbers in (sizes or {}).items()}
    if "code" not in networks:
        return Decoder(networks["mean"], float(scale or 0), about)
    mean, code = (linear_layers(networks[name]) for name in ("mean", "code"))
    fits = code[0].in_features == mean[-1].out_features and code[-1].out_features == 2 * mean[0].in_features
    demand(fits, "its encoder does not fit its decoder", DataError)
    return EncodedDecoder(networks["mean"], networks["code"], float(scale or 0), about)


def _network(name: str, sizes: Any, arrays: NamedArrays) -> nn.Sequential:
    whole = isinstance(sizes, list) and len(sizes) > 1 and all(type(size) is int and size > 0 for size in sizes)
    demand(whole, f"the sizes of its network '{name}' are no whole numbers", DataError)
    with torch.device("meta"):  # sizes may promise more than the file holds
        network = mlp(sizes)
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: arrays[f"{name}.{key}"] for key in wanted if f"{name}.{key}" in arrays}
    fits = wanted == {key: value.shape for key, value in found.items()}
    demand(fits, f"the arrays of its network '{name}' are missing or have other shapes", DataError)
    numbers = all(value.dtype.kind == "f" and bool(np.isfinite(value).all()) for value in found.values())
    demand(numbers, f"the arrays of its network '{name}' are not finite floats", DataError)
    network.load_state_dict({key: torch.from_numpy(value) for key, value in found.items()}, assign=True)
    return network
