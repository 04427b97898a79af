"""Files of rows: what readers make of them, cut, damaged or repeated."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from mmg_registry.engines.shards import Shard, attempts, keys, rows, shard_of
from mmg_registry.engines.work import Work
from mmg_registry.errors import DataError, MMGError

OK = {"status": "ok", "seconds": 0.1, "result": {"mi": 0.5}}
FAILED = {"status": "failed", "seconds": 0.1, "error": {"type": "E", "message": "m", "traceback": ""}}


def test_the_last_row_of_a_key_counts_in_whatever_file_it_is(tmp_path: Path) -> None:
    shards = [Shard(tmp_path) for _ in range(4)]
    for shard in shards[:3]:
        shard.end("a", "run", FAILED)
    shards[3].end("a", "run", OK)
    shards[0].end("b", "run", FAILED)
    assert {row["key"]: row["status"] for row in rows(tmp_path)} == keys(tmp_path) == {"a": "ok", "b": "failed"}


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    shard = Shard(tmp_path)
    shard.end("a", "run", OK)
    shard.end("b", "run", OK)
    shard.path.write_bytes(shard.path.read_bytes()[:-20])
    assert [row["key"] for row in rows(tmp_path)] == ["a"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    shard = Shard(tmp_path)
    shard.end("a", "run", OK)
    with shard.path.open("ab") as file:
        file.write(b'{"key": \n')
    with pytest.raises(DataError, match=r"Line 2 of .*jsonl is damaged; remove that line"):
        list(rows(tmp_path))


def test_attempts_are_those_of_this_run_alone(tmp_path: Path) -> None:
    work, shard = Work(key="a", call="m:f"), Shard(tmp_path)
    shard.begin("a", "earlier")
    shard.end("a", "earlier", OK)
    shard.begin("a", "run")
    shard.begin("ab", "run")
    assert attempts(tmp_path, work, "run") == (1, None)
    done = shard.end("a", "run", OK)
    assert attempts(tmp_path, work, "run") == (1, done)


def test_a_process_has_one_file_at_a_time_and_a_fork_its_own(tmp_path: Path) -> None:
    first = shard_of(str(tmp_path))
    assert shard_of(str(tmp_path)) is first
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lambda: shard_of(str(tmp_path)).end("a", "run", OK))
    child.start()
    child.join()
    (row,) = rows(tmp_path)
    assert row["worker"] != first.name.removesuffix(".jsonl")
    assert shard_of(str(tmp_path / "other")) is not first


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MMGError, match="cannot be written: Not a directory; give another folder"):
        Shard(tmp_path / "file")
