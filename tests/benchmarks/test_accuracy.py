"""The accuracy benchmark, with an estimator that is off by a known amount."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import accuracy
from mmg_registry.results import Estimate
from mmg_registry.samplers import gaussian


def estimator(offset: float, calls: list[dict[str, Any]]) -> Any:
    def estimate(x: Any, y: Any, **choices: Any) -> Estimate:
        calls.append({"n": len(x), "n_eval": len(choices["x_eval"]), "x": x, **choices})
        return Estimate(mi=0.5 + offset, std_error=0.01)

    return estimate


def run(monkeypatch: pytest.MonkeyPatch, path: Path, offset: float, seconds: float | None = None) -> tuple[int, Any]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(accuracy, "mmg", SimpleNamespace(estimate=estimator(offset, calls)))
    monkeypatch.setattr(accuracy, "cases", lambda: [accuracy.Case("one", gaussian(1, 0.5), 0.03, seconds)])
    code = accuracy.main(["--train", "50", "--eval", "20", "--seeds", "0", "1", "--output", str(path)])
    return code, calls


def test_near_estimates_pass_and_are_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, calls = run(monkeypatch, tmp_path / "a.json", offset=-0.01)
    found = json.loads((tmp_path / "a.json").read_text())
    assert code == 0
    assert [(call["n"], call["n_eval"], call["seed"], call["threads"]) for call in calls] == [
        (50, 20, s, 2) for s in (0, 1)
    ]
    assert found["results"]["summary"][0]["worst_error"] == pytest.approx(-0.01)
    assert [row["ci_covers"] for row in found["results"]["runs"]] == [True, True]


def test_seeds_and_evaluation_never_share_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, calls = run(monkeypatch, tmp_path / "a.json", offset=0.0)
    firsts = [float(rows[0, 0]) for call in calls for rows in (call["x"], call["x_eval"])]
    assert len(set(firsts)) == 4


@pytest.mark.parametrize(("offset", "seconds"), [(0.04, None), (-0.04, None), (0.0, 0.0)])
def test_a_miss_or_a_late_answer_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offset: float, seconds: float | None
) -> None:
    code, _ = run(monkeypatch, tmp_path / "a.json", offset, seconds)
    assert code == 1
    assert not json.loads((tmp_path / "a.json").read_text())["results"]["summary"][0]["passed"]


def test_the_four_cases_have_their_known_information() -> None:
    found = [(round(case.sampler.true_mi, 4), case.tolerance, case.seconds) for case in accuracy.cases()]
    assert found == [(1.0217, 0.03, 60.0), (0.4133, 0.02, 30.0), (0.0, 0.01, None), (0.446, 0.03, None)]
