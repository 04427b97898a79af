"""The cases that are measured: networks, batches and dimensions, and the count of their arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from mmg_registry.core import Network

DEPTH = 2
WIDTHS, BATCHES, DIMS = (32, 64, 128, 256), (128, 512, 2048, 8192), (1, 5, 25, 100)
THREADS = (1, 2)
PASSES = 2  # passes of every row: with y and without
FLOP = 2  # operations in a multiply-add


@dataclass(frozen=True)
class Cell:
    """One size of the problem: `dim` + `dim` columns, `batch` rows a step.

    Example:
        >>> cell = Cell(width=128, batch=512, dim=5, threads=1)
        >>> cell.name, cell.needed_flop < cell.flop
        ('w128-b512-d5-t1', True)
    """

    width: int
    batch: int
    dim: int
    threads: int

    @property
    def name(self) -> str:
        return f"w{self.width}-b{self.batch}-d{self.dim}-t{self.threads}"

    @property
    def network(self) -> Network:
        return Network(self.dim, self.dim, self.width, DEPTH)

    @property
    def row_flop(self) -> int:
        """Return the operations of evaluating both denoisers on one row in full."""
        return FLOP * PASSES * self.network.multiply_adds

    @property
    def flop(self) -> int:
        """Return the operations of one training step in full, where the gradient costs twice the evaluation."""
        return 3 * self.row_flop * self.batch

    @property
    def needed_row_flop(self) -> int:
        """Return `row_flop` with the input layers counted once: z's half serves both passes, y's half only one."""
        inputs, body = _split(self.network)
        return FLOP * (inputs + PASSES * body)

    @property
    def needed_flop(self) -> int:
        """Return `flop` with the input layers counted once, and without gradients of the inputs."""
        inputs, body = _split(self.network)
        return FLOP * (2 * inputs + 3 * PASSES * body) * self.batch


def _split(network: Network) -> tuple[int, int]:
    """Return the multiply-adds of the layers that read the inputs, and of the layers behind them."""
    sizes = {name: k * n for name, (k, n) in network.parameters() if k > 1}
    inputs = sizes["shared"] + sizes["cond"]
    return inputs, sum(sizes.values()) - inputs


def training_cells() -> list[Cell]:
    """Return the cells of a Latin square (every width with every batch, every dimension with either), and two others.

    Example:
        >>> cells = [cell for cell in training_cells() if cell.threads == 1]
        >>> len(cells), sum(cell.dim == 100 for cell in cells)
        (18, 4)
    """
    square = [(w, b, DIMS[(i + j + 2) % 4]) for i, w in enumerate(WIDTHS) for j, b in enumerate(BATCHES)]
    return [Cell(*sizes, threads) for threads in THREADS for sizes in [*square, (64, 512, 5), (128, 512, 25)]]


# Compiling takes half a minute for a shape, so `torch.compile` is measured at the sizes where eager loses most (small
# and narrow), at the two that are common in use, and at the largest.
COMPILED = ((32, 128, 25), (64, 512, 1), (128, 512, 5), (256, 8192, 1))


def compiled(cell: Cell) -> bool:
    return (cell.width, cell.batch, cell.dim) in COMPILED


def gap_cells() -> list[Cell]:
    """Return the cells of evaluations, whose `batch` is the number of rows in one tile on PyTorch's side."""
    return [Cell(w, 2048, d, threads) for threads in THREADS for w in (64, 128) for d in (5, 25)]
