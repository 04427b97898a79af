"""Where the marks of the page's pictures lie: errors of each plugin against seconds, and MMSE curves of each run."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mmg_cli.benchmark.colours import LIGHT
from mmg_cli.benchmark.text import number

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import TaskFindings
    from mmg_registry.benchmark.store import Row

ERROR_SCALE = 0.02  # nats: errors are drawn straight below it, and by their logarithm above (asinh)
SECONDS_FLOOR = 1e-3  # a logarithmic axis has no zero
PLACE = (50.0, 304.0, 8.0, 158.0)  # left, right, top and bottom of what lies between the axes
SIDES = (-5.0, -1.0, -0.2, -0.05, 0.0, 0.05, 0.2, 1.0, 5.0)  # ticks of errors in nats


class Dot(NamedTuple):
    """One run: seconds, error in nats (estimate - truth), its words, and whether it is within the tolerance."""

    seconds: float
    error: float
    words: str
    near: bool


class Tick(NamedTuple):
    """A tick of an axis: where it lies in the picture, and its text."""

    at: float
    text: str


class Mark(NamedTuple):
    """A dot in the picture, with its words."""

    x: float
    y: float
    words: str
    near: bool


class Panel(NamedTuple):
    """The picture of one plugin: its dots, and what they say in words."""

    plugin: str
    words: str
    marks: list[Mark]


class Panels(NamedTuple):
    """The pictures of a suite, which share their axes; `all` holds every plugin's dots, to be drawn behind."""

    panels: list[Panel]
    all: list[Mark]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


class Frame(NamedTuple):
    """A rectangle of a picture and the values at its edges; y grows downwards in the picture.

    >>> frame = Frame(10.0, 110.0, 0.0, 50.0, low_x=0.0, high_x=1.0, low_y=-1.0, high_y=1.0)
    >>> frame.x(0.5), frame.y(1.0), frame.y(0.0)
    (60.0, 0.0, 25.0)
    """

    left: float
    right: float
    top: float
    bottom: float
    low_x: float
    high_x: float
    low_y: float
    high_y: float

    def x(self, value: float) -> float:
        """Return where a value lies from left to right."""
        return round(self.left + (value - self.low_x) / (self.high_x - self.low_x) * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Return where a value lies from top to bottom."""
        return round(self.bottom - (value - self.low_y) / (self.high_y - self.low_y) * (self.bottom - self.top), 1)


def dots(cell: TaskFindings) -> list[Dot]:
    """Return a dot for each run with a finite estimate.

    >>> from mmg_registry.benchmark.criteria import TaskFindings
    >>> cell = TaskFindings("s", "t", "f", 1.0, "p", {0: 1.04, 1: math.inf}, [], [2.0, 4.0], failed=0)
    >>> [(dot.seconds, round(dot.error, 2), dot.words, dot.near) for dot in dots(cell)]
    [(2.0, 0.04, 't, seed 0: +0.040 nats, 2.0 s', True)]
    """
    return list(_dots(cell))


def _dots(cell: TaskFindings) -> Iterator[Dot]:
    from mmg_registry.benchmark.criteria import SOLVED

    tolerance = SOLVED.tolerance(cell.truth)
    for (seed, value), seconds in zip(cell.values.items(), cell.seconds, strict=True):
        if math.isfinite(value):
            error = value - cell.truth
            words = f"{cell.task}, seed {seed}: {error:+.3f} nats, {number(seconds, 1)} s"
            yield Dot(max(seconds, SECONDS_FLOOR), error, words, abs(error) <= tolerance)


def by_plugin(cells: Sequence[TaskFindings]) -> dict[str, list[Dot]]:
    """Return the dots of every plugin of a suite, the first of the leaderboard first; leave out those without one."""
    from mmg_registry.benchmark.criteria import leaderboard

    found = {
        each.plugin: [dot for cell in cells if cell.plugin == each.plugin for dot in dots(cell)]
        for each in leaderboard(cells)
    }
    return {plugin: own for plugin, own in found.items() if own}


def error_panels(cells: Sequence[TaskFindings]) -> Panels | None:
    """Return the errors of one suite against seconds, a picture for each plugin; None if no run gave a value."""
    found = by_plugin(cells)
    everything = [dot for own in found.values() for dot in own]
    if not everything:
        return None
    frame = _frame_of(everything)
    panels = [Panel(plugin, _sum_up(own), _marks(frame, own)) for plugin, own in found.items()]
    decades = range(math.ceil(frame.low_x), math.floor(frame.high_x) + 1)
    x_ticks = [Tick(frame.x(power), f"{10.0**power:g}") for power in decades]
    y_ticks = [Tick(frame.y(_bent(at)), f"{at:+g}" if at else "0") for at in SIDES if _shows(frame, at)]
    return Panels(panels, _marks(frame, everything), x_ticks, y_ticks)


def _bent(error: float) -> float:
    return math.asinh(error / ERROR_SCALE)


def _shows(frame: Frame, error: float) -> bool:
    return frame.low_y <= _bent(error) <= frame.high_y


def _frame_of(found: Iterable[Dot]) -> Frame:
    """Return a frame that holds all dots, an error of 0.05 nats to both sides, and a decade of seconds."""
    errors = [_bent(error) for dot in found for error in (dot.error, 0.06, -0.06)]
    seconds = [math.log10(dot.seconds) for dot in found]
    low, high = math.floor(min(seconds)), math.ceil(max(seconds))
    return Frame(*PLACE, low_x=low, high_x=max(high, low + 1), low_y=min(errors), high_y=max(errors))


def _marks(frame: Frame, found: Iterable[Dot]) -> list[Mark]:
    return [Mark(frame.x(math.log10(dot.seconds)), frame.y(_bent(dot.error)), dot.words, dot.near) for dot in found]


def _sum_up(own: Sequence[Dot]) -> str:
    near = sum(dot.near for dot in own)
    error = statistics.median(abs(dot.error) for dot in own)
    seconds = statistics.median(dot.seconds for dot in own)
    runs = f"{len(own)} run{'s' if len(own) > 1 else ''}"
    return f"{runs}, {near} within the tolerance, median error {number(error)} nats, {number(seconds, 1)} s"


class CurveLine(NamedTuple):
    """A curve: its points as SVG takes them, the number of its seed's colour, its words, and whether y is given."""

    points: str
    colour: int
    words: str
    given: bool


class Curves(NamedTuple):
    """The MMSE curves of one plugin on one task, a pair for each seed."""

    plugin: str
    words: str
    lines: list[CurveLine]
    ticks: tuple[str, str, str]  # the lowest and the highest log-SNR, and the largest error


class TaskCurves(NamedTuple):
    """The MMSE curves of one task, a picture for each plugin."""

    suite: str
    task: str
    pictures: list[Curves]


def curves(rows: Sequence[Row]) -> list[TaskCurves]:
    """Return the curves of all runs that have some, by task; the seeds of a plugin share one picture."""
    from mmg_registry.benchmark.store import label

    groups: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in rows:
        if row["status"] == "ok" and (row["estimate"]["curve"] or {}).get("mmse"):
            own = groups.setdefault((row["suite"], row["task"]), {})
            own.setdefault(label(row["plugin"], row["options"]), []).append(row)
    return [TaskCurves(*names, [_picture(name, own[name]) for name in own]) for names, own in groups.items()]


def _picture(plugin: str, own: list[Row]) -> Curves:
    words = ", ".join(f"seed {row['seed']}: {number(row['estimate']['mi'])}" for row in own)
    lines = [
        (index, row["seed"], name, _points(row["estimate"]["curve"], name))
        for index, row in enumerate(own)
        for name in ("mmse", "mmse_cond")
    ]
    points = [point for *_, found in lines for point in found]
    if not points:
        return Curves(plugin, words, [], ("", "", ""))
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    top = max(y for _, y in points) or 1.0
    frame = Frame(*PLACE, low_x=low, high_x=high if high > low else low + 1, low_y=0.0, high_y=top)
    drawn = [_line(frame, *each) for each in lines if each[-1]]
    return Curves(plugin, words, drawn, (f"{low:.1f}", f"{high:.1f}", f"{top:.3g}"))


def _points(curve: dict[str, Any], name: str) -> list[tuple[float, float]]:
    """Return the midpoints of the bins with their values; leave out bins without a value."""
    edges, values = curve["edges"], curve.get(name) or []
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    return [(x, y) for x, y in zip(middles, values, strict=False) if y is not None]


def _line(frame: Frame, index: int, seed: int, name: str, points: list[tuple[float, float]]) -> CurveLine:
    given = name == "mmse_cond"
    places = " ".join(f"{frame.x(x)},{frame.y(max(y, 0.0))}" for x, y in points)
    words = f"seed {seed}, {'given' if given else 'without'} y"
    return CurveLine(places, index % len(LIGHT.seeds), words, given)
