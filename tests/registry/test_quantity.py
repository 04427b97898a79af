"""Quantities: intervals, units, and the JSON form under its published schema."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pytest

import mmg_registry
from mmg_registry.quantity import QUANTITY_SCHEMA, Quantity
from mmg_registry.results import Estimate

DOCUMENT = json.loads((Path(mmg_registry.__file__).parent / "schema" / "quantity-1.json").read_text())
LAG = Quantity("mutual information", "I(x; y at lag 1)", 0.2, 0.01, p_value=0.03).with_interval(0.0)
WHOLE = Quantity("transfer entropy", "TE", 0.5, 0.1, parts=(LAG,), provenance={"seed": 1}).with_interval(0.0)


@pytest.mark.parametrize("found", [WHOLE, WHOLE.to_unit("bits"), Quantity("entropy", "H", math.inf, status="infinite")])
def test_the_document_keeps_the_schema_and_is_read_back(found: Quantity) -> None:
    document = json.loads(found.to_json())
    jsonschema.validate(document, DOCUMENT, cls=jsonschema.Draft202012Validator)
    assert document["schema"] == DOCUMENT["$id"] == QUANTITY_SCHEMA
    assert Quantity.from_dict(document) == found


def test_units_reach_the_parts() -> None:
    bits = WHOLE.to_unit("bits")
    assert bits.parts[0].value == pytest.approx(0.2 / math.log(2))
    assert bits.to_unit("nats").low == pytest.approx(WHOLE.low)


def test_the_interval_is_cut_to_what_is_possible() -> None:
    below = Quantity("mutual information", "I", -0.1, 0.1).with_interval(0.0)
    assert (below.low, round(below.high or 0, 3)) == (0.0, 0.196)
    assert Quantity("entropy", "h", 1.0).with_interval().bar == "none"


def test_an_estimate_and_its_document_are_read_as_a_quantity() -> None:
    estimate = Estimate(0.5, 0.1, provenance={"dim_z": 2})
    found = Quantity.of(estimate)
    assert (found.name, found.symbol) == ("conditional mutual information", "I(x; y | z)")
    assert Quantity.from_dict(estimate.to_dict()).value == 0.5


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="has schema 'x'"):
        Quantity.from_dict({"schema": "x"})
