"""`mmg train-model`: a file that `mmg bound` takes, and one sentence for what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from mnist_images import blobs, write_idx

import mmg_registry

QUICK = ("--latent", 2, "--hidden", "16", "--epochs", 2, "--seed", 0, "--threads", 1)
BOUND = ("--set", "temperatures=20", "--set", "chains=4", "--set", "decay=false", "--seed", 0, "-n", 16)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_idx(tmp_path / "blobs-idx3-ubyte", blobs())


def test_from_images_to_a_bound(mmg, images: Path) -> None:
    trained = mmg("train-model", "--mnist", images, "--out", "vae.npz", *QUICK)
    assert (trained.code, trained.err) == (0, "")
    assert "200 of 8 x 6, blobs-idx3-ubyte" in trained.out
    assert "ELBO" in trained.out
    for start in ("prior", "encoder"):
        found = mmg("bound", "--model", "vae.npz", *BOUND, "--set", f"start={start}", "--json")
        assert (found.code, found.err) == (0, "")
        document = json.loads(found.out)
        assert (document["model"], document["latent_size"], document["data_size"]) == ("EncodedDecoder", 2, 48)


def test_a_gan_on_the_digits_and_its_document(mmg) -> None:
    trained = mmg("train-model", "--kind", "gan", "--out", "gan.npz", *QUICK, "--variance", 0.01, "--json")
    assert trained.code == 0, trained.err
    document = json.loads(trained.out)
    assert (document["kind"], document["shape"], document["scale"]) == ("gan", [8, 8], 0.1)
    model = mmg_registry.load_model("gan.npz")
    assert {"file": "gan.npz", "scale": model.scale, **model.about} == document
    found = mmg_registry.bound(model, "ais", n=8, temperatures=10, chains=2, decay=False)
    assert found.kind == "sandwich"
    refused = mmg("bound", "--model", "gan.npz", *BOUND, "--set", "start=encoder")
    assert refused.code == 2
    assert "has no log_q" in refused.err


def test_time_that_is_up_is_told(mmg, images: Path) -> None:
    args = [*QUICK[:4], "--seed", 0, "--epochs", 10**6, "--max-seconds", 0.1]
    found = mmg("train-model", "--mnist", images, "--out", "vae.npz", *args)
    assert found.code == 0
    assert "Warning: The time was up" in found.err


@pytest.mark.parametrize(
    ("code", "args", "words"),
    [
        (2, ["--out", "model.pt"], "does not end in .npz"),
        (2, ["--out", "gone/model.npz"], "--out cannot be written"),
        (2, ["--out", "m.npz", "--kind", "flow"], "--kind"),
        (2, ["--out", "m.npz", "--latent", "0"], "'--latent'"),
        (2, ["--out", "m.npz", "--hidden", "wide"], "--hidden takes whole numbers"),
        (2, ["--out", "m.npz", "--epochs", "0"], "'--epochs'"),
        (2, ["--out", "m.npz", "--variance", "-1"], "'--variance'"),
        (2, ["--out", "m.npz", "--max-seconds", "nan"], "'--max-seconds'"),
        (2, ["--out", "m.npz", "--seed", "-1"], "'--seed'"),
        (2, [], "--out"),
        (4, ["--out", "m.npz", "--mnist", "gone"], "There is no file gone"),
    ],
)
def test_bad_input_is_one_sentence_with_its_exit_code(mmg, code: int, args: list[str], words: str) -> None:
    found = mmg("train-model", *args, "-q")
    assert (found.code, found.out) == (code, "")
    assert words in found.err
    assert len(found.err.splitlines()) == 1
    assert list(Path().iterdir()) == []


def test_without_scikit_learn_the_way_out_is_said(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    found = mmg("train-model", "--out", "m.npz")
    assert found.code == 2
    assert "pip install 'mmg-registry[digits]'" in found.err


def test_a_saved_model_has_no_settings(mmg) -> None:
    found = mmg("bound", "--model", "m.npz", "--model-set", "mi=2")
    assert (found.code, "--model-set is for" in found.err) == (2, True)


@pytest.mark.parametrize("content", [None, b"\x80\x04K\x01."])
def test_a_missing_or_foreign_model_is_refused(mmg, content: bytes | None) -> None:
    if content is not None:
        Path("m.npz").write_bytes(content)
    found = mmg("bound", "--model", "m.npz")
    assert found.code == 4
    assert len(found.err.splitlines()) == 1
    np.savez("m.npz", x=np.ones((3, 2)))
    assert "did not write it" in mmg("bound", "--model", "m.npz").err
