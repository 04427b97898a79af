"""What a column is: continuous, a count, a category, mixed, or an angle.

The kind decides how a column enters an estimator, never what comes out: a category enters as labels whose codes, order
and names mean nothing, a mixed column as an atom (which single value, or none) and a continuous rest, a rounded column
as one whose ties are a matter of its grain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

KindName = Literal["continuous", "count", "category", "mixed", "angle"]
KINDS: frozenset[KindName] = frozenset(get_args(KindName))


@dataclass(frozen=True)
class Kind:
    """The kind of one column.

    Attributes:
        name: "continuous", "count", "category", "mixed" or "angle".
        reason: why, as a clause.
        values: how many different values there are.
        atoms: single values that stand out of a mixed column.
        grain: distance that all values of a rounded column are multiples of; 0 where there is none.
        labels: names of a category's codes 0, 1 .. where the column was text; else empty.
        told: whether a person says so, rather than the values.
    """

    name: KindName
    reason: str
    values: int
    atoms: tuple[float, ...] = ()
    grain: float = 0.0
    labels: tuple[str, ...] = ()
    told: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return what the JSON result says of the column."""
        found: dict[str, Any] = {"kind": self.name, "reason": self.reason, "values": self.values}
        return (
            found | ({"atoms": list(self.atoms)} if self.atoms else {}) | ({"grain": self.grain} if self.grain else {})
        )
