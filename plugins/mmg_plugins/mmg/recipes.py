"""How a diffusion estimator is set up: coordinates, denoiser, optimiser; ours and the published one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmg_plugins.mmg.paper_network import PaperDenoiser
from mmg_registry.contracts import Array, Run, below
from mmg_registry.core import Network, TrainPlan, chosen_device
from mmg_registry.diffusion import Denoiser, FusedDenoiser, ModuleDenoiser, Objective, Schedule
from mmg_registry.preprocess import PairTransform


@dataclass(frozen=True)
class Term:
    """One term of the chain rule: I(X_1; Y | X_2), with columns [first, last) of x as X_1 and those after as X_2.

    Terms that cover all columns of x, the later ones first, sum to I(X; Y).
    """

    first: int
    last: int

    def rows(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Columns of x that the term sees, and y with the partner of the first of them in front."""
        if self.first == 0:
            return x, y
        return x[:, self.first :].contiguous(), y.roll(-self.first, 1)

    def rho(self, rho: NDArray[np.float64]) -> NDArray[np.float64]:
        """Canonical correlations of the noised columns."""
        return rho[self.first : self.last]


class Prepared(Protocol):
    """Coordinates fitted to the training rows, and everything that follows from their sizes."""

    @property
    def rho(self) -> NDArray[np.float64]:
        """Canonical correlations that the linear denoisers use; empty where there are none."""

    @property
    def dim_x(self) -> int:
        """Dimension of x in these coordinates."""

    @property
    def gaussian_mi(self) -> float | None:
        """What a Gaussian pair with these correlations would share, in nats."""

    @property
    def at_limit(self) -> bool:
        """Whether a correlation is 1 to all digits, so that the information is larger than it can be told."""

    @property
    def words(self) -> dict[str, list[str]]:
        """What was done to x and to y, beyond shifting and scaling."""

    @property
    def network_words(self) -> dict[str, Any]:
        """What the result says of the network."""

    def transform(self, x: Array, y: Array) -> tuple[Tensor, Tensor]:
        """Rows in the denoiser's coordinates, float32."""

    def no_rows(self) -> tuple[Tensor, Tensor]:
        """Empty rows of the right widths."""

    def denoiser(self, term: Term, x: Tensor, y: Tensor, run: Run, module: torch.nn.Module | None) -> Denoiser:
        """A fresh denoiser for one term, on training rows in these coordinates."""

    def narrower(self) -> Prepared | None:
        """The same with a network of half the width; None where none is to be tried."""

    def plan(self, steps: int | None) -> tuple[TrainPlan, Schedule]:
        """Optimiser and schedule, with at most `steps` steps."""

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and words for `Recipe.restore`."""


class Recipe(Protocol):
    def prepare(self, x: Array, y: Array) -> Prepared:
        """Fit the coordinates on training rows."""

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Prepared:
        """The inverse of `Prepared.state`."""


class Sizes(Protocol):
    """The options that the default recipe reads."""

    @property
    def width(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def lr(self) -> float: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def gaussianise(self) -> bool: ...


WEIGHT_DECAY = (
    0.1  # of the default recipe, times the learning rate: against learning rows by heart where columns are many
)

MANY_ROWS = 50_000  # from more on, over-fitting comes late
LEAST_WIDTH = 8  # that half a network has

# --- The default recipe -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DefaultPrepared:
    """Canonical coordinates after least Gaussianising maps; the fused network corrects the Wiener denoisers."""

    pair: PairTransform
    sizes: Sizes
    width: int
    n_rows: int

    @property
    def rho(self) -> NDArray[np.float64]:
        return self.pair.rho

    @property
    def dim_x(self) -> int:
        return self.pair.dim_x

    @property
    def gaussian_mi(self) -> float | None:
        return self.pair.gaussian_mi

    @property
    def at_limit(self) -> bool:
        return self.pair.at_limit

    @property
    def words(self) -> dict[str, list[str]]:
        return {"x": self.pair.x.words, "y": self.pair.y.words}

    @property
    def network_words(self) -> dict[str, Any]:
        return {"kind": "gated residual MLP", "width": self.width, "depth": self.sizes.depth}

    def transform(self, x: Array, y: Array) -> tuple[Tensor, Tensor]:
        zx, zy = self.pair.transform(x, y)
        return torch.from_numpy(zx), torch.from_numpy(zy)

    def no_rows(self) -> tuple[Tensor, Tensor]:
        return torch.zeros(0, self.pair.dim_x), torch.zeros(0, self.pair.dim_y)

    def denoiser(self, term: Term, x: Tensor, y: Tensor, run: Run, module: torch.nn.Module | None) -> Denoiser:
        rho = torch.from_numpy(term.rho(self.rho))
        x, y = term.rows(x, y)
        if module is not None:
            return ModuleDenoiser(module, x, y, rho, seed=run.seed)
        network = Network(x.shape[1], y.shape[1], self.width, self.sizes.depth, self.dim_x - term.last)
        return FusedDenoiser(network, x, y, rho, seed=run.seed, threads=run.threads, device=chosen_device(run.device))

    def narrower(self) -> DefaultPrepared | None:
        few = self.n_rows < MANY_ROWS and self.width >= 2 * LEAST_WIDTH
        return replace(self, width=self.width // 2) if few else None

    def plan(self, steps: int | None) -> tuple[TrainPlan, Schedule]:
        """Fewer rows are over-fitted sooner, so they are looked at more often."""
        check = 500 if self.n_rows >= MANY_ROWS else 100
        schedule = Schedule(steps or 10_000, min_steps=1_000, check_every=check, tolerance=self.sizes.tolerance)
        warmup = min(200, schedule.max_steps // 10)
        plan = TrainPlan(batch=self.sizes.batch, lr=self.sizes.lr, warmup=warmup, weight_decay=WEIGHT_DECAY)
        return plan, schedule

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays, meta = self.pair.state()
        words = {"pair": meta, "width": self.width, "n_rows": self.n_rows}
        return {f"pair.{key}": value for key, value in arrays.items()}, words


@dataclass(frozen=True)
class DefaultRecipe:
    sizes: Sizes

    def prepare(self, x: Array, y: Array) -> DefaultPrepared:
        return DefaultPrepared(PairTransform.fit(x, y, self.sizes.gaussianise), self.sizes, self.sizes.width, len(x))

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> DefaultPrepared:
        pair = PairTransform.from_state(below(arrays, "pair."), meta["pair"])
        return DefaultPrepared(pair, self.sizes, meta.get("width", self.sizes.width), meta["n_rows"])


def default_recipe(sizes: Sizes) -> Recipe:
    return DefaultRecipe(sizes)


# --- The published recipe -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PaperPrepared:
    """Standardised coordinates and the published network, optimiser and number of epochs (MMG, arXiv 2509.20609).

    The evaluation stays ours: the same noise for both denoisers, where the released code draws it twice.
    """

    weight_decay: ClassVar[float] = 1e-5
    weighted: ClassVar[bool] = True  # the loss, to be uniform over log-SNR
    kind: ClassVar[type[ModuleDenoiser]] = ModuleDenoiser

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    dim_x: int
    n_rows: int
    gaussian_mi: float | None = None

    @property
    def rho(self) -> NDArray[np.float64]:
        return np.zeros(0)

    @property
    def dim_y(self) -> int:
        return len(self.centre) - self.dim_x

    @property
    def at_limit(self) -> bool:
        return False  # no closed form is used

    @property
    def words(self) -> dict[str, list[str]]:
        return {"x": [], "y": []}

    @property
    def network_words(self) -> dict[str, Any]:
        return {"kind": "published residual MLP", "width": PaperDenoiser.width_for(len(self.centre))}

    def transform(self, x: Array, y: Array) -> tuple[Tensor, Tensor]:
        cut = self.dim_x
        sides = ((x, slice(0, cut)), (y, slice(cut, None)))
        zx, zy = (torch.from_numpy(((rows - self.centre[s]) / self.scale[s]).astype(np.float32)) for rows, s in sides)
        return zx, zy

    def no_rows(self) -> tuple[Tensor, Tensor]:
        return torch.zeros(0, self.dim_x), torch.zeros(0, self.dim_y)

    def denoiser(self, term: Term, x: Tensor, y: Tensor, run: Run, module: torch.nn.Module | None) -> Denoiser:
        with torch.random.fork_rng(devices=[]):  # the caller's seed keeps its meaning
            torch.manual_seed(run.seed)
            module = module or self.network()
        rho = torch.zeros(0, dtype=torch.float64)
        objective = Objective(precondition=False, published=True, weighted=self.weighted)
        return self.kind(module, x, y, rho, seed=run.seed, objective=objective)

    def network(self) -> torch.nn.Module:
        return PaperDenoiser(self.dim_x, self.dim_y)

    def narrower(self) -> None:
        return None

    def plan(self, steps: int | None) -> tuple[TrainPlan, Schedule]:
        small = self.dim_x <= 5
        lr, batch, epochs = (1e-3, 128, 500) if small else (2e-3, 256, 750)
        published = epochs * -(-self.n_rows // batch)
        # constant rate to the end, no stopping: the decay is one step, and no plateau is looked for
        most = steps or published
        schedule = Schedule(max_steps=most, min_steps=most, check_every=1_000, decay=1e-6, keep_last=True)
        return TrainPlan(batch=batch, lr=lr, warmup=0, beta2=0.999, weight_decay=self.weight_decay), schedule

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        return {"centre": self.centre, "scale": self.scale}, {"dim_x": self.dim_x, "n_rows": self.n_rows}


@dataclass(frozen=True)
class PaperRecipe:
    prepared: type[PaperPrepared] = PaperPrepared

    def prepare(self, x: Array, y: Array) -> PaperPrepared:
        centre = np.concatenate([rows.mean(0, dtype=np.float64) for rows in (x, y)])
        scale = np.concatenate([rows.std(0, dtype=np.float64) for rows in (x, y)])
        return self.prepared(centre, scale, x.shape[1], len(x))

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> PaperPrepared:
        return self.prepared(arrays["centre"], arrays["scale"], meta["dim_x"], meta["n_rows"])


def paper_recipe() -> Recipe:
    return PaperRecipe()
