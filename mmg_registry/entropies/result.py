"""Entropies and divergences as results: a quantity with its interval, its parts and where it comes from."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mmg_registry import registry
from mmg_registry.data import Pair
from mmg_registry.entropies.differential import Mean
from mmg_registry.entropies.sample import ColumnSample
from mmg_registry.entry_points import ENTROPIES
from mmg_registry.provenance import RESULT_PACKAGES, data_sha256, versions
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request


@dataclass(frozen=True)
class Background:
    """What results of one question share: the request, the samples, and when work began.

    Attributes:
        request: the settings that were asked for.
        samples: by name, "x" for an entropy, "a" and "b" for a divergence.
        started: `time.perf_counter()` at the beginning.
    """

    request: Request
    samples: Mapping[str, ColumnSample]
    started: float = field(default_factory=time.perf_counter)

    def quantity(
        self, name: str, symbol: str, mean: Mean, least: float = -math.inf, most: float = math.inf
    ) -> Quantity:
        """Return a mean as a quantity in nats, with its interval cut to what is possible."""
        found = Quantity(
            name=name,
            symbol=symbol,
            value=min(max(mean.value, least), most),
            std_error=mean.std_error,
            ci_level=self.request.ci_level,
            diagnostics={**mean.diagnostics, "raw": mean.value, "errors": _errors(mean)},
            warnings=list(mean.warnings),
        )
        return found.with_interval(least, most)

    def finished(self, found: Quantity, mean: Mean) -> Quantity:
        """Return the result with warnings of the data and provenance, in the unit that is asked for."""
        told = [sentence for sample in self.samples.values() for sentence in sample.warnings]
        warnings = list(dict.fromkeys([*told, *found.warnings]))
        return replace(found, warnings=warnings, provenance=self._provenance(mean)).to_unit(self.request.unit)

    def _provenance(self, mean: Mean) -> dict[str, Any]:
        record = registry.find(self.request.plugin, ENTROPIES)
        plugin = {"name": record.name, "version": record.version, "distribution": record.distribution}
        columns = {side: kinds_of(sample) for side, sample in self.samples.items()}
        rows = {side: sample.units.to_dict() for side, sample in self.samples.items()}
        return {
            "plugin": plugin,
            "options": dict(self.request.options),
            "seed": self.request.seed,
            "n_train": mean.n_train,
            "n_eval": mean.n_eval,
            "columns": columns,
            "rows": rows,
            "seconds": {"total": time.perf_counter() - self.started},
            "versions": versions(RESULT_PACKAGES),
            "data_sha256": data_sha256(*_arrays([sample.pair for sample in self.samples.values()])),
        }


def _errors(mean: Mean) -> dict[str, float]:
    return {**mean.diagnostics.get("errors", {}), "rows": mean.sampling}


def _arrays(pairs: Sequence[Pair]) -> list[Any]:
    return [side for pair in pairs for side in (pair.x, pair.y)]


def kinds_of(sample: ColumnSample) -> dict[str, Any]:
    """Return the kinds of the columns of a sample: how many are of which, and each by itself."""
    listed = [{"name": name, **kind.to_dict()} for name, kind in zip(sample.names, sample.kinds, strict=True)]
    return {"kinds": dict(Counter(kind.name for kind in sample.kinds)), "columns": listed[:100]}
