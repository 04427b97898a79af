"""Whether an estimator takes the data: its declared kinds and limits of columns and rows, before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from mmg_registry import registry
from mmg_registry.contracts import Estimator
from mmg_registry.data import Pair
from mmg_registry.entry_points import HOME, IN_PROCESS
from mmg_registry.errors import DoesNotApply, PluginError
from mmg_registry.estimation.encoding import width_for
from mmg_registry.kinds import Kind

_MOST_NAMES = 6  # estimators that the refusal names; more would hide the way out


def demand_applies(cls: type[Estimator], pair: Pair) -> None:
    """Refuse `pair` where it is beyond what `cls` declares to take.

    Args:
        cls: the estimator class.
        pair: the checked rows, before those that evaluate are split off, with the columns that reach `fit`.

    Raises:
        DoesNotApply: naming the plugin, its limit, and estimators that take the pair.
    """
    limit = broken_limit(cls, pair)
    if limit:
        raise DoesNotApply(f"The plugin '{cls.name}' {limit}; {_way_out(pair)}.")


def broken_limit(cls: type[Estimator], pair: Pair) -> str:
    """Return the first limit of `cls` that `pair` breaks, as a clause; "" where `cls` takes the pair.

    Example:
        >>> import numpy as np
        >>> from mmg_registry.data import as_pair
        >>> class OneColumn(Estimator):
        ...     max_dim_x = 1
        >>> broken_limit(OneColumn, as_pair(np.zeros((50, 3)), np.zeros(50)))
        'takes at most 1 column of x, and there are 3'
        >>> broken_limit(OneColumn, as_pair(np.zeros(50), np.zeros(50)))
        ''
    """
    refused = _other_kind(cls, pair)
    if refused:
        return refused
    for side, most, given in (
        ("x", cls.max_dim_x, _width(cls, pair, "x")),
        ("y", cls.max_dim_y, _width(cls, pair, "y")),
    ):
        if most is not None and given > most:
            return f"takes at most {most} column{'s' * (most != 1)} of {side}, and there are {given}"
    if len(pair) < cls.min_rows:
        return f"takes at least {cls.min_rows} rows, and there are {len(pair)}"
    return ""


def _other_kind(cls: type[Estimator], pair: Pair) -> str:
    """Return the first column of a kind that `cls` does not take, as a clause; angles reach every estimator."""
    taken = {*cls.kinds, "angle"}
    for side in pair.sides:
        names, kinds = getattr(pair, f"{side}_names"), getattr(pair, f"{side}_kinds")
        for name, kind in zip(names, kinds, strict=False):
            if kind.name not in taken:
                why = f"{kind.reason}; --kind or kinds= tells another"
                return f"takes no column of the kind '{kind.name}', which '{name}' of {side} is ({why})"
    return ""


def _width(cls: type[Estimator], pair: Pair, side: str) -> int:
    """Return how many columns of one side reach `fit`: a category may become several."""
    kinds: tuple[Kind, ...] = getattr(pair, f"{side}_kinds")
    return sum(width_for(cls, kind) for kind in kinds) if kinds else int(getattr(pair, side).shape[1])


def _way_out(pair: Pair) -> str:
    names = [name for name, cls in _known() if not broken_limit(cls, pair)]
    if not names:
        return "no other plugin here takes them either"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    verb = "takes" if len(names) == 1 else "take"
    return f"{', '.join(names[:_MOST_NAMES])}{more} {verb} them"


def _known() -> Iterator[tuple[str, type[Estimator]]]:
    """Yield the built-in estimators and those of this process; a stranger's is imported only when it is asked for."""
    for record in registry.records():
        if record.distribution in (HOME, IN_PROCESS):
            with suppress(PluginError):
                yield record.name, registry.load_record(record)
