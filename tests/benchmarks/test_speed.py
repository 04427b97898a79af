"""The speed benchmark: PyTorch's side computes the same thing, arithmetic is counted right, verdicts can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.speed import __main__ as speed
from benchmarks.speed import cases, load, peaks, report, sides, torch_side
from mmg_registry.core import Network, Problem, Proposal, TrainPlan, reference

# ------------------------------------------------------------------------------------------ PyTorch's side


def problem_of(dim_x: int, dim_y: int) -> tuple[Problem, Tensor]:
    network = Network(dim_x, dim_y, width=12, depth=2)
    generator = torch.Generator().manual_seed(1)
    weights = network.init(0) + 0.1 * torch.randn(network.n_parameters, generator=generator)
    x, y = (torch.randn(200, dim, generator=generator) for dim in (dim_x, dim_y))
    rho = torch.linspace(0.9, 0.2, min(dim_x, dim_y), dtype=torch.float64)
    edges = torch.linspace(-6.0, 10.0, 9)
    proposal = Proposal.piecewise(edges, torch.linspace(1.0, 3.0, 8))
    return Problem(network, x, y, rho, proposal, seed=7), weights


@pytest.fixture
def same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's side takes the draws of the core's steps 0, 1, 2 ... instead of its own."""
    steps = iter(range(100))

    def draw(self: torch_side.Batches, n: int) -> tuple[Tensor, ...]:
        d = reference.training_draws(self.proposal, 7, next(steps), n, len(self.x), self.x.shape[1])
        return d.row, d.logsnr, d.eps

    monkeypatch.setattr(torch_side.Batches, "draw", draw)


@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (4, 3), (2, 5)])
def test_a_torch_step_is_the_step_of_the_core(dim_x: int, dim_y: int, same_draws: None) -> None:
    problem, weights = problem_of(dim_x, dim_y)
    plan = TrainPlan(batch=32, warmup=2, hold_until=3, total=6)
    training = torch_side.Training(problem, weights, plan)
    state = (weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())
    expected = reference.train_denoiser(problem, state, plan, range(5))
    assert training.run(0, 5).double() == pytest.approx(expected.sum(1).numpy(), rel=1e-4)
    for flat, tensors in ((state[0], training.parameters), (state[3], training.average)):
        named = dict(zip((name for name, _ in training.net.named_parameters()), tensors, strict=True))
        assert_same_weights(problem.network.views(flat), named)


def assert_same_weights(views: dict[str, Tensor], named: dict[str, Tensor]) -> None:
    block = [views["block1.gate"], views["block1.value"]]
    for name, expected in {
        "shared": views["shared"],
        "null": views["null"],
        "blocks.1.up": torch.cat(block, 1),
    }.items():
        torch.testing.assert_close(named[name].detach(), expected, rtol=1e-3, atol=1e-4)


def test_torch_sums_what_the_core_sums() -> None:
    problem, weights = problem_of(4, 3)
    d = reference.training_draws(problem.proposal, 0, 0, 64, 200, 4)
    expected = reference.network_errors(problem.network, weights, problem.rho)(problem.x, problem.y, d)
    net = torch_side.Denoisers(problem.network, weights, problem.rho)
    values = torch_side._values(torch_side.Batches(problem).errors(net, d.row, d.logsnr, d.eps), d.weight)
    oracle = reference._gap_values(expected, d.weight)
    torch.testing.assert_close(values, oracle, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(torch_side._bin_columns(oracle), reference._bin_columns(oracle))


def test_torch_evaluates_every_row_as_often_as_asked() -> None:
    problem, weights = problem_of(2, 2)
    net = torch_side.Denoisers(problem.network, weights, problem.rho)
    bins, rows = torch_side.mmse_gap(problem, net, repeats=3, tile=64)
    assert bins[:, 0].sum() == 3 * 200
    assert bins[:, 1].sum() / (3 * 200) == pytest.approx(rows[:, 0].mean().item())
    assert rows.abs().min() > 0


def test_torch_draws_pairs_of_opposite_noise_and_one_log_snr_per_stratum() -> None:
    problem = torch_side.Batches(sides.problem(Network(2, 2), n=50))
    rows, logsnr, eps = problem.draw(200)
    strata = torch.floor((logsnr[:100] + 10.0) / 24.0 * 100 + 1e-3 * (torch.arange(100) == 0))
    assert (strata - torch.arange(100)).abs().max() <= 1  # float32 may put one on the other side of an edge
    assert torch.equal(eps[:100], -eps[100:])
    assert torch.equal(rows[:100], rows[100:])
    assert (int(rows.max()) < 50, eps.shape) == (True, (200, 2))


# ------------------------------------------------------------------------------------------ what is measured


@pytest.mark.parametrize("threads", cases.THREADS)
def test_every_size_is_measured_with_different_others(threads: int) -> None:
    cells = [cell for cell in cases.training_cells() if cell.threads == threads]
    assert len(set(cells)) == len(cells)
    for name, values in (("width", cases.WIDTHS), ("batch", cases.BATCHES), ("dim", cases.DIMS)):
        counts = Counter(getattr(cell, name) for cell in cells)
        assert set(counts) == set(values)
        assert min(counts.values()) >= 2
    assert sum(map(cases.compiled, cells)) == len(cases.COMPILED)


def test_arithmetic_is_that_of_the_networks_matrices() -> None:
    cell = cases.Cell(width=10, batch=3, dim=2, threads=1)
    inputs = (2 * 2 + 2 + 16 + 16) * 10 + (2 + 3 * 2 + 2 + 2 + 16) * 10
    body = 2 * 3 * 10 * 10 + 10 * 2
    assert cell.row_flop == 2 * 2 * (inputs + body)
    assert cell.flop == 3 * 3 * cell.row_flop
    assert cell.needed_row_flop == 2 * (inputs + 2 * body)
    assert cell.needed_flop == 3 * 2 * (2 * inputs + 6 * body)


class FakeBenchmark:
    """Two rounds of what pytest-benchmark's fixture does."""

    def __init__(self) -> None:
        self.extra_info: dict[str, Any] = {}

    def pedantic(self, target: Any, setup: Any, rounds: int, iterations: int) -> None:
        for _ in range(rounds):
            setup()
            target()


def test_sides_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []
    monkeypatch.setattr(sides, "yardstick", lambda: lambda: turns.append("mm"))
    monkeypatch.setattr(sides, "PAUSE", 0.0)
    both: dict[str, sides.Side] = {name: lambda name=name: turns.append(name) for name in ("eager", "ours")}
    fake = FakeBenchmark()
    sides.take_turns(fake, both, rounds=2, kind="training")  # type: ignore[arg-type]
    assert turns == ["mm", *["eager", "mm", "ours"] * 2]
    assert fake.extra_info["kind"] == "training"
    assert "other_cores" in fake.extra_info
    assert {name: len(s) for name, s in fake.extra_info["seconds"].items()} == {"eager": 2, "yardstick": 2}


@pytest.mark.parametrize("kind", ["training_sides", "gap_sides"])
def test_both_sides_run_at_a_small_size(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "N_ROWS", 64)
    monkeypatch.setattr(sides, "ROUND_SECONDS", 1e-6)
    cell = cases.Cell(width=8, batch=16, dim=2, threads=1)
    both, work = (
        sides.training_sides(cell, compiled=False) if kind == "training_sides" else sides.gap_sides(cell, 32, 2)
    )
    assert work == (1 if kind == "training_sides" else 64)
    assert set(both) == {"eager", "ours"}
    for side in both.values():
        assert side() is not None


# ------------------------------------------------------------------------------------------ memory


@pytest.mark.skipif(not peaks.RESET.exists(), reason="only Linux starts the account of the peak again")
def test_memory_taken_and_given_back_is_seen_every_time() -> None:
    size = 64 << 20  # beyond what the C library keeps of freed memory
    nothing, first, second = (peaks.peak_growth(lambda n=n: b"x" * n) for n in (0, size, size))
    assert nothing < 4e6
    assert min(first, second) > 0.9 * size


def test_growth_is_printed_for_every_number_of_repeats(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(peaks.core, "mmse_gap", lambda problem, weights, repeats, compute: asked.append(repeats))
    monkeypatch.setattr(peaks, "peak_growth", lambda run: run() or 7)
    monkeypatch.setattr(peaks.sides, "N_ROWS", 10)
    peaks.main(["1", "32"])
    assert asked == [1, 1, 32]  # the first to load what is needed
    assert capsys.readouterr().out.split() == ["1", "7", "1", "7", "32", "7"]


# ------------------------------------------------------------------------------------------ other processes


BUSY = "import time\nprint(1, flush=True)\nwhile True: time.perf_counter()"


@pytest.mark.skipif(not load.STAT.exists(), reason="only Linux says what other processes use")
def test_another_process_is_seen_and_not_waited_for_longer_than_asked() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        meter = load.Meter()
        quiet = load.wait_for_quiet(0.6)
        others = meter.others()
        other.kill()
    assert not quiet
    assert others is not None
    assert others > 0.3


def test_own_work_is_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 0 900 0 0 0 0 0 0\n")
    monkeypatch.setattr(load, "STAT", stat)
    clocks = {"perf_counter": iter([0.0, 10.0]), "process_time": iter([0.0, 6.0])}
    monkeypatch.setattr(load.time, "perf_counter", lambda: next(clocks["perf_counter"]))
    monkeypatch.setattr(load.time, "process_time", lambda: next(clocks["process_time"]))
    meter = load.Meter()
    ticks = os.sysconf("SC_CLK_TCK")
    stat.write_text(f"cpu  {100 + 6 * ticks} 0 {2 * ticks} 5000 300 0 0 {ticks} 0 0\n")
    assert meter.others() == pytest.approx((6 + 2 + 1 - 6) / 10)


def test_where_the_system_does_not_say_nobody_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(load, "STAT", tmp_path / "none")
    monkeypatch.setattr(load, "LOOK", 0.0)
    assert load.Meter().others() is None
    assert load.wait_for_quiet(5.0)


def test_disturbed_cells_are_measured_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter([{"a": 0.5, "b": 0.0, "c": 0.4}, {"a": 0.0, "c": 0.9}])
    asked: list[list[str]] = []

    def measure(words: list[str]) -> tuple[dict[str, Any], int]:
        asked.append(words)
        found = [{"name": name, "fullname": name, **entry(other_cores=value)} for name, value in next(runs).items()]
        return {"benchmarks": found}, 0

    monkeypatch.setattr(speed, "measure", measure)
    measured, code = speed.measure_patiently(["-k", "x"], wait=1.0)
    assert [(e["name"], e["extra_info"]["other_cores"]) for e in measured["benchmarks"]] == [
        ("a", 0.0),
        ("b", 0.0),
        ("c", 0.4),
    ]
    assert asked == [["-k", "x", "--wait=1.0"], ["--wait=1.0", "-k", "a or c"]]
    assert code == 0


def test_disturbed_cells_stay_where_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"benchmarks": [{"name": "a", "fullname": "a", **entry(other_cores=0.5)}]}
    runs = iter([(found, 3)])
    monkeypatch.setattr(speed, "measure", lambda words: next(runs))
    assert speed.measure_patiently([], wait=0.0) == (found, 3)


def test_a_turn_lasts_whatever_a_call_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "clock", lambda run: 0.005 + 0.0001 * run.args[0])  # 5 ms a call, 0.1 ms a step
    assert 0.04 < 0.005 + 0.0001 * sides.repetitions(lambda n: None) < 0.07
    monkeypatch.setattr(sides, "clock", lambda run: 1.0)
    assert sides.repetitions(lambda n: None) == 1


def test_disturbed_cells_are_counted_and_said() -> None:
    results = report.condense({"benchmarks": [entry(other_cores=0.5), entry(), entry(other_cores=None)]})
    assert results["disturbed"] == 1
    assert "during 1 of 3 cells" in speed.warning(1, 3)
    assert speed.warning(0, 3) == ""


# ------------------------------------------------------------------------------------------ the report


def entry(**changes: Any) -> dict[str, Any]:
    seconds = {"eager": [4.0, 90.0, 6.0], "yardstick": [1.0, 30.0, 2.0]}
    info = {"kind": "training", "width": 64, "batch": 512, "dim": 5, "threads": 1, "steps": 10}
    info |= {"seconds": seconds, "flop": 8e9, "needed_flop": 6e9, "yardstick_flop": 4e9, "other_cores": 0.0, **changes}
    return {"extra_info": info, "stats": {"data": [2.0, 30.0, 5.0]}}


def test_ratios_are_taken_within_a_round() -> None:
    cell = report.row(entry())
    assert cell["eager"] == 2.0  # of 2, 3 and 1.2: in none of them does the slow round count more
    assert cell["rate"] == 2 * 0.5  # twice the arithmetic of the yardstick, in 1/0.5, 1 and 1/0.4 of its time
    assert cell["needed_rate"] == 0.75 * cell["rate"]
    assert cell["eager_rate"] == pytest.approx(2 / 3)
    assert cell["compile"] is None
    assert cell["step_ms"] == 500.0
    assert cell["yardstick_range"] == [pytest.approx(4 / 30), 4.0]


def test_an_evaluation_has_no_step() -> None:
    found = entry(kind="mmse_gap")
    del found["extra_info"]["steps"]
    assert report.row(found)["step_ms"] is None


@pytest.mark.parametrize(
    ("changes", "passed"),
    [
        ({}, True),
        ({"eager": 0.99}, False),
        ({"compile": 0.99}, False),
        ({"compile": None}, True),
        ({"rate": 0.59}, False),
        ({"rate": 0.59, "batch": 128}, True),
        ({"width": 128, "rate": 0.74}, False),
        ({"width": 256, "rate": 0.1}, True),
        ({"kind": "mmse_gap", "rate": 0.79}, False),
        ({"kind": "mmse_gap", "rate": 0.81}, True),
    ],
)
def test_a_verdict_can_fail(changes: dict[str, Any], passed: bool) -> None:
    cell = {"kind": "training", "width": 64, "batch": 512, "rate": 0.61, "eager": 1.0, "compile": 1.0, **changes}
    assert report.verdict(cell) is passed


def test_memory_stands_apart_and_nothing_measured_is_an_error() -> None:
    memory = {"extra_info": {"kind": "memory", "peak_bytes": [1, 2]}, "stats": {"data": [1.0]}}
    results = report.condense({"benchmarks": [memory, entry()]})
    assert results["memory"] == [memory["extra_info"]]
    assert results["passed"]
    with pytest.raises(ValueError, match="measured no cell"):
        report.condense({"benchmarks": [memory]})


@pytest.mark.parametrize(("seconds", "pytest_code", "code"), [(5.5, 0, 0), (4.5, 0, 1), (5.5, 1, 1)])
def test_the_exit_code_is_the_verdict(
    seconds: float,
    pytest_code: int,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sides_of = {"eager": [seconds] * 3, "yardstick": [5.0] * 3}
    measured = {"benchmarks": [entry(seconds=sides_of)]}
    monkeypatch.setattr(speed, "measure", lambda words: (measured, pytest_code))
    assert speed.main(["-k", "t1", "--output", str(tmp_path / "s.json")]) == code
    found = json.loads((tmp_path / "s.json").read_text())
    assert found["results"]["cells"][0]["eager"] == seconds / 5
    assert "isa" in found["parameters"]["build"]
    assert "eager / core, time" in capsys.readouterr().out


def test_a_core_built_anew_during_the_run_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    builds = iter(["old", "new"])
    monkeypatch.setattr(speed, "fingerprint", lambda: next(builds))
    monkeypatch.setattr(speed, "measure", lambda words: ({"benchmarks": [entry()]}, 0))
    with pytest.raises(RuntimeError, match="built anew"):
        speed.main(["--output", str(tmp_path / "s.json")])
    assert not (tmp_path / "s.json").exists()


def test_the_fingerprint_is_of_the_file_that_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = ModuleType("core")
    module.__file__ = str(tmp_path / "core.so")
    monkeypatch.setattr(speed, "compiled", lambda: module)
    prints = []
    for content in (b"1", b"2", b"1"):
        (tmp_path / "core.so").write_bytes(content)
        prints.append(speed.fingerprint())
    assert prints[0] == prints[2] != prints[1]
    monkeypatch.setattr(speed, "compiled", lambda: None)
    assert speed.fingerprint() is None


def test_a_run_that_selects_nothing_says_so() -> None:
    with pytest.raises((RuntimeError, ValueError), match=r"no measurements|no cell"):
        report.condense(speed.measure(["-k", "no_such_cell"])[0])
