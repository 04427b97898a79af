"""Small estimators and distributions for tests of the registry."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mmg_registry.contracts import Array, Estimator, Options, Progress
from mmg_registry.results import Curve, Estimate


class GaussianMI(Estimator):
    """-1/2 sum log(1 - rho_i^2) of the canonical correlations, with pointwise values and a flat curve."""

    name = "gaussian-fake"
    summary = "Gaussian MI from canonical correlations."
    reference = "Gelfand and Yaglom, 1957."
    has_curve = True
    has_pointwise = True

    class Options(Options):
        ridge: float = Field(0.0, ge=0, le=1, description="Added to the diagonal of the covariances.")

    def fit(self, x: Array, y: Array) -> GaussianMI:
        self.seen = (x, y)
        self.run.report(Progress(0.5))
        self.centre = np.concatenate([x, y], axis=1).mean(axis=0, dtype=np.float64)
        covariance = np.cov(np.concatenate([x, y], axis=1).astype(np.float64), rowvar=False)
        self.covariance = covariance + self.options.ridge * np.eye(len(covariance))
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        values = self._pointwise(x, y)
        return Estimate(
            mi=float(values.mean()),
            std_error=float(values.std() / math.sqrt(len(values))),
            curve=flat_curve(float(values.mean()), shift=self.run.seed % 2),
            pointwise=values,
            device="cpu",
            backend={"kind": "numpy"},
            diagnostics={"seed": self.run.seed},
            warnings=["A warning of the fake."],
        )

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        return {"centre": self.centre, "covariance": self.covariance}, {"dim": len(self.centre)}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> GaussianMI:
        assert meta["dim"] == len(arrays["centre"])
        self.centre, self.covariance = arrays["centre"], arrays["covariance"]
        return self

    def _pointwise(self, x: Array, y: Array) -> NDArray[np.float64]:
        d = x.shape[1]
        z = np.concatenate([x, y], axis=1).astype(np.float64) - self.centre
        sides = log_density(z[:, :d], self.covariance[:d, :d]) + log_density(z[:, d:], self.covariance[d:, d:])
        return log_density(z, self.covariance) - sides


def log_density(z: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log density of N(0, covariance), up to the constant that cancels in MI."""
    half = 0.5 * np.einsum("ij,jk,ik->i", z, np.linalg.inv(covariance), z)
    return -half - 0.5 * np.linalg.slogdet(covariance)[1]


def flat_curve(mi: float, shift: int = 0) -> Curve:
    edges = (np.linspace(-4, 4, 5) + shift).tolist()
    values, errors = [mi / 8] * 4, [0.01] * 4
    return Curve(edges, values, values, [0.0] * 4, errors, errors, errors, [10] * 4)


def gaussian_pair(n: int = 400, rho: float = 0.8, dim: int = 1, seed: int = 0) -> tuple[Array, Array]:
    """`dim` correlated pairs; MI is -dim/2 log(1 - rho^2) nats."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dim))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.standard_normal((n, dim))


def install(
    site: Path, distribution: str, version: str, entries: Mapping[str, str], modules: Mapping[str, str]
) -> None:
    """Write an installed distribution into `site`; `entries` maps "group/name" to "module:Class"."""
    info = site / f"{distribution}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = []
    for group in sorted({key.split("/")[0] for key in entries}):
        lines.append(f"[{group}]")
        lines += [f"{key.split('/')[1]} = {value}" for key, value in entries.items() if key.startswith(f"{group}/")]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name, source in modules.items():
        (site / f"{name}.py").write_text(source)
    importlib.invalidate_caches()  # two changes of a folder may fall into one tick of its clock
