"""Turns: rotations of rows by an angle that grows with their squared distance from a centre, fitted to undo spirals.

A rotation of the rows by an angle that depends on their norm is a bijection, and hides linear dependence from every
linear map and every map of single columns. Rotations that are smooth at the centre are functions of the squared norm.
A turn is their first order, `exp(q A)`, with an antisymmetric matrix A and q the mean square of the centred and scaled
columns minus one. Its inverse is `exp(-q A)`, because rotations do not change q. The mutual information is therefore
the same for any A, and a poor fit costs only time.

Centre, scale and A of both sides maximise the likelihood of the turned pair as a jointly Gaussian one (a turn preserves
volume: its Jacobian is 1 + 2 v'Av / d = 1). They are fitted to one half of the rows, and accepted if the other half
confirms them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from mmg_registry.arrays import F64
from mmg_registry.preprocess.maps import RowArray, has_heavy_ties
from mmg_registry.preprocess.margins import is_light
from mmg_registry.threads import torch_threads

TURN_COLUMNS = 10  # most columns of a side; the cost grows with their square
LEAST_TURN_ROWS = 500
FIRST_ROWS, FIT_ROWS = 8_000, 20_000  # rows to find the angles with, and to refine all parameters with
TURN_GAIN = 0.02  # nats that held-out rows must gain beyond three standard errors
FARTHEST = 30.0  # the angle stops growing at this q, which a normal row never reaches
BLUR = (
    1e-2,
    1e-4,
    1e-6,
    1e-8,
    1e-10,
)  # relative reductions of the squared correlations, in turn: large ones widen the likelihood's peak, so it is found
TURN_STEPS = 40
PENALTY = 1e-4  # on the squared entries of A, so that directions without evidence are not turned


@dataclass(frozen=True)
class Turn:
    """A bijection of rows `(n, dim)`, which centres, scales, and rotates them by `exp(q A)`.

    With v the centred and scaled row, q is the mean of its squared columns minus 1.

    Attributes:
        centre: `(dim,)` centre of the rotation.
        scale: `(dim, dim)` invertible matrix.
        generator: `(dim, dim)` antisymmetric matrix A, in radians per unit of q.

    Example:
        >>> turn = Turn(np.zeros(2), np.eye(2), np.array([[0.0, -1.0], [1.0, 0.0]]))
        >>> turn(np.array([[1.0, 1.0], [1.0, 0.0]])).round(2).tolist()  # q = 0 and -1/2
        [[1.0, 1.0], [0.88, -0.48]]
    """

    centre: F64
    scale: F64
    generator: F64

    def __call__(self, rows: RowArray) -> F64:
        """Map rows `(n, dim)` to turned rows of the same shape, float64."""
        parts = (self.centre, self.scale, self.generator)
        with torch_threads(1), torch.no_grad():
            return _turned(_tensor(rows), *map(_tensor, parts)).numpy()

    @property
    def size(self) -> float:
        """Return the largest angle of rotation in radians per unit of q."""
        return float(np.linalg.norm(self.generator, 2))

    def arrays(self, prefix: str) -> dict[str, RowArray]:
        """Return the three arrays by name, each name beginning with `prefix`, for `from_arrays`."""
        parts = {"centre": self.centre, "scale": self.scale, "generator": self.generator}
        return {f"{prefix}_turn_{key}": value for key, value in parts.items()}

    @classmethod
    def from_arrays(cls, get: dict[str, RowArray]) -> Turn | None:
        """Rebuild a turn from arrays by name, without the prefix; return None where there is no turn among them."""
        if "turn_centre" not in get:
            return None
        return cls(get["turn_centre"], get["turn_scale"], get["turn_generator"])


def fit_turns(x: RowArray, y: RowArray) -> tuple[Turn, Turn] | None:
    """Fit turns of `x` `(n, dim_x)` and `y` `(n, dim_y)` that make their linear dependence clearly stronger.

    Turns are not tried for heavy tails, ties, linearly dependent columns, too few rows (fewer than 500, or than ten
    times the square of a side's dimension), or more than 10 columns on a side.

    Returns:
        The turns of x and of y, or None where they are not tried or held-out rows do not confirm them.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((5000, 2))
        >>> y = x + 0.1 * rng.standard_normal((5000, 2))
        >>> hide = Turn(np.zeros(2), np.eye(2), np.array([[0.0, -2.0], [2.0, 0.0]]))
        >>> found = fit_turns(hide(x), y)
        >>> bool(abs(found[0].size - 2) < 0.2)
        True
        >>> fit_turns(x, y) is None
        True
    """
    if max(x.shape[1], y.shape[1]) < 2 or not all(_worth_trying(side) for side in (x, y)):
        return None
    with torch_threads(1):
        sample = _sample(x, y)
        if sample is None or not _first_order_gain(*sample):
            return None
        (x_fit, x_held), (y_fit, y_held) = map(_halves, sample)
        sides, held_out = _climbed(x_fit, y_fit), (x_held, y_held)
        return (sides[0].turn, sides[1].turn) if _believed(sides, held_out) else None


def _worth_trying(data: RowArray) -> bool:
    n, dim = data.shape
    if n < max(LEAST_TURN_ROWS, 10 * dim**2) or dim > TURN_COLUMNS or not is_light(data):
        return False
    return not any(has_heavy_ties(np.sort(data[:, j])) or np.ptp(data[:, j]) == 0 for j in range(dim))


def _sample(x: RowArray, y: RowArray) -> tuple[Tensor, Tensor] | None:
    """Return the rows to fit on as float64 tensors, or None where columns of a side are linearly dependent."""
    step = max(1, len(x) // (2 * FIT_ROWS))
    rows = (_tensor(x[::step]), _tensor(y[::step]))
    return rows if all(map(_is_full, rows)) else None


def _is_full(rows: Tensor) -> bool:
    dim = rows.shape[1]
    return int(torch.linalg.matrix_rank(torch.cov(rows.T).view(dim, dim))) == dim


def _halves(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Split rows alternately into rows to fit on and rows to judge by."""
    return rows[::2], rows[1::2]


def _first_order_gain(x: Tensor, y: Tensor) -> bool:
    """Return whether one side's columns times q, the first order of a turn, help predict the other side linearly.

    For a Gaussian pair they add nothing to the columns themselves, and 2 n times the gain is chi-squared distributed.
    """
    x, y = (_TurnedSide.start(rows).placed(rows) for rows in (x, y))
    plain, freedom = _gaussian_mi(x, y), x.shape[1] * y.shape[1]
    chance = (freedom + 4 * math.sqrt(2 * freedom)) / (2 * len(x))
    gains = _gaussian_mi(_bent(x), y) - plain, _gaussian_mi(x, _bent(y)) - plain
    return max(map(float, gains)) > TURN_GAIN + chance


def _bent(rows: Tensor) -> Tensor:
    return torch.cat([rows, rows * _mean_square(rows)], 1)


@dataclass(frozen=True)
class _TurnedSide:
    """The fitted parameters of one side; A is the strict upper triangle of `upper` minus its transpose."""

    centre: Tensor
    scale: Tensor
    upper: Tensor

    @classmethod
    def start(cls, rows: Tensor) -> _TurnedSide:
        """Return parameters that whiten the rows and hardly turn them; A is not quite zero, which may be a saddle."""
        dim = rows.shape[1]
        values, vectors = torch.linalg.eigh(torch.cov(rows.T).view(dim, dim))
        upper = torch.randn(dim, dim, generator=torch.Generator().manual_seed(0), dtype=rows.dtype)
        return cls(rows.mean(0), (vectors / values.sqrt()) @ vectors.T, 0.01 * upper.triu(1))

    @classmethod
    def flat(cls, rows: Tensor) -> _TurnedSide:
        """Return parameters that leave the rows unchanged."""
        dim = rows.shape[1]
        return cls(torch.zeros(dim).double(), torch.eye(dim).double(), torch.zeros(dim, dim).double())

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return centre, scale and upper."""
        return self.centre, self.scale, self.upper

    @property
    def turn(self) -> Turn:
        """Return the turn with these parameters."""
        return Turn(self.centre.numpy(), self.scale.numpy(), (self.upper - self.upper.T).numpy())

    def placed(self, rows: Tensor) -> Tensor:
        """Return rows `(n, dim)` centred and scaled."""
        return (rows - self.centre) @ self.scale.T

    def turned(self, rows: Tensor) -> Tensor:
        """Return rows `(n, dim)` centred, scaled and rotated."""
        return _turned(rows, self.centre, self.scale, self.upper.triu(1) - self.upper.triu(1).T)


Sides = tuple[_TurnedSide, _TurnedSide]


def _climbed(x: Tensor, y: Tensor) -> Sides:
    """Fit the angles first, then all parameters, then all with ever less blur while blur limits the dependence."""
    sides = (_TurnedSide.start(x), _TurnedSide.start(y))
    few = x[:FIRST_ROWS], y[:FIRST_ROWS]
    sides = _ascend(_ascend(sides, *few, BLUR[0], free=(2,)), *few, BLUR[0], free=(0, 1, 2))
    for blur in BLUR[1:]:
        turned = _both(sides, x, y)
        if float(_gaussian_mi(*turned) - _gaussian_mi(*turned, 100 * blur)) < TURN_GAIN:
            break
        sides = _ascend(sides, x, y, blur, free=(0, 1, 2))
    return sides


def _both(sides: Sides, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return sides[0].turned(x), sides[1].turned(y)


def _ascend(sides: Sides, x: Tensor, y: Tensor, blur: float, free: Sequence[int]) -> Sides:
    """Return both sides after L-BFGS steps up the blurred likelihood in the parts `free` (indices into `parts`)."""
    start = [part for side in sides for part in side.parts]
    moved = [i for i in range(len(start)) if i % 3 in free]
    sizes = [start[i].numel() for i in moved]

    def unpacked(flat: Tensor) -> Sides:
        parts = list(start)
        for i, values in zip(moved, flat.split(sizes), strict=True):
            parts[i] = values.view(start[i].shape)
        return _TurnedSide(*parts[:3]), _TurnedSide(*parts[3:])

    def objective(values: F64) -> tuple[float, F64]:
        flat = torch.from_numpy(values).requires_grad_(True)
        now = unpacked(flat)
        size = sum((side.upper.triu(1) ** 2).sum() for side in now)
        loss = PENALTY * blur / BLUR[0] * size - _log_likelihood(now, x, y, blur)
        if not bool(torch.isfinite(loss)):
            return math.inf, np.zeros_like(values)
        (slope,) = torch.autograd.grad(loss, flat)
        return float(loss.detach()), slope.numpy()

    first = torch.cat([start[i].reshape(-1) for i in moved]).numpy()
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options={"maxiter": TURN_STEPS, "ftol": 1e-12})
    return unpacked(torch.from_numpy(found.x))


def _log_likelihood(sides: Sides, x: Tensor, y: Tensor, blur: float = 0.0) -> Tensor:
    """Return the rows' mean log-density up to a constant (nats), if their turned coordinates are jointly Gaussian."""
    turned = _both(sides, x, y)
    alone = [side.scale.slogdet()[1] - _log_volume(rows) for side, rows in zip(sides, turned, strict=True)]
    return alone[0] + alone[1] + _gaussian_mi(*turned, blur)


def _believed(sides: Sides, held_out: tuple[Tensor, Tensor]) -> bool:
    """Return whether a turn raises the likelihood of held-out rows by `TURN_GAIN` beyond three standard errors."""
    plain: Sides = (_TurnedSide.flat(held_out[0]), _TurnedSide.flat(held_out[1]))
    gain = float(_log_likelihood(sides, *held_out) - _log_likelihood(plain, *held_out))
    error = math.sqrt(held_out[0].shape[1] / len(held_out[0]))  # rough standard error of the mean log-density ratio
    return gain > TURN_GAIN + 3 * error


# --- Arithmetic -----------------------------------------------------------------------------------------------------


def _turned(rows: Tensor, centre: Tensor, scale: Tensor, generator: Tensor) -> Tensor:
    """Return rows `(n, d)` centred, scaled and rotated by `exp(q A)`, each row with its own q."""
    placed = (rows - centre) @ scale.T
    q = _mean_square(placed).clamp(max=FARTHEST)
    out: Tensor = _Rotation.apply(placed, q, generator)  # type: ignore[no-untyped-call]
    return out


class _Rotation(torch.autograd.Function):
    """The product `exp(q A) v` for rows v `(n, d)`, q `(n, 1)` and antisymmetric A, by A's eigenvectors.

    The gradient in A is the integral over s in (0, 1) of q exp(-s q A) g v' exp(-(1 - s) q A), where g is the gradient
    in the result. It has a closed form in the eigenvectors, whether or not eigenvalues coincide.
    """

    @staticmethod
    def forward(ctx: Any, v: Tensor, q: Tensor, generator: Tensor) -> Tensor:
        theta, vectors = torch.linalg.eigh(-1j * generator)
        mixed = v.to(vectors.dtype) @ vectors.conj()
        out: Tensor = ((mixed * torch.exp(1j * q * theta)) @ vectors.T).real
        ctx.save_for_backward(mixed, q, generator, theta, vectors, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mixed, q, generator, theta, vectors, out = ctx.saved_tensors
        slope = g.to(vectors.dtype) @ vectors.conj()
        half = torch.exp(-0.5j * q * theta)
        between = torch.sinc(q[:, :, None] * (theta[:, None] - theta) / (2 * math.pi))
        inner = torch.einsum("nj,nk,njk->jk", q * slope * half, mixed.conj() * half, between.to(vectors.dtype))
        back = ((slope * torch.exp(-1j * q * theta)) @ vectors.T).real
        return back, (g * (out @ generator.T)).sum(1, keepdim=True), (vectors @ inner @ vectors.mH).real


def _mean_square(rows: Tensor) -> Tensor:
    return (rows**2).mean(1, keepdim=True) - 1


def _gaussian_mi(x: Tensor, y: Tensor, blur: float = 0.0) -> Tensor:
    """Return -1/2 log det(I - (1 - blur) R R') in nats, R the whitened sides' cross-correlation; NaN if singular."""
    (fx, zx), (fy, zy) = _factor(x), _factor(y)
    cross = torch.linalg.solve_triangular(fy, torch.linalg.solve_triangular(fx, zx.T @ zy, upper=False).T, upper=False)
    left = torch.eye(cross.shape[1], dtype=cross.dtype) - (1 - blur) * cross.T @ cross
    sign, logdet = torch.linalg.slogdet(left)
    return torch.where(sign > 0, -0.5 * logdet, torch.nan)


def _log_volume(rows: Tensor) -> Tensor:
    """Return half the log-determinant of the rows' covariance."""
    return _factor(rows)[0].diagonal().log().sum()


def _factor(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Cholesky factor of the covariance (NaN where there is none) and the centred rows over sqrt(n)."""
    centred = (rows - rows.mean(0)) / math.sqrt(len(rows))
    factor, failed = torch.linalg.cholesky_ex(centred.T @ centred)
    return torch.where(failed == 0, factor, torch.nan), centred


def _tensor(rows: RowArray) -> Tensor:
    return torch.from_numpy(np.array(rows, dtype=np.float64))
