"""What the commands of questions share: the request that they make, and how a quantity is printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from mmg_cli.questions import common
from mmg_registry.errors import OptionError
from mmg_registry.quantity import Quantity

FOUND = Quantity("entropy", "h(x)", 1.0, 0.1, provenance={"seed": 3}, warnings=["Look out."]).with_interval()


@dataclass(frozen=True, kw_only=True)
class AnyJob(common.QuestionJob):
    plugin: str = "ksg"


def job(**changes: Any) -> AnyJob:
    told = {"seed": 1, "threads": 1, "device": "cpu", "max_seconds": None, "unit": "nats", "ci": 0.9, "blocks": "auto"}
    quiet = {"json": False, "out": None, "quiet": False, "verbose": 0, "kind": None, "set": None}
    return AnyJob(**{**told, **quiet, **changes})


def test_a_request_has_what_was_asked_and_its_seed() -> None:
    request = common.job_request(job(kind=["a=category"]))
    assert (request.plugin, request.ci_level, request.kinds) == ("ksg", 0.9, {"a": "category"})
    assert common.job_request(job(seed=3)).seed == 3


@pytest.mark.parametrize("changes", [{"ci": 2.0}, {"unit": "bans"}, {"out": "/no/such/folder/a.json"}])
def test_what_would_fail_is_refused_first(changes: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        common.check_job(job(**changes))


def test_a_quantity_is_printed_and_written(tmp_path, capsys) -> None:
    out = tmp_path / "found.json"
    common.answer(job(out=str(out)), lambda request: FOUND)
    printed = capsys.readouterr().out
    assert "h(x)" in printed
    assert "Look out." in printed
    assert json.loads(out.read_text())["value"] == 1.0


def test_json_is_one_document(capsys) -> None:
    common.print_quantity(FOUND, json=True)
    told = capsys.readouterr()
    assert json.loads(told.out)["symbol"] == "h(x)"
    assert "Look out." in told.err
