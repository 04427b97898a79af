"""Features as works of an engine: each reads the table itself and answers for one feature."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmg_registry.contracts import Progress
from mmg_registry.data.reading import TextOptions
from mmg_registry.engines.folder import WorkFolder
from mmg_registry.engines.work import Resources, Work
from mmg_registry.errors import demand
from mmg_registry.files import checksum
from mmg_registry.ranking.answer import Ranking, RankOptions
from mmg_registry.ranking.look import FeatureLook
from mmg_registry.ranking.rows import read_features
from mmg_registry.ranking.table import feature_row_of
from mmg_registry.request import Request
from mmg_registry.results import plain
from mmg_registry.tables import AnswerCell, AnswerTable

CALL = "mmg_registry.ranking.work:feature_row"
OF_ONE = ("plugin", "seed", "device", "max_seconds", "ci_level", "blocks", "kinds", "options")
NOT_A_FILE = "An engine's workers read the table themselves: give the path of a file."


@dataclass(frozen=True)
class TableSource:
    """How each worker reads the table: as `read_features` does.

    Attributes:
        paths: of the files.
        target, features, given, groups: columns.
        where: a condition that rows fulfil.
        rows, seed: how many of them are drawn, and with which seed.
        text: how text is written.
    """

    paths: tuple[str, ...]
    target: str
    features: str | None = None
    given: str | None = None
    groups: str | None = None
    where: str | None = None
    rows: int | str | None = None
    seed: int = 0
    text: TextOptions = field(default_factory=TextOptions)

    def plain(self) -> dict[str, Any]:
        """Return the source as JSON holds it, with sizes and times of its files, which tell another of that name."""
        paths = [Path(path).resolve() for path in self.paths]
        states = [_state(path) for path in paths]
        return {**vars(self), "paths": [str(path) for path in paths], "states": states, "text": vars(self.text)}


def _state(path: Path) -> list[int]:
    """Return the bytes of a file, or of all files of a folder, and when the last was written, in ns."""
    found = [each.stat() for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file()]
    return [sum(each.st_size for each in found), max((each.st_mtime_ns for each in found), default=0)]


@lru_cache(maxsize=1)
def _ranking(source: str, request: str, options: str) -> Ranking:
    """Return what is asked for, read once by each worker."""
    told, asked, chosen = (json.loads(each) for each in (source, request, options))
    text = TextOptions(**{**told["text"], "na": tuple(told["text"]["na"])})
    paths = told["paths"][0] if len(told["paths"]) == 1 else told["paths"]
    reading = {name: told[name] for name in ("groups", "where", "rows", "seed")}
    pair = read_features(paths, told["target"], told["features"], told["given"], text=text, **reading)
    return Ranking.of(pair, Request(**asked, threads=1), RankOptions(**chosen))


def feature_row(source: str, request: str, options: str, feature: str, valued: bool) -> Mapping[str, AnswerCell]:
    """Return the row of one feature, in nats, without rank and q: what a worker calls.

    Args:
        source, request, options: JSON of a `TableSource`, of the settings in `OF_ONE` and of `RankOptions`.
        feature: its name.
        valued: whether it gets a value.
    """
    ranking = _ranking(source, request, options)
    row: Mapping[str, AnswerCell] = plain(ranking.row(ranking.rows.names.index(feature), valued))
    return row


def ranked_on(ranking: Ranking, source: TableSource, place: WorkFolder) -> AnswerTable:
    """Return the table of a ranking whose features an engine's workers look at and estimate, in nats.

    Raises:
        OptionError: where the table is no file, for an unknown engine, or a folder that has results already.
    """
    demand(all(path != "-" for path in source.paths), NOT_A_FILE)
    started, names = time.perf_counter(), ranking.rows.names
    top = None if ranking.options.greedy else ranking.options.top
    found = _carried(ranking, source, place, names, top is None)
    if top is not None:
        best = [names[j] for j in ranking.first(found)]
        valued = _carried(ranking, source, replace(place, resume=True), best, True)
        told = {row["feature"]: row for row in valued}
        found = [told.get(row["feature"], row) for row in found]
    return ranking.assembled(found, started)


def _carried(
    ranking: Ranking, source: TableSource, place: WorkFolder, names: Sequence[str], valued: bool
) -> list[dict[str, AnswerCell]]:
    """Return the rows of features in their order, by works that are not done yet."""
    works = list(_works(ranking, source, names, valued))

    def told(done: int) -> None:
        if ranking.request.progress:
            ranking.request.progress(Progress(done / len(works), f"feature {done} of {len(works)}"))

    return [_row_of(ranking, row, name) for row, name in zip(place.carried(works, told), names, strict=True)]


def _works(ranking: Ranking, source: TableSource, names: Sequence[str], valued: bool) -> Iterator[Work]:
    request = {name: getattr(ranking.request, name) for name in OF_ONE}
    settings = {"request": request, "options": vars(ranking.options), "source": source.plain()}
    texts = {key: json.dumps(own, sort_keys=True, default=dict) for key, own in settings.items()}
    kind, settings_hash = "value" if valued else "look", checksum("".join(texts.values()).encode())[:12]
    for name in names:
        arguments = {**texts, "feature": name, "valued": valued}
        yield Work(key=f"{kind} {name} {settings_hash}", call=CALL, arguments=arguments, resources=Resources())


def _row_of(ranking: Ranking, done: Mapping[str, Any], name: str) -> dict[str, AnswerCell]:
    """Return the row that a worker made; of a work that failed, a row with the reason."""
    if done["status"] == "ok":
        row = dict(done["result"])
        return {**row, "mi": math.inf} if row["status"] == "infinite" else row
    return feature_row_of(
        FeatureLook(ranking.rows.names.index(name), reason=str(done["error"]["message"])), None, name, 0
    )
