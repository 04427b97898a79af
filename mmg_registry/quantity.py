"""`Quantity`: the result of every question but the plain estimate, and its JSON form (schema/quantity-1.json)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mmg_registry import markup, pictures
from mmg_registry.results import NATS_PER_BIT, Estimate, Status, Unit, half_width, origin, plain
from mmg_registry.results import SCHEMA as ESTIMATE_SCHEMA

QUANTITY_SCHEMA = "mmg/quantity/1"
NUMBERS = ("value", "std_error", "low", "high")  # in the quantity's unit

Bar = Literal["estimate", "sum", "none"]


@dataclass(frozen=True, repr=False)
class Quantity:
    """A quantity of information: an entropy, a divergence, a transfer entropy, an effect beside its p-value.

    `value`, `std_error`, `low` and `high` are in `unit`; diagnostics are always in nats.

    Attributes:
        name: the field's term, e.g. "transfer entropy".
        symbol: as it is written, e.g. "I(x; y | z)".
        value: the quantity; infinite where `status` says so.
        std_error: its standard error, or None.
        low, high: its interval at `ci_level`; None where there is none.
        unit: "nats" or "bits".
        status: "estimated"; "exact" (known without estimating); "infinite".
        ci_level: level of the interval.
        bar: what the interval is of: "estimate", one estimate; "sum", several whose errors are added; "none".
        p_value: of the test that it is zero, where one was made; else None.
        parts: quantities that it is made of (lags, terms of a chain).
        diagnostics: numbers and texts, JSON-serialisable.
        warnings: complete sentences for the user.
        provenance: plugin, options, seed, sizes, seconds, versions and data hash.

    Example:
        >>> found = Quantity("entropy", "h(x)", 1.42, 0.01).with_interval()
        >>> found
        Entropy h(x) = 1.4200 ± 0.0100 nats, 95 % interval [1.4004, 1.4396]
        >>> Quantity.from_dict(found.to_dict()) == found, float(found)
        (True, 1.42)
    """

    name: str
    symbol: str
    value: float
    std_error: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit = "nats"
    status: Status = "estimated"
    ci_level: float = 0.95
    bar: Bar = "estimate"
    p_value: float | None = None
    parts: tuple[Quantity, ...] = ()
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        """Return what a person wants to see first, in two lines; `to_dict` has everything."""
        sizes = f"{self.provenance.get('n_eval')} rows evaluated"
        head = f"{self.name[:1].upper()}{self.name[1:]} {self.symbol} = {self.words}"
        return f"{head}{origin(self.provenance, sizes, self.warnings)}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the lines of `repr`, the interval, and the warnings."""
        picture = ""
        if self.low is not None and self.high is not None and math.isfinite(self.value):
            picture = markup.interval_svg(self.value, self.low, self.high, self.unit)
        return markup.card(repr(self), picture, self.warnings)

    def plot(self, ax: Any = None) -> Any:
        """Draw the value and those of its parts with their intervals, in the quantity's unit.

        Args:
            ax: axes of matplotlib to draw on; those of a new figure if None.

        Returns:
            The axes.

        Raises:
            OptionError: when matplotlib is not installed.
        """
        axes = pictures.axes_or_new(ax)
        rows = [(each.symbol, each.value, each.low, each.high) for each in (self, *self.parts)]
        pictures.draw_intervals(axes, rows, self.unit)
        return axes

    @property
    def words(self) -> str:
        """The value with its error, interval and p-value, in one line."""
        if self.status == "infinite":
            return f"infinite {self.unit}, by a relation in the data"
        if self.status == "exact":
            return f"{self.value:.4f} {self.unit}, exactly"
        error = "" if self.std_error is None else f" ± {self.std_error:.4f}"
        known = self.low is not None and self.high is not None
        interval = f", {100 * self.ci_level:g} % interval [{self.low:.4f}, {self.high:.4f}]" if known else ""
        return f"{self.value:.4f}{error} {self.unit}{interval}{self._tested()}"

    def _tested(self) -> str:
        return "" if self.p_value is None else f", p = {self.p_value:.2g}"

    def with_interval(self, least: float = -math.inf, most: float = math.inf) -> Quantity:
        """Return the quantity with the normal interval of its standard error, cut to what is possible."""
        if self.std_error is None or not math.isfinite(self.value):
            return replace(self, low=None, high=None, bar="none")
        centre, half = min(max(self.value, least), most), half_width(self.std_error, self.ci_level)
        return replace(self, low=max(centre - half, least), high=min(centre + half, most))

    def to_unit(self, unit: Unit) -> Quantity:
        """Return the quantity and its parts converted to `unit`, "nats" or "bits"."""
        if unit == self.unit:
            return self
        factor = NATS_PER_BIT if unit == "nats" else 1 / NATS_PER_BIT
        numbers: dict[str, Any] = {
            key: None if (own := getattr(self, key)) is None else own * factor for key in NUMBERS
        }
        return replace(self, **numbers, unit=unit, parts=tuple(part.to_unit(unit) for part in self.parts))

    def to_dict(self) -> dict[str, Any]:
        """Return the published JSON form as a dictionary; non-finite numbers become None (see `status`)."""
        head = {"schema": QUANTITY_SCHEMA, "name": self.name, "symbol": self.symbol, "value": self.value}
        bar = {key: getattr(self, key) for key in ("unit", "status", *NUMBERS[1:], "ci_level", "bar", "p_value")}
        tail = {"diagnostics": self.diagnostics, "warnings": self.warnings}
        parts = [part.to_dict() for part in self.parts]
        return {key: plain(own) for key, own in {**head, **bar, "parts": parts, **self.provenance, **tail}.items()}

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Quantity:
        """Build a quantity from the result of `to_dict`, or from that of an `Estimate`.

        Raises:
            ValueError: when the document has another schema.
            KeyError: when a field is missing.
        """
        if document.get("schema") == ESTIMATE_SCHEMA:
            return cls.of(Estimate.from_dict(dict(document)))
        if document.get("schema") != QUANTITY_SCHEMA:
            raise ValueError(
                f"The result has schema {document.get('schema')!r}, and this version reads {QUANTITY_SCHEMA!r}."
            )
        rest = {key: own for key, own in document.items() if key != "schema"}
        own = {key: rest.pop(key) for key in cls.__dataclass_fields__ if key != "provenance"}
        own["value"] = math.inf if own["status"] == "infinite" else own["value"]
        own["parts"] = tuple(cls.from_dict(part) for part in own["parts"])
        return cls(**own, provenance=rest)

    @classmethod
    def of(cls, estimate: Estimate, name: str = "", symbol: str = "") -> Quantity:
        """Return an estimate as a quantity: the mutual information, given z where a variable was given.

        Example:
            >>> Quantity.of(Estimate(mi=0.5, std_error=0.1))
            Mutual information I(x; y) = 0.5000 ± 0.1000 nats, 95 % interval [0.3040, 0.6960]
        """
        given = "dim_z" in estimate.provenance
        low, high = estimate.ci or (None, None)
        return cls(
            name=name or ("conditional mutual information" if given else "mutual information"),
            symbol=symbol or ("I(x; y | z)" if given else "I(x; y)"),
            value=estimate.mi,
            std_error=estimate.std_error,
            low=low,
            high=high,
            unit=estimate.unit,
            status=estimate.status,
            ci_level=estimate.ci_level,
            bar="none" if low is None else "estimate",
            diagnostics=estimate.diagnostics,
            warnings=estimate.warnings,
            provenance=estimate.provenance,
        )
