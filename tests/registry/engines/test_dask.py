"""Dask's distributed: a cluster of this machine, its deaths, and resources that its workers declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from works import doubles

from mmg_registry.engines.run import carry_out
from mmg_registry.engines.shards import rows
from mmg_registry.engines.work import Parcel, Resources, Work

pytest.importorskip("distributed", reason="needs mmg-registry[engines]")


def test_every_row_is_there_once_where_workers_die(tmp_path: Path) -> None:
    works = [*doubles(8), Work(key="killer", call="works:die")]
    found = {done.key: done.status for done in carry_out(works, tmp_path / "out", engine="dask", jobs=2)}
    assert found == {**{work.key: "ok" for work in works}, "killer": "lost"}
    assert len(list(rows(tmp_path / "out"))) == 9
    (killer,) = [row for row in rows(tmp_path / "out") if row["key"] == "killer"]
    assert killer["error"]["message"].startswith("The work was given up, since 2 workers were lost with it")


def test_resources_that_some_worker_declares_are_asked_for() -> None:
    from mmg_registry.engines.dask import Dask

    class Client:
        def scheduler_info(self, n_workers: int) -> dict:
            return {"workers": {"a": {"resources": {"gpus": 1, "memory": 8e9}}, "b": {"resources": {}}}}

    asked = Work(key="a", call="m:f", resources=Resources(threads=2, gpus=1, memory="2GB"))
    engine = Dask(Client())
    assert engine._resources_of((Parcel(work=asked, folder="", run=""),)) == {"gpus": 1, "memory": 2 * 10**9}
    assert engine._resources_of(()) == {}
