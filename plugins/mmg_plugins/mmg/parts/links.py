"""The chain rule over labels: links, each an information that one noised variable can measure.

Let S be the labels of x (categories, and which atom a mixed column is at), T those of y, and X', Y' what is left of x
and y once noise stands in the place of labels. S and T are functions of x and of y, so

    I(X; Y) = I(S; T) + I(Y'; S | T) + I(X'; Y | S),

and the same with x and y exchanged. A link without labels or without a rest is zero. Where x has no labels,
I(X; Y) = I(X'; Y) is left; where y is all label, I(S; T) + I(X'; T | S). With a variable z that is given, every link is
an information given z, and both denoisers of each see z.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mmg_plugins.columns import PairParts
from mmg_plugins.mmg.parts.coordinates import ContextColumns
from mmg_plugins.mmg.parts.orientation import Orient, Orientation
from mmg_registry.contracts import Array


class Sample(NamedTuple):
    """Rows of x `(n, dim_x)` and of y `(n, dim_y)`, and of z `(n, dim_z)` where something is given."""

    x: Array
    y: Array
    z: Array | None = None


@dataclass(frozen=True)
class Link:
    """One information of the chain.

    Attributes:
        orientation: which side is noised.
        labels_given: whether only the labels of the other side are given, in place of all of it, so that nothing is
            shared by ever finer digits.
        beside: whether both denoisers see the labels of the noised side.
        conditional: whether both denoisers see z.
    """

    orientation: Orientation
    labels_given: bool = False
    beside: bool = False
    conditional: bool = False

    @property
    def words(self) -> str:
        """Return which information this is."""
        noised, given = self.orientation.noised, self.orientation.given
        first = f"values of {noised}" if self.beside else noised
        last = f"labels of {given}" if self.labels_given else given
        seen = [word for word, is_seen in ((f"labels of {noised}", self.beside), ("z", self.conditional)) if is_seen]
        return f"I({first}; {last}{' | ' if seen else ''}{', '.join(seen)})"

    def rows(self, sides: PairParts, sample: Sample, seed: tuple[int, int]) -> tuple[Array, Array]:
        """Return the rows of x and of y for this link; the columns beside the noised ones are its last."""
        noised, given = self.orientation.apply(sides.x, sides.y)
        of_noised, of_given = self.orientation.apply(sample.x, sample.y)
        spread = noised.spread(of_noised, (*seed, int(self.orientation.swapped)))
        seen: list[Array] = [noised.indicators(of_noised)] if self.beside else []
        seen += [sides.z.given(sample.z)] if self.conditional and sides.z and sample.z is not None else []
        return self.orientation.apply(
            np.concatenate([spread, *seen], axis=1) if seen else spread,
            given.indicators(of_given) if self.labels_given else given.given(of_given),
        )

    def columns_beside(self, sides: PairParts) -> ContextColumns:
        """Return the numbers of columns that both denoisers see."""
        noised = self.orientation.apply(sides.x, sides.y)[0]
        labels = noised.indicator_columns if self.beside else 0
        return ContextColumns(labels, sides.z.given_columns if self.conditional and sides.z else 0)

    def state(self) -> dict[str, Any]:
        """Return a JSON-serialisable mapping, from which `restored` rebuilds the link."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Link:
        """Rebuild a link from what `state` returned."""
        return cls(**{**state, "orientation": Orientation(**state["orientation"])})


def links_of(sides: PairParts, orient: Orient) -> list[Link]:
    """Return the links beside I(labels of x; labels of y) that are not zero, one of them where one is enough.

    Example:
        >>> from mmg_plugins.columns import ColumnParts, SideParts
        >>> from mmg_plugins.mmg.parts.orientation import noise_x
        >>> number, label = ColumnParts(), ColumnParts(False, (0.0, 1.0), (1.0,))
        >>> mixed = ColumnParts(True, (0.0,), (0.0,), (1.0, 2.0))
        >>> [link.words for link in links_of(PairParts(SideParts((label,)), SideParts((number,))), noise_x)]
        ['I(y; labels of x)']
        >>> [link.words for link in links_of(PairParts(SideParts((mixed,)), SideParts((mixed,))), noise_x)]
        ['I(values of y; labels of x | labels of y)', 'I(values of x; y | labels of x)']
    """
    whole = orient(sides.x.rest_columns, sides.y.rest_columns)
    other = Orientation(not whole.swapped, "what is left then takes fewer networks")
    links = min((_links(sides, last) for last in (whole, other)), key=len)
    return [replace(link, conditional=sides.z is not None) for link in links]


def _links(sides: PairParts, last: Orientation) -> list[Link]:
    """Return the links that end with all of one side given, while the side that `last` names is noised."""
    noised, given = last.apply(sides.x, sides.y)
    links = []
    if given.rest_columns and noised.has_labels:
        turned = Orientation(not last.swapped, "the labels of the other side are given")
        links.append(Link(turned, labels_given=True, beside=given.has_labels))
    if noised.rest_columns:
        links.append(Link(last, labels_given=not given.rest_columns, beside=noised.has_labels))
    return links
