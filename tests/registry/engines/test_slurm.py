"""Jobs of submitit, which here are processes of this machine, as "slurm:local"."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import SUPPORT
from works import doubles

from mmg_registry.engines.run import carry_out
from mmg_registry.engines.shards import rows
from mmg_registry.engines.slurm import Slurm
from mmg_registry.engines.work import Parcel, Resources, Work

pytest.importorskip("submitit", reason="needs mmg-registry[engines]")


def test_a_job_writes_its_row_and_its_files_lie_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))  # jobs know of no path that only this process has
    done = list(carry_out(doubles(2), tmp_path, engine="slurm:local", jobs=2))
    assert {each.status for each in done} == {"ok"}
    assert {row["key"]: row["result"]["double"] for row in rows(tmp_path)} == {"double 0": 0, "double 1": 2}
    assert any((tmp_path / "submitit").iterdir())


def test_what_a_work_needs_and_what_the_file_says_reach_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import submitit

    asked = {}

    class Recorder:
        def __init__(self, folder: Path, cluster: str) -> None:
            asked.update(folder=folder, cluster=cluster)

        def update_parameters(self, **parameters: object) -> None:
            asked.update(parameters)

        def submit(self, call, parcel) -> Recorder:
            return self

        def result(self) -> str:
            return "done"

    monkeypatch.setattr(submitit, "AutoExecutor", Recorder)
    work = Work(key="a", call="m:f", resources=Resources(threads=4, memory="8GB", minutes=90, gpus=1))
    with Slurm("slurm", 1, {"slurm_partition": "long", "timeout_min": 5}) as engine:
        future = engine.submit(print, Parcel(work=work, folder=str(tmp_path), run=""))
        assert future.result(timeout=20) == "done"
    assert asked == {
        "folder": tmp_path / "submitit", "cluster": "slurm", "name": "mmg", "cpus_per_task": 4, "mem_gb": 8.0,
        "gpus_per_node": 1, "slurm_partition": "long", "timeout_min": 5,
    }  # fmt: skip


def test_stopping_cancels_jobs(tmp_path: Path) -> None:
    cancelled = []

    class Job:
        def cancel(self, check: bool) -> None:
            cancelled.append(check)

    engine = Slurm("slurm", 1, {})
    engine._jobs.add(Job())
    engine.shutdown(cancel_futures=True)
    assert cancelled == [False]
