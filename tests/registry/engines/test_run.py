"""Many works: every row once, whatever becomes of the workers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from pathlib import Path

import pytest
from events import wait_for
from works import double, doubles

from mmg_registry.engines import run as driver
from mmg_registry.engines.run import carry_out, in_this_process
from mmg_registry.engines.shards import row_of, rows
from mmg_registry.engines.work import Done, Work
from mmg_registry.errors import OptionError


def statuses(works: list[Work], folder: Path, **options: object) -> dict[str, str]:
    return {done.key: done.status for done in carry_out(works, folder, **options)}


def row(folder: Path, key: str) -> dict:
    (found,) = [each for each in rows(folder) if each["key"] == key]
    return found


def test_every_work_is_one_row_of_a_worker(tmp_path: Path) -> None:
    done = list(carry_out(doubles(30), tmp_path, jobs=2))
    assert sorted(each.key for each in done) == sorted(work.key for work in doubles(30))
    found = {each["key"]: each["result"] for each in rows(tmp_path)}
    assert found == {f"double {number}": {"double": 2 * number} for number in range(30)}
    assert row_of(tmp_path, done[7])["key"] == done[7].key
    assert str(os.getpid()) not in {each["worker"].split("-")[-2] for each in rows(tmp_path)}


def test_workers_stay_for_the_next_work_and_have_the_threads_that_it_asks_for(tmp_path: Path) -> None:
    from mmg_registry.engines.work import Resources

    asked = [
        Work(key=str(each), call="works:whereabouts", resources=Resources(threads=1 + each // 3)) for each in range(6)
    ]
    assert set(statuses(asked, tmp_path).values()) == {"ok"}
    found = {each["key"]: each["result"] for each in rows(tmp_path)}
    assert [found[str(each)]["threads"] for each in range(6)] == ["1"] * 3 + ["2"] * 3
    assert len({each["process"] for each in found.values()}) == 2


def test_an_error_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    works = [Work(key="bad", call="works:fail"), Work(key="none", call="works:no_such"), *doubles(2)]
    assert statuses(works, tmp_path) == {"bad": "failed", "none": "failed", "double 0": "ok", "double 1": "ok"}
    error = row(tmp_path, "bad")["error"]
    assert (error["type"], error["message"]) == ("ValueError", "singular matrix")
    assert "support/works.py" in error["traceback"]
    assert str(tmp_path) not in error["traceback"]


def test_the_work_of_a_lost_worker_is_done_again(tmp_path: Path) -> None:
    works = [Work(key="once", call="works:die_once", arguments={"mark": str(tmp_path / "mark")}), *doubles(5)]
    assert set(statuses(works, tmp_path / "out", jobs=2).values()) == {"ok"}
    assert len(list(rows(tmp_path / "out"))) == 6


def test_a_work_that_kills_its_worker_twice_is_a_row_with_that_reason(tmp_path: Path) -> None:
    found = statuses([Work(key="killer", call="works:die"), *doubles(4)], tmp_path, jobs=2)
    assert found == {"killer": "lost", **{work.key: "ok" for work in doubles(4)}}
    message = row(tmp_path, "killer")["error"]["message"]
    assert message.startswith("The work was given up, since 2 workers were lost with it")
    assert "SIGKILL" in message
    assert "last words" in message


def test_an_isolated_work_that_dies_is_a_failed_row_with_what_it_wrote(tmp_path: Path) -> None:
    works = [
        Work(key="killer", call="works:die", isolated=True),
        Work(key="ok", call="works:whereabouts", isolated=True),
    ]
    assert statuses(works, tmp_path) == {"killer": "failed", "ok": "ok"}
    error = row(tmp_path, "killer")["error"]
    assert error["message"] == "The process of the run died (SIGKILL)."
    assert row(tmp_path, "killer")["output"] == "last words\n"
    assert row(tmp_path, "ok")["result"]["process"] != int(row(tmp_path, "ok")["worker"].split("-")[-2])


def test_a_run_goes_on_with_what_has_no_good_row(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    out = tmp_path / "out"
    first = [Work(key="later", call="works:fail"), *doubles(2)]
    statuses(first, out)
    with pytest.raises(OptionError, match="holds results already; resume"):
        statuses(first, out)
    Path(mark).touch()
    again = [Work(key="later", call="works:die_once", arguments={"mark": mark}), *doubles(3)]
    assert statuses(again, out, resume=True) == {"later": "ok", "double 2": "ok"}
    assert sorted(each["key"] for each in rows(out)) == ["double 0", "double 1", "double 2", "later"]


def test_two_works_with_one_key_are_one(tmp_path: Path) -> None:
    assert len(list(carry_out([*doubles(3), *doubles(3)], tmp_path))) == 3


def test_stopping_ends_what_is_at_work_and_keeps_what_is_there(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    endless = Work(key="endless", call="works:wait_for_ever", arguments={"mark": str(mark)})
    with closing(carry_out([*doubles(1), endless], tmp_path / "out", jobs=2)) as done:
        assert next(done).key == "double 0"
        wait_for(lambda: mark.exists() and mark.read_text())
    wait_for(lambda: not alive(int(mark.read_text())))
    assert [each["key"] for each in rows(tmp_path / "out")] == ["double 0"]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_drivers_do_not_share_a_folder(tmp_path: Path) -> None:
    with closing(carry_out(doubles(2), tmp_path)) as done:
        next(done)
        with pytest.raises(OptionError, match="Another run is writing to"):
            next(carry_out(doubles(2), tmp_path, resume=True))


def test_works_are_taken_as_workers_become_free(tmp_path: Path) -> None:
    taken = 0

    def endless() -> Iterator[Work]:
        nonlocal taken
        while True:
            taken += 1
            yield Work(key=str(taken), call="works:double", arguments={"number": 1})

    with closing(carry_out(endless(), tmp_path)) as done:
        assert [next(done).status for _ in range(5)] == ["ok"] * 5
    assert taken <= 5 + driver.AHEAD


class Deaf(Executor):
    """An executor that loses whatever it is given before a worker begins it."""

    def submit(self, call, /, *args, **kwargs) -> Future[Done]:
        future: Future[Done] = Future()
        future.set_exception(RuntimeError("no such queue"))
        return future


def test_a_work_that_no_worker_can_begin_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "open_engine", lambda *_: Deaf())
    assert statuses(doubles(2), tmp_path) == {"double 0": "lost", "double 1": "lost"}
    assert row(tmp_path, "double 0")["error"]["message"] == (
        "The work was given up, since no worker could begin it: no such queue"
    )


class Forgetful(Executor):
    """An executor that does the work, and loses the worker before it can say so."""

    def submit(self, call, /, *args, **kwargs) -> Future[Done]:
        future: Future[Done] = Future()
        call(*args)
        future.set_exception(RuntimeError("gone"))
        return future


def test_a_row_that_a_lost_worker_wrote_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "open_engine", lambda *_: Forgetful())
    assert statuses(doubles(2), tmp_path) == {"double 0": "ok", "double 1": "ok"}
    assert len(list(rows(tmp_path))) == 2


def test_in_this_process_gives_the_same_rows_without_a_folder() -> None:
    start = time.perf_counter()
    found = list(in_this_process([*doubles(2), Work(key="bad", call="works:fail")]))
    assert [each["status"] for each in found] == ["ok", "ok", "failed"]
    assert found[1] == {"key": "double 1", "status": "ok", "result": double(1), "seconds": found[1]["seconds"]}
    assert found[1]["seconds"] <= time.perf_counter() - start
