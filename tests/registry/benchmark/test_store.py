"""The file of finished runs: whole after every kind of end, and refused where it cannot be trusted."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from benchmark_rows import failed_row, run_row

from mmg_registry.benchmark import store
from mmg_registry.benchmark.lines import fault
from mmg_registry.benchmark.store import RUNS, Store, key_of, latest, read_rows
from mmg_registry.errors import DataError, MMGError, OptionError


def filled(folder: Path, n: int = 3) -> Path:
    with Store(folder) as opened:
        for seed in range(n):
            opened.append(run_row(seed=seed))
    return folder / RUNS


def seeds(rows: list) -> list[int]:
    return [row["seed"] for row in rows]


def test_rows_come_back_as_they_were_each_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = filled(tmp_path / "new" / "folder")
    lines = path.read_text().splitlines()
    assert [json.loads(line)["schema"] for line in lines] == [store.RUN_SCHEMA] * 3
    assert seeds(read_rows(path.parent)) == [0, 1, 2]
    assert read_rows(path.parent)[0]["estimate"] == run_row()["estimate"]


def test_results_of_another_kind_have_a_file_and_a_schema_of_their_own(tmp_path: Path) -> None:
    with Store(tmp_path, "others.jsonl", "others/1") as opened:
        opened.append(run_row())
    assert json.loads((tmp_path / "others.jsonl").read_text())["schema"] == "others/1"
    with pytest.raises(DataError):
        read_rows(tmp_path)  # they are no runs of tasks


def test_a_row_is_on_the_disk_before_the_next_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    with Store(tmp_path) as opened:
        monkeypatch.setattr(store.os, "fsync", lambda fd: synced.append(os.fstat(fd).st_size))
        opened.append(run_row())
        opened.append(run_row(seed=1))
    assert len(synced) == 2
    assert synced[0] == len((tmp_path / RUNS).read_bytes().splitlines(keepends=True)[0])


@pytest.mark.parametrize("kept", [1, 5, 200])
def test_a_line_cut_off_by_a_kill_is_left_out_and_then_removed(tmp_path: Path, kept: int) -> None:
    path = filled(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    assert seeds(read_rows(tmp_path)) == [0, 1]
    with Store(tmp_path) as opened:
        assert seeds(opened.rows) == [0, 1]
        opened.append(run_row(seed=7))
    assert seeds(read_rows(tmp_path)) == [0, 1, 7]


def test_a_first_line_cut_off_leaves_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / RUNS).write_text('{"suite": "s", "ta')
    with pytest.raises(DataError, match="no finished run yet"):
        read_rows(tmp_path)
    with Store(tmp_path) as opened:
        assert opened.rows == []
    assert (tmp_path / RUNS).read_bytes() == b""


def test_a_whole_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert seeds(read_rows(tmp_path)) == [0, 1, 2]
    filled(tmp_path, n=1)
    assert path.read_text().count("\n") == 4


def line(**changes: object) -> str:
    """A whole line with some fields changed; those that are None are left out."""
    row = {"schema": store.RUN_SCHEMA, **run_row(seed=1), **changes}
    left_out = {name for name, value in changes.items() if value is None}
    return json.dumps({name: value for name, value in row.items() if name not in left_out}) + "\n"


ESTIMATE = run_row()["estimate"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (line(schema="foreign/99"), "it has schema 'foreign/99', and this version reads 'mmg/benchmark-run/1'"),
        (line(status=None), "status: Field required"),
        (line(status="done"), "status: Input should be 'ok', 'failed' or 'does not apply'"),
        (line(seed="1"), "seed: Input should be a valid integer"),
        (line(seed=True), "seed: Input should be a valid integer"),
        (line(n_train=1.5), "n_train: Input should be a valid integer"),
        (line(options=[]), "options: Input should be"),
        (line(estimate={**ESTIMATE, "mi": "1.0"}), "estimate.mi: Input should be a valid number"),
        (line(estimate={**ESTIMATE, "ci": [0.1]}), "estimate.ci.1: Field required"),
        (line(estimate={**ESTIMATE, "mi": None}), "a run that is 'ok' has estimate.mi"),
        (line(estimate={**ESTIMATE, "curve": {"edges": "1, 2"}}), "estimate.curve.edges: Input should be"),
        (line(estimate=0.5), "estimate: Input should be"),
        (line(estimate=None), "a run that is 'ok' has estimate.mi"),
        (line(status="failed"), "a run that is 'failed' has error"),
        (line(seconds={"wall": 1.0}), "a run that is 'ok' has seconds.total"),
        (line(true_mi=1.0).replace('"true_mi": 1.0', '"true_mi": NaN'), "true_mi: Input should be a finite number"),
        ("[" * 100_000 + "\n", "it is no JSON"),
    ],
)
def test_lines_of_other_types_are_refused(tmp_path: Path, damage: str, told: str) -> None:
    path = filled(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    whole = lines[0] + damage + lines[2]
    path.write_text(whole)
    for open_it in (read_rows, Store):
        with pytest.raises(DataError, match=r"^Line 2 of .*runs\.jsonl is damaged \(.*\); remove that line") as caught:
            open_it(tmp_path)
        assert told in str(caught.value)
    assert path.read_text() == whole  # nothing is lost by looking


def test_a_last_line_that_is_whole_and_wrong_is_not_taken_for_one_that_was_cut(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_text(path.read_text() + line(status=None).rstrip("\n"))
    for open_it in (read_rows, Store):
        with pytest.raises(DataError, match=r"^Line 4 of .*status: Field required"):
            open_it(tmp_path)
    assert path.read_text().count("\n") >= 3


def test_of_lines_that_stand_twice_the_last_counts(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_text(path.read_text() * 2)
    assert seeds(read_rows(tmp_path)) == [0, 1, 2]
    with Store(tmp_path) as opened:
        assert seeds(latest(opened.rows)) == [0, 1, 2]


@pytest.mark.parametrize("damage", ["{broken\n", "\n", "[1, 2]\n", '{"suite": "s"}\n'])
def test_damage_in_the_middle_is_refused_with_its_line(tmp_path: Path, damage: str) -> None:
    path = filled(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + damage + lines[2])
    for open_it in (read_rows, Store):
        with pytest.raises(DataError, match=r"Line 2 of .*runs\.jsonl is damaged \(.*\); remove that line"):
            open_it(tmp_path)


def test_two_writers_exclude_one_another(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(OptionError, match="Another benchmark is writing"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path)
    before, write = path.read_bytes(), os.write
    with Store(tmp_path) as opened:
        monkeypatch.setattr(store.os, "write", lambda fd, data: write(fd, data[:10]))
        with pytest.raises(MMGError, match=f"{os.strerror(errno.ENOSPC)}; make room, then go on with --resume"):
            opened.append(run_row(seed=9))
        assert seeds(opened.rows) == [0, 1, 2]
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match=r"cannot be written: .*; give another folder"):
        Store(tmp_path / "file" / "below")


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"runs\.jsonl cannot be read"):
        read_rows(tmp_path)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (0.5, None),  # all that another package gives
        ({**ESTIMATE, "schema": "foreign/1"}, "estimate: "),
        ("0.5", "estimate: it is neither an object nor a number"),
    ],
)
def test_an_estimate_of_another_kind_of_benchmark_is_whole_or_a_number(found: object, told: str | None) -> None:
    said = fault(line(schema="other/1", estimate=found).encode(), "other/1")
    assert said is None if told is None else told in (said or "")


def test_a_number_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as opened, pytest.raises(ValueError, match="JSON"):
        opened.append(run_row(true_mi=float("nan")))


def test_runs_differ_by_everything_that_changes_their_result() -> None:
    changes = [{}, {"suite": "z"}, {"task": "z"}, {"plugin": "z"}, {"seed": 9}, {"n_train": 9}, {"n_eval": 9}]
    keys = [key_of({**run_row(), **change}) for change in [*changes, {"options": {"a": 1}}, {"options": {"a": "1"}}]]
    assert len(set(keys)) == len(keys)
    assert key_of({**run_row(), "options": {"a": 1, "b": 2}}) == key_of({**run_row(), "options": {"b": 2, "a": 1}})


def test_of_a_repeated_run_the_last_counts() -> None:
    rows = latest([failed_row(), run_row(seed=1), run_row()])
    assert [(row["seed"], row["status"]) for row in rows] == [(0, "ok"), (1, "ok")]
