"""Saved decoders: the same model comes back, and nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.models import saved
from mmg_registry.models.decoder import Decoder, EncodedDecoder, mlp
from mmg_registry.models.saved import load_model, save_model

MODELS = [Decoder(mlp([2, 5, 9]), 0.1, {"seed": 4}), EncodedDecoder(mlp([2, 5, 9]), mlp([9, 3, 4]), 0.2)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_model(MODELS[1], tmp_path / "model.npz")
    return tmp_path / "model.npz"


@pytest.mark.parametrize("model", MODELS)
def test_the_same_model_comes_back(model: Decoder, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model.npz")
    found = load_model(tmp_path / "model.npz")
    assert (type(found), found.scale, found.about) == (type(model), model.scale, model.about)
    x, z = model.sample(4, seed=0)
    assert torch.equal(found.sample(4, seed=0)[0], x)
    assert torch.equal(found.log_likelihood(x, z), model.log_likelihood(x, z))


def test_a_saved_model_is_replaced_whole(path: Path) -> None:
    save_model(MODELS[0], path)
    assert load_model(path).about == {"seed": 4}
    assert [file.name for file in path.parent.iterdir()] == ["model.npz"]


def test_a_failed_save_leaves_the_former(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(handle: Any, **arrays: Any) -> None:
        handle.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved.np, "savez", full)
    with pytest.raises(MMGError, match="No space left"):
        save_model(MODELS[0], path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["model.npz"]


@pytest.mark.parametrize(("name", "error"), [("model.bin", OptionError), ("gone/model.npz", MMGError)])
def test_places_that_cannot_be_written_are_refused(name: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error, match=r"npz"):
        save_model(MODELS[0], tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*gone\.npz"):
        load_model(tmp_path / "gone.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"\x80\x04K\x01."])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz cannot be read"):
        load_model(tmp_path / "a.npz")


def test_a_truncated_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged"):
        load_model(path)


def test_a_flipped_byte_is_refused_or_changes_nothing(path: Path) -> None:
    content, refused = path.read_bytes(), 0
    x, z = MODELS[1].sample(3, seed=0)
    for i in range(0, len(content), 5):
        path.write_bytes(content[:i] + bytes([content[i] ^ 0xFF]) + content[i + 1 :])
        try:
            found = load_model(path)
        except DataError:
            refused += 1
        else:
            assert torch.equal(found.log_likelihood(x, z), MODELS[1].log_likelihood(x, z))
            assert torch.equal(found.log_q(z, x), MODELS[1].log_q(z, x))
    assert refused > len(content) / 5 / 4


def test_pickles_inside_are_never_loaded(path: Path) -> None:
    np.savez(path, document=np.array([{"schema": "mmg/model/1"}], dtype=object))
    with pytest.raises(DataError, match="allow_pickle"):
        load_model(path)


def changed(path: Path, document: dict[str, Any], arrays: dict[str, Any]) -> Path:
    """The model's file with other content, None to leave an array out."""
    with np.load(path) as archive:
        content: dict[str, Any] = {name: archive[name] for name in archive}
    content["document"] = np.array(json.dumps({**json.loads(str(content["document"])), **document}))
    content |= arrays
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("document", "arrays", "words"),
    [
        ({"schema": "mmg/model/9"}, {}, "schema 'mmg/model/9'"),
        ({}, {"document": None}, "no document"),
        ({}, {"document": np.array("{")}, "not JSON"),
        ({}, {"document": np.array("[]")}, "schema None"),
        ({"scale": 0.0}, {}, "scale"),
        ({"scale": None}, {}, "scale"),
        ({"about": 3}, {}, "lacks parts"),
        ({"networks": {"other": [1, 2]}}, {}, "other names"),
        ({"networks": {"mean": [2, 5, 9.5]}}, {}, "no whole numbers"),
        ({"networks": {"mean": [2, 5, 10**9]}}, {}, "missing or have other shapes"),
        ({"networks": {"mean": [2, 5, 9], "code": [9, 3, 4]}}, {"mean.0.bias": None}, "missing or have other shapes"),
        ({}, {"mean.0.bias": np.full(5, np.nan, np.float32)}, "not finite floats"),
        ({}, {"mean.0.bias": np.zeros(5, int)}, "not finite floats"),
        (
            {"networks": {"mean": [2, 5, 9], "code": [9, 3, 6]}},
            {"code.2.weight": np.zeros((6, 3), np.float32), "code.2.bias": np.zeros(6, np.float32)},
            "encoder does not fit",
        ),
    ],
)
def test_what_is_wrong_is_said(path: Path, document: Any, arrays: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        load_model(changed(path, document, arrays))
    assert str(path) in str(caught.value)
