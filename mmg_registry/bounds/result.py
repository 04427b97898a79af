"""`Bound`: the result of a bound, with standard errors, a verdict in words and a JSON form (schema/bound-1.json)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from scipy.special import ndtri

from mmg_registry import markup, pictures
from mmg_registry.results import origin, plain

BOUND_SCHEMA = "mmg/bound/1"
BoundKind = Literal["lower", "upper", "sandwich"]


@dataclass(frozen=True, repr=False)
class Bound:
    """A lower bound on MI, an upper one, or both; all in nats.

    Attributes:
        kind: "lower", "upper" or "sandwich".
        lower, upper: the bounds, or None on a side without a bound.
        lower_se, upper_se: their standard errors over the simulated pairs, or None.
        true_mi: I(X; Z) if the model knows it, else None.
        ci_level: level of `ci`.
        diagnostics: numbers and texts specific to the bound, JSON-serialisable.
        warnings: complete sentences for the user.
        provenance: plugin, model, options, seed, sizes, seconds and versions, filled in by the registry.

    Example:
        >>> found = Bound("sandwich", lower=1.9, upper=2.1, lower_se=0.05, upper_se=0.05, true_mi=2.0)
        >>> round(found.width, 3), [round(end, 3) for end in found.ci]
        (0.2, [1.802, 2.198])
        >>> found.verdict
        'I(X; Z) lies between 1.9000 and 2.1000 nats (1.8020 to 2.1980 with sampling error); the true 2.0000 is inside.'
    """

    kind: BoundKind
    lower: float | None = None
    upper: float | None = None
    lower_se: float | None = None
    upper_se: float | None = None
    true_mi: float | None = None
    ci_level: float = 0.95
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the verdict and where it comes from, in two lines; `to_dict` has everything."""
        pairs = f"{self.provenance.get('n')} pairs"
        return f"Bound: {self.verdict}{origin(self.provenance, pairs, self.warnings)}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the verdict, both bounds on a line, and the warnings."""
        low, high = self.ci
        picture = "" if low is None or high is None else markup.interval_svg(None, low, high, "nats")
        return markup.card(repr(self), picture, self.warnings)

    def plot(self, ax: Any = None) -> Any:
        """Draw the bounds in nats with their sampling error, and the true MI if it is known.

        Args:
            ax: axes of matplotlib to draw on; those of a new figure if None.

        Returns:
            The axes.

        Raises:
            OptionError: when matplotlib is not installed.
        """
        axes = pictures.axes_or_new(ax)
        pictures.draw_sides(axes, self)
        return axes

    @property
    def width(self) -> float | None:
        """The upper minus the lower bound, in nats; None unless both are known."""
        return None if self.lower is None or self.upper is None else self.upper - self.lower

    @property
    def ci(self) -> tuple[float | None, float | None]:
        """The lower and the upper bound in nats, each moved outwards by its sampling error at `ci_level`."""
        z = float(ndtri(0.5 + self.ci_level / 2))
        low = None if self.lower is None else self.lower - z * (self.lower_se or 0.0)
        return low, None if self.upper is None else self.upper + z * (self.upper_se or 0.0)

    @property
    def contains_truth(self) -> bool | None:
        """True if the true MI is within `ci`, False if it is not, None if it is unknown."""
        if self.true_mi is None:
            return None
        low, high = self.ci
        return (low is None or low <= self.true_mi) and (high is None or self.true_mi <= high)

    @property
    def verdict(self) -> str:
        """The bounds, and their place relative to the true MI if it is known, in one sentence."""
        return f"I(X; Z) {self._where()}{self._truth()}."

    def _where(self) -> str:
        low, high = self.ci
        if self.lower is None and self.upper is None:
            return "is not bounded"
        if self.upper is None:
            return f"is at least {self.lower:.4f} nats ({low:.4f} with sampling error)"
        if self.lower is None:
            return f"is at most {self.upper:.4f} nats ({high:.4f} with sampling error)"
        ends = f"{low:.4f} to {high:.4f} with sampling error"
        if self.lower <= self.upper:
            return f"lies between {self.lower:.4f} and {self.upper:.4f} nats ({ends})"
        if low is not None and high is not None and low <= high:
            return f"is {(self.lower + self.upper) / 2:.4f} nats, for the bounds cross within sampling error ({ends})"
        crossed = f"the lower bound {self.lower:.4f} lies above the upper one {self.upper:.4f}"
        return f"is NOT bounded: {crossed} by more than sampling error"

    def _truth(self) -> str:
        if self.true_mi is None or not math.isfinite(self.true_mi):
            return ""
        place = "inside" if self.kind == "sandwich" else "on the right side"
        return f"; the true {self.true_mi:.4f} is {place if self.contains_truth else 'NOT ' + place}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form as a dictionary; non-finite numbers become None."""
        own = {
            key: value for key, value in asdict(self).items() if key not in ("provenance", "diagnostics", "warnings")
        }
        derived = {"width": self.width, "ci": self.ci, "contains_truth": self.contains_truth, "verdict": self.verdict}
        tail = {"diagnostics": self.diagnostics, "warnings": self.warnings}
        return {k: plain(v) for k, v in {"schema": BOUND_SCHEMA, **own, **derived, **self.provenance, **tail}.items()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Bound:
        """Build a bound from the result of `to_dict`.

        Raises:
            ValueError: when the document has another schema.
            KeyError: when a field is missing.

        Example:
            >>> found = Bound("lower", lower=1.0, lower_se=0.1, provenance={"n": 64})
            >>> Bound.from_dict(found.to_dict()) == found
            True
        """
        if document.get("schema") != BOUND_SCHEMA:
            raise ValueError(
                f"The bound has schema {document.get('schema')!r}, and this version reads {BOUND_SCHEMA!r}."
            )
        derived = ("schema", "width", "ci", "contains_truth", "verdict")
        rest = {key: value for key, value in document.items() if key not in derived}
        own = {name: rest.pop(name) for name in cls.__dataclass_fields__ if name != "provenance"}
        return cls(**own, provenance=rest)

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)
