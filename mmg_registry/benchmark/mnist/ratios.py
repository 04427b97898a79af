"""The three tests as ratios of informations: the plan of the informations needed, and the verdict on each ratio."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mmg_registry.errors import OptionError

Test = Literal["baseline", "data-processing", "additivity"]
TESTS: tuple[Test, ...] = ("baseline", "data-processing", "additivity")
WANTED = {"baseline": "rising to 1", "data-processing": "0.95 to 1.05", "additivity": "1.9 to 2.1"}
RANGES = {"data-processing": (0.95, 1.05), "additivity": (1.9, 2.1)}


class Information(NamedTuple):
    """One information to estimate.

    Attributes:
        kind: "single", I(A; B_r); "joint", I(A; [B_r, B_s]); "double", I([A1, A2]; [B1_r, B2_r]).
        rows: r, the number of rows of the image that are kept.
        less: s < r in a joint term, else 0.

    Example:
        >>> Information("joint", 21, 14).name, Information("joint", 21, 14).formula
        ('joint-21-14', 'I(A; [B_21, B_14])')
    """

    kind: Literal["single", "joint", "double"]
    rows: int
    less: int = 0

    @property
    def name(self) -> str:
        """Return the name used in files."""
        return f"{self.kind}-{self.rows}" + (f"-{self.less}" if self.kind == "joint" else "")

    @property
    def formula(self) -> str:
        """Return the mathematical notation, used in tables."""
        r = self.rows
        formulas = {
            "single": f"I(A; B_{r})",
            "joint": f"I(A; [B_{r}, B_{self.less}])",
            "double": f"I([A1, A2]; [B1_{r}, B2_{r}])",
        }
        return formulas[self.kind]


class Ratio(NamedTuple):
    """One ratio of a test at r rows kept, with its two terms."""

    test: Test
    rows: int
    above: Information
    below: Information


def plan_ratios(tests: Sequence[str], rows: Sequence[int], step: int, height: int) -> list[Ratio]:
    """Return all ratios of `tests` at each r of `rows`, with k = `step`, for images of `height` rows.

    Data processing leaves out each r with r + k > `height`. The baseline leaves out the whole image, whose ratio is 1
    by definition.

    Raises:
        OptionError: for an unknown test, rows that the image does not have, or when nothing is left to do.

    Example:
        >>> [(each.test, each.above.formula) for each in plan_ratios(TESTS, [14], step=7, height=28)][1:]
        [('data-processing', 'I(A; [B_21, B_14])'), ('additivity', 'I([A1, A2]; [B1_14, B2_14])')]
    """
    _check(tests, rows, step, height)
    kept = sorted(set(rows))
    made = {
        "baseline": [
            Ratio("baseline", r, Information("single", r), Information("single", height)) for r in kept if r < height
        ],
        "data-processing": [
            Ratio("data-processing", r, Information("joint", r + step, r), Information("single", r + step))
            for r in kept
            if r + step <= height
        ],
        "additivity": [Ratio("additivity", r, Information("double", r), Information("single", r)) for r in kept],
    }
    found = [ratio for test in TESTS if test in tests for ratio in made[test]]
    if not found:
        raise OptionError(f"Of the {height} rows of these images nothing is left to test; give other rows or a step.")
    return found


def terms(ratios: Sequence[Ratio]) -> list[Information]:
    """Return the informations to estimate, each once, with denominators first so that ratios are known early."""
    return list(dict.fromkeys(term for ratio in ratios for term in (ratio.below, ratio.above)))


@dataclass(frozen=True)
class Value:
    """An estimated information in nats, with its standard error where the estimator gave one."""

    mi: float
    std_error: float | None = None


@dataclass(frozen=True)
class Found:
    """The value of a ratio over seeds, and the verdict on it.

    Attributes:
        ratio: the ratio.
        value: mean over seeds; None where a term failed or is infinite, or the denominator is not positive.
        std_error: standard error of the mean: from the spread over seeds if there are several, else by `divide`.
        seeds: number of seeds with a value.
        holds: whether the value is in the range wanted (see `WANTED`); None where there is no value.
    """

    ratio: Ratio
    value: float | None
    std_error: float | None
    seeds: int
    holds: bool | None


def divide(above: Value, below: Value) -> Value | None:
    """Return the ratio and its standard error by the delta method; None where the ratio has no meaning.

    The two errors are taken as independent. In fact both informations are measured on the same images, so their errors
    are positively correlated, and the error of the ratio is smaller than this.

    Example:
        >>> found = divide(Value(4.0, 0.04), Value(2.0, 0.02))
        >>> found.mi, round(found.std_error, 4)
        (2.0, 0.0283)
        >>> divide(Value(1.0), Value(0.0)) is None
        True
    """
    if not (math.isfinite(above.mi) and math.isfinite(below.mi) and below.mi > 0):
        return None
    ratio = above.mi / below.mi
    if above.std_error is None or below.std_error is None:
        return Value(ratio)
    return Value(ratio, math.hypot(above.std_error, ratio * below.std_error) / below.mi)


def judge(ratios: Sequence[Ratio], seeds: Sequence[Mapping[Information, Value]]) -> list[Found]:
    """Return the value of each ratio and the verdict on it.

    Args:
        ratios: the ratios, as `plan_ratios` returns them.
        seeds: for each seed, the informations that could be estimated.
    """
    found: list[Found] = []
    for ratio in ratios:
        value = _over_seeds(ratio, seeds)
        before = found[-1] if found and found[-1].ratio.test == ratio.test else None
        holds = None if value is None else _holds(ratio, value[0], before)
        found.append(Found(ratio, value and value[0].mi, value and value[0].std_error, value[1] if value else 0, holds))
    return found


def _over_seeds(ratio: Ratio, seeds: Sequence[Mapping[Information, Value]]) -> tuple[Value, int] | None:
    pairs = [(each[ratio.above], each[ratio.below]) for each in seeds if ratio.above in each and ratio.below in each]
    values = [value for pair in pairs if (value := divide(*pair)) is not None]
    if len(values) < 2:
        return (values[0], 1) if values else None
    numbers = [value.mi for value in values]
    return Value(statistics.fmean(numbers), statistics.stdev(numbers) / math.sqrt(len(numbers))), len(numbers)


def _holds(ratio: Ratio, value: Value, before: Found | None) -> bool:
    """Return whether the value is in the range wanted.

    A baseline must exceed that of fewer rows, and may exceed 1 by two standard errors at most.
    """
    if ratio.test in RANGES:
        low, high = RANGES[ratio.test]
        return low <= value.mi <= high
    rises = before is None or before.value is None or value.mi > before.value
    return rises and value.mi <= 1 + 2 * (value.std_error or 0.0)


def _check(tests: Sequence[str], rows: Sequence[int], step: int, height: int) -> None:
    for test in tests:
        if test not in TESTS:
            raise OptionError(f"There is no test '{test}'; there are {', '.join(TESTS)}.")
    wrong = [r for r in rows if not 1 <= r <= height]
    if wrong:
        raise OptionError(f"Rows kept are 1 to {height} for these images, not {wrong[0]}.")
    if not 1 <= step < height:
        raise OptionError(f"The step of the data processing is 1 to {height - 1} rows for these images, not {step}.")
