"""Results: `Estimate`, its curve over log-SNR, what single rows say, and its JSON form (schema/estimate-1.json)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from mmg_registry import markup, pictures

SCHEMA = "mmg/estimate/1"
NATS_PER_BIT = math.log(2.0)

Unit = Literal["nats", "bits"]
Status = Literal["estimated", "exact", "infinite"]


@dataclass(frozen=True)
class Curve:
    """The integrand over log-SNR, with one value per bin; its integral is the estimate.

    All lists but `edges` have length `n_bins`.

    Attributes:
        edges: log-SNR bin edges, length `n_bins + 1`.
        mmse: mean squared error of the unconditional denoiser (of the noise, per row), or None.
        mmse_cond: mean squared error of the conditional denoiser, or None.
        direct, orthogonal, cross: integrands d(MI)/d(log-SNR) in nats; direct = orthogonal + cross.
        direct_se, orthogonal_se, cross_se: their standard errors, in nats.
        count: number of (row, repeat) pairs in each bin.
    """

    edges: list[float]
    direct: list[float]
    orthogonal: list[float]
    cross: list[float]
    direct_se: list[float]
    orthogonal_se: list[float]
    cross_se: list[float]
    count: list[int]
    mmse: list[float] | None = None
    mmse_cond: list[float] | None = None


@dataclass(frozen=True, eq=False)
class Pointwise:
    """The pointwise mutual information ln p(x, y) / (p(x) p(y)) of rows, in nats; its mean over the pair is I(X; Y).

    Attributes:
        values: `(n,)` one value a row, of either sign.
        errors: `(n,)` their standard errors as far as the fitted estimator knows them: the noise of its draws, or what
            few rows leave where nothing is trained. They hold nothing of what other training rows would teach.
        training: `(n,)` standard errors of what other training rows would have taught, from estimators that were
            trained on halves of the rows; None where nothing was trained twice.
        rows: `(n,)` the place of each row in the data as they were given, counted from 0; None for all rows in order.
        folds: `(n,)` the fold, from 0, that evaluated each row; None where there were no folds.

    Example:
        >>> found = Pointwise(np.array([0.5, -0.1]), np.array([0.03, 0.03]), training=np.array([0.04, 0.0]))
        >>> found.std_errors.round(3).tolist()
        [0.05, 0.03]
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    training: NDArray[np.float64] | None = None
    rows: NDArray[np.int64] | None = None
    folds: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def std_errors(self) -> NDArray[np.float64]:
        """Return the standard error of each value `(n,)` in nats, all known parts together."""
        return self.errors if self.training is None else np.hypot(self.errors, self.training)


@dataclass(frozen=True, repr=False)
class Estimate:
    """An estimate of mutual information, with its standard error and the information needed to judge it.

    `mi`, `std_error` and `ci` are in `unit`; curves, pointwise values and diagnostics are always in nats.

    Attributes:
        mi: the estimate; `inf` when `status` is "infinite". The registry cuts it to what is possible; the value as it
            was estimated is then in the diagnostics, under "raw".
        std_error: its standard error (its parts are in `diagnostics["errors"]`), or None.
        unit: "nats" or "bits".
        status: "estimated"; "exact" (known without estimating, e.g. for a constant variable); "infinite".
        ci_level: level of `ci`.
        limit: the largest value that is possible, in `unit`: where a side takes few values, its entropy; else None.
        curve: the integrand over log-SNR, or None if the estimator has none.
        pointwise: `(n_eval,)` values whose mean is `mi` before it was cut, or None if the estimator has none; not in
            the JSON.
        by_row: the log-density ratio of each evaluated row, where it was asked for (`Request.pointwise`); else None.
            Unlike `pointwise`, no value was moved towards the estimate. Not in the JSON.
        device: the device of the computation, e.g. "cpu" or "cuda:0"; if None, the registry fills in the requested one.
        backend: the software of the computation, e.g. the instruction set; JSON-serialisable.
        diagnostics: estimator-specific numbers and texts, JSON-serialisable.
        warnings: complete sentences for the user.
        provenance: plugin, options, seed, sizes, seconds, versions and data hash, filled in by the registry.

    Example:
        >>> e = Estimate(mi=1.0, std_error=0.01)
        >>> e
        Estimate 1.0000 ± 0.0100 nats, 95 % interval [0.9804, 1.0196]
        >>> float(e)
        1.0
        >>> [round(v, 3) for v in e.ci]
        [0.98, 1.02]
        >>> round(e.to_unit("bits").mi, 4)
        1.4427
    """

    mi: float
    std_error: float | None = None
    unit: Unit = "nats"
    status: Status = "estimated"
    ci_level: float = 0.95
    limit: float | None = None
    curve: Curve | None = None
    pointwise: NDArray[Any] | None = field(default=None, compare=False)
    by_row: Pointwise | None = field(default=None, compare=False)
    device: str | None = None
    backend: dict[str, Any] = field(default_factory=dict)
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __float__(self) -> float:
        return float(self.mi)

    def __repr__(self) -> str:
        """Return what a person wants to see first, in two lines; `to_dict` has everything."""
        sizes = f"{self.provenance.get('n_eval')} rows evaluated"
        return f"Estimate {self._value()}{origin(self.provenance, sizes, self.warnings)}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the lines of `repr`, the curve or else the interval, and the warnings."""
        return markup.card(repr(self), self._picture(), self.warnings)

    def _picture(self) -> str:
        if self.curve is not None and self.curve.mmse is not None and self.curve.mmse_cond is not None:
            return markup.curve_svg(self.curve.edges, self.curve.mmse, self.curve.mmse_cond, "the area is 2 MI in nats")
        return "" if self.ci is None else markup.interval_svg(self.mi, *self.ci, self.unit)

    def plot(self, ax: Any = None) -> Any:
        """Draw the two curves over log-SNR whose area is twice the estimate, or else the value with its interval.

        Args:
            ax: axes of matplotlib to draw on; those of a new figure if None.

        Returns:
            The axes.

        Raises:
            OptionError: when matplotlib is not installed.
        """
        axes = pictures.axes_or_new(ax)
        if self.curve is None:
            pictures.draw_intervals(axes, [("I(x; y)", self.mi, *(self.ci or (None, None)))], self.unit)
        else:
            pictures.draw_curve(axes, self.curve)
        return axes

    def _value(self) -> str:
        if self.status != "estimated":
            return f"{self.mi:.4f} {self.unit}, {'exactly' if self.status == 'exact' else 'by a relation in the data'}"
        error = "" if self.std_error is None else f" ± {self.std_error:.4f}"
        text = f"{self.mi:.4f}{error} {self.unit}"
        if self.ci is None:
            return text
        return f"{text}, {100 * self.ci_level:g} % interval [{self.ci[0]:.4f}, {self.ci[1]:.4f}]"

    @property
    def ci(self) -> tuple[float, float] | None:
        """The normal interval at `ci_level`, in `unit`, cut to [0, limit]; None without `std_error` or a finite `mi`.

        A value beyond what is possible counts as the possible value next to it, so that the interval has a width even
        where the estimate is negative by more than its error.
        """
        if self.std_error is None or not math.isfinite(self.mi):
            return None
        most = math.inf if self.limit is None else self.limit
        mi, half = min(max(self.mi, 0.0), most), half_width(self.std_error, self.ci_level)
        return max(mi - half, 0.0), min(mi + half, most)

    def to_unit(self, unit: Unit) -> Estimate:
        """Return the estimate converted to `unit`, "nats" or "bits"."""
        if unit == self.unit:
            return self
        factor = NATS_PER_BIT if unit == "nats" else 1 / NATS_PER_BIT
        se, limit = (None if value is None else value * factor for value in (self.std_error, self.limit))
        return replace(self, mi=self.mi * factor, std_error=se, limit=limit, unit=unit)

    def to_dict(self) -> dict[str, Any]:
        """Return the published JSON form as a dictionary; non-finite numbers become None (see `status`)."""
        head = {"schema": SCHEMA, "mi": self.mi, "unit": self.unit, "status": self.status}
        bar = {"std_error": self.std_error, "ci": self.ci, "ci_level": self.ci_level, "limit": self.limit}
        place = {"device": self.device, "backend": self.backend}
        known = {key: value for key, value in place.items() if value}
        curve = None if self.curve is None else asdict(self.curve)
        tail = {"curve": curve, "diagnostics": self.diagnostics, "warnings": self.warnings}
        return {key: plain(value) for key, value in {**head, **bar, **self.provenance, **known, **tail}.items()}

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Estimate:
        """Build an estimate from the result of `to_dict`, which does not include the pointwise values.

        Raises:
            ValueError: when the document has another schema.
            KeyError: when a field is missing.
        """
        if document.get("schema") != SCHEMA:
            raise ValueError(f"The result has schema {document.get('schema')!r}, and this version reads {SCHEMA!r}.")
        rest = dict(document)
        own = {key: rest.pop(key) for key in ("unit", "status", "std_error", "ci_level", "diagnostics", "warnings")}
        own |= {key: rest.pop(key) for key in ("device", "backend", "limit") if key in rest}
        rest.pop("schema"), rest.pop("ci")
        curve, mi = rest.pop("curve"), rest.pop("mi")
        mi = math.inf if own["status"] == "infinite" else mi
        return cls(mi=mi, curve=None if curve is None else Curve(**curve), provenance=rest, **own)


def half_width(std_error: float, level: float) -> float:
    """Return half the width of a normal interval.

    Example:
        >>> round(half_width(0.1, 0.95), 3)
        0.196
    """
    return float(ndtri(0.5 + level / 2)) * std_error


def origin(provenance: dict[str, Any], sizes: str, warnings: list[str]) -> str:
    """Return the second line of a result's `repr`: its plugin, its sizes and how many warnings it has; "" for neither.

    Args:
        provenance: that of the result; empty where no registry made it.
        sizes: how many rows or pairs there were, in words.
        warnings: those of the result.

    Example:
        >>> origin({"plugin": {"name": "ksg", "distribution": "mmg-registry", "version": "1"}}, "90 rows", ["Few."])
        '\\n    ksg (mmg-registry 1), 90 rows, 1 warning in .warnings'
    """
    plugin = provenance.get("plugin")
    parts = [] if plugin is None else [f"{plugin['name']} ({plugin['distribution']} {plugin['version']}".rstrip() + ")"]
    parts += [sizes] if plugin else []
    parts += [f"{len(warnings)} warning{'s' * (len(warnings) > 1)} in .warnings"] if warnings else []
    return f"\n    {', '.join(parts)}" if parts else ""


def plain(value: Any) -> Any:
    """Return `value` as JSON-serialisable data: convert NumPy types and tuples; non-finite floats become None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def widened(error: float, rows: int) -> float:
    """Return a standard error such that normal intervals hold as Student's do, in its own unit.

    The spread of few values is itself uncertain, for which Student's quantile is wider than the normal one (Student,
    Biometrika 1908); the factor is the ratio of both at 95 %.

    Args:
        error: standard error of a mean, in any unit.
        rows: number of the values; the spread of a single one is unknown, and its error infinite.

    Example:
        >>> round(widened(1.0, 5), 2), round(widened(1.0, 2_000), 3), widened(0.0, 1)
        (1.42, 1.001, inf)
    """
    if rows < 2:
        return math.inf
    return error * student_factor(rows - 1)


def student_factor(freedom: float) -> float:
    """Return by how much an interval from `freedom` + 1 independent values is wider than a normal one; 1 for many.

    It is the ratio of Student's and the normal quantile at 95 %; fewer than one degree of freedom count as one.

    Example:
        >>> round(student_factor(9.0), 2), round(student_factor(1e6), 2)
        (1.15, 1.0)
    """
    return float(stdtrit(max(freedom, 1.0), 0.975) / ndtri(0.975))
