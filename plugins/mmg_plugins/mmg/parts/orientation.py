"""Which variable is noised, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mmg_registry.contracts import Array


@dataclass(frozen=True)
class Orientation:
    """Which of x and y is noised; the other one is given to the conditional denoiser.

    Attributes:
        swapped: whether y is noised, in place of x.
        why: the reason, for the result.
    """

    swapped: bool
    why: str

    @property
    def noised(self) -> str:
        """The noised variable, "x" or "y"."""
        return "y" if self.swapped else "x"

    @property
    def given(self) -> str:
        """The other variable."""
        return "x" if self.swapped else "y"

    def apply(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the noised variable and the given one."""
        return (y, x) if self.swapped else (x, y)


Orient = Callable[[int, int], Orientation]  # from the columns of x and of y


def noise_x(dim_x: int, dim_y: int) -> Orientation:
    """Noise x, as published."""
    return Orientation(False, "as published")


def noise_fewer_columns(dim_x: int, dim_y: int) -> Orientation:
    """Noise the variable with fewer columns, x where they tie.

    The identity holds either way; the noise to be guessed, the network's output and the variance of the integrand grow
    with the columns that are noised.

    Example:
        >>> noise_fewer_columns(3, 1).noised, noise_fewer_columns(2, 2).noised
        ('y', 'x')
    """
    return Orientation(dim_y < dim_x, "fewer columns, or x where they tie")


def oriented(direction: Literal["auto", "x", "y"]) -> Orient:
    """Return the part for an option: the variable asked for, or the one with fewer columns."""
    if direction == "auto":
        return noise_fewer_columns
    return lambda dim_x, dim_y: Orientation(direction == "y", "asked for")
