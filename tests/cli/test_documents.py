"""Files of results are read, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmg_cli.documents import read_document
from mmg_registry.errors import DataError


def test_an_object_is_returned() -> None:
    Path("a.json").write_text('{"mi": 1.0}')
    assert read_document("a.json") == {"mi": 1.0}


@pytest.mark.parametrize("text", ["{", "[]", "\x00"])
def test_what_is_no_object_is_refused(text: str) -> None:
    Path("a.json").write_text(text)
    with pytest.raises(DataError, match=r"a\.json is not a result"):
        read_document("a.json")
