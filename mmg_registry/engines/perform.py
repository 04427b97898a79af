"""What a worker does with a work: find the function, call it, write its row; an error of the function is a row too."""

from __future__ import annotations

import importlib
import json
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mmg_registry.engines.process import Process, ProcessDied
from mmg_registry.engines.shards import shard_of
from mmg_registry.engines.work import Done, Parcel, Work
from mmg_registry.errors import MMGError, demand, explain

LONGEST_TRACEBACK = 4000  # characters: its end, where the error is


def perform(parcel: Parcel) -> Done:
    """Do the work of a parcel, and append its row to the shard of this process.

    Raises:
        MMGError: when the row cannot be written; an error of the work itself is in the row.
    """
    work, shard = parcel.work, shard_of(parcel.folder)
    shard.begin(work.key, parcel.run)
    return shard.end(work.key, parcel.run, outcome(work))


def outcome(work: Work) -> dict[str, Any]:
    """Return what the row of a work says of it: "status", "seconds", and its "result" or "error".

    Example:
        >>> outcome(Work(key="a", call="builtins:dict", arguments={"mi": 0.5}))["result"]
        {'mi': 0.5}
        >>> print(outcome(Work(key="a", call="builtins:no_such"))["error"]["message"])
        There is no function builtins:no_such here (AttributeError: module 'builtins' has no attribute 'no_such').
    """
    start = time.perf_counter()
    try:
        found = _apart(work) if work.isolated else {"status": "ok", "result": called(work)}
    except (Exception, SystemExit) as error:
        found = {"status": "failed", "error": described(error)}
    return {**found, "seconds": round(time.perf_counter() - start, 4)}


def _apart(work: Work) -> dict[str, Any]:
    """Return the outcome of a work in a new process, which no earlier one has touched; its crash is a failure.

    The process is a child of this one, so that this is the same under every engine.
    """
    process = Process(work.resources.threads)
    try:
        found: dict[str, Any] = process.call(outcome, replace(work, isolated=False))
    except ProcessDied as death:
        found = {"status": "failed", "error": described(death)}
    found["output"] = process.output()
    process.end()
    return found


def called(work: Work) -> Mapping[str, Any]:
    """Return what the function of a work returns, which JSON can hold.

    Raises:
        MMGError: when there is no such function, or it returns what JSON cannot hold; and what it raises itself.
    """
    found = _function(work.call)(**work.arguments)
    demand(isinstance(found, Mapping), f"{work.call} returned {type(found).__name__}, no mapping.", MMGError)
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MMGError(f"What {work.call} returned is no JSON ({explain(error)}).") from error
    return dict(found)


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise MMGError(f"There is no function {name} here ({explain(error)}).") from error
    return found


def described(error: BaseException) -> dict[str, str]:
    """Return an error for JSON: type, message, and traceback without folders, since results are shared."""
    lines = "".join(traceback.format_exception(error))
    where = re.sub(r'File ".*?([^/"]+/[^/"]+)"', r'File "\1"', lines)
    message = " ".join(str(error).split()) or type(error).__name__
    return {"type": type(error).__name__, "message": message, "traceback": where[-LONGEST_TRACEBACK:]}
