"""Saving and loading: the same estimates afterwards, all or nothing, and one sentence for every damage."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import GaussianMI, gaussian_pair

import mmg_registry as mmg
from mmg_registry import registry, storage
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError, MMGError, OptionError, PluginError
from mmg_registry.files import checksum

X, Y = gaussian_pair()


@pytest.fixture
def fitted() -> GaussianMI:
    registry.register(GaussianMI)
    return GaussianMI(run=Run(seed=7), ridge=0.125).fit(X, Y)


@pytest.fixture
def saved(fitted: GaussianMI, tmp_path: Path) -> Path:
    mmg.save(fitted, tmp_path / "model")
    return tmp_path / "model"


def edit(folder: Path, **changes: Any) -> None:
    """Change the document as a stranger would who knows how checksums are made."""
    path = folder / "estimator.json"
    document = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({**document, "checksum": storage.checksum_of(document)}))


def arrays_of(folder: Path) -> Path:
    (file,) = folder.glob("arrays-*.safetensors")
    return file


def test_a_loaded_estimator_estimates_the_same(fitted: GaussianMI, saved: Path) -> None:
    loaded = mmg.load(saved)
    assert loaded.estimate(X, Y).mi == fitted.estimate(X, Y).mi
    assert loaded.options == fitted.options
    assert loaded.run.seed == 7
    assert sorted(path.name for path in saved.iterdir()) == [arrays_of(saved).name, "estimator.json"]


def test_saving_again_replaces_and_leaves_nothing_beside(fitted: GaussianMI, saved: Path) -> None:
    other = GaussianMI().fit(X, -Y + 3)
    mmg.save(other, saved)
    assert mmg.load(saved).estimate(X, -Y).mi == other.estimate(X, -Y).mi
    assert sorted(path.name for path in saved.iterdir()) == [arrays_of(saved).name, "estimator.json"]
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_missing_parents_are_made_and_an_empty_folder_is_filled(fitted: GaussianMI, tmp_path: Path) -> None:
    mmg.save(fitted, tmp_path / "a" / "b")
    (tmp_path / "empty").mkdir()
    mmg.save(fitted, tmp_path / "empty")
    assert mmg.load(tmp_path / "empty").estimate(X, Y) == mmg.load(tmp_path / "a" / "b").estimate(X, Y)


def test_other_peoples_files_are_not_replaced(fitted: GaussianMI, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("All I have.")
    with pytest.raises(MMGError, match="holds other files"):
        mmg.save(fitted, tmp_path)
    with pytest.raises(MMGError, match="is a file; give a folder"):
        mmg.save(fitted, tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_failed_write_leaves_the_former_one(fitted: GaussianMI, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mmg_registry.files.os.fsync", full)
    with pytest.raises(MMGError, match=r"cannot be saved to .*model: No space left on device\."):
        mmg.save(GaussianMI().fit(Y, X), saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_a_failed_rename_leaves_the_former_one(
    fitted: GaussianMI, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, calls = os.replace, []

    def second_fails(*paths: Any) -> None:
        calls.append(paths)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(*paths)

    monkeypatch.setattr("mmg_registry.files.os.replace", second_fails)
    with pytest.raises(MMGError, match="Input/output error"):
        mmg.save(GaussianMI().fit(X, -Y), saved)
    assert len(calls) == 2
    assert mmg.load(saved).estimate(X, Y) == fitted.estimate(X, Y)
    assert len(list(saved.iterdir())) == 2


def test_a_failed_write_of_a_new_one_leaves_nothing(
    fitted: GaussianMI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("mmg_registry.files.os.replace", fail)
    with pytest.raises(MMGError, match="Input/output error"):
        mmg.save(fitted, tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_without_state_says_so(tmp_path: Path) -> None:
    class Stateless(GaussianMI):
        name = "stateless-fake"
        state = mmg.Estimator.state

    registry.register(Stateless)
    with pytest.raises(OptionError, match=r"'stateless-fake' cannot be saved: it does not implement state"):
        mmg.save(Stateless().fit(X, Y), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("meta", [{"a": object()}, {"a": float("nan")}])
def test_a_state_that_is_no_json_says_so(tmp_path: Path, meta: dict[str, Any]) -> None:
    class Odd(GaussianMI):
        name = "odd-fake"

        def state(self) -> Any:
            return {}, meta

    registry.register(Odd)
    with pytest.raises(MMGError, match="'odd-fake' cannot be saved: its state is not JSON"):
        mmg.save(Odd().fit(X, Y), tmp_path / "model")


def test_an_unregistered_class_cannot_be_saved(tmp_path: Path) -> None:
    class Local(GaussianMI): ...

    with pytest.raises(PluginError, match="is not a registered plugin"):
        mmg.save(Local().fit(X, Y), tmp_path / "model")


@pytest.mark.parametrize("pattern", ["estimator.json", "arrays-*.safetensors"])
def test_a_missing_file(saved: Path, pattern: str) -> None:
    (file,) = saved.glob(pattern)
    file.unlink()
    with pytest.raises(DataError, match=f"no saved estimator: the file {file.name} is missing"):
        mmg.load(saved)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere with a saved estimator"):
        mmg.load(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 100_000])
def test_a_damaged_document(saved: Path, text: str) -> None:
    (saved / "estimator.json").write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"estimator\.json (cannot be read|has schema None)"):
        mmg.load(saved)


def test_another_schema(saved: Path) -> None:
    for schema in ("mmg/estimator/9", "mmg/estimator/1"):
        edit(saved, schema=schema)
        with pytest.raises(DataError, match=f"has schema '{schema}', and this version reads '{storage.SCHEMA}'"):
            mmg.load(saved)


def test_an_incomplete_document(saved: Path) -> None:
    document = json.loads((saved / "estimator.json").read_text())
    del document["options"], document["meta"]
    (saved / "estimator.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"incomplete: meta, options missing"):
        mmg.load(saved)


@pytest.mark.parametrize("place", [9, -1])
def test_a_flipped_bit_in_the_arrays(saved: Path, place: int) -> None:
    path = arrays_of(saved)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{path.name} is damaged: its checksum does not fit\.$"):
        mmg.load(saved)


@pytest.mark.parametrize(("old", "new"), [('"seed": 7', '"seed": 6'), ("0.125", "0.126"), ('"seed": 7', '"seed": NaN')])
def test_a_changed_document(saved: Path, old: str, new: str) -> None:
    path = saved / "estimator.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=r"estimator\.json is damaged or was changed: its checksum does not fit\.$"):
        mmg.load(saved)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plugin", None),
        ("plugin", {"name": 1}),
        ("options", []),
        ("seed", "7"),
        ("meta", 0),
        ("arrays", ["a"]),
        ("arrays", "../etc"),
    ],
)
def test_values_of_another_type(saved: Path, name: str, value: Any) -> None:
    edit(saved, **{name: value})
    with pytest.raises(DataError, match=rf"estimator\.json cannot be used: .*{name}.* is of another type"):
        mmg.load(saved)


def test_truncated_arrays(saved: Path) -> None:
    path = arrays_of(saved)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="is damaged"):
        mmg.load(saved)


def test_a_pickle_in_place_of_arrays_is_not_loaded(saved: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    content = pickle.dumps(Trap())
    edit(saved, arrays=checksum(content))
    Path(saved, storage.ARRAYS.format(checksum(content)[:16])).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        mmg.load(saved)
    assert not (tmp_path / "sprung").exists()


def test_arrays_of_another_model(saved: Path) -> None:
    edit(saved, arrays="0" * 64)
    with pytest.raises(DataError, match=r"no saved estimator: the file arrays-0+\.safetensors is missing"):
        mmg.load(saved)


def test_an_unknown_plugin(saved: Path) -> None:
    registry.unregister("gaussian-fake")
    with pytest.raises(PluginError, match="There is no plugin 'gaussian-fake'"):
        mmg.load(saved)


def test_options_that_the_installed_version_does_not_know(saved: Path) -> None:
    edit(saved, options={"ridges": 1})
    with pytest.raises(DataError, match=r"does not fit the plugin 'gaussian-fake' installed here: .*'ridges'"):
        mmg.load(saved)


def test_a_state_that_the_installed_version_cannot_read(saved: Path) -> None:
    edit(saved, meta={})
    with pytest.raises(DataError, match=r"the one installed here cannot read it \(KeyError: 'dim'\)"):
        mmg.load(saved)


def test_arrays_of_any_shape_survive(tmp_path: Path) -> None:
    arrays = {"strided": np.arange(12.0).reshape(3, 4).T, "scalar": np.array(3), "empty": np.zeros((0, 2), np.float32)}

    class Any3(GaussianMI):
        name = "any-fake"

        def state(self) -> Any:
            return arrays, {}

        def restore(self, arrays: Any, meta: Any) -> Any3:
            self.restored = dict(arrays)
            return self

    registry.register(Any3)
    mmg.save(Any3(), tmp_path / "model")
    restored = mmg.load(tmp_path / "model").restored
    assert {key: value.tolist() for key, value in restored.items()} == {k: v.tolist() for k, v in arrays.items()}
