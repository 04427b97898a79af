"""`Bound`: intervals, verdicts and JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pytest

import mmg_registry as mmg
from mmg_registry.bounds.result import BOUND_SCHEMA, Bound

DOCUMENT = json.loads((Path(mmg.__file__).parent / "schema" / "bound-1.json").read_text())
QUICK = {
    "ais": {"temperatures": 8, "chains": 2},
    "iwae": {"chains": 2},
    "giwae": {"chains": 1},
    "structured-infonce": {"chains": 2},
    "mine-ais": {"steps": 2, "temperatures": 2, "chains": 2},
    "mine-f": {"steps": 2, "temperatures": 2, "chains": 2},
}


def check(document: object) -> None:
    jsonschema.validate(document, DOCUMENT, cls=jsonschema.Draft202012Validator)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["$id"] == BOUND_SCHEMA


@pytest.mark.parametrize("plugin", QUICK)
def test_a_real_result_keeps_the_schema(plugin: str) -> None:
    document = json.loads(mmg.bound("gaussian-channel", plugin, n=4, **QUICK[plugin]).to_json())
    check(document)
    assert set(document) == set(DOCUMENT["properties"]) - {"command"}


@pytest.mark.parametrize("found", [Bound("lower", lower=-math.inf), Bound("sandwich", 1.0, math.inf), Bound("upper")])
def test_bounds_that_say_nothing_keep_the_schema(found: Bound) -> None:
    check(json.loads(found.to_json()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "mmg/bound/2"),
        ("kind", "both"),
        ("lower", "1.0"),
        ("lower_se", -1),
        ("ci", [1]),
        ("ci_level", 95),
        ("contains_truth", "yes"),
        ("n", 1),
        ("verdict", None),
        ("diagnostics", {"acceptance": 2.0}),
        ("diagnostics", {"gap_by_temperatures": [{"gap": 1.0}]}),
        ("warnings", "none"),
    ],
)
def test_the_schema_refuses_what_is_wrong(key: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check({**Bound("lower", lower=1.0).to_dict(), key: value})


def test_a_lower_bound_alone_has_half_an_interval() -> None:
    found = Bound("lower", lower=1.0, lower_se=0.1, true_mi=0.5)
    assert found.width is None
    assert found.ci == (pytest.approx(1 - 0.196, abs=1e-3), None)
    assert found.contains_truth is False
    assert "NOT on the right side" in found.verdict


def test_an_upper_bound_alone_and_none_at_all() -> None:
    assert Bound("upper", upper=2.0).verdict == "I(X; Z) is at most 2.0000 nats (2.0000 with sampling error)."
    assert Bound("lower").verdict == "I(X; Z) is not bounded."


def test_json_holds_no_infinity_and_the_verdict() -> None:
    document = json.loads(Bound("sandwich", lower=-math.inf, upper=2.0, provenance={"seed": 3}).to_json())
    assert (document["schema"], document["lower"], document["seed"]) == ("mmg/bound/1", None, 3)
    assert document["verdict"].startswith("I(X; Z) lies between -inf")


def test_bounds_that_cross_are_no_interval_upside_down() -> None:
    within = Bound("sandwich", 2.0, 1.9, 0.1, 0.1).verdict
    assert within.startswith("I(X; Z) is 1.9500 nats, for the bounds cross within sampling error (1.8040 to 2.0960")
    assert "by more than sampling error" in Bound("sandwich", 2.0, 1.9, 0.01, 0.01).verdict


def test_notebooks_and_axes_show_both_sides() -> None:
    from matplotlib.figure import Figure

    found = Bound("sandwich", 1.9, 2.1, 0.01, 0.01, warnings=["<Slow>."])
    assert "<svg" in found._repr_html_()
    assert "&lt;Slow&gt;." in found._repr_html_()
    axes = Figure().subplots()
    assert found.plot(axes) is axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["lower", "upper"]


def test_the_repr_is_short() -> None:
    about = {"plugin": {"name": "ais", "distribution": "mmg-registry", "version": "1"}, "n": 64}
    found = Bound("lower", lower=1.0, lower_se=0.0, warnings=["One."], provenance=about)
    assert repr(found).splitlines() == [
        f"Bound: {found.verdict}",
        "    ais (mmg-registry 1), 64 pairs, 1 warning in .warnings",
    ]
