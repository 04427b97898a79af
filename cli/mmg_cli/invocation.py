"""The words of the command that runs, which results hold, so that `mmg rerun` can repeat them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from mmg_registry.bounds.result import Bound
    from mmg_registry.quantity import Quantity
    from mmg_registry.results import Estimate
    from mmg_registry.tables import AnswerTable

R = TypeVar("R", bound="Estimate | Quantity | Bound | AnswerTable")
FILES = ("-o", "--output", "--plot", "--save", "--pointwise", "--checkpoint", "--out")  # written beside the result
MANNERS = ("--json", "-q", "--quiet", "-v", "-vv", "--verbose", "--no-config", "--resume", "--dry-run")


@dataclass
class Invocation:
    """The words of the command, after those of a configuration file were put in; empty outside of the program."""

    words: list[str] = field(default_factory=list)


invocation = Invocation()


def recorded(found: R) -> R:
    """Return a result that holds in its provenance the command that gave it, without what it printed and wrote."""
    if not invocation.words:
        return found
    about: dict[str, Any] = {**found.provenance, "command": list(asked(invocation.words))}
    return cast(R, replace(cast(Any, found), provenance=about))


def asked(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command but for the files that it writes and the way in which it prints.

    >>> list(asked(["estimate", "a.csv", "-o", "b.json", "--plot=c.png", "--json", "--seed", "3"]))
    ['estimate', 'a.csv', '--seed', '3']
    """
    rest = iter(words)
    for word in rest:
        if word in FILES:
            next(rest, None)
        elif word not in MANNERS and not word.startswith(tuple(f"{name}=" for name in FILES)):
            yield word
