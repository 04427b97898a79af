"""Why intervals differ: by what plugins declare and what is measured, whatever their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmg_registry.comparison.diagnosis import Diagnosis
from mmg_registry.comparison.differences import agreement, differences
from mmg_registry.comparison.opinions import PluginAnswer
from mmg_registry.quantity import Quantity


def opinion(name: str, low: float, high: float, **declared: object) -> PluginAnswer:
    found = Quantity("MI", "I", (low + high) / 2, low=low, high=high, provenance={"n_train": 80})
    return replace(PluginAnswer(name, found, "estimated"), **declared)


KNOWN = Diagnosis(rows=100, columns=2, labels=0, beyond=0.5, verdict="")
MORE = opinion("more", 0.8, 1.0)


@pytest.mark.parametrize(
    ("less", "known", "said"),
    [
        ({"bound": "lower"}, KNOWN, "is a lower bound"),
        ({"form": "normal"}, replace(KNOWN, beyond=0.001), "still depends on x (p = 0.001)"),
        ({"form": "normal"}, KNOWN, "finds nothing wrong (p = 0.5)"),
        ({"form": "normal"}, replace(KNOWN, beyond=None), "could not be tested"),
        ({"doubts": ("Few {rows}.",)}, KNOWN, "doubts itself: Few (rows)."),
        ({"trains": False}, replace(KNOWN, columns=20), "compares rows in 20 columns"),
        ({"trains": True}, KNOWN, "is trained on 80 rows"),
        ({"trains": False}, KNOWN, "No assumption that 'less' or 'more' declares is seen to fail"),
    ],
)
def test_the_surest_reason_is_given(less: dict[str, object], known: Diagnosis, said: str) -> None:
    (sentence,) = differences([opinion("less", 0.1, 0.2, **less), MORE], known)
    assert sentence.startswith("'less' [0.100, 0.200] is below 'more' [0.800, 1.000] (nats): ")
    assert said in sentence


def test_what_is_too_high_may_be_the_one_that_assumes_a_form() -> None:
    high = replace(MORE, form="normal")
    (sentence,) = differences([opinion("less", 0.1, 0.2), high], replace(KNOWN, beyond=0.001))
    assert "'more' takes x and y for jointly normal" in sentence
    (sentence,) = differences([opinion("less", 0.1, 0.2), replace(MORE, bound="upper")], KNOWN)
    assert "'more' is an upper bound" in sentence


def test_plugins_above_for_one_reason_share_a_sentence() -> None:
    found = differences([opinion("less", 0.1, 0.2, bound="lower"), MORE, opinion("most", 0.9, 1.1)], KNOWN)
    assert len(found) == 1
    assert "'more' [0.800, 1.000] and 'most' [0.900, 1.100]" in found[0]


def test_overlap_a_single_one_and_what_is_known_are_told_apart() -> None:
    assert differences([MORE, opinion("most", 0.9, 1.1)], KNOWN) == []
    assert "All intervals overlap" in agreement([MORE, MORE], KNOWN)
    assert "Only one plugin" in agreement([MORE, PluginAnswer("none", None, "failed")], KNOWN)
    assert agreement([MORE], replace(KNOWN, verdict="It is 0.")) == "It is 0."
