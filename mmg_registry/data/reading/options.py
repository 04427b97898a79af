"""How a text file is written, as far as a person says it; what is not said is found out (see `dialect`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from mmg_registry.limits import demand_value

HeaderChoice = Literal["auto", "none", "first"]


@dataclass(frozen=True)
class TextOptions:
    """How to read text: csv, tsv, txt, dat, and what is compressed or piped of it.

    Attributes:
        sep: what separates cells: one character, or "blanks" for any number of blanks and tabs; None to find out.
        decimal: the decimal sign, "." or ","; None to find out.
        thousands: the sign that groups digits ("," in 1,234), or None for none.
        comment: lines that begin with this, and what follows it in a line, are left out; None leaves out only lines
            that begin with # before the table.
        skip: so many lines at the top are left out.
        na: more words that stand for a missing value.
        encoding: name of the encoding; None for UTF-8, what a byte order mark says, else Latin-1.
        header: "first" when the first row holds names, "none" when it holds data, "auto" to find out.

    Raises:
        OptionError: for a value that cannot be meant.

    Example:
        >>> TextOptions(sep=";", decimal=",").skip
        0
    """

    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    skip: int = 0
    na: tuple[str, ...] = ()
    encoding: str | None = None
    header: HeaderChoice = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sep", _SPELT_OUT.get(self.sep or "", self.sep))
        one_sign = self.sep in (None, BLANKS) or len(self.sep or "") == 1
        demand_value(one_sign, "sep", self.sep, "one character, or 'blanks'")
        demand_value(self.decimal in (None, ".", ","), "decimal", self.decimal, "'.' or ','")
        demand_value(self.thousands is None or len(self.thousands) == 1, "thousands", self.thousands, "one character")
        apart = not self.thousands or self.thousands != self.decimal
        demand_value(apart, "thousands", self.thousands, "not decimal's too")
        demand_value(self.comment is None or self.comment.strip(), "comment", self.comment, "a sign such as '#'")
        demand_value(self.skip >= 0, "skip", self.skip, "0 or more lines")
        demand_value(self.header in get_args(HeaderChoice), "header", self.header, "auto, none or first")
        demand_value(
            self.encoding is None or _is_encoding(self.encoding), "encoding", self.encoding, "one that Python knows"
        )


BLANKS = "blanks"
_SPELT_OUT = {r"\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", " ": BLANKS, "blank": BLANKS}


def _is_encoding(name: str) -> bool:
    try:
        return "".encode(name) is not None
    except LookupError:  # unknown, or no encoding of text ("hex")
        return False
