"""The variables of the tests, made from images: on raw pixels, or on the latents of an autoencoder.

**Why noise is added.** A and B_r are functions of one image. Without noise they share infinitely much, as continuous
variables, and no ratio would have a meaning. So the A of every test is the image, or its latent, plus independent
normal noise of a known standard deviation `noise`, and I(A; B_r) is the information of B_r through that channel: at
most `1/2 log(1 + 1/noise^2)` nats for each latent coordinate (variance 1), a bound that whole images reach for normal
latents. B_r carries independent noise of a tenth of that (`JITTER`), which at a noise of 0.5 costs 0.6 % of the
information in a normal latent and makes the values continuous. Otherwise crops of blank rows would all be equal, which
neither estimators of continuous variables nor the registry's checks of the data can handle.

**Why the three statements are then exact.** (1) Baseline: A depends on the image only through its whole latent (all
pixels), so no B_r tells more than the whole image does, up to what the jitter takes from B. (2) Data processing: B_r is
computed from B_{r+k} and fresh noise alone, so A - B_{r+k} - B_r is a Markov chain, and the ratio of the true values is
1. On pixels B_{r+k} is cropped. On latents it is decoded, cropped, and encoded again: the latent of the cropped
original would not do, since an encoder loses information, and may lose in r+k rows what it keeps in r rows. (3)
Additivity: the pairs (A1, B1) and (A2, B2) are independent, so the ratio of the true values is 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mmg_registry.arrays import F32
from mmg_registry.benchmark.mnist.ratios import Information

if TYPE_CHECKING:
    from mmg_registry.benchmark.mnist.autoencoder import Autoencoder

JITTER = 0.1  # noise on B_r, as a share of that on A


class Space(Protocol):
    """The rule by which an image becomes A and B_r; all arrays are float32, with one row for each image."""

    def source(self, images: F32, rng: np.random.Generator) -> F32:
        """Return A `(n, d)` of `images` `(n, height, width)`."""

    def cropped(self, images: F32, rows: int, rng: np.random.Generator) -> F32:
        """Return B_r of the first `rows` rows of `images` `(n, height, width)`."""

    def processed(self, b: F32, rows: int, less: int, rng: np.random.Generator) -> F32:
        """Return the B of `less` rows, computed from the B of `rows` rows, `b`, alone."""


@dataclass(frozen=True)
class Pixels:
    """The space of raw pixels: A `(n, height * width)` and B_r `(n, rows * width)`.

    B_r has only the rows kept, since blank ones carry no information. Pixels lie between 0, the background, and 1;
    cropping comes before any normalisation, so that blanked pixels are as black as the background.

    Example:
        >>> images = np.zeros((5, 4, 3), np.float32)
        >>> rng = np.random.default_rng(0)
        >>> Pixels(noise=0.5).source(images, rng).shape, Pixels(noise=0.5).cropped(images, 2, rng).shape
        ((5, 12), (5, 6))
    """

    noise: float

    def source(self, images: F32, rng: np.random.Generator) -> F32:
        return _noisy(images.reshape(len(images), -1), self.noise, rng)

    def cropped(self, images: F32, rows: int, rng: np.random.Generator) -> F32:
        return _noisy(images[:, :rows].reshape(len(images), -1), JITTER * self.noise, rng)

    def processed(self, b: F32, rows: int, less: int, rng: np.random.Generator) -> F32:
        return _noisy(b[:, : b.shape[1] // rows * less], JITTER * self.noise, rng)


@dataclass(frozen=True)
class Latents:
    """The space of latents: A and B_r, `(n, latent_dim)` each, of the whole image and of its first rows.

    Both are latents of the same autoencoder.
    """

    autoencoder: Autoencoder
    noise: float

    def source(self, images: F32, rng: np.random.Generator) -> F32:
        return _noisy(self.autoencoder.encode(images, self.autoencoder.height), self.noise, rng)

    def cropped(self, images: F32, rows: int, rng: np.random.Generator) -> F32:
        return _noisy(self.autoencoder.encode(images, rows), JITTER * self.noise, rng)

    def processed(self, b: F32, rows: int, less: int, rng: np.random.Generator) -> F32:
        return self.cropped(self.autoencoder.decode(b, rows), less, rng)


def variables(space: Space, term: Information, images: F32, seed: int, *, reuse: bool = False) -> tuple[F32, F32]:
    """Return x and y of a term, for `images` `(n, height, width)`.

    The noise of A, and then that of B, are the first draws from `seed`, so that terms on the same images share them and
    a ratio varies less than its two terms.

    Args:
        reuse: for a double term, use each image once on either side (n rows; for training). Otherwise the first half
            of the images is joined with the second (n // 2 rows), so that rows are independent, as a standard error
            requires.

    Example:
        >>> images = np.random.default_rng(0).random((6, 4, 3), np.float32)
        >>> [side.shape for side in variables(Pixels(0.5), Information("double", 2), images, seed=0)]
        [(3, 24), (3, 12)]
        >>> [side.shape for side in variables(Pixels(0.5), Information("joint", 3, 1), images, seed=0)]
        [(6, 12), (6, 12)]
    """
    rng = np.random.default_rng(seed)
    a = space.source(images, rng)
    b = space.cropped(images, term.rows, rng)
    if term.kind == "joint":
        return a, np.hstack([b, space.processed(b, term.rows, term.less, rng)])
    return (_beside(a, reuse), _beside(b, reuse)) if term.kind == "double" else (a, b)


def _beside(rows: F32, reuse: bool) -> F32:
    """Join each row with that of another image, along the columns."""
    half = len(rows) // 2
    if reuse:
        return np.hstack([rows, np.roll(rows, -half, axis=0)])
    return np.hstack([rows[:half], rows[half : 2 * half]])


def _noisy(rows: F32, scale: float, rng: np.random.Generator) -> F32:
    found: F32 = rows + np.float32(scale) * rng.standard_normal(rows.shape, dtype=np.float32)
    return found
