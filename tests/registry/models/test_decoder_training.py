"""Training of decoders: it learns, repeats, stops in time, and refuses what it cannot use."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mnist_images import blobs, unit

from mmg_registry.contracts import Progress
from mmg_registry.errors import DataError, MMGError, OptionError
from mmg_registry.models import decoder_training
from mmg_registry.models.decoder import Decoder, EncodedDecoder
from mmg_registry.models.decoder_training import DecoderPlan, train

IMAGES = unit(blobs())


def quick(kind: str = "vae", **choices: Any) -> DecoderPlan:
    return DecoderPlan(**{"kind": kind, "latent": 2, "hidden": (16,), "epochs": 3, **choices})


def test_a_vae_learns_its_images_and_its_variance() -> None:
    short, long = (train(IMAGES, quick(hidden=(32, 32), epochs=epochs)) for epochs in (1, 300))
    assert isinstance(long, EncodedDecoder)
    assert long.about["elbo"] > short.about["elbo"] + 10
    assert long.about["rate"] > 0.5
    rows = torch.from_numpy(IMAGES).flatten(1)
    off = rows - long.mean(long.encoded(rows)[0].float())
    assert long.scale == pytest.approx(float(off.square().mean().sqrt()), rel=0.25)
    assert abs(long.scale - math.sqrt(0.03)) > 0.001


def test_a_vae_decodes_what_it_encodes() -> None:
    model = train(IMAGES, quick(hidden=(32, 32), epochs=300))
    assert isinstance(model, EncodedDecoder)
    rows = torch.from_numpy(IMAGES).flatten(1)
    rebuilt = model.mean(model.encoded(rows)[0].float())
    assert float((rebuilt - rows).square().mean()) < 0.7 * float((rows - rows.mean(0)).square().mean())


def test_a_gan_moves_its_images_towards_the_real_ones() -> None:
    """A discriminator that only ever saw the mean image apart from real ones would leave all fakes alike."""
    model = train(IMAGES, quick("gan", hidden=(32, 32), epochs=400, variance=0.01))
    assert isinstance(model, Decoder)
    assert not isinstance(model, EncodedDecoder)
    assert model.scale == pytest.approx(0.1)
    fakes = model.mean(model.sample_prior(500, seed=0).float())
    assert 0.2 < float(fakes.var(0).sum() / np.var(IMAGES, axis=0).sum()) < 3
    assert 0.3 < model.about["discriminator"] < 1.5


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_draws(kind: str) -> None:
    state = torch.random.get_rng_state()
    one, same, other = (train(IMAGES, quick(kind, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(state, torch.random.get_rng_state())
    weights = [model.mean[0].weight for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_fixed_variance_stays() -> None:
    assert train(IMAGES, quick(variance=0.04)).scale == pytest.approx(0.2)


def test_the_time_limit_ends_it_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # a look at the clock a step, and a second between two looks
    monkeypatch.setattr(decoder_training, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    model = train(IMAGES, quick(epochs=10**6, max_seconds=20.0))
    assert (model.about["steps"], model.about["seconds"]) == (19, 21)
    assert model.about["epochs"] < 10**6


def test_progress_names_epoch_and_losses() -> None:
    told: list[Progress] = []
    train(IMAGES, quick(), told.append)
    assert [event.stage.split(",")[0] for event in told] == ["epoch 1", "epoch 2", "epoch 3"]
    assert "elbo" in told[-1].stage
    assert all(0 <= event.fraction <= 1 for event in told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "flow"),
        ("latent", 0),
        ("hidden", ()),
        ("hidden", (0,)),
        ("variance", 0.0),
        ("epochs", 0),
        ("seed", -1),
        ("max_seconds", 0.0),
        ("max_seconds", float("nan")),
    ],
)
def test_values_out_of_range_are_named(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"'{name}'"):
        quick(**{name: value})


@pytest.mark.parametrize("images", [IMAGES[:1], IMAGES[0]])
def test_too_few_images_are_refused(images: Any) -> None:
    with pytest.raises(DataError, match="two or more"):
        train(images, quick())


def test_a_training_that_diverges_gives_no_model() -> None:
    broken = IMAGES.copy()
    broken[:] = np.nan
    with pytest.raises(MMGError, match="diverged"):
        train(broken, quick())
