"""Training of decoders on images: a VAE (Kingma and Welling, arXiv 1312.6114) or a GAN's generator.

The GAN (Goodfellow et al., arXiv 1406.2661) has a small normal noise on its pixels, without which it would have no
density.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from mmg_registry.contracts import Listener, Progress
from mmg_registry.errors import DataError, MMGError
from mmg_registry.limits import keep
from mmg_registry.models.built_in import LOG_2PI
from mmg_registry.models.decoder import Decoder, EncodedDecoder, linear_layers, mlp

ModelKind = Literal["vae", "gan"]
BATCH = 128
STEPS = 6_000  # steps of training where the number of epochs is not given
VARIANCE = {"vae": 0.03, "gan": 0.001}  # of x given z: a VAE starts learning from it, a GAN keeps it
VAE_RATE, GAN_RATE = 1e-3, 2e-4
SCALE = 1e-4  # smallest standard deviation that a VAE may learn; 8-bit pixels justify no smaller one


@dataclass(frozen=True)
class DecoderPlan:
    """The settings of a decoder's training.

    Attributes:
        kind: "vae" or "gan".
        latent: columns of z.
        hidden: units of the decoder's hidden layers, from z to x; encoder and discriminator use the same in reverse.
        variance: fixed variance of x given z in every column; None lets a VAE learn it and means 0.001 for a GAN.
        epochs: passes over the images; None for 6,000 steps of 128 images.
        seed: seed of weights, batches and noise.
        max_seconds: a soft time limit; the learning rates fall with time or epochs, whichever is nearer its end.

    Raises:
        OptionError: for a value out of range; see `mmg_registry.limits` for those that all runs share.
    """

    kind: ModelKind = "vae"
    latent: int = 10
    hidden: tuple[int, ...] = (256, 256)
    variance: float | None = None
    epochs: int | None = None
    seed: int = 0
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        keep(self, "latent", "hidden", "seed", optional=("variance", "epochs", "max_seconds"), kind="model_kind")


class DecoderLearner(Protocol):
    """A decoder in training."""

    def step(self, x: Tensor, pace: float) -> Tensor:
        """Take one step on rows x `(b, data_size)` at `pace` times the full learning rates.

        Returns:
            The values that `told` names, such as losses.
        """

    @property
    def told(self) -> tuple[str, ...]:
        """Return the names of the values that `step` returns."""

    def model(self) -> Decoder:
        """Return the trained decoder."""


def train(images: NDArray[np.float32], plan: DecoderPlan, progress: Listener | None = None) -> Decoder:
    """Train a decoder on `images` `(n, height, width)` with values between 0 and 1.

    The same seed gives the same weights if torch uses the same number of threads and `max_seconds` does not end the
    training.

    Args:
        images: the training images.
        plan: the settings.
        progress: called with the progress every 20 steps and at the end of each epoch.

    Raises:
        DataError: for fewer than two images.
        MMGError: when the training diverges.

    Example:
        >>> images = np.random.default_rng(0).random((32, 4, 4), np.float32)
        >>> model = train(images, DecoderPlan("vae", latent=2, hidden=(8,), epochs=2))
        >>> model.data_size, model.latent_size, model.about["epochs"]
        (16, 2, 2.0)
    """
    if images.ndim != 3 or len(images) < 2:
        raise DataError(f"The images have the shape {images.shape}; two or more of (height, width) are needed.")
    rows = torch.from_numpy(np.require(images, np.float32, ["C", "W"])).flatten(1)
    with torch.random.fork_rng(devices=[]):  # the caller's generator stays where it was
        torch.manual_seed(plan.seed)
        learner: DecoderLearner = VAE(rows, plan) if plan.kind == "vae" else GAN(rows, plan)
        about = _run(learner, rows, plan, progress or (lambda _: None))
    model = learner.model()
    model.about = {**asdict(plan), **about, "images": len(images), "shape": list(images.shape[1:])}
    return model


def _run(learner: DecoderLearner, rows: Tensor, plan: DecoderPlan, listen: Listener) -> dict[str, float]:
    """Run the training; return means of the learner's values over the last epoch, epochs, steps and seconds."""
    start = time.monotonic()
    size = min(BATCH, len(rows))
    an_epoch = len(rows) // size
    steps = STEPS if plan.epochs is None else plan.epochs * an_epoch
    told: list[Tensor] = []
    done = 0.0
    for i, batch in enumerate(_batches(rows, size, an_epoch)):
        done = max(i / steps, (time.monotonic() - start) / plan.max_seconds if plan.max_seconds else 0.0)
        if done >= 1 and i:
            break
        told.append(learner.step(batch, 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))))
        if (i + 1) % 20 == 0 or (i + 1) % an_epoch == 0:
            listen(Progress(done, _words(learner, told[-20:], (i + 1) / an_epoch)))
    found = dict(zip(learner.told, _means(told[-an_epoch:]), strict=True))
    return {**found, "epochs": round(len(told) / an_epoch, 2), "steps": len(told), "seconds": time.monotonic() - start}


def _batches(rows: Tensor, size: int, an_epoch: int) -> Iterator[Tensor]:
    """Yield full batches without end, with every image at most once per epoch."""
    for _ in itertools.count():
        order = torch.randperm(len(rows))
        yield from (rows[part] for part in order[: an_epoch * size].split(size))


def _means(told: list[Tensor]) -> list[float]:
    """Return the means over steps of the learner's values.

    Raises:
        MMGError: for a mean that is not finite.
    """
    means = torch.stack(told).double().mean(0)
    if not bool(means.isfinite().all()):
        raise MMGError("The training diverged; give another seed, a larger variance or smaller hidden layers.")
    return [float(mean) for mean in means]


def _words(learner: DecoderLearner, told: list[Tensor], epoch: float) -> str:
    numbers = ", ".join(f"{name} {mean:.3f}" for name, mean in zip(learner.told, _means(told), strict=True))
    return f"epoch {math.ceil(epoch)}, {numbers}"


class VAE:
    """A decoder and an encoder, trained by the evidence lower bound (nats per image) with a full normal likelihood."""

    told = ("elbo", "rate")

    def __init__(self, rows: Tensor, plan: DecoderPlan) -> None:
        pixels = rows.shape[1]
        self.mean = mlp([plan.latent, *plan.hidden, pixels])
        self.code = mlp([pixels, *reversed(plan.hidden), 2 * plan.latent])
        _begin_at(self.mean, rows.mean(0))
        learned = plan.variance is None
        self.log_scale = nn.Parameter(torch.tensor(0.5 * math.log(plan.variance or VARIANCE["vae"])), learned)
        parameters = [*self.mean.parameters(), *self.code.parameters(), *([self.log_scale] if learned else [])]
        self.adam = torch.optim.Adam(parameters, VAE_RATE)

    def step(self, x: Tensor, pace: float) -> Tensor:
        mean, log_sd = self.code(x).chunk(2, -1)
        z = mean + log_sd.exp() * torch.randn_like(mean)
        rate = 0.5 * (mean.square() + (2 * log_sd).exp() - 1 - 2 * log_sd).sum(1).mean()
        log_scale = self.log_scale.clamp(min=math.log(SCALE))
        residual = (x - self.mean(z)) / log_scale.exp()
        likelihood = -0.5 * (residual.square().sum(1).mean() + x.shape[1] * (LOG_2PI + 2 * log_scale))
        elbo = likelihood - rate
        _descend(self.adam, -elbo, VAE_RATE * pace)
        return torch.stack([elbo.detach(), rate.detach()])

    def model(self) -> EncodedDecoder:
        return EncodedDecoder(self.mean, self.code, max(SCALE, math.exp(float(self.log_scale.detach()))))


class GAN:
    """A generator trained against a discriminator by the non-saturating loss; real and fake images get equal noise."""

    told = ("discriminator", "generator")

    def __init__(self, rows: Tensor, plan: DecoderPlan) -> None:
        pixels = rows.shape[1]
        self.mean = mlp([plan.latent, *plan.hidden, pixels])
        self.judge = _leaky([pixels, *reversed(plan.hidden), 1])
        _begin_at(self.mean, rows.mean(0))
        self.latent, self.scale = plan.latent, math.sqrt(plan.variance or VARIANCE["gan"])
        self.adams = [torch.optim.Adam(each.parameters(), GAN_RATE, (0.5, 0.999)) for each in (self.judge, self.mean)]

    def step(self, x: Tensor, pace: float) -> Tensor:
        real = x + self.scale * torch.randn_like(x)
        fake = self.mean(torch.randn(len(x), self.latent))
        fake = fake + self.scale * torch.randn_like(fake)
        judged = (softplus(-self.judge(real)) + softplus(self.judge(fake.detach()))).mean()
        _descend(self.adams[0], judged, GAN_RATE * pace)
        fooled = softplus(-self.judge(fake)).mean()
        _descend(self.adams[1], fooled, GAN_RATE * pace)
        return torch.stack([judged.detach(), fooled.detach()])

    def model(self) -> Decoder:
        return Decoder(self.mean, self.scale)


def _leaky(sizes: list[int]) -> nn.Sequential:
    network = mlp(sizes)
    return nn.Sequential(*(nn.LeakyReLU(0.2) if isinstance(layer, nn.Tanh) else layer for layer in network))


def _begin_at(network: nn.Sequential, mean: Tensor) -> None:
    """Set the last layer's bias to the mean image, so that it need not be learned."""
    with torch.no_grad():
        linear_layers(network)[-1].bias.copy_(mean)


def _descend(adam: torch.optim.Adam, loss: Tensor, rate: float) -> None:
    for group in adam.param_groups:
        group["lr"] = rate
    adam.zero_grad()
    loss.backward()
    adam.step()
