"""The JSON files of results, read for commands that go on from them."""

from __future__ import annotations

import json
from typing import Any

from mmg_registry.errors import DataError, demand


def read_document(path: str) -> dict[str, Any]:
    """Read the JSON object in a file.

    Raises:
        DataError: when the file is missing, or no JSON object.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            document = json.load(handle)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"{path} is not a result that `mmg estimate -o` wrote: {str(error).rstrip('.')}.") from error
    demand(isinstance(document, dict), f"{path} is not a result that `mmg estimate -o` wrote: no object.", DataError)
    found: dict[str, Any] = document
    return found
