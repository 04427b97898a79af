"""The integral over the schedule of a pretrained denoiser, here the exact one of a Gaussian pair."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import mmg_registry as mmg
from mmg_registry.errors import DataError, MMGWarning, PluginError

RHO = 0.8


class Exact:
    """The best guess of the noise in z for standard normals of correlation 0.8."""

    schedule: object = (-12.0, 16.0)

    def __call__(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
        a, b = logsnr.sigmoid().sqrt()[:, None], (-logsnr).sigmoid().sqrt()[:, None]
        mean, variance = (0.0, 1.0) if y is None else (RHO * y, 1 - RHO**2)
        return b * (z - a * mean) / (a**2 * variance + b**2)


def rows(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 1))
    return x, RHO * x + 0.6 * rng.standard_normal((n, 1))


def off(denoiser: object, draws: int = 1_024) -> tuple[float, float]:
    """Return the root mean square error of the values in nats, and that of their standard errors."""
    x, y = rows()
    truth = 0.5 * (y[:, 0] ** 2 - (y[:, 0] - RHO * x[:, 0]) ** 2 / 0.36) - 0.5 * np.log(0.36)
    found = mmg.pmi(denoiser, x, y, draws=draws)
    return float(np.sqrt(np.mean((found.values - truth) ** 2))), float(np.sqrt(np.mean(found.errors**2)))


def test_an_exact_denoiser_gives_the_log_ratio_within_its_errors() -> None:
    error, told = off(Exact())
    assert error < 0.05
    assert error < 2 * told


def test_the_steps_of_a_schedule_are_enough() -> None:
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1_000))
    steps = Exact()
    steps.schedule = np.log(alpha_bar / (1 - alpha_bar))
    asked: list[float] = []

    class Watched(Exact):
        schedule = steps.schedule

        def __call__(self, z: Tensor, logsnr: Tensor, y: Tensor | None) -> Tensor:
            asked.extend(logsnr.tolist())
            return super().__call__(z, logsnr, y)

    assert off(Watched())[0] < 0.05
    assert set(asked) <= set(np.asarray(steps.schedule, dtype=np.float32).tolist())


def test_a_schedule_that_ends_too_soon_is_told() -> None:
    short = Exact()
    short.schedule = (-2.0, 1.0)
    with pytest.warns(MMGWarning, match="At log-SNR 1.0, where the schedule ends, the gap is still"):
        mmg.pmi(short, *rows())


def wrong(**parts: object) -> object:
    return type("Wrong", (Exact,), parts)()


@pytest.mark.parametrize(
    ("denoiser", "kind", "sentence"),
    [
        (object(), PluginError, "must be callable as denoiser"),
        (wrong(schedule=[1.0]), DataError, "two finite log-SNRs"),
        (wrong(__call__=lambda s, z, logsnr, y: z[:, :0]), PluginError, "returned shape"),
        (wrong(__call__=lambda s, z, logsnr, y: z * torch.nan), PluginError, "must return finite noise"),
        (wrong(__call__=lambda s, z, logsnr, y: 1 / 0), PluginError, "failed .ZeroDivisionError"),
    ],
)
def test_what_is_no_denoiser_is_refused(denoiser: object, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        mmg.pmi(denoiser, *rows(4))
