"""The comparison with the published package: arithmetic, and a run that fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import diffusion_mi
from mmg_registry.core import compiled


def looks(*mis: float) -> list[dict[str, Any]]:
    return [{"cpu_seconds": 10.0 * (i + 1), "mi": mi, "orthogonal": 1.0, "steps": 100 * i} for i, mi in enumerate(mis)]


@pytest.mark.parametrize(
    ("mis", "seconds"),
    [
        ((0.5, 0.96, 1.04, 1.0), 20.0),
        ((1.0, 0.5, 1.04, 1.0), 30.0),
        ((1.0, 1.0), 10.0),
        ((1.0, 1.0, 0.9), None),
        ((0.1,), None),
    ],
)
def test_only_the_last_unbroken_stretch_counts(mis: tuple[float, ...], seconds: float | None) -> None:
    assert diffusion_mi.seconds_to_stay(looks(*mis), truth=1.0, tolerance=0.05) == seconds


def test_the_rate_counts_one_pass_a_step_of_theirs() -> None:
    size = {"n_parameters": 50_000, "multiply_adds": 48_000, "batch": 512, "versions": {}}
    found = diffusion_mi.peer_report(size, looks(0.0, 0.1, 0.2))
    assert found["rows_per_cpu_second"] == pytest.approx(200 * 512 / 30)
    assert found["gflops"] == pytest.approx(6 * 48_000 * 200 * 512 / 30 / 1e9)
    assert found["seconds_to_stay"] is None
    assert found["seconds_to_stay_orthogonal"] == 10.0


def report(reached: float | None) -> dict[str, Any]:
    rates = {"rows_per_cpu_second": 100.0, "n_parameters": 1000, "gflops": 1.0}
    return {**rates, "seconds_to_stay": reached, "cpu_seconds_total": 1200.0, "trajectory": looks(0.5)}


def test_a_time_not_reached_is_a_lower_bound() -> None:
    mine = {**report(2.0), "rows_per_cpu_second": 800.0, "n_parameters": 1100}
    found = diffusion_mi.comparison(report(None), mine)
    assert found["time_ratio"] == 600.0
    assert found["time_ratio_is_lower_bound"]
    assert found["rows_ratio"] == 8.0
    assert found["rows_ratio_at_equal_parameters"] == pytest.approx(8.8)


def test_there_is_no_ratio_where_ours_does_not_arrive() -> None:
    assert diffusion_mi.comparison(report(300.0), report(None))["time_ratio"] is None


def test_a_table_row_says_that_the_cap_was_met() -> None:
    assert "not within 1200 s" in diffusion_mi._row("peer", report(None)).values()


def test_the_network_is_of_the_peers_size() -> None:
    network = diffusion_mi.nearest_network(5, 5, 56_133)
    assert network.n_parameters == pytest.approx(56_133, rel=0.15)


def test_a_failed_run_of_the_peer_is_told_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"pytorch_lightning|dmi|lightning"):
        diffusion_mi.peer(Path(sys.executable), tmp_path / "absent.npz", 1.0, 0)


@pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
def test_our_rate_is_that_of_the_training_loop() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 2))
    arrays = {"x": x, "y": 0.8 * x + 0.6 * rng.standard_normal((2000, 2))}
    network, rate = diffusion_mi.training_rate(arrays, 2000, steps=5, seed=0)
    assert (network.dim_x, network.dim_y) == (2, 2)
    assert rate > 1000
