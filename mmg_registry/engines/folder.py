"""A folder of results with what carries its works: what questions of many ask, each with a row for every work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmg_registry.engines import shards
from mmg_registry.engines.run import carry_out
from mmg_registry.engines.work import Work


@dataclass(frozen=True)
class WorkFolder:
    """Where the results of works are kept, and what carries them.

    Attributes:
        folder: the folder of results.
        engine: as `engines.run.carry_out` takes it.
        jobs: works at a time.
        resume: whether to go on with what the folder has.
        config: a file with options of the engine, or None.
    """

    folder: str | Path
    engine: str = "local"
    jobs: int = 1
    resume: bool = False
    config: str | None = None

    def carried(self, works: Sequence[Work], told: Callable[[int], None]) -> list[shards.Record]:
        """Return the row of each work in their order, once those that are not done yet are done.

        Args:
            works: the works.
            told: hears how many of them are done, each time.

        Raises:
            OptionError: as `carry_out`.

        Example:
            >>> import tempfile
            >>> works = [Work(key=key, call="builtins:dict", arguments={"name": key}) for key in "ab"]
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     [row["result"] for row in WorkFolder(folder).carried(works, told=lambda done: None)]
            [{'name': 'a'}, {'name': 'b'}]
        """
        done = carry_out(works, self.folder, engine=self.engine, jobs=self.jobs, resume=self.resume, config=self.config)
        for count, _ in enumerate(done, 1):
            told(count)
        wanted = {work.key for work in works}
        found = {row["key"]: row for row in shards.rows(self.folder) if row["key"] in wanted}
        return [found[work.key] for work in works]
