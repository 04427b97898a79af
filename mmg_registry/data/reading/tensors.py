"""Tensors: PyTorch's files with weights only, and safetensors. Neither can run code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import NEVER, need
from mmg_registry.data.reading.source import Source
from mmg_registry.data.reading.table import Asked, Table, table_of, table_of_matrix
from mmg_registry.errors import DataError

_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def pt(source: Source, _: Asked) -> Table:
    """Read a tensor, or several by name or by place.

    Raises:
        DataError: for anything but tensors, which PyTorch refuses to unpickle.
    """
    import pickle

    torch = need("torch", "pt")
    try:
        with source.open() as file:
            found = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise DataError(f"it holds other things than tensors, or is damaged; a pickle {NEVER}") from error
    if isinstance(found, torch.Tensor):
        return table_of_matrix(_array(found))
    named = found if isinstance(found, Mapping) else dict(enumerate(found)) if isinstance(found, (list, tuple)) else {}
    tensors = {str(name): _array(each) for name, each in named.items() if isinstance(each, torch.Tensor) and each.ndim}
    if not tensors:
        raise DataError("it holds no tensors")
    return table_of(tensors)


def _array(tensor: Any) -> NDArray[Any]:
    from mmg_registry.data.matrices import as_array

    return as_array(tensor, "the tensor")


def safetensors(source: Source, _: Asked) -> Table:
    """Read the tensors of a safetensors file, bfloat16 as float32."""
    from safetensors import deserialize

    found = deserialize(source.read())  # type: ignore[no-untyped-call]
    return table_of({name: _tensor(name, **each) for name, each in found})


def _tensor(name: str, dtype: str, shape: list[int], data: bytes) -> NDArray[Any]:
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if dtype not in _KINDS:
        raise DataError(f"'{name}' is of the type {dtype}, which NumPy has not; save it as float32")
    return np.frombuffer(data, _KINDS[dtype]).reshape(shape)
