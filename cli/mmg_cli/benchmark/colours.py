"""Colours of a benchmark's figures and page, on white paper and on a dark screen; tests measure what they promise.

Text has a contrast of at least 4.5 : 1 with what it stands on, and a mark of at least 3 : 1 (WCAG 2.2, success
criteria 1.4.3 and 1.4.11). Colours that mean different things stay apart for eyes without the cones for green or red.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmg_registry.benchmark.criteria import TaskFindings

LEVELS = 5  # steps of a shade between the truth and twice the tolerance
MISSING = "missing"


class Theme(NamedTuple):
    """The colours of one theme, each as #rrggbb.

    Attributes:
        paper, raised: what text stands on: the page, and the heads of tables.
        ink, quiet: text, and text that is less important.
        line: rules between rows, which carry no information.
        mark, faint: the dots of what a picture is about, and of all others behind them.
        under, over: the strongest shades of an estimate that is too low and of one that is too high.
        missing: the shade of a cell without an estimate.
        seeds: of the lines of a picture with one line a seed; the next seed takes the first colour again.
    """

    paper: str
    raised: str
    ink: str
    quiet: str
    line: str
    mark: str
    faint: str
    under: str
    over: str
    missing: str
    seeds: tuple[str, ...]


LIGHT = Theme(
    paper="#ffffff", raised="#eef0f3", ink="#1c2330", quiet="#565e69", line="#d5d8dd", mark="#1f5fa8", faint="#d3d7dd",
    under="#90b3d6", over="#e6a18c", missing="#d5d8dd", seeds=("#0b3d91", "#d1651c", "#111827", "#00806a", "#2b8cbe"),
)  # fmt: skip
DARK = Theme(
    paper="#14181f", raised="#232a35", ink="#e8ebf0", quiet="#a9b1bd", line="#39424f", mark="#7ab6ff", faint="#3c4552",
    under="#21517f", over="#7c3a1f", missing="#343c48", seeds=("#3f8cff", "#ffb98a", "#f4f6fa", "#d9b300", "#e0569a"),
)  # fmt: skip


def tone(cell: TaskFindings) -> str:
    """Return the name of a cell's shade: "" at the truth, `under-1` to `under-5` below it, `over-1` to `over-5` above.

    The fifth is reached at twice the tolerance of the criterion "solved"; a cell without an estimate is "missing".

    >>> from mmg_registry.benchmark.criteria import TaskFindings
    >>> [tone(TaskFindings("s", "t", "f", 1.0, "p", {0: mi}, [], [], failed=0)) for mi in (1.0, 1.05, 0.2)]
    ['', 'over-1', 'under-5']
    """
    from mmg_registry.benchmark.criteria import SOLVED

    if math.isnan(cell.mean):
        return MISSING
    amount = min(1.0, abs(cell.error) / (2 * SOLVED.tolerance(cell.truth)))
    step = round(amount * LEVELS)
    return f"{'over' if cell.error > 0 else 'under'}-{step}" if step else ""


def shades(theme: Theme) -> dict[str, str]:
    """Map the names that `tone` returns to colours; those between are mixed from the paper and the strongest.

    >>> shades(LIGHT)[""], shades(LIGHT)["over-5"]
    ('#ffffff', '#e6a18c')
    """
    found = {"": theme.paper, MISSING: theme.missing}
    for name, full in (("under", theme.under), ("over", theme.over)):
        found |= {f"{name}-{step}": _mix(theme.paper, full, step / LEVELS) for step in range(1, LEVELS + 1)}
    return found


def _mix(start: str, end: str, amount: float) -> str:
    pairs = ((int(start[i : i + 2], 16), int(end[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + amount * (b - a)):02x}" for a, b in pairs)
