"""The three tests as ratios of informations: which are needed, and what came out."""

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
        rows: r, the rows of the image that are kept.
        less: s < r of a joint term, else 0.

    Example:
        >>> Information("joint", 21, 14).name, Information("joint", 21, 14).formula
        ('joint-21-14', 'I(A; [B_21, B_14])')
    """

    kind: Literal["single", "joint", "double"]
    rows: int
    less: int = 0

    @property
    def name(self) -> str:
        """How files call it."""
        return f"{self.kind}-{self.rows}" + (f"-{self.less}" if self.kind == "joint" else "")

    @property
    def formula(self) -> str:
        """How people write it."""
        r = self.rows
        formulas = {
            "single": f"I(A; B_{r})",
            "joint": f"I(A; [B_{r}, B_{self.less}])",
            "double": f"I([A1, A2]; [B1_{r}, B2_{r}])",
        }
        return formulas[self.kind]


class Ratio(NamedTuple):
    """One ratio of a test: r rows kept, and the two terms."""

    test: Test
    rows: int
    above: Information
    below: Information


def plan(tests: Sequence[str], rows: Sequence[int], step: int, height: int) -> list[Ratio]:
    """All ratios of `tests` at each r of `rows`, with k = `step`, for images of `height` rows.

    Data processing leaves out the r for which r + k is more than the image has; the baseline the whole image, whose
    ratio is 1 by definition.

    Raises:
        OptionError: for an unknown test, rows that the image does not have, or when nothing is left to do.

    Example:
        >>> [(each.test, each.above.formula) for each in plan(TESTS, [14], step=7, height=28)][1:]
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
    """What has to be estimated, each once: denominators first, so that a ratio is known as soon as it can be."""
    return list(dict.fromkeys(term for ratio in ratios for term in (ratio.below, ratio.above)))


@dataclass(frozen=True)
class Value:
    """An information: nats, and its standard error where the estimator gave one."""

    mi: float
    std_error: float | None = None


@dataclass(frozen=True)
class Found:
    """A ratio over seeds.

    Attributes:
        ratio: what it is of.
        value: mean over seeds; None where a term failed, is infinite, or the denominator is not positive.
        std_error: of the mean: from the seeds' spread where there are several, else of the one ratio (`divide`).
        seeds: how many have it.
        holds: whether it is as wanted (see `WANTED`), None where there is no value.
    """

    ratio: Ratio
    value: float | None
    std_error: float | None
    seeds: int
    holds: bool | None


def divide(above: Value, below: Value) -> Value | None:
    """The ratio and its standard error by the delta method, or None where it means nothing.

    The two errors are taken as independent. Both informations are measured on the same images, so that their errors
    rise and fall together and the ratio's is smaller in truth.

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
    """What came of `ratios`; `seeds` holds the informations of each seed, as far as they could be estimated."""
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
    """Within the range wanted; for the baseline, above what fewer rows gave, and not above 1 beyond two errors."""
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
