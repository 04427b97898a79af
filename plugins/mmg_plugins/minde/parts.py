"""Parts of MINDE's recipes: the published window, networks and optimiser, and the denoisers of the joint form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import nn

from mmg_plugins.minde.joint_denoiser import JointDenoiser, PairModuleDenoiser, beside
from mmg_plugins.minde.network import ConditionalNetwork, JointNetwork
from mmg_plugins.minde.vp_sde import stub, training_proposal, window
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates
from mmg_plugins.mmg.parts.networks import FusedNetworks, Networks, PublishedNetworks, UserModule, core_settings
from mmg_plugins.mmg.parts.plans import DefaultPlan, PublishedPlan
from mmg_plugins.mmg.parts.proposals import LogSNRDraws, following_gap
from mmg_plugins.mmg.parts.terms import Term
from mmg_plugins.mmg.recipe import Recipe, default_recipe, published_recipe
from mmg_plugins.mmg.thresholds import EVALUATE_EVERY_IN_TORCH
from mmg_registry.contracts import Run
from mmg_registry.core import Network
from mmg_registry.diffusion import Denoiser, Objective

# --- Both forms ---------------------------------------------------------------------------------------------


def uniform_over_gap(options: MMGOptions, run: Run, module: nn.Module | None) -> Recipe:
    """Return MMG's default recipe with log-SNRs drawn uniformly over the window that holds the measured gap."""
    return replace(default_recipe(options, run, module), proposals=following_gap(floor=1.0))


def published(options: MMGOptions, run: Run, network: PublishedNetworks) -> Recipe:
    """Return the published recipe of MINDE (arXiv 2310.09031).

    It differs from that of MMG in the network, the weight of the loss, the weight decay, and the window, above which a
    stub has its published weights.
    """
    base = published_recipe(options, run)
    return replace(
        base,
        network=network,
        plan=PublishedPlan(options.steps, weight_decay=0.0),
        proposals=LogSNRDraws(training_proposal, evaluate=window),
        gap=replace(base.gap, above=tuple(stub())),
    )


# --- The conditional form -----------------------------------------------------------------------------------


def published_conditional(options: MMGOptions, run: Run, module: nn.Module | None) -> Recipe:
    """Return the published recipe of MINDE-c."""
    return published(options, run, PublishedNetworks(ConditionalNetwork, weighted=False, module=module))


# --- The joint form -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JointNetworks(FusedNetworks):
    """Three fused networks of one size: the joint one, and that of each side given the other."""

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        network = Network(coordinates.dim_x, coordinates.dim_y, self.width, self.depth)
        return JointDenoiser(network, *rows, torch.from_numpy(coordinates.rho), **core_settings(run))


@dataclass(frozen=True)
class PairModule(UserModule):
    """A torch module of the user's, which predicts the noise of the pair."""

    def build(self, coordinates: Coordinates, term: Term, rows: CoordinateRows, run: Run) -> Denoiser:
        no_rho = torch.zeros(0, dtype=torch.float64)
        objective = Objective(precondition=False)
        return PairModuleDenoiser(self.module, *rows, no_rho, seed=run.seed, objective=objective)


def default_joint(options: MMGOptions, run: Run, module: nn.Module | None) -> Recipe:
    """Return the recipe of three fused networks; evaluations of held-out rows run in torch, and are therefore few."""
    return replace(
        uniform_over_gap(options, run, module),
        network=_pair_networks(options, module),
        plan=DefaultPlan(options, EVALUATE_EVERY_IN_TORCH),
    )


def published_joint(options: MMGOptions, run: Run, module: nn.Module | None) -> Recipe:
    """Return the published recipe of MINDE-j: half of the batches train the joint score, half both conditional ones.

    In the paper each conditional score has a quarter of the batches and the weight `1 + dim_clean / dim_noised`, which
    is the same in the mean where x and y have equally many columns.
    """
    network = PublishedNetworks(JointNetwork, weighted=False, module=module, denoiser=PairModuleDenoiser)
    return published(options, run, network)


def as_pair(rows: CoordinateRows) -> CoordinateRows:
    """Return the pair as one noised variable `(n, dim_x + dim_y)`, twice, as the denoisers of the pair take it."""
    pair = beside(*rows)
    return pair, pair


def _pair_networks(options: MMGOptions, module: nn.Module | None) -> Networks:
    return JointNetworks(options.width, options.depth) if module is None else PairModule(module)
