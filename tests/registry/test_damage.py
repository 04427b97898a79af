"""Damaged files of our own: 300 of each kind are refused in one sentence that names the file, or are as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from benchmark_rows import curve_of, failed_row, run_row
from damage import DAMAGED, damaged
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.benchmark.store import RUNS, Store, read_rows
from mmg_registry.bounds.checkpoint import Checkpoint, request_of
from mmg_registry.errors import DataError
from mmg_registry.models.decoder import Decoder, mlp
from mmg_registry.models.saved import load_model, save_model


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sentence(file: Path, load: Callable[[], object]) -> str | None:
    """The sentence that refuses a file, or None where it is read; any other error is the test's failure."""
    try:
        load()
    except DataError as error:
        return str(error)
    return None


def refused(file: Path, load: Callable[[], object]) -> int:
    """Load each damaged copy; return how many were refused, each in one sentence that names the file or its folder."""
    whole, sentences = file.read_bytes(), []
    for content in damaged(whole, seed=len(file.name)):
        file.write_bytes(content)
        sentences.append(sentence(file, load))
    told = [each for each in sentences if each is not None]
    assert [each for each in told if not (file.parts[0] in each and each.isprintable() and each.endswith("."))] == []
    return len(told)


def always(load: Callable[[], object]) -> Callable[[], None]:
    """Load, and demand what was loaded the first time."""
    said = load()

    def again() -> None:
        assert load() == said

    return again


def test_checkpoints() -> None:
    kept = Checkpoint("run.ckpt", {"seed": 1, "options": {"chains": 3}}, every=0.0)
    kept.save("one", lambda: {"z": torch.arange(6.0), "n": torch.tensor(7)})

    def load() -> str:
        request = request_of("run.ckpt")
        stages = Checkpoint("run.ckpt", request).stages
        return str((request, [(name, sorted(state.items())) for name, state in sorted(stages.items())]))

    assert refused(Path("run.ckpt"), always(load)) > 0.9 * DAMAGED


@pytest.mark.parametrize("pattern", ["estimator.json", "arrays-*"])
def test_saved_estimators(pattern: str) -> None:
    registry.register(GaussianMI)
    x, y = gaussian_pair()
    mmg.save(GaussianMI(ridge=0.125).fit(x, y), "model")
    (file,) = Path("model").glob(pattern)
    assert refused(file, always(lambda: mmg.load("model").estimate(x, y).mi)) > 0.9 * DAMAGED


def test_models() -> None:
    save_model(Decoder(mlp([2, 3, 4]), scale=0.5), "model.npz")

    def load() -> str:
        found = load_model("model.npz")
        return str((found.scale, [each.tolist() for each in found.networks()["mean"].state_dict().values()]))

    assert refused(Path("model.npz"), always(load)) > DAMAGED / 5


def test_runs() -> None:
    """Lines carry no checksum: a digit may be another digit, but no row lacks what its readers use."""
    from mmg_cli.benchmark.html import page

    with Store(".") as opened:
        for row in (run_row(curve=curve_of()), failed_row(seed=1), run_row(seed=2)):
            opened.append(row)

    def load() -> None:
        rows = read_rows(".")
        assert page(rows).startswith("<!doctype html>")
        assert json.dumps(rows, allow_nan=False)

    assert refused(Path(RUNS), load) > DAMAGED / 5
