"""Pairs as works of an engine: the columns lie in the folder, and each worker maps them and estimates one pair."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmg_registry.allpairs.answer import VALUED, AllPairs, PairPlaces, PairsOptions
from mmg_registry.allpairs.columns import ColumnRows
from mmg_registry.allpairs.table import measured, with_infinity
from mmg_registry.contracts import Progress, stretched
from mmg_registry.data import Pair, as_pair
from mmg_registry.data.pair import with_groups
from mmg_registry.engines.folder import WorkFolder
from mmg_registry.engines.work import Resources, Work
from mmg_registry.errors import OptionError
from mmg_registry.files import checksum, replacing
from mmg_registry.ranking.values import FeatureValue
from mmg_registry.ranking.work import OF_ONE
from mmg_registry.request import Request
from mmg_registry.results import plain
from mmg_registry.tables import AnswerCell, AnswerTable

CALL = "mmg_registry.allpairs.work:pair_cells"
COLUMNS_FOLDER, VALUES, GROUPS, ABOUT = "columns", "columns.npy", "groups.npy", "columns.json"


def paired_on(question: AllPairs, where: WorkFolder) -> AnswerTable:
    """Return the table of pairs, of which an engine's workers estimate the first ones, in nats.

    Raises:
        OptionError: for an unknown engine, or a folder that has results already.
    """
    data = _keep(question.rows, Path(where.folder))

    def answers(wanted: Sequence[PairPlaces]) -> list[dict[str, AnswerCell]]:
        return _carried(question, where, wanted, data)

    return question.table(answers)


def pair_cells(folder: str, data: str, asked: str, i: int, j: int) -> Mapping[str, AnswerCell]:
    """Return what the plugin says of two columns, in nats: what a worker calls.

    Args:
        folder: where the columns are.
        data: checksum of the columns, by which other columns at the same place are other works.
        asked: JSON of the settings in `OF_ONE`, of threads and of `PairsOptions`.
        i, j: places of the columns.
    """
    cells: Mapping[str, AnswerCell] = plain(_question(folder, data, asked).cells((i, j)))
    return cells


@lru_cache(maxsize=1)
def _question(folder: str, data: str, asked: str) -> AllPairs:
    """Return the question, of columns that are mapped into memory once by each worker."""
    own = Path(folder, COLUMNS_FOLDER, data)
    about, settings = json.loads((own / ABOUT).read_text(encoding="utf-8")), json.loads(asked)
    x = np.load(own / VALUES, mmap_mode="r")
    labels = tuple(tuple(each) for each in about["labels"])
    empty = as_pair(x, x, about["names"], about["names"], about["source"])
    pair = replace(empty, x_labels=labels, y_labels=labels)
    pair = with_groups(pair, np.load(own / GROUPS)) if about["groups"] else pair
    told = {int(place): kind for place, kind in about["told"].items()}
    rows = ColumnRows(pair, told, dict.fromkeys(range(x.shape[1])))  # type: ignore[arg-type]
    return AllPairs(rows, Request(**settings["request"]), PairsOptions(**settings["options"]))


def _keep(rows: ColumnRows, folder: Path) -> str:
    """Write the columns into a folder of their own, named by their checksum, and return that.

    Files of other columns stay as they are: workers of another command, or of the run before, may have them mapped.

    Raises:
        OptionError: when the folder cannot be written.
    """
    pair = rows.pair
    about = {"names": pair.x_names, "labels": pair.x_labels, "source": pair.source, "told": dict(rows.told)}
    text = json.dumps({**about, "groups": pair.groups is not None}, sort_keys=True)
    groups = b"" if pair.groups is None else pair.groups.tobytes()
    data = checksum(text.encode() + groups + np.ascontiguousarray(pair.x.T).tobytes())[:12]
    try:
        _write_columns(pair, text, folder / COLUMNS_FOLDER / data)
    except OSError as error:
        raise OptionError(f"{folder} cannot be written: {error.strerror or error}; give another folder.") from error
    return data


def _write_columns(pair: Pair, text: str, own: Path) -> None:
    """Write the columns, what they are last: where that is there, all is."""
    own.mkdir(parents=True, exist_ok=True)
    if (own / ABOUT).exists():
        return
    with replacing(own / VALUES) as file:
        np.save(file, np.asfortranarray(pair.x))
    if pair.groups is not None:
        with replacing(own / GROUPS) as file:
            np.save(file, pair.groups)
    with replacing(own / ABOUT) as file:
        file.write(text.encode())


def _carried(
    question: AllPairs, where: WorkFolder, wanted: Sequence[PairPlaces], data: str
) -> list[dict[str, AnswerCell]]:
    """Return the cells of pairs in their order, by works that are not done yet."""
    listener = stretched(question.request.progress, *VALUED)

    def told(done: int) -> None:
        if listener:
            listener(Progress(done / len(wanted), f"pair {done} of {len(wanted)}"))

    return [_cells(row) for row in where.carried(list(_works(question, where, wanted, data)), told)]


def _works(question: AllPairs, where: WorkFolder, wanted: Sequence[PairPlaces], data: str) -> Iterator[Work]:
    request, folder = question.request, str(Path(where.folder).resolve())
    threads = request.threads or 1
    settings = {name: getattr(request, name) for name in OF_ONE if name != "kinds"}
    asked = json.dumps({"request": {**settings, "threads": threads}, "options": _of_one(question)}, sort_keys=True)
    key = checksum((data + asked).encode())[:12]
    for i, j in wanted:
        arguments = {"folder": folder, "data": data, "asked": asked, "i": i, "j": j}
        yield Work(key=f"{i} {j} {key}", call=CALL, arguments=arguments, resources=Resources(threads=threads))


def _of_one(question: AllPairs) -> dict[str, Any]:
    """Return the options that an estimate depends on: others, such as `top`, may change when a run is resumed."""
    return {"value_rows": question.options.value_rows}


def _cells(done: Mapping[str, Any]) -> dict[str, AnswerCell]:
    """Return the cells that a worker made; of a work that failed, its reason."""
    if done["status"] == "ok":
        return with_infinity(done["result"])
    return measured(FeatureValue(None, "failed", str(done["error"]["message"]), 0))
