"""Groups of options that several bounds share."""

from __future__ import annotations

from pydantic import Field

from mmg_registry.annealing.path import Start
from mmg_registry.annealing.schedule import Mass, TemperatureSchedule
from mmg_registry.contracts import Options


class RowsOptions(Options):
    """Options on how many rows pass through a model at a time."""

    rows: int | None = Field(
        None,
        ge=1,
        description="most rows (chains times pairs) at once through a model or critic; None: some 16 million numbers",
    )


class StartOptions(RowsOptions):
    """Options on where draws of z come from."""

    start: Start = Field("prior", description="where draws and chains start: the prior, or the model's encoder")


class AnnealingOptions(RowsOptions):
    """Options of annealed chains with HMC."""

    temperatures: int = Field(1000, ge=1, le=10_000_000, description="T, temperatures between start and posterior")
    chains: int = Field(16, ge=1, le=1_000_000, description="K, chains a data point")
    schedule: TemperatureSchedule = Field("adaptive-kl", description="temperatures; adaptive ones are of constant rate")
    mass: Mass = Field("dense", description="of HMC: the inverse of the pilot's covariance or its diagonal, or 1")
    leapfrog: int = Field(10, ge=1, le=10_000, description="most leapfrog steps a transition")
    acceptance: float = Field(0.75, gt=0, lt=1, description="what the pilot tunes step sizes to")
    decay: bool = Field(True, description="also run with T/16 and T/4, to show how the gap decays")


class TrainingOptions(RowsOptions):
    """Options of a critic T(x, z) learned from pairs."""

    steps: int = Field(1500, ge=1, le=10_000_000, description="training steps of a learned critic")
    batch: int = Field(128, ge=2, le=100_000, description="pairs a training step")
    width: int = Field(64, ge=1, le=10_000, description="of the two hidden layers on x and on z of a learned critic")
    embedding: int = Field(32, ge=1, le=10_000, description="columns of the inner product of a learned critic")
    rate: float = Field(1e-2, gt=0, le=1, description="learning rate of a learned critic")
    held: int = Field(
        256,
        ge=2,
        description="given pairs not trained on, but bounded with, where the model draws no others; half at most",
    )
