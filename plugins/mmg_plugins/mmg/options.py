"""Options of the four MMG variants, from which those of `auto` and MINDE inherit."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from mmg_registry.contracts import Options


class MMGOptions(Options):
    """Options of the four MMG variants."""

    preset: Literal["default", "paper"] = Field(
        "default", description="'paper' for the published recipe: its network, standardisation, proposal and optimiser"
    )
    steps: int | None = Field(
        None,
        ge=20,
        le=10_000_000,
        description="most training steps; 10,000 unless given (in the paper preset its epochs)",
    )
    width: int = Field(64, ge=4, le=2048, description="units of the network's residual stream and of its gates")
    depth: int = Field(2, ge=1, le=16, description="gated residual blocks")
    batch: int = Field(512, ge=8, le=65_536, description="rows a training step; each passes with and without y")
    lr: float = Field(2e-3, gt=0, le=0.1, description="peak learning rate")
    tolerance: float = Field(
        0.005, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    repeats: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="log-SNR and noise draws per evaluation row; unless given about 400,000 in all, and 512 a row for "
        "pointwise values",
    )
    gaussianise: bool = Field(True, description="map the margins to near-normal ones first (MI does not change)")

    left_open: ClassVar[frozenset[str]] = frozenset({"preset", "steps", "repeats"})  # under the published recipe

    @property
    def published(self) -> bool:
        """Return whether the published recipe is asked for."""
        return self.preset == "paper"

    @model_validator(mode="after")
    def _paper_is_fixed(self) -> Self:
        extra = sorted(self.model_fields_set - self.left_open)
        changed = [name for name in extra if getattr(self, name) != type(self).model_fields[name].default]
        if self.preset == "paper" and changed:
            raise ValueError(f"preset 'paper' fixes {', '.join(changed)}; leave it out or use the default preset")
        return self
