"""Critics T(x, z) of bounds: the network, the pairs that it learns from, and a training that resumes after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmg_plugins.bounds.options import TrainingOptions
from mmg_plugins.perceptron import perceptron
from mmg_registry.annealing.path import new_seed
from mmg_registry.bounds.checkpoint import Stages, StageState
from mmg_registry.contracts import Progress, Run, below
from mmg_registry.errors import MMGError

CONSTANT = 0.4  # share of the training before the rate falls
CLIP = 10.0  # largest norm of the gradient, against single batches that explode


class LatentCritic(nn.Module):
    """The critic T = <f(x), g(z)> + a(x) + b(z) - 1/2 |Q z|^2 of standardised x and z.

    A linear part stands beside each network, so that the family holds the posterior of a Gaussian pair. T starts near
    0. Except for the square it grows at most linearly in z, so that p(z) e^T can be normalised for every p(z) with
    tails no heavier than an exponential's.

    Args:
        x, z: pairs whose means and standard deviations standardise all others.
    """

    centre_x: Tensor
    centre_z: Tensor
    spread_x: Tensor
    spread_z: Tensor

    def __init__(self, x: Tensor, z: Tensor, width: int, embedding: int, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        for name, side in (("x", x), ("z", z)):
            self.register_buffer(f"centre_{name}", side.mean(0))
            self.register_buffer(f"spread_{name}", side.std(0).clamp(min=1e-12))
        sizes = [width, width, embedding + 1]
        self.deep_x, self.flat_x = perceptron([x.shape[1], *sizes], draw), perceptron([x.shape[1], sizes[-1]], draw)
        self.deep_z = perceptron([z.shape[1], *sizes], draw, quiet=True)
        self.flat_z = nn.Parameter(torch.zeros(z.shape[1], sizes[-1]))
        self.root = nn.Parameter(0.1 * torch.eye(z.shape[1]))  # at zero the square would have no gradient
        self.shrink = 1 / math.sqrt(embedding)
        self.to(x)

    def of_x(self, x: Tensor) -> Tensor:
        """Return f(x) and a(x), `(.., embedding + 1)`."""
        x = (x - self.centre_x) / self.spread_x
        found: Tensor = self.deep_x(x) + self.flat_x(x)
        return found

    def of_z(self, z: Tensor) -> Tensor:
        """Return g(z), and b(z) with the square, `(.., embedding + 1)`."""
        z = (z - self.centre_z) / self.spread_z
        found = self.deep_z(z) + z @ self.flat_z
        square = (z @ self.root).square().sum(-1, keepdim=True)
        return torch.cat([self.shrink * found[..., :-1], found[..., -1:] - 0.5 * square], -1)

    @staticmethod
    def joined(of_x: Tensor, of_z: Tensor) -> Tensor:
        """Return T of rows that belong together, `(..)`, from the outputs of `of_x` and `of_z`."""
        return (of_x[..., :-1] * of_z[..., :-1]).sum(-1) + of_x[..., -1] + of_z[..., -1]

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Return T(x_i, z_i), `(m,)`."""
        return self.joined(self.of_x(x), self.of_z(z))

    def table(self, x: Tensor, z: Tensor) -> Tensor:
        """Return T(x_i, z_j), `(n, m)`."""
        of_x, of_z = self.of_x(x), self.of_z(z)
        return of_x[:, :-1] @ of_z[:, :-1].mT + of_x[:, -1:] + of_z[:, -1]


class Pairs(NamedTuple):
    """Pairs to bound with, and the source of the pairs to learn from; no pair serves for both.

    Attributes:
        x, z: pairs to bound with.
        known: pairs to draw from with replacement, or None where the model draws.
    """

    x: Tensor
    z: Tensor
    known: tuple[Tensor, Tensor] | None

    def draw(self, model: Any, n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw `n` pairs to learn from."""
        if self.known is None:
            x, z = model.sample(n, new_seed(draws))
            return x.to(self.x), z.to(self.z)
        which = torch.randint(len(self.known[0]), (n,), generator=draws, device=draws.device)
        return self.known[0][which], self.known[1][which]


def pairs_of(model: Any, x: Tensor, z: Tensor, held: int) -> Pairs:
    """Return all pairs to bound with where `model` can draw others, else the last `held` of them, at most half."""
    if callable(getattr(model, "sample", None)):
        return Pairs(x, z, None)
    cut = len(x) - min(held, len(x) // 2)
    return Pairs(x[cut:], z[cut:], (x[:cut], z[:cut]))


def critic_for(pairs: Pairs, model: Any, options: TrainingOptions, draws: torch.Generator) -> LatentCritic:
    """Return an untrained critic, standardised by pairs to learn from."""
    seen = pairs.known or pairs.draw(model, max(1000, options.batch), draws)
    return LatentCritic(*seen, options.width, options.embedding, new_seed(draws))


def train(
    module: nn.Module,
    loss: Callable[[], Tensor],
    options: TrainingOptions,
    draws: torch.Generator,
    run: Run,
    stage: Stages,
) -> None:
    """Minimise `loss` of fresh batches over the parameters of `module`, whose buffers `loss` may change in place.

    This is not the loop of `mmg_registry.training`: there are no held-out rows to stop or to choose weights by, the
    number of steps is given, and training resumes after a kill from what `stage` saved.

    Raises:
        MMGError: when the loss is no longer a finite number.
    """
    optimiser = torch.optim.Adam(module.parameters(), options.rate)
    begin = _restore(module, optimiser, draws, stage)
    for step in range(begin, options.steps):
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1.0, (1 - step / options.steps) / (1 - CONSTANT))
        value = loss()
        if not bool(value.isfinite()):
            raise MMGError(
                f"The training of the critic diverged at step {step + 1}; set a smaller rate, e.g. half of it."
            )
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        optimiser.step()
        done = step + 1
        stage.save(lambda done=done: _state(module, optimiser, draws, done), done == options.steps)  # type: ignore[misc]
        run.report(Progress(done / options.steps, stage="training the critic"))
    module.requires_grad_(False)


def _state(module: nn.Module, optimiser: torch.optim.Optimizer, draws: torch.Generator, done: int) -> StageState:
    moments = {
        f"optimiser.{i}.{name}": tensor
        for i, each in optimiser.state_dict()["state"].items()
        for name, tensor in each.items()
    }
    weights = {f"module.{name}": tensor for name, tensor in module.state_dict().items()}
    return {**weights, **moments, "generator": draws.get_state(), "done": torch.tensor(done)}


def _restore(module: nn.Module, optimiser: torch.optim.Optimizer, draws: torch.Generator, stage: Stages) -> int:
    """Restore module, optimiser and draws from what `stage` saved, and return the number of steps already done."""
    found = stage.load()
    if found is None:
        return 0
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in found.items():
        head, _, rest = key.partition(".")
        if head == "optimiser":
            number, _, name = rest.partition(".")
            moments.setdefault(int(number), {})[name] = tensor
    module.load_state_dict(below(found, "module."))
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    draws.set_state(found["generator"])
    return int(found["done"])
