"""Two encoders, of x and of y, trained so that each tells as much as it can of the other and of its own side."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from mmg_plugins.mmg.thresholds import (
    AXIS_SHARE,
    CODE_COLUMNS,
    CODE_UNITS,
    PICTURE_CHANNELS,
    PICTURE_UNITS,
    REBUILD_WEIGHT,
)
from mmg_plugins.perceptron import perceptron
from mmg_registry.training import RowPair, Trainable

LEAST_SPREAD = 1e-6  # variance of a direction of the codes, relative to the largest, below which it is rounding
COMPARED = 256  # held-out rows whose pairs are compared with one another


class View(NamedTuple):
    """What an encoder sees of a side: the first columns of its rows are components, the others pixels.

    Attributes:
        components: number of principal components.
        picture: channels, height and width of the image; None where there is none.
    """

    components: int
    picture: tuple[int, int, int] | None = None


class PictureEncoder(nn.Sequential):
    """Convolutions of stride two, and a perceptron of what they leave.

    Args:
        shape: channels, height and width of the images.
        draw: generator of the weights.
    """

    def __init__(self, shape: tuple[int, int, int], draw: torch.Generator) -> None:
        layers: list[nn.Module] = [nn.Unflatten(1, shape)]
        channels, height, width = shape
        for more in PICTURE_CHANNELS:
            layers += [_convolution(channels, more, draw), nn.SiLU()]
            channels, height, width = more, (height + 1) // 2, (width + 1) // 2
        left = channels * height * width
        super().__init__(*layers, nn.Flatten(), perceptron([left, PICTURE_UNITS, CODE_COLUMNS + 1], draw))


def _convolution(first: int, last: int, draw: torch.Generator) -> nn.Conv2d:
    """Return a convolution with weights from `draw`, and leave the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        layer = nn.Conv2d(first, last, 3, stride=2, padding=1)
    bound = 1 / math.sqrt(3 * first)  # variance 1 / inputs, which are nine a channel
    nn.init.uniform_(layer.weight, -bound, bound, generator=draw)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Encoders(nn.Module):
    """An encoder for each side, and a decoder of its components that serves in training alone.

    Args:
        views: what the encoders see of x and of y; pixels where there are any, else components.
        draw: generator of the weights.
    """

    def __init__(self, views: tuple[View, View], draw: torch.Generator) -> None:
        super().__init__()
        self.views, inner = views, [CODE_UNITS, CODE_UNITS]
        self.encode = nn.ModuleList(
            PictureEncoder(view.picture, draw)
            if view.picture
            else perceptron([view.components, *inner, CODE_COLUMNS + 1], draw)
            for view in views
        )
        self.decode = nn.ModuleList(perceptron([CODE_COLUMNS, *inner, view.components], draw) for view in views)

    def forward(self, rows: RowPair) -> RowPair:
        """Return the codes of x and of y, and in a last column what each side's score has of its own."""
        given = (side[:, view.components if view.picture else 0 :] for side, view in zip(rows, self.views, strict=True))
        of_x, of_y = (encoder(side) for encoder, side in zip(self.encode, given, strict=True))
        return of_x, of_y

    def components(self, rows: RowPair) -> RowPair:
        """Return the components of x and of y, which decoders rebuild."""
        of_x, of_y = (side[:, : view.components] for side, view in zip(rows, self.views, strict=True))
        return of_x, of_y

    def rebuilt(self, codes: RowPair) -> RowPair:
        """Return what the decoders make of codes: rows of x and of y."""
        of_x, of_y = (decoder(code[:, :-1]) for decoder, code in zip(self.decode, codes, strict=True))
        return of_x, of_y


class TrainableEncoders(Trainable):
    """Encoders with their loss: the contrast of their inner product, and what the decoders fail to rebuild.

    The contrast is InfoNCE in both directions (van den Oord et al., arXiv 1807.03748; Radford et al., arXiv 2103.00020,
    figure 3), of scores u(x) . v(y) + a(x) + b(y). Where these are the log-density ratio, x tells of y what u tells,
    and y of x what v does; a and b are no part of the codes. The weight of rebuilding keeps few rows from being learned
    by heart: pixels tell much more of the few numbers behind an image than the other side does.
    """

    def __init__(self, module: Encoders) -> None:
        self.module: Encoders = module

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        codes = self.module((x, y))
        missed = sum(
            mse_loss(rebuilt, side) / side.var(0).mean()
            for rebuilt, side in zip(self.module.rebuilt(codes), self.module.components((x, y)), strict=True)
        )
        return REBUILD_WEIGHT * missed - own_contrasts(inner(*codes)).mean()

    def shares(self, x: Tensor, y: Tensor) -> Tensor:
        found = torch.cat([own_contrasts(inner(*self.module(each))) for each in compared(x, y)])
        return torch.stack([found, found], 1)


def inner(of_x: Tensor, of_y: Tensor) -> Tensor:
    """Return the scores `(n, n)` of all pairs of codes; the last column of each is a part of its own in the score."""
    return of_x[:, :-1] @ of_y[:, :-1].T / math.sqrt(CODE_COLUMNS) + of_x[:, -1:] + of_y[:, -1:].T


def own_contrasts(table: Tensor) -> Tensor:
    """Return each row's InfoNCE value `(n,)` in nats, the mean over both directions, of scores `(n, n)`.

    >>> own_contrasts(torch.zeros(4, 4)).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    whole = (torch.logsumexp(table, 0) + torch.logsumexp(table, 1)) / 2
    return table.diagonal() - whole + math.log(len(table))


def compared(x: Tensor, y: Tensor) -> list[RowPair]:
    """Split rows into equal blocks of about `COMPARED` rows, whose pairs are compared with one another."""
    blocks = max(1, len(x) // COMPARED)
    return list(zip(x.tensor_split(blocks), y.tensor_split(blocks), strict=True))


class Axes(NamedTuple):
    """The axes of x and of y along which their codes agree, the most telling first.

    Attributes:
        mean: means of the codes of x and of y.
        matrix: `(CODE_COLUMNS, r)` of x and of y, to uncorrelated columns of variance one.
        weight: `(r,)` what a product of both columns adds to the score.
    """

    mean: RowPair
    matrix: RowPair
    weight: Tensor

    @classmethod
    def of(cls, codes: RowPair) -> Axes:
        """Return the axes in which the covariances are identities, and the scores a sum over columns."""
        u, v = (code[:, :-1] for code in codes)
        (ru, wu), (rv, wv) = _roots(u), _roots(v)
        p, weight, qt = torch.linalg.svd(ru.T @ rv / math.sqrt(CODE_COLUMNS))
        return cls((u.mean(0), v.mean(0)), (wu @ p, wv @ qt.T), weight)

    def first(self, r: int) -> Axes:
        """Return the `r` most telling axes."""
        of_x, of_y = self.matrix
        return Axes(self.mean, (of_x[:, :r], of_y[:, :r]), self.weight[:r])

    def __call__(self, codes: RowPair) -> RowPair:
        """Return columns `(n, r)` of x and of y."""
        of_x, of_y = (
            (code[:, :-1] - mean) @ matrix for code, mean, matrix in zip(codes, self.mean, self.matrix, strict=True)
        )
        return of_x, of_y

    def own_contrasts(self, codes: RowPair, columns: RowPair | None = None) -> Tensor:
        """Return each row's contrast `(n,)` where only these axes count, or `columns` `(n, r)` in their place."""
        (x, y), (mx, my) = columns or self(codes), self.mean
        own_x = codes[0][:, -1] + codes[0][:, :-1] @ my / math.sqrt(CODE_COLUMNS)
        own_y = codes[1][:, -1] + codes[1][:, :-1] @ mx / math.sqrt(CODE_COLUMNS)
        rows = zip(compared(x * self.weight, y), compared(own_x, own_y), strict=True)
        return torch.cat([own_contrasts(u @ v.T + a[:, None] + b[None, :]) for (u, v), (a, b) in rows])

    def telling(self, codes: RowPair) -> Axes:
        """Return the fewest axes whose contrast on these codes is that of all, but for a share of `AXIS_SHARE`."""
        least = (1 - AXIS_SHARE) * float(self.own_contrasts(codes).mean())
        fewer = (self.first(r) for r in range(1, len(self.weight)))
        return next((axes for axes in fewer if float(axes.own_contrasts(codes).mean()) >= least), self)


def _roots(code: Tensor) -> tuple[Tensor, Tensor]:
    """Return the root of the covariance `(k, k)` of a code, and its inverse."""
    values, vectors = torch.linalg.eigh(torch.cov(code.T).double())
    root = values.clamp(min=LEAST_SPREAD * float(values[-1])).sqrt()
    return (vectors * root).float(), (vectors / root).float()
