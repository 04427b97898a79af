"""Estimates: intervals, units, and the JSON form under its published schema."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from fakes import GaussianMI, flat_curve, gaussian_pair

import mmg_registry
from mmg_registry import registry
from mmg_registry.api import estimate
from mmg_registry.results import SCHEMA, Estimate

DOCUMENT = json.loads((Path(mmg_registry.__file__).parent / "schema" / "estimate-1.json").read_text())


def check(document: object) -> None:
    jsonschema.validate(document, DOCUMENT, cls=jsonschema.Draft202012Validator)


@pytest.fixture
def real() -> Estimate:
    registry.register(GaussianMI)
    return estimate(*gaussian_pair(), plugin="gaussian-fake", ridge=0.01)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["$id"] == SCHEMA


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_a_real_result_keeps_the_schema(real: Estimate, unit: str) -> None:
    document = json.loads(real.to_unit(unit).to_json())
    check(document)
    assert set(document) == set(DOCUMENT["properties"]) - {"dim_z", "sampled", "command"}
    assert set(document["curve"]) == set(DOCUMENT["$defs"]["curve"]["properties"])


def test_a_result_of_drawn_rows_keeps_the_schema() -> None:
    document = json.loads(estimate(*gaussian_pair(), plugin="gaussian", rows=50, seed=1).to_json())
    check(document)
    assert document["sampled"]["rows"] == 50


def test_device_and_backend_are_fields_at_the_top_of_the_document(real: Estimate) -> None:
    document = real.to_dict()
    back = Estimate.from_dict(document)
    assert (document["device"], document["backend"]["kind"]) == ("cpu", "numpy")
    assert (back.device, back.backend) == (real.device, real.backend)
    assert not {"device", "backend"} & {*back.provenance, *back.diagnostics}
    assert not {"device", "backend"} & set(Estimate(1.0).to_dict())


@pytest.mark.parametrize(("x", "status"), [(np.ones(50), "exact"), (np.arange(50.0), "infinite")])
def test_verdicts_keep_the_schema(real: Estimate, x: np.ndarray, status: str) -> None:
    document = json.loads(estimate(x, np.arange(50.0), plugin="gaussian-fake").to_json())
    check(document)
    assert document["status"] == status


@pytest.mark.parametrize(
    ("key", "value"),
    [("mi", "1.0"), ("unit", "bans"), ("std_error", -1), ("ci", [1]), ("ci_level", 95), ("data_sha256", "x")],
)
def test_the_schema_refuses_what_is_wrong(real: Estimate, key: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check({**real.to_dict(), key: value})


@pytest.mark.parametrize("key", ["mi", "status", "warnings", "ci"])
def test_the_schema_refuses_what_is_incomplete(real: Estimate, key: str) -> None:
    document = real.to_dict()
    del document[key]
    with pytest.raises(jsonschema.ValidationError):
        check(document)


@pytest.mark.parametrize(
    "original",
    [
        Estimate(0.5),
        Estimate(0.5, 0.1, unit="bits", ci_level=0.9, warnings=["Careful."], provenance={"seed": 3}),
        Estimate(math.inf, status="infinite"),
        Estimate(0.0, 0.0, status="exact"),
        Estimate(1.0, curve=flat_curve(1.0), diagnostics={"a": [1, None], "b": {"c": "d"}}),
    ],
)
def test_json_round_trip(original: Estimate) -> None:
    assert Estimate.from_dict(json.loads(original.to_json())) == original


def test_a_real_result_makes_the_round_trip(real: Estimate) -> None:
    again = Estimate.from_dict(json.loads(real.to_json()))
    assert again.to_json() == real.to_json()
    assert again.ci == real.ci


def test_what_json_cannot_hold_becomes_plain() -> None:
    original = Estimate(0.5, diagnostics={"a": np.float32(0.5), "b": np.arange(2), "c": math.nan, 3: (np.int64(1),)})
    assert json.loads(original.to_json())["diagnostics"] == {"a": 0.5, "b": [0, 1], "c": None, "3": [1]}


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 'mmg/estimate/2', and this version reads 'mmg/estimate/1'"):
        Estimate.from_dict({**Estimate(0.5).to_dict(), "schema": "mmg/estimate/2"})


def test_units_and_interval() -> None:
    bits = Estimate(math.log(2), math.log(2) / 10).to_unit("bits")
    assert (bits.mi, bits.std_error) == pytest.approx((1.0, 0.1))
    assert bits.ci == pytest.approx((1 - 0.196, 1 + 0.196), abs=1e-4)
    assert bits.to_unit("nats").mi == pytest.approx(math.log(2))
    assert Estimate(1.0).ci is None
    assert Estimate(math.inf, 0.1, status="infinite").ci is None


def test_an_interval_holds_only_what_is_possible_and_has_a_width() -> None:
    assert Estimate(0.01, 0.01).ci == (0.0, pytest.approx(0.0296, abs=1e-4))
    assert Estimate(-1.0, 0.01).ci == (0.0, pytest.approx(0.0196, abs=1e-4))
    assert Estimate(0.69, 0.01, limit=0.693).ci == (pytest.approx(0.6704, abs=1e-4), 0.693)
    assert Estimate(2.0, 0.01, limit=0.693).ci == (pytest.approx(0.6734, abs=1e-4), 0.693)
    assert Estimate.from_dict(Estimate(0.5, 0.1, limit=0.7).to_dict()).limit == 0.7


def test_the_repr_is_short_and_says_what_matters(real: Estimate) -> None:
    lines = repr(real).splitlines()
    low, high = real.ci or (0, 0)
    assert lines == [
        f"Estimate {real.mi:.4f} ± {real.std_error:.4f} nats, 95 % interval [{low:.4f}, {high:.4f}]",
        "    gaussian-fake (in-process), 80 rows evaluated, 2 warnings in .warnings",
    ]
    many = replace(real, warnings=["A long warning."] * 1_000, diagnostics={"all": list(range(10_000))})
    assert len(repr(many)) < 400
    assert repr(Estimate(0.0, status="exact")) == "Estimate 0.0000 nats, exactly"
    assert repr(Estimate(math.inf, status="infinite")) == "Estimate inf nats, by a relation in the data"
    assert repr(Estimate(0.5, unit="bits")) == "Estimate 0.5000 bits"


def test_an_estimate_is_a_number_where_one_is_asked_for() -> None:
    assert float(Estimate(0.25)) == 0.25
    assert np.asarray([Estimate(0.25), Estimate(0.5)], dtype=float).tolist() == [0.25, 0.5]
