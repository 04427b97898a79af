"""What is compressed, by which evidence, and that an estimate of few columns stands for that of many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from wide_rows import blobs, information, networks, normal_pairs

from mmg_plugins.mmg.auto import Auto
from mmg_plugins.mmg.compression import codes, unfolding
from mmg_plugins.mmg.compression.codes import CodesEvidence, Tried, try_compression
from mmg_plugins.mmg.thresholds import WIDE_COLUMNS
from mmg_registry import storage
from mmg_registry.contracts import Run

RUN = Run(seed=0, threads=1)
RHO = (0.8, 0.7)
NO_KINDS: tuple[tuple[()], tuple[()]] = ((), ())


@pytest.fixture(scope="module")
def tried() -> Tried:
    found = try_compression(networks(2_000, RHO, 80), NO_KINDS, None, RUN)
    assert found is not None
    return found


def test_codes_of_two_columns_tell_what_eighty_told(tried: Tried) -> None:
    evidence = tried.compression.evidence
    assert evidence.pays
    assert evidence.learned == pytest.approx(information(RHO), abs=0.15)
    x, y = tried.compression(*networks(1_000, RHO, 80, seed=1))
    assert x.shape == y.shape
    assert 2 <= x.shape[1] <= 4


def test_rows_that_trained_encoders_are_not_used_again(tried: Tried) -> None:
    assert len(tried.others) == 800


def test_narrow_sides_are_left_alone() -> None:
    x, y = networks(600, RHO, WIDE_COLUMNS - 1)
    assert try_compression((x, y), NO_KINDS, None, RUN) is None


def test_columns_without_structure_are_left_alone() -> None:
    x, y = normal_pairs(600, (0.8,) * 100)
    assert try_compression((x, y), NO_KINDS, None, RUN) is None


def test_a_narrow_side_stays_as_it_is() -> None:
    x, _ = networks(900, RHO, 80)
    y = normal_pairs(900, RHO)[1]
    found = try_compression((x, y), NO_KINDS, None, replace(RUN, max_seconds=1.0))
    assert found is not None
    assert found.compression.wide == (True, False)
    assert found.compression(x, y)[1] is y


def test_groups_stay_on_one_side_of_the_split() -> None:
    groups = np.repeat(np.arange(60), 10)
    found = try_compression(networks(600, RHO, 80), NO_KINDS, groups, replace(RUN, max_seconds=0.2))
    assert found is not None
    inside = groups[found.others]
    assert np.isin(groups, inside).sum() == len(inside)


def test_independent_sides_are_not_compressed() -> None:
    x, y = networks(900, RHO, 80)
    found = try_compression((x, np.roll(y, 1, axis=0)), NO_KINDS, None, RUN)
    assert found is not None
    assert not found.compression.evidence.pays


@pytest.mark.parametrize(
    ("learned", "linear", "error", "pays"),
    [(1.0, 0.5, 0.1, True), (1.0, 0.9, 0.1, False), (0.5, 1.0, 0.1, False), (0.01, -3.0, 0.1, False)],
)
def test_evidence_has_to_be_sure(learned: float, linear: float, error: float, pays: bool) -> None:
    assert CodesEvidence(learned, linear, error).pays == pays


def test_what_codes_know_by_heart_is_added_by_half_and_doubted() -> None:
    sure, known = CodesEvidence(1.0, 0.0, 0.01), CodesEvidence(1.0, 0.0, 0.01, by_heart=0.4, left_out=0.15)
    assert (sure.missing, sure.uncertain, sure.doubts) == (0.0, 0.0, [])
    assert known.missing == pytest.approx(0.2)
    assert known.uncertain == pytest.approx((0.4**2 / 12 + 0.15**2) ** 0.5)
    assert "0.40 nats more" in known.doubts[0]


def test_auto_says_what_it_compressed_and_may_be_told_not_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, steps in (
        (codes, "CODE_STEPS", 200),
        (codes, "PICTURE_STEPS", 100),
        (unfolding, "FOLD_STEPS", 80),
    ):
        monkeypatch.setattr(module, name, steps)
    x, y = blobs(1_500, RHO)
    model = Auto(run=RUN, steps=40).fit(x[:1_200], y[:1_200])
    found = model.estimate(x[1_200:], y[1_200:])
    assert found.diagnostics["compression"]["axes"] >= found.diagnostics["compression"]["columns"]
    assert found.diagnostics["compression"]["sides"] == ["x", "y"]
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi, abs=1e-5)
    assert found.std_error == pytest.approx(np.linalg.norm(list(found.diagnostics["errors"].values())), rel=1e-6)
    storage.save(model, tmp_path / "model")
    assert storage.load(tmp_path / "model").estimate(x[1_200:], y[1_200:]).mi == found.mi
    whole = Auto(run=RUN, steps=20, compress=False).fit(x[:300], y[:300]).estimate(x[1_200:], y[1_200:])
    assert "compression" not in whole.diagnostics
