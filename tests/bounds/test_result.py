"""`Bound`: intervals, verdicts and JSON."""

from __future__ import annotations

import json
import math

import pytest

from mmg_registry.bounds.result import Bound


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
