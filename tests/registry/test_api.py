"""The front door: what `estimate` takes, and what it says of what it does not know."""

from __future__ import annotations

import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.errors import OptionError

X, Y = gaussian_pair(200)


@pytest.fixture(autouse=True)
def fake() -> None:
    registry.register(GaussianMI)


def test_one_side_of_the_evaluation_rows_is_refused() -> None:
    with pytest.raises(OptionError, match="Give both x_eval and y_eval"):
        mmg.estimate(X, Y, x_eval=X, plugin="gaussian-fake")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"ridg": 0.5}, "no option 'ridg'; the nearest is 'ridge'"),
        ({"crossfit": 3}, "no option 'crossfit'; the nearest is 'cross_fit'"),
        ({"zzz": 3}, "no option 'zzz'; it has ridge."),
    ],
)
def test_an_unknown_keyword_may_have_meant_a_choice_or_an_option(choice: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError) as caught:
        mmg.estimate(X, Y, plugin="gaussian-fake", **choice)
    assert told in str(caught.value)


def test_plugins_lists_records() -> None:
    assert "gaussian-fake" in [record.name for record in mmg.plugins()]
