"""What examples/README.md tells to type runs, on a small cut of the table."""

from __future__ import annotations

import runpy
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from guides import FENCE, commands
from places import ROOT
from scipy.sparse import csr_matrix

from mmg_cli.program import run

EXAMPLES = ROOT / "examples"
BLOCKS = FENCE.findall((EXAMPLES / "README.md").read_text(encoding="utf-8"))
COMMANDS = [command for kind, _, block in BLOCKS if kind == "console" for command, _ in commands(block)]


def test_features_of_a_real_table_are_ranked_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "diabetes.py"))["write"](Path("diabetes.csv"), rows=120)
    (command,) = [command for command in COMMANDS if command.startswith("mmg rank")]
    assert run([*shlex.split(command)[1:], "-p", "gaussian", "--top", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("STEP  FEATURE")
    assert printed[1].split()[1] in {"bmi", "s5", "bp"}
    assert {"sex", "age"} < {line.split()[0] for line in printed[2:]}
    assert Path("diabetes.png").stat().st_size > 1000


def test_genes_of_cells_are_paired_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = _wheel(tmp_path)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "genes.py"))["write"](wheel, Path("genes.csv"), genes=4)
    (command,) = [command for command in COMMANDS if command.startswith("mmg pairs")]
    assert run([*shlex.split(command)[1:], "-p", "gaussian", "--top", "0"]) == 0
    assert Path("genes/graph.png").stat().st_size > 1000


def _wheel(folder: Path) -> Path:
    """Return a wheel with cells as scanpy's holds them: few genes with counts that depend on the kind of the cell."""
    h5py = pytest.importorskip("h5py", reason="the cells are in HDF5")
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 120)
    counts = csr_matrix(rng.poisson(1 + 4 * np.outer(kind, np.arange(6) % 2)).astype(np.float32))
    with h5py.File(folder / "cells.h5ad", "w") as file:
        for part in ("data", "indices", "indptr"):
            file[f"raw.X/{part}"] = getattr(counts, part)
        file["raw.var"] = np.array([(f"G{k}".encode(),) for k in range(6)], dtype=[("index", "S13")])
        file["obs"] = np.zeros(120, dtype=[("louvain", "i1")])
    wheel = folder / "scanpy.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        files.write(folder / "cells.h5ad", "scanpy/datasets/10x_pbmc68k_reduced.h5ad")
    return wheel
