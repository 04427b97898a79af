"""Finding engines, their options in files, and the sentence where one cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mmg_registry.engines.engine import Place, open_engine, read_config, records
from mmg_registry.engines.mpi import open_mpi
from mmg_registry.errors import DataError, OptionError


def test_the_engines_are_there_without_being_imported() -> None:
    assert {record.name for record in records()} >= {"local", "dask", "slurm", "mpi", "joblib"}
    assert "submitit" not in sys.modules or "mmg_registry.engines.slurm" in sys.modules


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("dusk", "There is no engine 'dusk'; the nearest is 'dask'."),
        ("local:here", "The engine 'local' takes no address and no options."),
        ("mpi:here", "The engine 'mpi' takes no address"),
    ],
)
def test_an_engine_that_is_not_there_or_takes_no_address_is_refused(engine: str, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        open_engine(engine)


@pytest.mark.parametrize(
    ("engine", "module", "extra"),
    [
        ("dask", "distributed", "mmg-registry[engines]"),
        ("slurm", "submitit", "mmg-registry[engines]"),
        ("mpi", "mpi4py.futures", "mmg-registry[mpi]"),
        ("joblib:ray", "ray.util.joblib", "ray"),
    ],
)
def test_a_package_that_is_missing_is_named(
    engine: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OptionError) as caught:
        open_engine(engine)
    assert f"The engine '{engine.partition(':')[0]}' cannot be used (ModuleNotFoundError" in str(caught.value)
    assert f"pip install '{extra}" in str(caught.value)


def test_mpi_is_asked_for_as_many_ranks_as_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Futures:
        @staticmethod
        def MPIPoolExecutor(jobs: int, **options: object) -> tuple[object, ...]:
            return jobs, options

    monkeypatch.setitem(sys.modules, "mpi4py", Futures)
    monkeypatch.setitem(sys.modules, "mpi4py.futures", Futures)
    assert open_mpi(Place(jobs=3, options={"path": ["a"]})) == (3, {"path": ["a"]})


def test_options_are_read_from_yaml_and_json(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    (tmp_path / "a.yml").write_text("slurm:\n  slurm_partition: long\n  timeout_min: 30\n")
    (tmp_path / "a.json").write_text('{"slurm": {"slurm_partition": "long", "timeout_min": 30}}')
    for name in ("a.yml", "a.json"):
        assert read_config(tmp_path / name, "slurm") == {"slurm_partition": "long", "timeout_min": 30}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "{", "a.json is no JSON"),
        ("a.yml", "a: [", "a.yml is no YAML"),
        ("a.json", "[1]", "a.json is no mapping of engines to their options"),
        ("a.json", '{"dask": {}}', "has no options of the engine 'slurm'; it has dask"),
        ("a.json", '{"slurm": 3}', "has no options of the engine 'slurm'"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=sentence):
        read_config(tmp_path / name, "slurm")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_config(tmp_path / "none.yml", "slurm")


def test_options_that_an_engine_does_not_take_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"joblib": {"n_jobs": 1}, "local": {"fast": true}}')
    with pytest.raises(OptionError, match="The engine 'local' takes no address and no options"):
        open_engine("local", 1, tmp_path / "a.json")
