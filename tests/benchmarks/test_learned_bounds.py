"""The benchmarks of bounds: what counts as passed, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.bounds import giwae, mine_ais


def test_the_encoder_is_a_density_and_its_draws_follow_it() -> None:
    model = giwae.Encoded(**giwae.MODEL)
    x, _ = model.sample(3, seed=0)
    z = model.sample_q(x, 20_000, seed=1)
    entropy = -model.log_q(z.reshape(-1, 6), x.expand(len(z), 3, 6).reshape(-1, 6)).mean()
    assert float(entropy) == pytest.approx(
        6 * float(torch.tensor(2 * torch.pi * torch.e).sqrt().log() + torch.tensor(model.left).log()), abs=0.02
    )


def test_giwae_is_above_both_on_a_few_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(giwae.BOUNDS, "giwae, learned critic")
    file = tmp_path / "a.json"
    assert giwae.main(["--seeds", "0", "--chains", "16", "-n", "300", "--output", str(file)]) == 0
    found = json.loads(file.read_text())["results"]
    assert found["passed"]
    assert {run["bound"] for run in found["runs"]} == {"giwae", "barber-agakov", "infonce"}


@pytest.mark.parametrize(("bound", "lower"), [("infonce", 3.0), ("barber-agakov", 2.0)])
def test_one_bound_above_giwae_fails(bound: str, lower: float) -> None:
    runs = [{"bound": name, "chains": 4, "seed": 0, "lower": 1.0} for name in ("infonce", "barber-agakov")]
    runs.append({"bound": "giwae", "chains": 4, "seed": 0, "lower": 2.0})
    assert giwae.passed(runs)
    assert not giwae.passed([{**run, "lower": lower} if run["bound"] == bound else run for run in runs])


@pytest.mark.parametrize(("ais", "dv", "good"), [(19.0, 3.0, True), (3.0, 19.0, False), (26.0, 19.0, False)])
def test_mine_ais_must_be_above_and_nearer(ais: float, dv: float, good: bool) -> None:
    runs = [{"plugin": p, "seed": 0, "lower": v, "true_mi": 20.0} for p, v in (("mine-ais", ais), ("mine-dv", dv))]
    assert mine_ais.passed(runs, [0]) is good


def test_a_short_run_writes_all_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mine_ais, "OPTIONS", {"width": 4, "batch": 8, "temperatures": 2, "chains": 2, "steps": 2})
    file = tmp_path / "a.json"
    assert mine_ais.main(["--seeds", "0", "-n", "8", "--steps", "2", "--output", str(file)]) in (0, 1)
    runs = json.loads(file.read_text())["results"]["runs"]
    assert [run["plugin"] for run in runs] == list(mine_ais.PLUGINS)
