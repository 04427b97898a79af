"""The decoders that the benchmarks of bounds train on a file of MNIST, or on scikit-learn's digits."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmg_registry.data.images import digits, read_images, sha256
from mmg_registry.models.decoder import Decoder
from mmg_registry.models.decoder_training import DecoderPlan, train


def add_options(parser: argparse.ArgumentParser, epochs: int | None) -> None:
    """Add the options that `trained` reads."""
    parser.add_argument("--mnist", type=Path, help="images, idx or npz; scikit-learn's digits when absent")
    parser.add_argument("--latent", type=int, default=10)
    parser.add_argument("--hidden", type=lambda text: tuple(map(int, text.split(","))), default=(256, 256))
    parser.add_argument("--epochs", type=int, default=epochs, help="of the training; some 6,000 steps when absent")
    parser.add_argument("--train-seconds", type=float, help="a soft limit on each training")


def trained(given: argparse.Namespace, kind: str, seed: int) -> Decoder:
    """Train and return the decoder of `kind` ("vae" or "gan") that the options ask for."""
    plan = DecoderPlan(kind, given.latent, given.hidden, None, given.epochs, seed, given.train_seconds)  # type: ignore[arg-type]
    images = read_images(given.mnist) if given.mnist else digits()
    model = train(images, plan)
    model.about["data"] = {"file": given.mnist.name if given.mnist else "digits", "sha256": sha256(images)}
    return model


def described(model: Decoder) -> dict[str, Any]:
    """Return what a result file holds of a decoder."""
    return {**model.about, "scale": model.scale}
