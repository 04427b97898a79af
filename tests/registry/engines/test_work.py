"""What a work may ask for."""

from __future__ import annotations

import pytest

from mmg_registry.engines.work import Resources
from mmg_registry.errors import OptionError


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"threads": 0}, "threads must be at least 1, not 0"),
        ({"gpus": -1}, "gpus must be at least 0, not -1"),
        ({"minutes": 0}, "minutes must be above 0, not 0"),
        ({"memory": "much"}, "memory must be like '500MB' or '4GB', not 'much'"),
    ],
)
def test_what_no_machine_has_is_refused(asked: dict, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        Resources(**asked)


@pytest.mark.parametrize(("memory", "megabytes"), [("4GB", 4000), ("1.5 GB", 1500), ("10KB", 1), (None, None)])
def test_memory_is_counted_in_megabytes(memory: str | None, megabytes: int | None) -> None:
    assert Resources(memory=memory).megabytes == megabytes
