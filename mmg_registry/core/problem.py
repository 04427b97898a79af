"""What an op of the core is given: a problem or many of them, a state of training, and how to compute.

Types shared by `ops`, `many`, `cpu`, `cuda` and `reference`. `op_checks` looks into their tensors, once an op.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.core.checks import check_range, demand
from mmg_registry.core.network import Network
from mmg_registry.core.proposal import Proposal

RowTensors = tuple[Tensor, Tensor]  # x (n, dim_x) and y (n, dim_y), float32, in canonical coordinates
TrainState = tuple[
    Tensor, Tensor, Tensor, Tensor
]  # weights, both moments of Adam, averaged weights: (n_parameters,) each

MAX_THREADS = 1024


@dataclass(frozen=True)
class Compute:
    """How an op computes; no result depends on it beyond rounding.

    Attributes:
        threads: of the CPU, 1 to 1,024.
        isa: an instruction set of the CPU by name; the best one of this machine if empty.
        maths: the arithmetic on a GPU, "bf16" or "float32"; see `cuda.chosen_maths` if empty.

    Raises:
        ValueError: for a number of threads that no machine has.
    """

    threads: int = 1
    isa: str = ""
    maths: str = ""

    def __post_init__(self) -> None:
        check_range("threads", self.threads, 1, MAX_THREADS)


ONE_THREAD = Compute()


@dataclass(frozen=True)
class Problem:
    """A network's sizes, the rows that it learns from, and the noise put on them.

    Attributes:
        network: the denoisers' sizes.
        x, y: rows `(n, dim_x)`, `(n, dim_y)` float32 in canonical coordinates (identity covariances).
        rho: `(min(dim_x, dim_y),)` float64 canonical correlations, on the CPU; fewer stand for zeros after them.
        proposal: the density of log-SNR.
        seed: of all noise, 0 to 2^63 - 1.

    Example:
        >>> x, rho = torch.randn(50, 1), torch.zeros(1, dtype=torch.float64)
        >>> Problem(Network(1, 1), x, 2 * x, rho, Proposal.uniform(-4, 8), seed=1).device
        device(type='cpu')
    """

    network: Network
    x: Tensor
    y: Tensor
    rho: Tensor
    proposal: Proposal
    seed: int

    @property
    def device(self) -> torch.device:
        """Where the rows are, which is where an op computes."""
        return self.x.device

    def batch(self) -> Problems:
        """Return this problem as a batch of one, on the same memory."""
        return Problems(self.network, self.x[None], self.y[None], self.rho[None], (self.proposal,), (self.seed,))


@dataclass(frozen=True)
class Problems:
    """B independent problems of one network's sizes.

    Attributes:
        network: the sizes of each.
        x, y: `(B, n, dim_x)`, `(B, n, dim_y)` float32.
        rho: `(B, k)` float64, on the CPU.
        proposals, seeds: one a problem; the proposals have as many bins each.

    Raises:
        ValueError: for parts of different lengths, rows with gaps in memory, or proposals of different bins.

    Example:
        >>> x, rho = torch.randn(3, 50, 1), torch.zeros(3, 1, dtype=torch.float64)
        >>> problems = Problems(Network(1, 1), x, 2 * x, rho, [Proposal.uniform(-4, 8)] * 3, seeds=range(3))
        >>> len(problems), problems[2].seed
        (3, 2)
    """

    network: Network
    x: Tensor
    y: Tensor
    rho: Tensor
    proposals: Sequence[Proposal]
    seeds: Sequence[int]

    def __post_init__(self) -> None:
        self.demand_one_each(y=self.y, rho=self.rho, proposals=self.proposals, seeds=self.seeds)
        whole = self.x.is_contiguous() and self.y.is_contiguous()
        demand(whole, "'x' and 'y' of many problems must be contiguous.")
        same = len({q.n_bins for q in self.proposals}) == 1
        demand(same, "'proposals' of many problems must have the same number of bins.")
        demand(all(0 <= seed < 2**63 for seed in self.seeds), "'seeds' must lie between 0 and 2^63 - 1.")

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Problems:
        """Copy problems of one network's sizes and numbers of rows into one batch."""
        x, y, rho = (torch.stack([getattr(p, name) for p in problems]) for name in ("x", "y", "rho"))
        return cls(problems[0].network, x, y, rho, [p.proposal for p in problems], [p.seed for p in problems])

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Problem:
        """Return a problem by itself, on the same memory."""
        return Problem(self.network, self.x[i], self.y[i], self.rho[i], self.proposals[i], int(self.seeds[i]))

    def __iter__(self) -> Iterator[Problem]:
        return (self[i] for i in range(len(self)))

    @property
    def device(self) -> torch.device:
        """Where the rows are, which is where an op computes."""
        return self.x.device

    def demand_one_each(self, **parts: Sequence[object] | Tensor) -> None:
        """Refuse parts, by name, that do not hold one entry a problem.

        Raises:
            ValueError: naming the first such part, or 'x' where there is no problem at all.
        """
        wrong = [name for name, part in parts.items() if len(part) != len(self)]
        name = (wrong or ["x"])[0]
        fits = not wrong and len(self) > 0
        demand(fits, f"'{name}' must hold one entry a problem, as many as 'x', which has {len(self)}.")


def linear_denoiser(rho: Tensor, dim_x: int) -> tuple[Tensor, Tensor]:
    """Return the coefficients of x given y and the variances left, `(.., dim_x)` float32, from rho `(.., k)`.

    Example:
        >>> [part.tolist() for part in linear_denoiser(torch.tensor([0.5], dtype=torch.float64), 2)]
        [[0.5, 0.0], [0.75, 1.0]]
    """
    full = torch.zeros(*rho.shape[:-1], dim_x, dtype=torch.float64)
    full[..., : rho.shape[-1]] = rho
    return full.float(), (1 - full.square()).float()
