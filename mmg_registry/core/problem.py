"""The arguments of the core's ops: a problem or a batch of them, the state of a training, and how to compute.

`ops`, `many`, `cpu`, `cuda` and `reference` share these types. `op_checks` checks their tensors, once per op.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.core.checks import check_range, require
from mmg_registry.core.network import Network
from mmg_registry.core.proposal import Proposal
from mmg_registry.limits import MAX_THREADS

RowTensors = tuple[Tensor, Tensor]  # x (n, dim_x) and y (n, dim_y), float32, in canonical coordinates
TrainState = tuple[
    Tensor, Tensor, Tensor, Tensor
]  # weights, both moments of Adam, averaged weights: (n_parameters,) each


@dataclass(frozen=True)
class Compute:
    """The way in which an op computes; results depend on it by rounding only.

    Attributes:
        threads: number of CPU threads, 1 to 1,024.
        isa: name of a CPU instruction set; the best one of this machine if empty.
        maths: the arithmetic on a GPU, "bf16" or "float32"; see `cuda.chosen_maths` if empty.

    Raises:
        ValueError: for a number of threads out of range.
    """

    threads: int = 1
    isa: str = ""
    maths: str = ""

    def __post_init__(self) -> None:
        check_range("threads", self.threads, 1, MAX_THREADS)


ONE_THREAD = Compute()


@dataclass(frozen=True)
class Problem:
    """A network's sizes, the rows that it is trained or evaluated on, and the noise added to them.

    Attributes:
        network: the denoisers' sizes.
        x, y: rows `(n, dim_x)`, `(n, dim_y)` float32 in canonical coordinates (identity covariances).
        rho: `(k,)` float64 canonical correlations on the CPU, k <= min(dim_x, dim_y); missing ones count as zeros.
        proposal: the density that log-SNRs are drawn from.
        seed: seed of all noise, 0 to 2^63 - 1.

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
        """Return the device that holds the rows, on which an op computes."""
        return self.x.device

    def batch(self) -> Problems:
        """Return this problem as a batch of one that shares its memory."""
        return Problems(self.network, self.x[None], self.y[None], self.rho[None], (self.proposal,), (self.seed,))


@dataclass(frozen=True)
class Problems:
    """B independent problems whose networks have the same sizes.

    Attributes:
        network: the sizes of every network.
        x, y: `(B, n, dim_x)`, `(B, n, dim_y)` float32.
        rho: `(B, k)` float64 on the CPU.
        proposals, seeds: one entry per problem; all proposals have the same number of bins.

    Raises:
        ValueError: for parts of different lengths, rows that are not contiguous, proposals whose numbers of bins
            differ, or a seed out of range.

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
        require(whole, "'x' and 'y' of many problems must be contiguous.")
        same = len({q.n_bins for q in self.proposals}) == 1
        require(same, "'proposals' of many problems must have the same number of bins.")
        require(all(0 <= seed < 2**63 for seed in self.seeds), "'seeds' must lie between 0 and 2^63 - 1.")

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Problems:
        """Copy problems with the same network sizes and number of rows into one batch."""
        x, y, rho = (torch.stack([getattr(p, name) for p in problems]) for name in ("x", "y", "rho"))
        return cls(problems[0].network, x, y, rho, [p.proposal for p in problems], [p.seed for p in problems])

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Problem:
        """Return problem number `i`, which shares the memory of the batch."""
        return Problem(self.network, self.x[i], self.y[i], self.rho[i], self.proposals[i], int(self.seeds[i]))

    def __iter__(self) -> Iterator[Problem]:
        return (self[i] for i in range(len(self)))

    @property
    def device(self) -> torch.device:
        """Return the device that holds the rows, on which an op computes."""
        return self.x.device

    def demand_one_each(self, **parts: Sequence[object] | Tensor) -> None:
        """Refuse parts, given by name, that do not hold one entry per problem.

        Raises:
            ValueError: naming the first such part, or 'x' where there is no problem at all.
        """
        wrong = [name for name, part in parts.items() if len(part) != len(self)]
        name = (wrong or ["x"])[0]
        fits = not wrong and len(self) > 0
        require(fits, f"'{name}' must hold one entry a problem, as many as 'x', which has {len(self)}.")


def linear_denoiser(rho: Tensor, dim_x: int) -> tuple[Tensor, Tensor]:
    """Return the regression coefficients of x on y and the residual variances, from canonical correlations.

    Args:
        rho: `(.., k)` float64 canonical correlations.
        dim_x: number of columns of x, at least k; columns beyond k have coefficient 0 and variance 1.

    Returns:
        Coefficients and variances, `(.., dim_x)` float32 each.

    Example:
        >>> [part.tolist() for part in linear_denoiser(torch.tensor([0.5], dtype=torch.float64), 2)]
        [[0.5, 0.0], [0.75, 1.0]]
    """
    full = torch.zeros(*rho.shape[:-1], dim_x, dtype=torch.float64)
    full[..., : rho.shape[-1]] = rho
    return full.float(), (1 - full.square()).float()
