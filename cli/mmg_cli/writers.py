"""The files of results: of `-o FILE`, JSON or what a hook plugin writes for its extension; and of single rows."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from mmg_cli.invocation import recorded
from mmg_cli.output import replacing_by_path, warn, why_not_writable, write_atomically
from mmg_registry.errors import MMGError, OptionError, demand, explain
from mmg_registry.names import nearest

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound
    from mmg_registry.entry_points import PluginRecord
    from mmg_registry.hooks import Writer
    from mmg_registry.quantity import Quantity
    from mmg_registry.results import Estimate, Pointwise, Unit
    from mmg_registry.tables import AnswerTable

JSON = (".json", "")


def check_result_file(path: str) -> None:
    """Refuse an extension that no plugin writes, before anything is read or run.

    Raises:
        OptionError: for such an extension; the message names the nearest extension, or all known ones.
    """
    if not _is_json(path):
        _writer(path)


def write_result(result: Estimate | Bound | Quantity, path: str) -> None:
    """Write `result` to `path`, completely or not at all.

    Raises:
        MMGError: when the file cannot be written, or the plugin for this extension fails.
    """
    if _is_json(path):
        text = recorded(result).to_json() + "\n"
        write_atomically(path, lambda handle: handle.write(text.encode()), "The result")
        return
    source, writer = _writer(path)
    try:
        with replacing_by_path(path) as scratch:
            _fill(result, scratch, source, writer)
    except OSError as error:
        reason = why_not_writable(path) or f"{path}: {error.strerror or error}"
        raise MMGError(f"The result could not be written: {reason}.") from error


def write_pointwise(found: Pointwise, path: str, unit: Unit) -> None:
    """Write what single rows say to `path`, completely or not at all, in the format of its ending.

    Raises:
        MMGError: when the file cannot be written.
    """
    from mmg_registry.pointwise.files import pointwise_content, pointwise_ending

    content = pointwise_content(found, pointwise_ending(path), unit)
    write_atomically(path, lambda handle: handle.write(content), "The pointwise values")


def write_table(found: AnswerTable, path: str) -> None:
    """Write a table to `path`, completely or not at all, in the format of its ending.

    Raises:
        MMGError: when the file cannot be written.
    """
    from mmg_registry.tables import table_content, table_ending

    content = table_content(recorded(found), table_ending(path))
    write_atomically(path, lambda handle: handle.write(content), "The table")


def _is_json(path: str) -> bool:
    return _suffix(path) in JSON


def _suffix(path: str, offered: Collection[str] = ()) -> str:
    """Return the end of `path` that a plugin offers to write, the longest (`.tar.gz` before `.gz`), or its last part.

    >>> _suffix("r.2.TAR.gz", [".gz", ".tar.gz"]), _suffix("r.2.csv", [".gz"])
    ('.tar.gz', '.csv')
    """
    name = os.path.basename(path).lower()
    fitting = [suffix for suffix in offered if name.endswith(suffix.lower()) and len(name) > len(suffix)]
    return max(fitting, key=len, default=os.path.splitext(name)[1])


def _writer(path: str) -> tuple[PluginRecord, Writer]:
    from mmg_registry.hooks import claims, failures

    offered = claims("mmg_writers")
    for failure in failures():
        warn(str(failure.error))
    suffix = _suffix(path, offered)
    if suffix not in offered:
        known = sorted({".json", *offered})
        raise OptionError(f"Nothing writes '{suffix}', the end of '{path}'; {nearest(suffix, known, 'known are')}.")
    return offered[suffix]


def _fill(result: Estimate | Bound | Quantity, path: str, source: PluginRecord, writer: Writer) -> None:
    """Call the plugin's function; turn any exception into one sentence that names the plugin."""
    try:
        writer(result, path)
    except Exception as error:
        raise MMGError(f"The result could not be written by {source} ({explain(error)}).") from error
    demand(os.path.isfile(path), f"The result could not be written by {source}: it made no file.", MMGError)
