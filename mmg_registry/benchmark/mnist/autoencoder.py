"""A small autoencoder of cropped images: one pair of networks serves every number of rows kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from mmg_registry.arrays import F32

BATCH, RATE = 256, 2e-3
CHUNK = 8_192  # images encoded at a time


class Autoencoder(nn.Module):
    """An MLP, `height * width - hidden - latent_dim` and back, with the number of rows kept as a further input.

    The sizes follow the autoencoders of MINDE's consistency tests (784-400-16, arXiv 2310.09031), of which there is
    one for each number of rows. Here one serves them all, with the mask of the rows kept as an input: it trains once
    for all numbers of rows, and two of them differ by the image alone, not by the chance of another training.

    Latents are standardised: over the images that `fit` saw, each coordinate of a whole image's latent has mean 0 and
    standard deviation 1.

    Args:
        height, width: pixels of the images.
        latent_dim: number of columns of a latent.
        hidden: number of units of the hidden layer on each side.

    Example:
        >>> images = np.random.default_rng(0).random((64, 6, 6), np.float32)
        >>> found = fit(images, latent_dim=2, steps=1)
        >>> found.encode(images, rows=3).shape, found.decode(found.encode(images, 6), rows=6).shape
        ((64, 2), (64, 6, 6))
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, height: int, width: int, latent_dim: int = 8, hidden: int = 256) -> None:
        super().__init__()
        self.height, self.width, self.latent_dim = height, width, latent_dim
        pixels = height * width
        self.encoder = nn.Sequential(nn.Linear(pixels + height, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim + height, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
        self.register_buffer("mean", torch.zeros(latent_dim))
        self.register_buffer("scale", torch.ones(latent_dim))

    def loss(self, images: Tensor, rows: Tensor) -> Tensor:
        """Return the mean Bernoulli cross-entropy of the kept pixels of `images` `(n, height, width)`, in nats.

        Args:
            images: values between 0 and 1.
            rows: number of rows kept of each image, `(n,)`.
        """
        mask = self._mask(rows)
        kept = mask[:, :, None].expand_as(images)
        logits = self.decoder(torch.cat([self._latent(images, mask), mask], 1)).view_as(images)
        return binary_cross_entropy_with_logits(logits, images, weight=kept, reduction="sum") / kept.sum()

    def encode(self, images: F32, rows: int) -> F32:
        """Return standardised latents `(n, latent_dim)` of the first `rows` rows of `images` `(n, height, width)`."""
        return self._in_chunks(images, rows, self._encode)

    def decode(self, latents: F32, rows: int) -> F32:
        """Return images `(n, height, width)` between 0 and 1 from standardised latents, black from row `rows` on."""
        return self._in_chunks(latents, rows, self._decode)

    def _mask(self, rows: Tensor) -> Tensor:
        return (torch.arange(self.height) < rows[:, None]).float()

    def _latent(self, images: Tensor, mask: Tensor) -> Tensor:
        cropped = images * mask[:, :, None]
        latent: Tensor = self.encoder(torch.cat([cropped.flatten(1), mask], 1))
        return latent

    def _encode(self, images: Tensor, mask: Tensor) -> Tensor:
        return (self._latent(images, mask) - self.mean) / self.scale

    def _decode(self, latents: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self.decoder(torch.cat([latents * self.scale + self.mean, mask], 1))
        return logits.view(-1, self.height, self.width).sigmoid() * mask[:, :, None]

    def _in_chunks(self, array: F32, rows: int, step: Callable[[Tensor, Tensor], Tensor]) -> F32:
        with torch.no_grad():
            parts = [step(part, self._mask(torch.full((len(part),), rows))) for part in _tensor(array).split(CHUNK)]
        found: F32 = torch.cat(parts).numpy()
        return found


def fit(images: F32, *, latent_dim: int = 8, hidden: int = 256, steps: int = 1_000, seed: int = 0) -> Autoencoder:
    """Train an autoencoder on `images` `(n, height, width)` in [0, 1], cropped at random.

    Half of a batch keeps all rows, since every estimate uses whole images; the others keep a uniformly drawn number.
    The same seed gives the same weights for an equal number of torch's threads.

    Example:
        >>> images = np.zeros((32, 4, 4), np.float32)
        >>> fit(images, latent_dim=1, steps=1).latent_dim
        1
    """
    with torch.random.fork_rng(devices=[]):  # the caller's generator stays where it was
        torch.manual_seed(seed)
        network = Autoencoder(images.shape[1], images.shape[2], latent_dim, hidden)
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for batch in _batches(_tensor(images), steps, generator):
        loss = network.loss(batch, _rows(len(batch), network.height, generator))
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    _standardise(network, images)
    return network.requires_grad_(False).eval()


def reconstruction_error(network: Autoencoder, images: F32) -> float:
    """Return the mean squared error of a pixel over the pixels' variance: 0 is perfect, 1 is that of the mean image.

    Example:
        >>> images = np.random.default_rng(0).random((32, 4, 4), np.float32)
        >>> reconstruction_error(fit(images, latent_dim=1, steps=1), images) > 0.5
        True
    """
    rebuilt = network.decode(network.encode(images, network.height), network.height)
    spread = float(np.mean((images - images.mean(axis=0)) ** 2, dtype=np.float64))
    return float(np.mean((images - rebuilt) ** 2, dtype=np.float64)) / max(spread, 1e-12)


def _batches(images: Tensor, steps: int, generator: torch.Generator) -> Iterator[Tensor]:
    epochs = (torch.randperm(len(images), generator=generator).split(BATCH) for _ in itertools.count())
    return (images[rows] for rows in itertools.islice(itertools.chain.from_iterable(epochs), steps))


def _rows(n: int, height: int, generator: torch.Generator) -> Tensor:
    rows = torch.randint(1, height + 1, (n,), generator=generator)
    rows[: n // 2] = height
    return rows


def _standardise(network: Autoencoder, images: F32) -> None:
    latents = torch.from_numpy(network.encode(images, network.height)).double()
    network.mean.copy_(latents.mean(0))
    # A coordinate that training left unused is not scaled up to unit variance.
    network.scale.copy_(latents.std(0, correction=0).clamp(min=1e-6))


def _tensor(array: F32) -> Tensor:
    return torch.from_numpy(np.require(array, np.float32, ["C", "W"]))
