"""The benchmarks of bounds on tiny budgets: what they count, compare, keep and take up again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.bounds import against_samples, decoders, linear_gaussian, plain, speed
from benchmarks.bounds.rows import ResultFile
from mmg_registry.annealing.ais import low
from mmg_registry.models.built_in import generator
from mmg_registry.models.decoder import Decoder, mlp

TINY = ["--hidden", "8", "--epochs", "1"]
SHORT = ["--pairs", "8", "--chains", "2", "--threads", "1"]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_rows_are_on_the_disk_at_once_and_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    rows = ResultFile(path, ("case", "seed"), {"size": 3}, resume=False)
    rows.obtain(lambda: {"value": 1.5}, case="a", seed=0)
    assert read(path)["results"]["rows"][0]["value"] == 1.5
    again = ResultFile(path, ("case", "seed"), {"size": 3}, resume=True)

    def never() -> dict[str, Any]:
        raise AssertionError("this row was there")

    assert again.obtain(never, case="a", seed=0)["value"] == 1.5
    assert again.obtain(lambda: {"value": 2.5}, case="a", seed=1)["value"] == 2.5
    assert read(path)["seeds"] == [0, 1]


@pytest.mark.parametrize(
    ("parameters", "resume", "words"), [({"size": 3}, False, "--resume"), ({"size": 4}, True, "made with")]
)
def test_results_are_neither_lost_nor_mixed(tmp_path: Path, parameters: Any, resume: bool, words: str) -> None:
    path = tmp_path / "rows.json"
    ResultFile(path, ("seed",), {"size": 3}, resume=False).obtain(lambda: {"value": 1.5}, seed=0)
    with pytest.raises(SystemExit, match=words):
        ResultFile(path, ("seed",), parameters, resume)


def test_the_plain_loop_and_the_batch_estimate_the_same_evidence() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Decoder(mlp([2, 6, 10]), 0.5)
    x, _ = model.sample(4, seed=0)
    batch = speed.annealing(model, x, temperatures=30, seed=0)
    moves: Any = batch.moves
    settings = plain.PlainSettings(moves.betas, moves.steps, moves.scales, moves.leapfrogs)
    ours = low(batch.forward(200, generator(1)).log_weights)
    theirs = low(plain.log_weights(model, x, settings, 200, generator(2)))
    torch.testing.assert_close(ours, theirs, atol=0.1, rtol=0)


def test_speed_writes_both_rates(tmp_path: Path) -> None:
    sizes = ["--points", "6", "--plain-points", "2", "--chains", "3", "--temperatures", "4", "--repeats", "2"]
    speed.main([*TINY, *sizes, "--output", str(tmp_path / "s.json")])
    found = read(tmp_path / "s.json")["results"]
    rates = found["rates"]
    wanted = [ours / theirs for ours, theirs in zip(rates["batch"], rates["plain"], strict=True)]
    assert found["ratios"] == pytest.approx(wanted)
    assert found["passed"] == (found["ratio"] >= speed.AIM)


def test_the_slope_of_an_inverse_square_is_not_taken_for_an_inverse() -> None:
    rows = [{"temperatures": t, "width": 3 / t**2} for t in (10, 20, 40)]
    assert linear_gaussian.slope(rows)["slope"] == pytest.approx(-2)
    assert linear_gaussian.slope([*rows[:2], {"temperatures": 40, "width": -0.1}])["slope"] is None


def test_evaluations_are_those_of_one_data_point() -> None:
    model = linear_gaussian.model_of(2, 2.0, 5, 0)
    x, _ = model.sample(4, seed=0)
    model.condition(x).likelihood(torch.zeros(3, 4, 2, dtype=torch.float64))
    assert model.evaluations == 3


def test_no_cell_asks_for_more_than_float64_tells() -> None:
    given = argparse.Namespace(latents=[2, 10], mis=[2.0, 32.0, 200.0, 250.0])
    most = 2 * linear_gaussian.MOST_A_COLUMN
    assert linear_gaussian.cells(given) == [
        (2, 2.0),
        (2, 32.0),
        (2, most),
        (10, 2.0),
        (10, 32.0),
        (10, 200.0),
        (10, 5 * most),
    ]


@pytest.mark.parametrize(("judged", "code"), [("fitted", 0), ("prior", 1)])  # so few temperatures do from one alone
def test_linear_gaussian_judges_every_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: str, code: int
) -> None:
    monkeypatch.setattr(linear_gaussian, "JUDGED", judged)
    path = tmp_path / "l.json"
    grid = ["--latents", "2", "--mis", "2,200", "--data", "6", "--temperatures", "5,10,20", "--iwae-pairs", "4"]
    assert linear_gaussian.main([*grid, *SHORT, "--output", str(path)]) == code
    found = read(path)["results"]
    assert [(cell["latent"], cell["mi"]) for cell in found["cells"]] == [
        (2, 2.0),
        (2, 2 * linear_gaussian.MOST_A_COLUMN),
    ]
    assert found["cells"][1]["width_from_prior"] > found["cells"][1]["allowed"]
    assert found["cells"][1]["narrow"] is (judged == "fitted")
    iwae = [row for row in found["rows"] if row["plugin"] == "iwae"]
    assert iwae[0]["samples"] > 2 * 2 * 20
    assert path.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"


def test_decoders_are_trained_once(tmp_path: Path) -> None:
    path, kept = tmp_path / "d.json", tmp_path / "models"
    common = [*TINY, *SHORT, "--models", str(kept), "--output", str(path), "--temperatures"]
    decoders.main([*common, "3"])
    first = (kept / "vae.npz").read_bytes()
    decoders.main([*common, "3,6", "--resume"])
    assert (kept / "vae.npz").read_bytes() == first
    found = read(path)["results"]
    assert [(r["model"], r["start"]) for r in found["rows"] if r["temperatures"] == 6] == list(decoders.CASES)
    assert set(found["models"]) == {"vae", "gan"}
    assert path.with_suffix(".png").exists()


def test_the_verdict_on_the_vae_needs_width_and_time() -> None:
    row = {"model": "vae", "width": 0.9, "seconds": 500.0}
    assert decoders.summarised([row], {})["passed"]
    for change in ({"width": 1.1}, {"seconds": 700.0}, {"model": "gan"}):
        assert not decoders.summarised([{**row, **change}], {})["passed"]


def test_estimators_stand_beside_the_sandwich_and_failures_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    names = ["--names", "linear 2 nats,vae 1 latent", "--plugins", "ksg,no-such-plugin"]
    sizes = ["--rows", "200", "--temperatures", "5"]
    assert against_samples.main([*TINY, *SHORT, *names, *sizes, "--output", str(path)]) == 0
    found = read(path)["results"]
    assert [line["plugin"] for line in found["table"]] == ["ksg", "no-such-plugin"] * 2
    assert found["table"][1]["place"] == "failed"
    assert "no-such-plugin" in next(row["error"] for row in found["rows"] if row["plugin"] == "no-such-plugin")
    assert path.with_suffix(".png").exists()
