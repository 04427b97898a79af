"""The first look at a feature, from all rows: whether it tells of the target, and how much it does for sure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mmg_registry.arrays import Index
from mmg_registry.contracts import Array
from mmg_registry.data import Pair
from mmg_registry.data.columns import with_kinds
from mmg_registry.data.order import order_of
from mmg_registry.errors import MMGError
from mmg_registry.kinds import Kind, KindName
from mmg_registry.ranking.classes import classes_of, information_of_classes, most_classes
from mmg_registry.ranking.rows import FEWEST, FeatureRows, some_rows
from mmg_registry.request import Request
from mmg_registry.significance.answer import quick
from mmg_registry.significance.single import ColumnFeatures, features_of_column, p_of_columns

EXCHANGES = 999  # of the quick test at least, where rows belong together or something is given
MOST_EXCHANGES = 19_999  # so many exchanges for each feature find p-values that stand among as many features
EXCHANGES_A_FEATURE = 20
TOO_FEW = "only {rows} rows have a value of it and of the target"


@dataclass(frozen=True)
class FeatureLook:
    """What the first look finds.

    Attributes:
        feature: the place of the feature.
        kind: its kind; None where it has none.
        p: of "feature and target are independent"; NaN where that cannot be tested.
        at_least: lower end in nats of the information of classes; None where it is not known.
        rows: rows that have both.
        reason: why nothing is known, or "".
    """

    feature: int
    kind: Kind | None = None
    p: float = math.nan
    at_least: float | None = None
    rows: int = 0
    reason: str = ""


@dataclass(frozen=True)
class _Column:
    """A column as the first look sees it: features for the test, classes for the bound."""

    features: ColumnFeatures
    classes: Index

    @classmethod
    def of(cls, values: Array, kind: KindName) -> _Column:
        places = np.unique(values, return_inverse=True)[1].reshape(-1)
        classes = classes_of(places, most_classes(len(values)), kind == "category")
        return cls(features_of_column(values, kind), classes)


@dataclass(frozen=True)
class FirstLook:
    """How features are looked at: what is the same for all of them.

    Attributes:
        rows: of the table.
        request: settings.
        most: independent rows that are tested where exchanges have to be drawn, because something is given.
    """

    rows: FeatureRows
    request: Request
    most: int

    @cached_property
    def independent(self) -> bool:
        """Whether rows are independent of one another whatever the feature: no groups, and no series.

        Where the target does not remember the rows before, no feature makes a series of both.
        """
        if self.rows.pair.groups is not None:
            return False
        if self.request.blocks != "auto":
            return self.request.blocks == "none"
        target = self.rows.pair.y[self.rows.known]
        return not order_of(target, target).series

    @cached_property
    def plain(self) -> bool:
        """Whether features are looked at column by column: rows are independent, one target, nothing given."""
        return self.independent and self.rows.pair.z is None and self.rows.pair.y.shape[1] == 1

    @cached_property
    def _target(self) -> _Column | None:
        """The target of all rows that have one; None where it is constant."""
        target = self.rows.pair.y[self.rows.known][:, 0]
        return None if target.min() == target.max() else _Column.of(target, self._kind_of_target)

    @cached_property
    def _kind_of_target(self) -> KindName:
        pair = replace(self.rows.pair.take(self.rows.known), z=None, z_names=())
        places = {"x": np.arange(0), "y": np.arange(1)}
        none = replace(pair, x=pair.x[:, :0], x_names=(), x_labels=())
        return with_kinds(none, places, {"x": {}, "y": dict(self.rows.told["y"])})[0].y_kinds[0].name

    def check_target(self) -> None:
        """Refuse a target of which no feature can tell: without this each feature would fail for the same reason.

        Raises:
            DataError: for text that is different in nearly every row, dates, and numbers written as text.
        """
        _ = self._kind_of_target

    def __call__(self, feature: int) -> FeatureLook:
        """Return what all rows say of a feature; of one that cannot be looked at, why."""
        pair = self.rows.alone(feature)
        if len(pair) < FEWEST:
            return FeatureLook(feature, rows=len(pair), reason=TOO_FEW.format(rows=len(pair)))
        try:
            return self._looked_at(feature, pair)
        except MMGError as error:
            return FeatureLook(feature, rows=len(pair), reason=str(error))

    def _looked_at(self, feature: int, pair: Pair) -> FeatureLook:
        told = self.rows.told["x"]
        own = {0: told[feature]} if feature in told else {}
        whole = replace(pair, z=None, z_names=(), y=pair.y[:, :0], y_names=(), y_labels=())
        kind = with_kinds(whole, {"x": np.arange(1), "y": np.arange(0)}, {"x": own, "y": {}})[0].x_kinds[0]
        found = FeatureLook(feature, kind, rows=len(pair))
        p, at_least = self._of_columns(pair, kind) if self.plain else (self._tested(pair, feature), None)
        return replace(found, p=p, at_least=at_least)

    def _tested(self, pair: Pair, feature: int) -> float:
        wanted = max(EXCHANGES, min(MOST_EXCHANGES, EXCHANGES_A_FEATURE * len(self.rows.names)))
        rows = some_rows(pair, self.most, self.request.seed) if self.independent else pair
        request = replace(self.request, kinds=self.rows.kinds([feature]))
        return quick(rows, request, wanted).p.value

    def _of_columns(self, pair: Pair, kind: Kind) -> tuple[float, float | None]:
        """Return the p-value and the lower bound of two single columns."""
        column, target = pair.x[:, 0], pair.y[:, 0]
        if column.min() == column.max() or target.min() == target.max():
            return 1.0, 0.0
        own = _Column.of(column, kind.name)
        whole = len(pair) == int(self.rows.known.sum())
        other = self._target if whole and self._target else _Column.of(target, self._kind_of_target)
        sure = information_of_classes(own.classes, other.classes).surely(self.request.ci_level)
        return p_of_columns(own.features, other.features), sure
