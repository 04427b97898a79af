"""The one estimator class of the MMSE gap, which does what its recipe says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from numpy.typing import NDArray
from typing_extensions import Self

from mmg_plugins.mmg.chain import FittedChain, SampleKinds, fit_chain
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts.links import Sample
from mmg_plugins.mmg.parts.redraws import Redraws
from mmg_plugins.mmg.recipe import Recipe
from mmg_plugins.unseen import FEWEST_IN_ALL
from mmg_registry.arrays import Index
from mmg_registry.contracts import Array, Estimator, Redrawn, Run
from mmg_registry.core import chosen_device
from mmg_registry.devices import refuse_device
from mmg_registry.errors import OptionError
from mmg_registry.results import Estimate, Pointwise
from mmg_registry.threads import torch_threads

SCORED_TOGETHER = 8  # rows of a table, every pair of which is passed through the denoisers


class GapEstimator(Estimator):
    """Base class of all estimators of the MMSE gap; a subclass declares its name and options and returns a recipe.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` to use in place of the built-in network, called as
            `module(z, logsnr, y)` and `module(z, logsnr, None)`; see `mmg_registry.diffusion.ModuleDenoiser`.
        **options: fields of `Options`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.
    """

    has_curve: ClassVar[bool] = True
    has_pointwise: ClassVar[bool] = True
    table_rows: ClassVar[int] = SCORED_TOGETHER
    min_rows: ClassVar[int] = FEWEST_IN_ALL
    one_hot: ClassVar[bool] = False

    options: MMGOptions

    def __init__(self, *, run: Run | None = None, denoiser: torch.nn.Module | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self.denoiser = denoiser
        self._fitted: FittedChain | None = None

    @abstractmethod
    def recipe(self) -> Recipe:
        """Return the recipe for the present options and run."""

    @property
    def fitted(self) -> FittedChain:
        """Return what `fit` or `restore` left.

        Raises:
            OptionError: before `fit` or `restore`.
        """
        if self._fitted is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._fitted

    def fit(self, x: Array, y: Array, z: Array | None = None) -> Self:
        recipe = self.recipe()
        away = chosen_device(self.run.device).type == "cuda" and recipe.network.cpu_only
        refuse_device(self.run.device, "modules and published recipes run on the CPU alone" if away else "")
        kinds = SampleKinds(self.x_kinds, self.y_kinds, self.z_kinds)
        with torch_threads(self.run.threads):
            self._fitted = fit_chain(recipe, Sample(x, y, z), kinds, self.groups, (self.x_grid, self.y_grid))
        return self

    def estimate(self, x: Array, y: Array, z: Array | None = None) -> Estimate:
        recipe = self.recipe()
        with torch_threads(self.run.threads):
            return self.fitted.estimate(recipe, Sample(x, y, z))

    def pointwise(self, x: Array, y: Array, z: Array | None = None) -> Pointwise:
        with torch_threads(self.run.threads):
            return Pointwise(*self.fitted.log_ratio(self.recipe(), Sample(x, y, z)))

    def scores(self, x: Array, y: Array) -> Array:
        with torch_threads(self.run.threads):
            return self.fitted.scores(self.recipe(), x, y)

    @property
    def redraws(self) -> Literal["x", "y", ""]:
        return self.fitted.redraws

    def redrawn(self, x: Array, y: Array, z: Array, mates: Index, draws: int) -> Redrawn:
        with torch_threads(self.run.threads):
            return self.fitted.redrawn(self.recipe(), Sample(x, y, z), Redraws(draws, mates))

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        return self.fitted.state()

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        self._fitted = FittedChain.restored(self.recipe(), arrays, meta)
        return self
