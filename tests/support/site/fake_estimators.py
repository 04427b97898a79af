"""Fast estimators for tests of the command line: one that is right for Gaussians, and several that misbehave."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field

from mmg_registry.contracts import Array, Estimator, Options, Progress
from mmg_registry.results import Curve, Estimate


class Gauss(Estimator):
    """MI of the Gaussian with the rows' covariance, -log det(1 - R) / 2, and a made-up curve of that area."""

    name = "fake-gauss"
    summary = "The Gaussian part of mutual information."
    reference = "Cover and Thomas, Elements of Information Theory, 2006."
    has_curve = True

    class Options(Options):
        steps: int = Field(10, ge=1, le=1000, description="How many reports of progress to make.")
        ridge: float = Field(0.0, ge=0.0, description="Added to the diagonal of the covariance.")
        preset: Literal["default", "paper"] = Field("default", description="Nothing depends on it.")

    def fit(self, x: Array, y: Array) -> Gauss:
        for step in range(self.options.steps):
            self.run.report(Progress((step + 1) / self.options.steps, "training", mi=0.5))
        self.mi = gaussian_mi(x, y, self.options.ridge)
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        error = math.sqrt(1 / len(x))
        curve = triangle_curve(self.mi, x.shape[1])
        return Estimate(
            mi=self.mi, std_error=error, curve=curve, diagnostics={"ridge": self.options.ridge, "peak": 0.5}
        )

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"mi": self.mi}

    def restore(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Gauss:
        self.mi = meta["mi"]
        return self


def gaussian_mi(x: Array, y: Array, ridge: float) -> float:
    def half_log_det(*parts: Array) -> float:
        covariance = np.atleast_2d(np.cov(np.hstack(parts).astype(float), rowvar=False))
        return 0.5 * float(np.linalg.slogdet(covariance + ridge * np.eye(len(covariance)))[1])

    return half_log_det(x) + half_log_det(y) - half_log_det(x, y)


def triangle_curve(mi: float, dim: int) -> Curve:
    edges = np.linspace(-8.0, 8.0, 17)
    gap = np.maximum(0.0, 1 - np.abs(edges[1:] - 0.5) / 4)
    gap *= mi / gap.sum()
    mmse = dim / (1 + np.exp(-edges[1:]))
    small = [0.01] * 16
    return Curve(
        edges=edges.tolist(), direct=gap.tolist(), orthogonal=gap.tolist(), cross=[0.0] * 16,
        direct_se=small, orthogonal_se=small, cross_se=small, count=[100] * 16,
        mmse=mmse.tolist(), mmse_cond=(mmse - 2 * gap).tolist(),
    )  # fmt: skip


class Plain(Estimator):
    """Neither a curve nor a state nor a standard error."""

    name = "fake-plain"
    summary = "Nothing beyond the contract."
    reference = "None."

    def fit(self, x: Array, y: Array) -> Plain:
        self.mi = gaussian_mi(x, y, 0.0)
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        return Estimate(mi=self.mi)


class Crash(Plain):
    name = "fake-crash"

    def fit(self, x: Array, y: Array) -> Crash:
        raise ZeroDivisionError("division by zero in fit")


class Interrupt(Plain):
    name = "fake-interrupt"

    def fit(self, x: Array, y: Array) -> Interrupt:
        raise KeyboardInterrupt


class Slow(Plain):
    """Trains for ten minutes, unless it is interrupted."""

    name = "fake-slow"

    def fit(self, x: Array, y: Array) -> Slow:
        print("training", flush=True)
        for _ in range(12_000):
            time.sleep(0.05)
        return self


class Chatty(Plain):
    """Prints on stdout, as libraries in C do too."""

    name = "fake-chatty"

    def fit(self, x: Array, y: Array) -> Chatty:
        print("from Python", flush=True)
        os.write(1, b"from C\n")
        super().fit(x, y)
        return self


class Constant(Plain):
    """Breaks the contract: it does not look at the data, and knows options that it does not declare."""

    name = "fake-constant"

    def __init__(self, run: Any = None, **options: Any) -> None:
        super().__init__(run=run)

    def fit(self, x: Array, y: Array) -> Constant:
        x += 1.0
        np.random.seed(0)  # noqa: NPY002 - this is what is wrong with it
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        return Estimate(mi=1.0)
