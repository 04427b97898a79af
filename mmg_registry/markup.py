"""What a notebook shows of a result: its sentence, and a small SVG of our own, without scripts.

Colours are of middle brightness and text has the colour of the page's, so that light and dark pages can be read. All
text of files is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

BLUE, ORANGE = "#3b86d1", "#d97a2b"  # told apart by the colour-blind, and seen on white and on black
WIDTH, HEIGHT, MARGIN = 360, 120, 10  # pixels
Points = Sequence[tuple[float, float]]


def card(text: str, picture: str = "", warnings: Sequence[str] = ()) -> str:
    """Return a result as HTML: the first line of `text` in bold, the others below, a picture, and its warnings.

    Example:
        >>> card("Estimate 1 nats\\n    of <b>")
        '<div><strong>Estimate 1 nats</strong><br/>of &lt;b&gt;</div>'
    """
    first, *others = (html.escape(line.strip()) for line in text.split("\n"))
    below = "".join(f"<br/>{line}" for line in others)
    told = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in warnings)
    listed = f"<details><summary>warnings</summary><ul>{told}</ul></details>" if told else ""
    shown = f"<br/>{picture}" if picture else ""
    return f"<div><strong>{first}</strong>{below}{shown}{listed}</div>"


def interval_svg(value: float | None, low: float, high: float, unit: str) -> str:
    """Return a picture of an interval, and of the value that it is of unless None, on a line that begins at 0 or below.

    Example:
        >>> "1.000" in interval_svg(1.0, 0.9, 1.1, "nats")
        True
    """
    left, right = min(0.0, low, low if value is None else value), max(high, high if value is None else value, 1e-9)
    place = _Scale(left, right, MARGIN, WIDTH - MARGIN)
    line = f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="24" y2="24" stroke="currentColor" stroke-opacity="0.4"/>'
    bar = (
        f'<line x1="{place(low):.1f}" x2="{place(high):.1f}" y1="24" y2="24" stroke="{BLUE}" stroke-width="6" '
        'stroke-opacity="0.5"/>'
    )
    bar += "" if value is None else f'<circle cx="{place(value):.1f}" cy="24" r="4" fill="{BLUE}"/>'
    ends = f"{_text(MARGIN, 44, f'{left:.3f}')}{_text(WIDTH - MARGIN, 44, f'{right:.3f} {unit}', 'end')}"
    said = f"{'' if value is None else f'{value:.3f} '}{unit} between {low:.3f} and {high:.3f}"
    return _svg(50, said, f"{line}{bar}{ends}")


def curve_svg(edges: Sequence[float], upper: Sequence[float | None], lower: Sequence[float | None], area: str) -> str:
    """Return a picture of two step curves over log-SNR with the area between them.

    Args:
        edges: ends of the bins, one more than there are values.
        upper, lower: the values of each bin; None or NaN where a bin has none, which is left out.
        area: what the area between them is, in words.

    Example:
        >>> curve_svg([-1.0, 0.0, 1.0], [1.0, 0.5], [0.8, 0.4], "the area").count("<polyline")
        2
    """
    tops, bottoms = _steps(edges, upper), _steps(edges, lower)
    heights = [y for _, y in (*tops, *bottoms)]
    if not heights:
        return ""
    across = _Scale(edges[0], edges[-1], MARGIN, WIDTH - MARGIN)
    up = _Scale(min(0.0, *heights), max(heights), HEIGHT - 30, MARGIN)
    one, other = (" ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points) for points in (tops, bottoms))
    back = " ".join(reversed(other.split(" ")))
    lines = (
        f'<polygon points="{one} {back}" fill="{BLUE}" fill-opacity="0.25"/>'
        f'<polyline points="{one}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
        f'<polyline points="{other}" fill="none" stroke="{ORANGE}" stroke-width="2"/>'
    )
    below = HEIGHT - 12
    ends = f"{_text(MARGIN, below, f'{edges[0]:.1f}')}{_text(WIDTH - MARGIN, below, f'{edges[-1]:.1f}', 'end')}"
    middle = _text(WIDTH / 2, below, f"log-SNR; {area}", "middle")
    return _svg(HEIGHT, f"two curves over log-SNR; {area}", f"{lines}{ends}{middle}")


def _svg(height: int, title: str, content: str) -> str:
    """Return an SVG with a title for those who do not see it."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    return f'{head} viewBox="0 0 {WIDTH} {height}"><title>{html.escape(title)}</title>{content}</svg>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    style = f'font-size="11" fill="currentColor" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{html.escape(text)}</text>'


class _Scale:
    """A linear map of values from `low` to `high` to pixels from `start` to `end`."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.start = low, start
        self.factor = (end - start) / (high - low) if high > low else 0.0

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) * self.factor


def _steps(edges: Sequence[float], values: Sequence[float | None]) -> Points:
    """Return the corners of a step curve, without bins that have no value."""
    known = [
        (edges[i], edges[i + 1], value) for i, value in enumerate(values) if value is not None and math.isfinite(value)
    ]
    return [(x, value) for left, right, value in known for x in (left, right)]
