"""The nonlinear part of one side's transform: unmixing, maps of single columns, and a common scale.

Each step is a bijection. It is taken only where it raises the log-likelihood of that side alone, under a normal density
in the new coordinates, by more than fitting its parameters does by chance. Nothing here uses the other side or the
estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.preprocess.components import unmixing
from mmg_registry.preprocess.maps import MonotoneMap, RowArray, fit_map, has_heavy_ties, normal_reach
from mmg_registry.preprocess.shared_scale import SharedScale, fit_shared_scale

MARGIN_ROWS = 50_000  # rows that unmixing and common scale are fitted to and judged by
SCALE_ROWS = 10_000  # rows among them that the common scale is fitted to
ROWS_PER_PARAMETER = 10  # fewer rows per parameter, and neither step is tried
MARGIN_COLUMNS = 128  # more columns, and neither step is tried: the cost grows with the cube of their number
MARGIN_GAIN = 0.01  # nats per row by which a step must raise the log-likelihood, beyond (parameters / rows)


@dataclass(frozen=True)
class Margins:
    """The nonlinear part of one side's transform.

    Attributes:
        maps: one map per column (of the unmixed columns, if there is an unmixing).
        unmix: `(dim, dim)` matrix that is applied to the raw columns first, or None.
        scale: the map that removes a common scale from the mapped columns last, or None.
    """

    maps: tuple[MonotoneMap, ...]
    unmix: F64 | None = None
    scale: SharedScale | None = None

    @property
    def dim(self) -> int:
        """Return the number of columns."""
        return len(self.maps)

    @property
    def is_affine(self) -> bool:
        """Return whether the transform only shifts, scales and mixes columns."""
        return self.scale is None and all(m.is_affine for m in self.maps)

    @property
    def words(self) -> list[str]:
        """Return the names of the steps taken beyond shifting and scaling."""
        steps = {
            "independent components": self.unmix is not None,
            "maps of single columns": not all(m.is_affine for m in self.maps),
            "common scale": self.scale is not None,
        }
        return [name for name, taken in steps.items() if taken]

    def __call__(self, rows: RowArray) -> F64:
        """Map rows `(n, dim)` and return them as contiguous columns `(dim, n)` float64."""
        out = np.empty((self.dim, len(rows)))
        columns = rows.T if self.unmix is None else self.unmix @ rows.T.astype(np.float64)
        for j, curve in enumerate(self.maps):
            out[j] = curve(columns[j])
        return out if self.scale is None else self.scale(out)

    def with_log_volume(self, rows: RowArray) -> tuple[F64, F64]:
        """Return the mapped columns `(dim, n)`, and the logarithm `(n,)` of the volume that the map stretches by."""
        columns = rows.T if self.unmix is None else self.unmix @ rows.T.astype(np.float64)
        log_volume = np.full(len(rows), 0.0 if self.unmix is None else float(np.linalg.slogdet(self.unmix)[1]))
        for curve, column in zip(self.maps, columns, strict=True):
            log_volume += curve.log_slope(column)
        mapped = np.stack([curve(column) for curve, column in zip(self.maps, columns, strict=True)])
        return (mapped, log_volume) if self.scale is None else self._scaled(self.scale, mapped, log_volume)

    @staticmethod
    def _scaled(scale: SharedScale, mapped: F64, log_volume: F64) -> tuple[F64, F64]:
        return scale(mapped), log_volume + scale.log_volume(mapped)

    def arrays(self, prefix: str) -> dict[str, RowArray]:
        """Return everything as flat arrays by name; the columns' knots are concatenated, with their counts."""
        columns = {
            "centre": np.array([m.centre for m in self.maps]),
            "scale": np.array([m.scale for m in self.maps]),
            "n_knots": np.array([m.knots.size for m in self.maps], dtype=np.int64),
            "unmix": np.empty((0, 0)) if self.unmix is None else np.ascontiguousarray(self.unmix),
            "degrees": np.array([] if self.scale is None else [self.scale.degrees]),
            "factor": np.empty((0, 0)) if self.scale is None else np.ascontiguousarray(self.scale.factor),
        }
        curves = {key: np.concatenate([getattr(m, key) for m in self.maps]) for key in ("knots", "values", "slopes")}
        return {f"{prefix}_{key}": value for key, value in {**columns, **curves}.items()}

    @classmethod
    def from_arrays(cls, get: Mapping[str, RowArray]) -> Margins:
        """Rebuild the margins from what `arrays` returned, with the prefix removed from the names."""
        cuts = np.cumsum(get["n_knots"])[:-1]
        curves = zip(*(np.split(get[key], cuts) for key in ("knots", "values", "slopes")), strict=True)
        affine = zip(get["centre"].tolist(), get["scale"].tolist(), strict=True)
        maps = tuple(MonotoneMap(*line, *curve) for line, curve in zip(affine, curves, strict=True))
        scale = SharedScale(float(get["degrees"][0]), get["factor"]) if get["degrees"].size else None
        return cls(maps, get["unmix"] if get["unmix"].size else None, scale)


def fit_margins(data: RowArray, gaussianise: bool = True) -> Margins:
    """Fit the margins of largest likelihood to `data` `(n, dim)`.

    Without `gaussianise`, single columns are only shifted and scaled.

    Raises:
        DataError: when a column holds NaN or infinity.
    """
    plain = Margins(tuple(fit_map(data[:, j], gaussianise) for j in range(data.shape[1])))
    sample = data[:: max(1, len(data) // MARGIN_ROWS)]
    if not gaussianise or not _worth_more(sample):
        return plain
    candidates = [_with_scale(margins, sample) for margins in (plain, _unmixed(plain, data, sample)) if margins]
    return max(candidates, key=lambda each: each.score).margins


class _Candidate(NamedTuple):
    """Margins that may be chosen, with the score to choose by."""

    margins: Margins
    score: float  # log-likelihood per row (nats), minus what its steps must gain to be taken


def flat_margins(margins: Margins, data: RowArray) -> Margins | None:
    """Return affine margins for the same rows `(n, dim)`, or None where a column's tails are heavier than normal."""
    if not is_light(data):
        return None
    maps = margins.maps if margins.unmix is None else tuple(fit_map(data[:, j], False) for j in range(data.shape[1]))
    return Margins(tuple(m.flat for m in maps))


def is_light(data: RowArray) -> bool:
    """Return whether all columns of `data` `(n, dim)` stay, in robust units, within the reach of normal ones."""
    reach = normal_reach(len(data))
    maps = (fit_map(data[:, j], False) for j in range(data.shape[1]))
    ends = zip(maps, data.min(axis=0), data.max(axis=0), strict=True)
    return all(np.abs(m(np.array([low, high]))).max() < reach for m, low, high in ends)


def _worth_more(sample: RowArray) -> bool:
    """Return whether unmixing and common scale can be fitted: several columns, enough rows, and no heavy ties.

    Ties mean a discrete column, which has no density.
    """
    n, dim = sample.shape
    if not (2 <= dim <= MARGIN_COLUMNS and n >= ROWS_PER_PARAMETER * dim**2 and n >= 1000):
        return False
    return not any(has_heavy_ties(np.sort(sample[:, j])) or np.ptp(sample[:, j]) == 0 for j in range(dim))


def _unmixed(plain: Margins, data: RowArray, sample: RowArray) -> Margins | None:
    """Fit independent components and maps of them, or return None where there are none to find.

    Normal columns have no identifiable components, and heavy-tailed ones no variance to fit them by.
    """
    if all(m.is_affine for m in plain.maps) or not is_light(sample):
        return None
    unmix = unmixing(sample.T.astype(np.float64))
    return None if unmix is None else Margins(tuple(fit_map(_combined(data, weights)) for weights in unmix), unmix)


def _combined(data: RowArray, weights: F64) -> F64:
    """Return one unmixed column `(n,)`, without a float64 copy of all the others."""
    parts: Sequence[F64] = [data[i : i + MARGIN_ROWS] @ weights for i in range(0, len(data), MARGIN_ROWS)]
    return np.concatenate(parts)


def _with_scale(margins: Margins, sample: RowArray) -> _Candidate:
    """Return `margins` and their score, with a common scale where that raises the score."""
    cost = 0.0 if margins.unmix is None else MARGIN_GAIN + len(margins.unmix) ** 2 / len(sample)
    score = log_likelihood(margins, sample) - cost
    found = fit_shared_scale(margins(sample[:: max(1, len(sample) // SCALE_ROWS)]))
    if found is None:
        return _Candidate(margins, score)
    gain = found.gain - MARGIN_GAIN - (margins.dim * (margins.dim + 1) / 2 + 1) / SCALE_ROWS
    return _Candidate(replace(margins, scale=found.scale), score + gain) if gain > 0 else _Candidate(margins, score)


def log_likelihood(margins: Margins, rows: RowArray) -> float:
    """Return the mean log-density (nats per row) of `rows` `(n, dim)` that a normal density of mapped columns implies.

    A common scale is left out.
    """
    columns = rows.T if margins.unmix is None else margins.unmix @ rows.T.astype(np.float64)
    mapped = np.stack([curve(column) for curve, column in zip(margins.maps, columns, strict=True)])
    slopes = sum(float(np.mean(m.log_slope(c))) for m, c in zip(margins.maps, columns, strict=True))
    mixing = 0.0 if margins.unmix is None else float(np.linalg.slogdet(margins.unmix)[1])
    spread = float(np.linalg.slogdet(np.cov(mapped))[1])
    return slopes + mixing - 0.5 * spread - 0.5 * len(mapped) * float(np.log(2 * np.pi * np.e))
