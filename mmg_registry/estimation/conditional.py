"""I(X; Y | Z) of estimators that know I(X; Y) alone, by the chain rule: I(X; Y, Z) - I(X; Z).

Cover and Thomas, Elements of Information Theory, theorem 2.5.2. Both estimates miss or add something of their own, and
neither tells the other's, so that their standard errors are added rather than their squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mmg_registry.contracts import Array
from mmg_registry.data import Cleaned, Pair, clean
from mmg_registry.data.pair import without_given
from mmg_registry.errors import DataError, demand
from mmg_registry.estimation.fitting import Part
from mmg_registry.kinds import KindName
from mmg_registry.results import Estimate

TOLD = (
    "The plugin estimates no conditional information, so this is I(x; y, z) - I(x; z) of two estimates, whose errors "
    "are added; auto, gaussian and ksg see what is given."
)


def with_z_beside_y(pair: Pair) -> Pair:
    """Return the pair of x with y and z side by side.

    Example:
        >>> from mmg_registry.data import as_pair
        >>> from mmg_registry.data.pair import with_given
        >>> with_z_beside_y(with_given(as_pair([1, 2], [3, 4]), [5, 6])).y.tolist()
        [[3.0, 5.0], [4.0, 6.0]]
    """
    sides = [(getattr(pair, side), getattr(pair, f"{side}_labels"), getattr(pair, f"{side}_kinds")) for side in "yz"]
    plain = [labels or ((),) * array.shape[1] for array, labels, _ in sides]
    return replace(
        without_given(pair),
        y=np.concatenate([array for array, _, _ in sides], axis=1),
        y_names=(*pair.y_names, *pair.z_names),
        y_labels=(*plain[0], *plain[1]) if pair.y_labels or pair.z_labels else (),
        y_kinds=(*pair.y_kinds, *pair.z_kinds),
        y_shape=None,
        y_grid=None,
        whole=None if pair.whole is None else pair.whole.through(with_z_beside_y),
    )


def with_z_alone(pair: Pair) -> Pair:
    """Return the pair of x and z."""
    z: Array = np.empty((len(pair), 0)) if pair.z is None else pair.z
    of_z: dict[str, Any] = {"y": z, "y_names": pair.z_names, "y_labels": pair.z_labels, "y_kinds": pair.z_kinds}
    whole = None if pair.whole is None else pair.whole.through(with_z_alone)
    return replace(without_given(pair), **of_z, y_shape=None, y_grid=None, whole=whole)


def recleaned(pair: Pair) -> Cleaned:
    """Return a pair made of checked columns, checked as a whole: columns of y and of z may tell one another.

    Its warnings are left out: those of the columns themselves were given before.
    """
    return replace(clean(pair, kinds=_known(pair)), warnings=[])


def _known(pair: Pair) -> Mapping[str, KindName]:
    """Return the kinds that were found, by names; of text that its labels tell."""
    sides = ((pair.x_names, pair.x_kinds), (pair.y_names, pair.y_kinds))
    return {name: kind.name for names, kinds in sides for name, kind in zip(names, kinds, strict=True)}


def difference(both: Part, alone: Part, source: str) -> Part:
    """Return the difference of the parts of I(X; Y, Z) and of I(X; Z), in nats.

    Raises:
        DataError: where I(X; Z) is infinite, so that the difference is not defined.
    """
    first, second = both.estimate, alone.estimate
    demand(
        second.status != "infinite",
        f"In {source} what is given determines columns of x ({second.warnings[0] if second.warnings else ''}) so that "
        "I(x; y, z) - I(x; z) is not defined; leave these columns of x out, or take a plugin that sees what is given.",
        DataError,
    )
    seconds = {key: both.seconds[key] + alone.seconds[key] for key in both.seconds}
    if first.status != "estimated":
        return replace(both, estimate=replace(first, warnings=[TOLD, *first.warnings]), seconds=seconds)
    return replace(both, estimate=_subtracted(first, second), estimator=None, seconds=seconds, fits=())


def _subtracted(first: Estimate, second: Estimate) -> Estimate:
    errors = [each.std_error for each in (first, second)]
    of_both = [error for error in errors if error is not None]
    rows = [each.pointwise for each in (first, second)]
    values = rows[0] - rows[1] if rows[0] is not None and rows[1] is not None else None
    parts = {
        name: {"mi": each.mi, "std_error": each.std_error, "diagnostics": each.diagnostics}
        for name, each in (("I(x; y, z)", first), ("I(x; z)", second))
    }
    return Estimate(
        mi=first.mi - second.mi,
        std_error=sum(of_both) if len(of_both) == len(errors) else None,
        pointwise=values,
        device=first.device,
        backend=first.backend,
        diagnostics={"difference": parts},
        warnings=list(dict.fromkeys([TOLD, *first.warnings, *second.warnings])),
    )
