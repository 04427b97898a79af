"""The information of a feature and the target by a plugin, from some rows, with what went wrong where it failed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mmg_registry.data import Pair
from mmg_registry.errors import DoesNotApply, MMGError
from mmg_registry.estimation.run import run
from mmg_registry.quantity import Quantity
from mmg_registry.ranking.rows import FeatureRows, some_rows
from mmg_registry.request import Request


@dataclass(frozen=True)
class FeatureValue:
    """What a plugin says of a feature.

    Attributes:
        found: the information in nats; None where there is none.
        status: that of `found`; "refused" where the plugin takes no such columns, "failed" where it raised.
        reason: why there is none, or what was doubted.
        rows: that it was estimated from.
    """

    found: Quantity | None
    status: str
    reason: str
    rows: int


@dataclass(frozen=True)
class Valuer:
    """How a plugin is asked for the information of features.

    Attributes:
        rows: of the table.
        request: settings of each estimate.
        most: rows that it is estimated from, drawn where rows are independent of one another.
        independent: whether they are.
    """

    rows: FeatureRows
    request: Request
    most: int
    independent: bool

    def alone(self, feature: int) -> FeatureValue:
        """Return I(feature; target), or I(feature; target | z) where something is given."""
        return self._asked(self.rows.alone(feature), [feature])

    def beside(self, feature: int, chosen: list[int]) -> FeatureValue:
        """Return I(feature; target | chosen ones, and what is given)."""
        return self._asked(self.rows.beside(feature, chosen), [feature, *chosen])

    def drawn(self, pair: Pair) -> Pair:
        """Return the rows of `pair` that are looked at: some, or all where they belong together."""
        return some_rows(pair, self.most, self.request.seed) if self.independent else pair

    def _asked(self, pair: Pair, features: list[int]) -> FeatureValue:
        request = replace(self.request, kinds=self.rows.kinds(features))
        return plugin_value(pair, self.drawn(pair), request)


def plugin_value(pair: Pair, rows: Pair, request: Request) -> FeatureValue:
    """Return what a plugin says of x and y in nats; of an estimator that fails or refuses, its reason.

    Args:
        pair: all rows.
        rows: those that are looked at, some or all of them.
        request: settings of the estimate.
    """
    request = replace(request, progress=None, groups=None, unit="nats")
    try:
        found = Quantity.of(run(rows, request).estimate)
        if found.status != "estimated" and len(rows) < len(pair):  # some rows do not prove it of all
            rows, found = pair, Quantity.of(run(pair, request).estimate)
    except MMGError as error:
        status = "refused" if isinstance(error, DoesNotApply) else "failed"
        return FeatureValue(None, status, str(error), len(rows))
    return FeatureValue(_whole(found), found.status, " ".join(found.warnings), len(rows))


def _whole(found: Quantity) -> Quantity:
    """Return a quantity whose interval is a point where its value is exact."""
    exact = found.status == "exact" and math.isfinite(found.value)
    return replace(found, low=found.value, high=found.value) if exact else found
