"""Lags as they are written, and what is refused."""

from __future__ import annotations

import pytest

from mmg_registry.errors import OptionError
from mmg_registry.series.plan import Plan, parse_lags


@pytest.mark.parametrize(
    ("written", "lags"),
    [("0:3", (0, 1, 2, 3)), ("5", (5,)), ("5,1:2,2", (1, 2, 5)), (7, (7,)), ([3, 1], (1, 3)), ("-2:1", (-2, -1, 0, 1))],
)
def test_lags_are_read(written: object, lags: tuple[int, ...]) -> None:
    assert parse_lags(written) == lags


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a:b", "'a:b' among 'lags' is no lag; write a number, or a range with both ends as in 0:50"),
        ("1.5", "'1.5' among 'lags' is no lag"),
        ("5:1", "The range 5:1 of 'lags' runs backwards; write 1:5"),
        ("0:5000", "has more than 1,000 lags"),
        ("2000000", "must be within 1,000,000 steps"),
        ("", "'' among 'lags' is no lag"),
        ([], "'lags' are 0 lags"),
    ],
)
def test_what_is_no_lag_is_refused(written: object, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        parse_lags(written)


def test_lags_of_a_past_begin_at_one() -> None:
    with pytest.raises(OptionError, match="'lags' begin at 0 and must be 1 or more"):
        parse_lags("0:5", least=1)


@pytest.mark.parametrize("wrong", [{"shifts": 5}, {"degree": 0}, {"history": -1}, {"given_history": 2_000}])
def test_a_plan_keeps_its_limits(wrong: dict[str, int]) -> None:
    with pytest.raises(OptionError, match=f"The option '{next(iter(wrong))}' is"):
        Plan((1,), **wrong)
