"""What commands share whose answer is a table: checks, printing and writing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmg_cli.invocation import recorded
from mmg_cli.output import check_writable, columns, display, say, warn
from mmg_cli.questions.common import QuestionJob, check_settings, job_request
from mmg_cli.writers import write_table
from mmg_registry.errors import demand, shown

if TYPE_CHECKING:
    from mmg_registry.engines.folder import WorkFolder
    from mmg_registry.tables import AnswerCell, AnswerTable

LONGEST_CELL = 40  # characters of a name in the printed table
MOST_PRINTED = 30  # rows; all are in the file of -o and in --json


@dataclass(frozen=True, kw_only=True)
class ManyJob(QuestionJob):
    """The parameters of commands that make many estimates, which engines may carry; one field each."""

    plugin: str
    value_rows: int
    fdr: str
    alpha: float
    dry_run: bool
    folder: str | None
    resume: bool
    engine: str
    engine_config: str | None
    jobs: int

    @property
    def place(self) -> WorkFolder | None:
        """The folder of results with what carries the works; None for those of this process alone."""
        from mmg_registry.engines.folder import WorkFolder

        if self.folder is None:
            return None
        return WorkFolder(self.folder, self.engine, self.jobs, self.resume, self.engine_config)


def check_many_job(job: ManyJob, beside: Sequence[str]) -> None:
    """Refuse what `check_table_job` does, options that the plugin has not, and an engine without a folder.

    Args:
        job: the parameters.
        beside: names that are no options of the plugin, but of the question.

    Raises:
        OptionError, PluginError: as it says.
    """
    from mmg_registry.registry import check_options

    check_table_job(job)
    asked = job_request(job)
    check_options(asked.plugin, asked.options, beside)
    demand(job.folder or not (job.resume or job.engine != "local"), "--resume and --engine need --out FOLDER.")


def check_table_job(job: QuestionJob) -> None:
    """Refuse options out of range, and outputs that would fail after the run.

    Raises:
        OptionError: for the first value out of range, or a file that cannot be written as a table.
    """
    check_settings(job)
    if job.out:
        from mmg_registry.tables import table_ending

        table_ending(job.out)
        check_writable(job.out, "-o")


def print_table(found: AnswerTable, job: QuestionJob, names: Sequence[str]) -> None:
    """Print a table on stdout, some of its columns and its first rows; then write it where -o says.

    Raises:
        MMGError: when it cannot be written; it is printed then.
    """
    if job.json:
        print(recorded(found).to_json())
        for sentence in found.warnings:
            warn(sentence)
    else:
        _print_rows(found, names)
    sys.stdout.flush()
    if job.out:
        write_table(found, job.out)


def _print_rows(found: AnswerTable, names: Sequence[str]) -> None:
    rows = [[cell_text(row[name]) for name in names] for row in found.rows[:MOST_PRINTED]]
    display(columns([[name.upper() for name in names], *rows]))
    if len(found) > MOST_PRINTED:
        say(f"The first {MOST_PRINTED} of {len(found)} rows; -o FILE.csv or --json has all.")
    for sentence in found.warnings:
        print(f"warning  {shown(sentence)}")
    print(f"unit     {found.unit}")
    print(f"seed     {found.provenance.get('seed')}")


def cell_text(cell: AnswerCell) -> str:
    """Return a cell as it is printed.

    >>> cell_text(0.123456), cell_text(1e-9), cell_text(None), cell_text("a" * 50)[-3:]
    ('0.1235', '1e-09', '', '...')
    """
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.4f}" if cell == 0 or abs(cell) >= 1e-3 else f"{cell:.1g}"
    text = str(cell)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."
