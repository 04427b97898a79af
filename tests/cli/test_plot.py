"""`mmg plot` and the drawing itself."""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmg_cli.plotting import draw_estimate
from mmg_registry.bounds.result import Bound
from mmg_registry.quantity import Quantity
from mmg_registry.results import Curve, Estimate
from mmg_registry.tables import AnswerColumn, AnswerTable

EDGES = [-4.0, -1.0, 0.0, 2.0]
CURVE = Curve(
    edges=EDGES, direct=[0.1, 0.3, 0.05], orthogonal=[0.12, 0.28, 0.05], cross=[-0.02, 0.02, 0.0],
    direct_se=[0.01, 0.02, 0.01], orthogonal_se=[0.01, 0.01, 0.01], cross_se=[0.01, 0.01, 0.01],
    count=[10, 20, 10], mmse=[0.5, 1.2, 1.9], mmse_cond=[0.3, 0.6, 1.8],
)  # fmt: skip
ESTIMATE = Estimate(mi=0.7, std_error=0.02, curve=CURVE, provenance={"plugin": {"name": "some-plugin"}})


def write(estimate: Estimate, name: str = "result.json") -> str:
    Path(name).write_text(estimate.to_json())
    return name


def test_the_plot_lies_beside_the_result(mmg) -> None:
    result = mmg("plot", write(ESTIMATE))
    assert (result.code, result.out, result.err) == (0, "result.png\n", "")
    assert Path("result.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "magic"), [("a.pdf", b"%PDF"), ("a.svg", b"<?xml"), ("a.JPG", b"\xff\xd8")])
def test_the_ending_decides_the_format(mmg, name: str, magic: bytes) -> None:
    assert mmg("plot", write(ESTIMATE), "-o", name).code == 0
    assert Path(name).read_bytes().startswith(magic)


def test_the_area_between_the_curves_is_what_is_shaded() -> None:
    shaded, *lines = draw_estimate(ESTIMATE).axes[0].patches
    data = shaded.get_data()
    assert np.array_equal(data.values - data.baseline, np.subtract(CURVE.mmse, CURVE.mmse_cond))
    assert [line.get_data().edges.tolist() for line in lines] == [EDGES, EDGES]


def test_the_band_is_the_95_percent_interval_of_both_integrands() -> None:
    bands = [patch.get_data() for patch in draw_estimate(ESTIMATE).axes[1].patches if patch.get_fill()]
    widths = [(band.values - band.baseline).tolist() for band in bands]
    for width, errors in zip(widths, (CURVE.direct_se, CURVE.orthogonal_se), strict=True):
        assert width == pytest.approx([2 * 1.96 * error for error in errors])


def test_the_title_has_the_estimate_its_interval_and_its_plugin() -> None:
    assert draw_estimate(ESTIMATE).get_suptitle() == "MI = 0.7000 nats, 95 % interval 0.6608 to 0.7392\nsome-plugin"
    assert draw_estimate(ESTIMATE.to_unit("bits")).get_suptitle().startswith("MI = 1.0099 bits")


def test_nulls_of_a_document_are_gaps(mmg) -> None:
    broken = replace(CURVE, direct_se=[0.01, float("nan"), 0.01], mmse=[0.5, float("nan"), 1.9])
    assert mmg("plot", write(replace(ESTIMATE, curve=broken))).code == 0


def test_without_mmse_curves_the_integrand_is_still_drawn() -> None:
    upper, lower = draw_estimate(replace(ESTIMATE, curve=replace(CURVE, mmse=None, mmse_cond=None))).axes
    assert upper.texts[0].get_text() == "this plugin gives no MMSE curves"
    assert len(lower.patches) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "no object"),
        ('{"schema": "other/1"}', "schema 'other/1'"),
        ('{"schema": "mmg/estimate/1", "mi": 1.0}', "it has no 'unit'"),
    ],
)
def test_a_file_that_is_no_result_is_refused(mmg, content: str, reason: str) -> None:
    Path("result.json").write_text(content)
    result = mmg("plot", "result.json")
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("Error: result.json is not a result that `mmg estimate -o` wrote: ")
    assert reason in result.err
    assert os.listdir() == ["result.json"]


def test_a_missing_result_is_refused(mmg) -> None:
    result = mmg("plot", "no.json")
    assert (result.code, result.err) == (4, "Error: no.json cannot be read: No such file or directory.\n")


@pytest.mark.parametrize(
    "found",
    [
        replace(ESTIMATE, curve=None),
        Quantity("entropy", "h(x)", 1.0, 0.1, parts=(Quantity("entropy", "h(y)", 2.0),)),
        Bound("sandwich", 1.9, 2.1, 0.1, 0.1),
        AnswerTable(
            "rank", tuple(AnswerColumn(name, name) for name in ("feature", "mi", "low", "high", "q")),
            ({"feature": "age", "mi": 0.5, "low": 0.4, "high": 0.6, "q": 0.01},),
            provenance={"target": ["y"], "given": []},
        ),
    ],
    ids=["estimate", "quantity", "bound", "table"],
)  # fmt: skip
def test_every_result_has_a_picture(mmg, found) -> None:
    Path("result.json").write_text(found.to_json())
    assert mmg("plot", "result.json", "-o", "plot.svg").out == "plot.svg\n"
    assert "<svg" in Path("plot.svg").read_text()


def test_a_curve_whose_parts_differ_in_length_is_refused(mmg) -> None:
    document = json.loads(ESTIMATE.to_json())
    document["curve"]["direct"].pop()
    Path("result.json").write_text(json.dumps(document))
    result = mmg("plot", "result.json")
    assert (result.code, os.listdir()) == (4, ["result.json"])
    assert result.err == "Error: result.json has a damaged curve: 'direct' has 2 values, and 3 bins need 3.\n"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("plot.bmp", "A plot ends in .png, .pdf, .svg, .jpg, and 'plot.bmp' does not."),
        ("no/plot.png", "the folder of 'no/plot.png' does not exist; give another path."),
    ],
)
def test_a_bad_target_is_refused(mmg, target: str, sentence: str) -> None:
    result = mmg("plot", write(ESTIMATE), "-o", target)
    assert result.code == 2
    assert sentence in result.err


def test_without_matplotlib_one_sentence_says_how_to_get_it(mmg, monkeypatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else found(name))
    result = mmg("plot", write(ESTIMATE))
    assert result.code == 2
    reason = "Plots need matplotlib, which is not installed: pip install 'mmg-registry[plot]' brings it."
    assert result.err == f"Error: {reason}\n"
