"""A name that nobody knows is answered by the nearest one, or by all that there are."""

from __future__ import annotations

import pytest

from mmg_registry.names import nearest


@pytest.mark.parametrize(
    ("name", "choices", "told"),
    [
        ("stepz", {}, "the nearest is 'steps'"),
        ("zzz", {}, "there are steps, width"),
        ("zzz", {"lead": "it has"}, "it has steps, width"),
        ("seeed", {"beside": ["seed"]}, "the nearest is 'seed'"),
        ("zzz", {"beside": ["seed"]}, "there are steps, width"),
    ],
)
def test_one_near_name_or_all(name: str, choices: dict, told: str) -> None:
    assert nearest(name, ["steps", "width"], **choices) == told


def test_several_near_names() -> None:
    assert nearest("mine", ["mine-dv", "mine-f", "ksg"], most=3) == "the nearest are mine-f, mine-dv"


def test_no_name_at_all() -> None:
    assert nearest("a", [], "it has") == "it has none"
