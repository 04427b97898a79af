"""The choice of the variable to noise, and its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Orientation:
    """The choice of x or y as the noised variable; the other one is given to the conditional denoiser.

    Attributes:
        swapped: whether y is noised in place of x.
        why: the reason, for the result.
    """

    swapped: bool
    why: str

    @property
    def noised(self) -> str:
        """Return the name of the noised variable, "x" or "y"."""
        return "y" if self.swapped else "x"

    @property
    def given(self) -> str:
        """Return the name of the given variable, "x" or "y"."""
        return "x" if self.swapped else "y"

    def apply(self, x: T, y: T) -> tuple[T, T]:
        """Return what belongs to the noised variable and what belongs to the given one; its own inverse."""
        return (y, x) if self.swapped else (x, y)


Orient = Callable[[int, int], Orientation]  # from the columns of x and of y


def noise_x(dim_x: int, dim_y: int) -> Orientation:
    """Choose x as the noised variable, as published."""
    return Orientation(False, "as published")


def noise_fewer_columns(dim_x: int, dim_y: int) -> Orientation:
    """Choose the variable with fewer columns as the noised one, x where they tie.

    The identity holds either way, but the noise to be predicted, the network's output and the variance of the integrand
    grow with the number of noised columns.

    Example:
        >>> noise_fewer_columns(3, 1).noised, noise_fewer_columns(2, 2).noised
        ('y', 'x')
    """
    return Orientation(dim_y < dim_x, "fewer columns, or x where they tie")


def oriented(direction: Literal["auto", "x", "y"]) -> Orient:
    """Return the part for the option `direction`: it noises the named variable, or the one with fewer columns."""
    if direction == "auto":
        return noise_fewer_columns
    return lambda dim_x, dim_y: Orientation(direction == "y", "asked for")
