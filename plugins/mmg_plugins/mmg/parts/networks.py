"""The networks that denoise: the core's fused network, a module of the user's, or a published network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mmg_plugins.mmg.paper_network import PaperDenoiser
from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates, refuse_beside
from mmg_plugins.mmg.parts.terms import Term
from mmg_registry.contracts import Run
from mmg_registry.core import Network, chosen_device
from mmg_registry.diffusion import Denoiser, FusedDenoiser, ModuleDenoiser, Objective
from mmg_registry.errors import OptionError


class Networks(Protocol):
    """The part of a recipe that makes denoisers."""

    @property
    def cpu_only(self) -> bool:
        """Return whether the denoisers run on the CPU alone."""

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        """Make a fresh denoiser of one term, to be trained on `rows` in these coordinates."""

    def words(self, coordinates: Coordinates) -> dict[str, Any]:
        """Return the kind and the sizes of the network, for the result."""

    def state(self) -> dict[str, Any]:
        """Return the JSON-serialisable mapping that `restored` needs."""

    def restored(self, meta: Mapping[str, Any]) -> Networks:
        """Return the networks that were trained, from what `state` saved of them.

        Raises:
            OptionError: when a module of the user's was trained and is not at hand.
        """


@dataclass(frozen=True)
class FusedNetworks:
    """Gated residual MLPs inside the compiled core, which correct the linear denoisers.

    Attributes:
        width: number of units of the residual stream and of the gates.
        depth: number of gated residual blocks.
    """

    width: int
    depth: int

    @property
    def cpu_only(self) -> bool:
        return False

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        x, y = term.rows(rows)
        network = Network(x.shape[1], y.shape[1], self.width, self.depth, x.shape[1] - term.noised)
        return FusedDenoiser(network, x, y, _rho(coordinates, term), **core_settings(run))

    def words(self, coordinates: Coordinates) -> dict[str, Any]:
        return {"kind": "gated residual MLP", "width": self.width, "depth": self.depth}

    def state(self) -> dict[str, Any]:
        return {"module": False, "width": self.width, "depth": self.depth}

    def restored(self, meta: Mapping[str, Any]) -> FusedNetworks:
        refuse_module(meta)
        return type(self)(meta["width"], meta["depth"])


@dataclass(frozen=True)
class UserModule:
    """A torch module of the user's, which corrects the linear denoisers.

    Attributes:
        module: the module, called as `module(z, logsnr, y)` and `module(z, logsnr, None)`.
    """

    module: nn.Module

    @property
    def cpu_only(self) -> bool:
        return True

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        refuse_beside(coordinates.beside)
        return ModuleDenoiser(self.module, *term.rows(rows), _rho(coordinates, term), seed=run.seed)

    def words(self, coordinates: Coordinates) -> dict[str, Any]:
        return {"kind": type(self.module).__name__}

    def state(self) -> dict[str, Any]:
        return {"module": True}

    def restored(self, meta: Mapping[str, Any]) -> UserModule:
        return self


MakeModule = Callable[[int, int], nn.Module]  # from the columns of x and of y


@dataclass(frozen=True)
class PublishedNetworks:
    """A published network in torch, without the linear denoisers (MMG, arXiv 2509.20609; MINDE, arXiv 2310.09031).

    Attributes:
        make: makes the network from the columns of x and of y.
        weighted: whether the loss is weighted to be uniform over log-SNR.
        module: a torch module of the user's, in place of the network.
        denoiser: the class that trains and evaluates it.
    """

    make: MakeModule = PaperDenoiser
    weighted: bool = True
    module: nn.Module | None = None
    denoiser: type[ModuleDenoiser] = ModuleDenoiser

    @property
    def cpu_only(self) -> bool:
        return True

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        with torch.random.fork_rng(devices=[]):  # the caller's seed keeps its meaning
            torch.manual_seed(run.seed)
            module = self.module or self.make(coordinates.dim_x, coordinates.dim_y)
        rho = torch.zeros(0, dtype=torch.float64)
        objective = Objective(precondition=False, published=True, weighted=self.weighted)
        return self.denoiser(module, *rows, rho, seed=run.seed, objective=objective)

    def words(self, coordinates: Coordinates) -> dict[str, Any]:
        width = PaperDenoiser.width_for(coordinates.dim_x + coordinates.dim_y)
        return {"kind": "published residual MLP", "width": width}

    def state(self) -> dict[str, Any]:
        return {"module": self.module is not None}

    def restored(self, meta: Mapping[str, Any]) -> PublishedNetworks:
        if self.module is None:
            refuse_module(meta)
        return self


def fused_or(module: nn.Module | None, width: int, depth: int) -> Networks:
    """Return the fused networks of these sizes, or the user's module in their place if there is one."""
    return FusedNetworks(width, depth) if module is None else UserModule(module)


def core_settings(run: Run) -> dict[str, Any]:
    """Return seed, threads and device, as `FusedDenoiser` takes them."""
    return {"seed": run.seed, "threads": run.threads, "device": chosen_device(run.device)}


def refuse_module(meta: Mapping[str, Any]) -> None:
    """Raise OptionError if the saved network is a module of the user's."""
    if meta["module"]:
        raise OptionError("The saved estimator used a module of its own; pass it as 'denoiser' and restore again.")


def _rho(coordinates: Coordinates, term: Term) -> Tensor:
    return torch.from_numpy(term.rho(coordinates.rho))
