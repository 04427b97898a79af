"""What a line of runs.jsonl must hold, so that whatever reads it finds the fields and types that it counts on."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from mmg_registry.errors import explain
from mmg_registry.results import Estimate

RUN_SCHEMA = "mmg/benchmark-run/1"
DOES_NOT_APPLY = "does not apply"  # status of a run beside "ok" and "failed": the plugin declares not to take the task


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Line(_Part):
    """What identifies a result of any kind of benchmark: see `store.key_of`."""

    kind: str = Field(alias="schema")
    suite: str
    task: str
    plugin: str
    options: dict[str, Any]
    seed: int = Field(ge=0)
    n_train: int
    n_eval: int


class _Estimate(_Part):
    mi: float | None
    status: Literal["estimated", "exact", "infinite"]
    ci: tuple[float, float] | None
    std_error: float | None
    warnings: list[str]
    curve: dict[str, list[float | None] | None] | None


class _Error(_Part):
    message: str
    traceback: str
    output: str = ""


class RunLine(Line):
    """A run of a task with a known truth: its estimate, its error, or why the plugin does not take the task."""

    status: Literal["ok", "failed", "does not apply"]
    family: str
    true_mi: float
    threads: int
    max_seconds: float | None
    seconds: dict[str, float]
    estimate: _Estimate | None = None
    error: _Error | None = None
    reason: str | None = None
    machine: dict[str, Any]
    versions: dict[str, Any]
    revision: dict[str, Any]

    @model_validator(mode="after")
    def _has_an_outcome(self) -> Self:
        """Demand an estimate with its time of a run that went well, an error of one that failed, else a reason."""
        if self.status == "failed":
            wanted = {"error": self.error is not None, "seconds.wall": "wall" in self.seconds}
        elif self.status == DOES_NOT_APPLY:
            wanted = {"reason": self.reason is not None, "seconds.wall": "wall" in self.seconds}
        else:
            known = self.estimate is not None and (self.estimate.mi is not None or self.estimate.status == "infinite")
            wanted = {"estimate.mi": known, **{f"seconds.{name}": name in self.seconds for name in ("wall", "total")}}
        missing = [name for name, there in wanted.items() if not there]
        if missing:
            raise ValueError(f"a run that is '{self.status}' has {', '.join(missing)}")
        return self


def fault(line: bytes, schema: str) -> str | None:
    """Return what is wrong with a line of a file whose lines carry `schema`, or None.

    Example:
        >>> fault(b'{"schema": "foreign/99"}', RUN_SCHEMA)
        "it has schema 'foreign/99', and this version reads 'mmg/benchmark-run/1'"
        >>> fault(b'{"schema": "mmg/benchmark-run/1", "suite": 7}', RUN_SCHEMA)
        'suite: Input should be a valid string'
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return "it is no JSON"
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        return f"it has schema {found!r}, and this version reads {schema!r}"
    try:
        (RunLine if schema == RUN_SCHEMA else Line).model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)
    return _fault_of_estimate(document.get("estimate"))


def _fault_of_estimate(found: object) -> str | None:
    """Return why `found` cannot be made an `Estimate` again, as some readers do.

    A plain number is whole: that of another package, which gives no more.
    """
    if found is None or isinstance(found, (int, float)):
        return None
    if not isinstance(found, dict):
        return "estimate: it is neither an object nor a number"
    try:
        Estimate.from_dict(found)
    except (KeyError, TypeError, ValueError) as error:
        return f"estimate: {explain(error)}"
    return None
