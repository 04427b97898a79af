"""The files of `-o FILE`: JSON, or the format that a hook plugin writes for the extension of FILE."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mmg_cli.output import replacing_by_path, warn, why_not_writable, write_atomically
from mmg_registry.errors import MMGError, OptionError, demand, explain
from mmg_registry.names import nearest

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound
    from mmg_registry.entry_points import PluginRecord
    from mmg_registry.hooks import Writer
    from mmg_registry.results import Estimate

JSON = (".json", "")


def check_result_file(path: str) -> None:
    """Refuse an extension that no plugin writes, before anything is read or run.

    Raises:
        OptionError: for such an extension; the message names the nearest extension, or all known ones.
    """
    if _suffix(path) not in JSON:
        _writer(path)


def write_result(result: Estimate | Bound, path: str) -> None:
    """Write `result` to `path`, completely or not at all.

    Raises:
        MMGError: when the file cannot be written, or the plugin for this extension fails.
    """
    if _suffix(path) in JSON:
        text = result.to_json() + "\n"
        write_atomically(path, lambda handle: handle.write(text.encode()), "The result")
        return
    source, writer = _writer(path)
    try:
        with replacing_by_path(path) as scratch:
            _fill(result, scratch, source, writer)
    except OSError as error:
        reason = why_not_writable(path) or f"{path}: {error.strerror or error}"
        raise MMGError(f"The result could not be written: {reason}.") from error


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _writer(path: str) -> tuple[PluginRecord, Writer]:
    from mmg_registry.hooks import claims, failures

    offered = claims("mmg_writers")
    for failure in failures():
        warn(str(failure.error))
    suffix = _suffix(path)
    if suffix not in offered:
        known = sorted({".json", *offered})
        raise OptionError(f"Nothing writes '{suffix}', the end of '{path}'; {nearest(suffix, known, 'known are')}.")
    return offered[suffix]


def _fill(result: Estimate | Bound, path: str, source: PluginRecord, writer: Writer) -> None:
    """Call the plugin's function; turn any exception into one sentence that names the plugin."""
    try:
        writer(result, path)
    except Exception as error:
        raise MMGError(f"The result could not be written by {source} ({explain(error)}).") from error
    demand(os.path.isfile(path), f"The result could not be written by {source}: it made no file.", MMGError)
