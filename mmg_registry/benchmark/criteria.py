"""Criteria for a solved task, and the leaderboard: published, and the same for every plugin.

A plugin has *solved* a task when the mean of its estimates over seeds lies within max(0.05, 0.10 truth) nats of the
truth, and their standard deviation does not exceed that tolerance; *tight* asks for max(0.02, 0.05 truth). A task with
a failed run is not solved, whatever its other runs give. A task that the plugin declares not to take is neither solved
nor failed, and does not count among its tasks. With a single seed there is no standard deviation, and only the error
counts.

Intervals are judged run by run. One is *useful* if half its width is at most max(0.15, 0.15 truth) nats. A *silent
miss* is a run that is wrong and does not say so: its interval leaves out the truth, or its verdict is "infinite", and
it has no warning. A run is *far off* if it errs by more than 4 of its own standard errors, or if its verdict is
"infinite".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scipy.special import stdtrit

from mmg_registry.benchmark.lines import DOES_NOT_APPLY
from mmg_registry.benchmark.store import Row, label

PLAIN = (0.05, 0.1, 0.2)


class Criterion(NamedTuple):
    """A criterion with a tolerance of max(absolute, relative * truth) nats."""

    absolute: float
    relative: float

    def tolerance(self, truth: float) -> float:
        """Return the tolerance in nats.

        Args:
            truth: the true information, in nats.

        Example:
            >>> SOLVED.tolerance(0.4), round(SOLVED.tolerance(2.0), 3)
            (0.05, 0.2)
        """
        return max(self.absolute, self.relative * truth)


SOLVED, TIGHT = Criterion(0.05, 0.10), Criterion(0.02, 0.05)
USEFUL = Criterion(0.15, 0.15)  # of half the width of an interval
FAR = 4.0  # standard errors: of normal errors one in 16,000 is as large


@dataclass(frozen=True)
class TaskFindings:
    """The estimates of one plugin on one task, over seeds.

    Attributes:
        suite, task, family, truth: names of the suite, the task and its family, and the true information in nats.
        plugin: name of the plugin, with the options it was given.
        values: estimates in nats by seed; inf where the plugin's verdict was "infinite".
        covered: for each run with a confidence interval, whether the interval holds the truth.
        seconds: wall time of each run that did not fail.
        failed: number of runs that failed.
        inapplicable: number of runs that did not begin, because the plugin declares not to take the task.
        useful: for each run with a confidence interval, in the order of `covered`, whether the interval is useful.
        silent: number of silent misses.
        far: number of runs that are far off.

    Example:
        >>> cell = TaskFindings("s", "t", "f", 1.0, "p", {0: 1.0, 1: 1.04}, [True, False], [2.0, 4.0], failed=0)
        >>> round(cell.error, 3), cell.meets(SOLVED), cell.meets(TIGHT)
        (0.02, True, True)
    """

    suite: str
    task: str
    family: str
    truth: float
    plugin: str
    values: dict[int, float]
    covered: list[bool]
    seconds: list[float]
    failed: int
    inapplicable: int = 0
    useful: list[bool] = field(default_factory=list)
    silent: int = 0
    far: int = 0

    @property
    def applies(self) -> bool:
        """Return whether any run began; where none did, the task is left out of the plugin's standing."""
        return bool(self.values) or self.failed > 0

    @property
    def mean(self) -> float:
        """Return the mean over seeds in nats; nan when no run gave an estimate."""
        return _mean(self.values.values())

    @property
    def sd(self) -> float | None:
        """Return the standard deviation over seeds (n - 1); None for fewer than two, inf when an estimate is."""
        found = list(self.values.values())
        if len(found) < 2:
            return None
        return statistics.stdev(found) if all(map(math.isfinite, found)) else math.inf

    @property
    def error(self) -> float:
        """Return the mean minus the truth, in nats."""
        return self.mean - self.truth

    def within(self, tolerance: float) -> bool:
        """Return whether the mean lies within `tolerance` nats of the truth, and no run failed."""
        return not self.failed and abs(self.error) <= tolerance

    def meets(self, criterion: Criterion) -> bool:
        """Return whether mean and standard deviation are within the criterion, and no run failed."""
        tolerance = criterion.tolerance(self.truth)
        return self.within(tolerance) and (self.sd or 0.0) <= tolerance


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard: counts of tasks, errors over runs in nats, and wall times in seconds.

    `tasks` and all other counts leave out the `inapplicable` tasks, which the plugin declares not to take.
    """

    plugin: str
    tasks: int
    runs: int
    failed: int
    seeds: int
    solved: int
    tight: int
    within: dict[str, int]
    covered: int
    useful: int
    with_interval: int
    silent: int
    far: int
    mean_error: float
    median_error: float
    largest_error: float
    median_signed_error: float
    bias: dict[str, float]
    median_seconds: float
    largest_seconds: float
    total_seconds: float
    inapplicable: int


def cells(rows: Iterable[Row]) -> list[TaskFindings]:
    """Return the findings of each suite, task and plugin, in the order in which these first appear."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["suite"], row["task"], label(row["plugin"], row["options"])), []).append(row)
    return [_cell(plugin, group) for (_, _, plugin), group in groups.items()]


def value(row: Row) -> float:
    """Return the estimate of a run in nats; inf where the verdict was "infinite"."""
    found = row["estimate"]
    return math.inf if found["status"] == "infinite" else float(found["mi"])


def misses(row: Row) -> bool:
    """Return whether a run is wrong for sure: its interval leaves out the truth, or its verdict is "infinite"."""
    found = row["estimate"]
    if not found["ci"]:
        return bool(found["status"] == "infinite")
    low, high = found["ci"]
    return not low <= row["true_mi"] <= high


def is_silent_miss(row: Row) -> bool:
    """Return whether a run misses without any warning."""
    return misses(row) and not row["estimate"]["warnings"]


def is_far_off(row: Row) -> bool:
    """Return whether a run errs by more than `FAR` of its standard errors; False for a value without one."""
    error = row["estimate"]["std_error"]
    off = abs(value(row) - row["true_mi"])
    return math.isinf(off) or (error is not None and off > FAR * error)


def leaderboard(found: Sequence[TaskFindings]) -> list[Standing]:
    """Return the standing of every plugin among the findings of one suite, the best first."""
    plugins = dict.fromkeys(cell.plugin for cell in found)
    standings = [_standing(plugin, [cell for cell in found if cell.plugin == plugin]) for plugin in plugins]
    return sorted(standings, key=lambda each: (-each.solved, -each.tight, _last_if_nan(each.mean_error)))


class Change(NamedTuple):
    """The change of one plugin on one task between two folders of results.

    Attributes:
        before, after: the findings in each folder; None where a folder has none.
        moved: whether the mean estimate changed beyond the seeds' spread; None where that cannot be decided.
        faster: seconds before over seconds after; None unless both folders have them.
        timed: whether the ranges of seconds over seeds do not overlap.
    """

    before: TaskFindings | None
    after: TaskFindings | None
    moved: bool | None
    faster: float | None
    timed: bool


def changes_between(before: Sequence[TaskFindings], after: Sequence[TaskFindings]) -> list[Change]:
    """Match the findings of two folders by suite, task and plugin.

    A mean has moved beyond the seeds' spread when Welch's t test of the two sets of seeds rejects equality at 5 %
    (so that 1 in 20 does by chance), or when one of the sets has no spread at all and the other has another mean.
    """
    keyed = [{(cell.suite, cell.task, cell.plugin): cell for cell in side} for side in (before, after)]
    return [_change(keyed[0].get(key), keyed[1].get(key)) for key in dict.fromkeys([*keyed[0], *keyed[1]])]


def _cell(plugin: str, rows: list[Row]) -> TaskFindings:
    good = [row for row in rows if row["status"] == "ok"]
    barred = [row for row in good if row["estimate"]["ci"]]
    first = rows[0]
    return TaskFindings(
        first["suite"],
        first["task"],
        first["family"],
        first["true_mi"],
        plugin,
        values={row["seed"]: value(row) for row in good},
        covered=[not misses(row) for row in barred],
        seconds=[row["seconds"]["total"] for row in good],
        failed=sum(row["status"] == "failed" for row in rows),
        inapplicable=sum(row["status"] == DOES_NOT_APPLY for row in rows),
        useful=[_is_useful(row) for row in barred],
        silent=sum(map(is_silent_miss, good)),
        far=sum(map(is_far_off, good)),
    )


def _is_useful(row: Row) -> bool:
    low, high = row["estimate"]["ci"]
    return bool((high - low) / 2 <= USEFUL.tolerance(row["true_mi"]))


def _standing(plugin: str, asked: list[TaskFindings]) -> Standing:
    own = [cell for cell in asked if cell.applies]
    signed = [each - cell.truth for cell in own for each in cell.values.values()]
    errors = [abs(each) for each in signed]
    seconds = [each for cell in own for each in cell.seconds]
    failed = sum(cell.failed for cell in own)
    return Standing(
        plugin=plugin,
        tasks=len(own),
        runs=len(errors) + failed,
        failed=failed,
        seeds=max((len(cell.values) + cell.failed for cell in own), default=0),
        solved=sum(cell.meets(SOLVED) for cell in own),
        tight=sum(cell.meets(TIGHT) for cell in own),
        within={f"{tolerance:g}": sum(cell.within(tolerance) for cell in own) for tolerance in PLAIN},
        covered=sum(sum(cell.covered) for cell in own),
        useful=sum(sum(cell.useful) for cell in own),
        with_interval=sum(len(cell.covered) for cell in own),
        silent=sum(cell.silent for cell in own),
        far=sum(cell.far for cell in own),
        mean_error=_mean(errors),
        median_error=statistics.median(errors) if errors else math.nan,
        largest_error=max(errors, default=math.nan),
        median_signed_error=statistics.median(signed) if signed else math.nan,
        bias={family: _bias(own, family) for family in dict.fromkeys(cell.family for cell in own)},
        median_seconds=statistics.median(seconds) if seconds else math.nan,
        largest_seconds=max(seconds, default=math.nan),
        total_seconds=math.fsum(seconds),
        inapplicable=len(asked) - len(own),
    )


def _bias(own: list[TaskFindings], family: str) -> float:
    return _mean([each - cell.truth for cell in own if cell.family == family for each in cell.values.values()])


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else math.nan


def _last_if_nan(number: float) -> float:
    return math.inf if math.isnan(number) else number


def _change(before: TaskFindings | None, after: TaskFindings | None) -> Change:
    if before is None or after is None or not (before.seconds and after.seconds):
        return Change(before, after, None, None, False)
    faster = _mean(before.seconds) / max(_mean(after.seconds), 1e-9)
    apart = max(before.seconds) < min(after.seconds) or max(after.seconds) < min(before.seconds)
    return Change(before, after, _moved(before, after), faster, apart)


def _moved(before: TaskFindings, after: TaskFindings) -> bool | None:
    difference = abs(after.mean - before.mean)
    if before.sd is None or after.sd is None or not math.isfinite(difference):
        return None
    parts = [each.sd**2 / len(each.values) for each in (before, after) if each.sd is not None]
    if math.fsum(parts) == 0:
        return difference > 0
    counts = [len(before.values) - 1, len(after.values) - 1]
    freedom = sum(parts) ** 2 / sum(part**2 / count for part, count in zip(parts, counts, strict=True))
    return bool(difference > stdtrit(freedom, 0.975) * math.sqrt(sum(parts)))
