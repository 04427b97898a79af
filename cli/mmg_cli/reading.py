"""Options of how files are read, which every command that reads tables shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.output import say, verbosity
from mmg_registry.errors import demand, shown

if TYPE_CHECKING:
    from mmg_registry.data import Pair, TextOptions
    from mmg_registry.kinds import KindName

_TEXT = "Reading text"


class HeaderOption(str, Enum):
    """What the first row of a text is."""

    auto = "auto"
    none = "none"
    first = "first"


DATA_HELP = (
    "A table or arrays: csv, tsv, txt, npz, npy, parquet, feather, xlsx, json, jsonl, mat, h5, h5ad, nc, zarr, pt, "
    "safetensors, also .gz, .bz2, .xz, .zst, .zip; a folder of parquet; '-' for stdin. Several tables of the same "
    "columns are appended; two npy files are x, then y."
)
COLUMNS_HELP = (
    "Columns (or arrays) that are x: names a,b, a pattern gene_*, positions 0,3 (from 0, where no name is so), a range "
    "a:c, all but some '!id'; \"a,b\" in double quotes for a name with a comma."
)
Where = Annotated[
    str | None,
    typer.Option(metavar="CONDITION", help="Only rows that fulfil it, e.g. \"age > 30 and site == 'B'\"."),
]
RowsOption = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="N",
        help="Draw N rows at random, or take all; if absent a million of columns that take more than 1 GiB.",
    ),
]
Sep = Annotated[
    str | None,
    typer.Option(metavar="SIGN", rich_help_panel=_TEXT, help="What separates cells: one sign, tab or blanks."),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="SIGN", rich_help_panel=_TEXT, help="The decimal sign, . or a comma.")
]
Thousands = Annotated[
    str | None, typer.Option(metavar="SIGN", rich_help_panel=_TEXT, help="The sign that groups digits, as in 1,234.")
]
Comment = Annotated[
    str | None, typer.Option(metavar="SIGN", rich_help_panel=_TEXT, help="What begins a comment, anywhere in a line.")
]
SkipLines = Annotated[int, typer.Option(metavar="N", rich_help_panel=_TEXT, help="Leave out so many lines at the top.")]
Na = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", rich_help_panel=_TEXT, help="A word or number for missing values; repeatable."),
]
TextEncoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", rich_help_panel=_TEXT, help="UTF-8, or what its first bytes say, if absent."),
]
HeaderRow = Annotated[
    HeaderOption, typer.Option(rich_help_panel=_TEXT, help="Whether the first row holds names (first) or data (none).")
]


@dataclass(frozen=True, kw_only=True)
class TextJob:
    """The parameters of how a table is read, one field each."""

    where: str | None = None
    rows: str | None = None
    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    skip: int = 0
    na: list[str] | None = None
    encoding: str | None = None
    header: HeaderOption = HeaderOption.auto


def text_options(job: TextJob) -> TextOptions:
    """Return what was said about text.

    Raises:
        OptionError: for a value that cannot be meant.
    """
    from mmg_registry.data import TextOptions

    return TextOptions(
        sep=job.sep,
        decimal=job.decimal,
        thousands=job.thousands,
        comment=job.comment,
        skip=job.skip,
        na=tuple(job.na or ()),
        encoding=job.encoding,
        header=job.header.value,
    )


def parse_kinds(given: Sequence[str]) -> dict[str, KindName]:
    """Return the kinds of columns that are told as COLUMN=KIND; a column's name may hold an equals sign.

    Raises:
        OptionError: for what is not of this form, and for a kind that is none.

    >>> parse_kinds(["a=b=category"])
    {'a=b': 'category'}
    """
    from mmg_registry.request import check_kinds

    kinds: dict[str, Any] = {}
    for word in given:
        column, equals, kind = word.rpartition("=")
        demand(equals and column, f"'{word}' given to --kind tells no kind; write COLUMN=KIND, as in site=category.")
        kinds[column] = kind
    check_kinds(kinds)
    return kinds


def tell(pair: Pair) -> None:
    """Say what was guessed or left out while reading, where -v asked for it."""
    for note in pair.notes if verbosity.level else ():
        say(f"Note: {shown(note)}")
