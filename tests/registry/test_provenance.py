"""Where something was measured."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mmg_registry import provenance
from mmg_registry.provenance import data_sha256


def test_the_machine_is_described_without_its_name_or_folders() -> None:
    found = provenance.machine()
    assert set(found) == {"cpu", "cores", "memory_gb", "system"}
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0.1
    json.dumps(found, allow_nan=False)


def test_an_absent_package_has_no_version() -> None:
    found = provenance.versions(["numpy", "no-such-package-here"])
    assert found["numpy"]
    assert found["python"]
    assert found["no-such-package-here"] is None


def test_outside_of_a_checkout_there_is_no_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.revision() == {"commit": None, "dirty": None}


def test_an_installation_inside_of_a_strangers_checkout_has_no_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "provenance.py").write_text("")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.revision() == {"commit": None, "dirty": None}


def test_the_hash_sees_values_types_shapes_and_order() -> None:
    x, y = (np.random.default_rng(seed).standard_normal((70_000, 1)) for seed in (1, 2))
    others = [(x.astype(np.float32), y), (x.reshape(-1, 2), y[:35_000]), (y, x), (x[::-1], y), (x, y, x, y)]
    assert len({data_sha256(*each) for each in [(x, y), *others]}) == 6
    assert data_sha256(x, y) == data_sha256(np.asfortranarray(x), y.copy()) == data_sha256(x.astype(">f8"), y)
