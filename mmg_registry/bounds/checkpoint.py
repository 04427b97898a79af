"""Checkpoints of long bound runs: the state of every started stage in one safetensors file, replaced atomically.

A run that finds its own checkpoint resumes from it and gives the same bits as without the interruption. The file
contains no code, only numbers, JSON that identifies the run, and a checksum of both: a run that goes on from a flipped
bit would end in a wrong number.

Example:
    >>> import tempfile, torch
    >>> path = os.path.join(tempfile.mkdtemp(), "run.ckpt")
    >>> stage = Stages(Checkpoint(path, {"seed": 0}, every=0.0)) / "forward"
    >>> stage.save(lambda: {"z": torch.ones(2)})
    >>> (Stages(Checkpoint(path, {"seed": 0})) / "forward").load()
    {'z': tensor([1., 1.])}
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.files import checksum, replacing

SCHEMA = "mmg/bound-checkpoint/2"  # 1 had no checksum
EVERY = 20.0  # seconds between two writes: the most work that a kill can lose

StageState = dict[str, Tensor]


class Checkpoint:
    """A checkpoint file: the states of the stages of one run, read from `path` if the file exists.

    `request` is a JSON-serialisable description of the run. `every` is the time between two writes, in seconds.

    Raises:
        OptionError: when the file cannot be written, or belongs to another run.
        DataError: when the file cannot be read.
    """

    def __init__(self, path: str, request: Mapping[str, Any], every: float | None = None) -> None:
        self.path, self.request = path, json.dumps(request, sort_keys=True)
        self.every = EVERY if every is None else every
        self.stages: dict[str, StageState] = self._found() if os.path.exists(path) else {}
        self.last = time.monotonic()
        try:
            self._write()
        except OSError as error:
            raise OptionError(f"The checkpoint {path} cannot be written: {error.strerror or error}.") from error

    def save(self, stage: str, state: Callable[[], StageState], finished: bool = False) -> None:
        """Write the state of `stage` if a write is due; keep the state of a finished stage in memory in any case.

        Raises:
            MMGError: when the file cannot be written.
        """
        due = time.monotonic() - self.last >= self.every
        if due or finished:
            self.stages[stage] = {name: each.detach().clone().contiguous() for name, each in state().items()}
        if due:
            try:
                self._write()
            except OSError as error:
                raise MMGError(f"The checkpoint {self.path} cannot be written: {error.strerror or error}.") from error
            self.last = time.monotonic()

    def remove(self) -> None:
        """Delete the file; call this when the run has its result."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)

    def _found(self) -> dict[str, StageState]:
        metadata, tensors = _read(self.path)
        if metadata.get("request") != self.request:
            differing = _differing(metadata.get("request", "{}"), self.request)
            raise OptionError(
                f"The checkpoint {self.path} belongs to a run with another {differing}; repeat that run, or give "
                "another file."
            )
        stages: dict[str, StageState] = {}
        for key, tensor in tensors.items():
            stage, _, name = key.rpartition("/")
            stages.setdefault(stage, {})[name] = tensor
        return stages

    def _write(self) -> None:
        from safetensors.torch import save

        tensors = {
            f"{stage}/{name}": each.cpu() for stage, state in self.stages.items() for name, each in state.items()
        }
        about = {"schema": SCHEMA, "request": self.request, "checksum": _checksum(self.request, tensors)}
        content = save(tensors, about)
        with replacing(self.path) as file:
            file.write(content)


@dataclass(frozen=True)
class Stages:
    """A stage of a run, named by its position in it: `stages / "forward"` is a part of `stages`.

    Without a checkpoint, nothing is saved.
    """

    checkpoint: Checkpoint | None
    name: str = ""

    def __truediv__(self, part: str) -> Stages:
        return Stages(self.checkpoint, f"{self.name}/{part}" if self.name else part)

    def load(self) -> StageState | None:
        """Return the last saved state of this stage, or None."""
        return None if self.checkpoint is None else self.checkpoint.stages.get(self.name)

    def save(self, state: Callable[[], StageState], finished: bool = False) -> None:
        """Save the state of this stage (see `Checkpoint.save`), if there is a checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.save(self.name, state, finished)


def request_of(path: str) -> dict[str, Any]:
    """Read the description of the run to which the checkpoint at `path` belongs.

    Raises:
        DataError: when the file cannot be read.
    """
    found: dict[str, Any] = json.loads(_read(path)[0]["request"])
    return found


def _read(path: str) -> tuple[dict[str, str], StageState]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no dictionary
    except (OSError, SafetensorError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a checkpoint: it is damaged, or something else.") from error
    schema = metadata.get("schema")
    if schema != SCHEMA:
        raise DataError(f"{path} is no checkpoint of a bound: its schema is {schema!r}, and this reads {SCHEMA!r}.")
    if metadata.get("checksum") != _checksum(metadata.get("request", ""), tensors):
        raise DataError(f"{path} is damaged: its checksum does not fit; delete it, and the run begins anew.")
    return metadata, tensors


def _checksum(request: str, tensors: StageState) -> str:
    """Return the checksum of what a checkpoint holds: the request, and each tensor with name, type and shape."""
    parts = [request.encode()]
    for name in sorted(tensors):
        each = tensors[name].contiguous()
        parts += [
            f"{name} {each.dtype} {tuple(each.shape)}".encode(),
            each.reshape(-1).view(torch.uint8).numpy().tobytes(),
        ]
    return checksum(*parts)


def _differing(one: str, other: str) -> str:
    """Return the names of the settings in which two runs differ, or "version" if none does."""
    first, second = json.loads(one), json.loads(other)
    names = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    return ", ".join(names) or "version"
