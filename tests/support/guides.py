"""Guides that are run as they stand: their fenced blocks, their commands, and whether an output is what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

FENCE = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block with what they are said to print."""
    for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def fits(printed: str, said: str) -> bool:
    """Whether `printed` is what the guide says, up to blanks and what "..." stands for."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in said.split("..."))
    return re.fullmatch(pattern, " ".join(printed.split())) is not None
