"""A small convolutional denoiser of raw pixels, for the argument `denoiser` of estimators that take a torch module."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

CHUNK = 512  # images at a time where no gradient is wanted: bounds the memory of an evaluation
COPY_GAIN = 4.0  # factor of the weights of single pixels, which move by the learning rate a step and have far to go
PLACES = 4  # learned maps that give the convolutions the position in the image


class PixelDenoiser(nn.Module):
    """A network that predicts the noise of images, given other images of which the first rows are known, or none.

    It is called as `module(z, logsnr, y)` and `module(z, logsnr, None)`, with columns standardised one by one as in the
    published recipe; a recipe that rotates them would leave no image to convolve. With `a^2 = sigmoid(logsnr) = 1 -
    b^2` it predicts `b z + a b / (a^2 / 2 + b^2) F`: the linear denoiser of independent unit columns, and a learned
    correction F that is 0 at the start. The factor before F is exact for a column of which y leaves half the variance:
    there `F = z a / 2 - y / sqrt(2)`. F is a sum of residual blocks at half the resolution, modulated by the log-SNR
    (FiLM, Perez et al., arXiv 1709.07871), and, at full resolution, of z and the known images with a learned weight for
    each pixel, since known pixels only need to be copied.

    Args:
        height, width: pixels of all images.
        n_images: number of images side by side in `z`, each of `height * width` columns.
        rows: number of rows of each image in `y`, which has `sum(rows) * width` columns in all.
        channels: channels of the convolutions.
        seed: seed of the weights.

    Example:
        >>> module = PixelDenoiser(8, 8, n_images=1, rows=[6, 3], channels=8, seed=0)
        >>> z, logsnr, y = torch.randn(5, 64), torch.zeros(5), torch.randn(5, 72)
        >>> module(z, logsnr, y).shape
        torch.Size([5, 64])
        >>> torch.allclose(module(z, logsnr, None), z * 0.5**0.5)
        True
    """

    def __init__(
        self, height: int, width: int, *, n_images: int, rows: Sequence[int], channels: int = 32, seed: int = 0
    ) -> None:
        super().__init__()
        self.height, self.width, self.rows = height, width, tuple(rows)
        self.n_images, self.channels = n_images, channels
        with torch.random.fork_rng(devices=[]):  # the caller's generator stays where it was
            torch.manual_seed(seed)
            self._build(n_images, len(self.rows), channels)
        # This takes a sixth off a training step on a CPU; torch documents the call, but its stubs lack it.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _build(self, n_images: int, n_known: int, channels: int) -> None:
        n_sources = n_images + n_known
        self.time = nn.Sequential(nn.Linear(17, channels), nn.SiLU(), nn.Linear(channels, 4 * channels + n_sources))
        self.places = nn.Parameter(0.1 * torch.randn(PLACES, self.height, self.width))
        # Besides the images: for each known one a mask of the rows that it has, all 0 for "no y".
        self.down = nn.Conv2d(n_images + 2 * n_known + PLACES, channels, 4, stride=2, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(4))
        self.up = nn.Conv2d(channels, 4 * n_images, 3, padding=1)
        self.copy = nn.Parameter(torch.zeros(n_images, n_sources, self.height, self.width))
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(_bias(self.up))

    def forward(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        """Predict noise `(n, n_images * height * width)` from `z` of that shape, `logsnr` `(n,)`, and `y` or None."""
        if torch.is_grad_enabled():
            return self._noise(z, logsnr, y)
        parts = zip(z.split(CHUNK), logsnr.split(CHUNK), [None] * len(z) if y is None else y.split(CHUNK), strict=False)
        return torch.cat([self._noise(*part) for part in parts])

    def _noise(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        a, b = logsnr.sigmoid().sqrt()[:, None], (-logsnr).sigmoid().sqrt()[:, None]
        images = z.view(-1, self.n_images, self.height, self.width)
        known, masks = self._known(y, images)
        time = torch.cat([_embed(logsnr), torch.full_like(a, float(y is not None))], 1)
        return b * z + a * b / (0.5 * a.square() + b.square()) * self._correction(images, known, masks, time).flatten(1)

    def _correction(self, images: Tensor, known: Tensor, masks: Tensor, time: Tensor) -> Tensor:
        places = self.places.expand(len(images), -1, -1, -1)
        film, gate = self.time(time).split([4 * self.channels, self.copy.shape[1]], 1)
        h = self.down(_even(torch.cat([images, known, masks, places], 1)))
        for i, (scale, shift) in enumerate(_pairs(film, self.channels)):
            inner = silu(self.blocks[2 * i](silu(h)) * (1 + scale) + shift)
            h = h + self.blocks[2 * i + 1](inner)
        fine = nn.functional.pixel_shuffle(self.up(silu(h)), 2)[:, :, : self.height, : self.width]
        sources = torch.cat([images, known], 1) * (1 + gate)[:, :, None, None]
        found: Tensor = fine + torch.einsum("nkhw,mkhw->nmhw", sources, COPY_GAIN * self.copy)
        return found

    def _known(self, y: Tensor | None, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return known images `(n, n_known, height, width)`, 0 where unknown, and their masks of the same shape."""
        empty = images.new_zeros(len(images), len(self.rows), self.height, self.width)
        if y is None:
            return empty, empty
        parts = y.split([rows * self.width for rows in self.rows], 1)
        padded = [
            pad(part.view(len(y), rows, self.width), (0, 0, 0, self.height - rows))
            for part, rows in zip(parts, self.rows, strict=True)
        ]
        mask = torch.arange(self.height)[None, :] < torch.tensor(self.rows)[:, None]
        return torch.stack(padded, 1), empty + mask[None, :, :, None].to(y.dtype)


def _embed(logsnr: Tensor) -> Tensor:
    """Return `(n, 16)` smooth bumps of the log-SNR, with centres 2 apart from -15 to 15."""
    centres = torch.linspace(-15.0, 15.0, 16, dtype=logsnr.dtype)
    return torch.exp(-0.5 * ((logsnr[:, None] - centres) / 2.0).square())


def _pairs(film: Tensor, channels: int) -> list[tuple[Tensor, Tensor]]:
    parts = [part[:, :, None, None] for part in film.split(channels, 1)]
    return [(parts[0], parts[1]), (parts[2], parts[3])]


def _even(images: Tensor) -> Tensor:
    """Pad images of odd height or width by a blank row or column."""
    return pad(images, (0, images.shape[3] % 2, 0, images.shape[2] % 2))


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
