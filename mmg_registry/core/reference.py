"""The reference: every op of the core in plain torch, from the same random numbers.

Tests compare the compiled cores with it, devices without a kernel run it, and users' own modules train through it.
The formulas are those of csrc/common and csrc/cpu/kernels.inl; the code puts clarity before speed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.core.network import N_EMBEDDING, N_WAVES, Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import Problem, TrainState
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal

TRAIN_DRAW, TRAIN_NOISE, GAP_DRAW, GAP_NOISE = range(4)
TILE = 4096  # draws that an evaluation holds in memory at once

# Maps (z, logsnr, y) to the corrections of the denoisers with and without y, (n, dim_x) each.
Correction = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
# Maps (x, y, draws), with all rows of x and y, to the errors of a pair of denoisers on the drawn rows.
ErrorsOf = Callable[[Tensor, Tensor, "Draws"], "Errors"]


# --- Philox4x32-10 (Salmon et al., SC 2011) in int64 ---------------------------------------------------------


def philox(seed: int, c0: Tensor, c1: Tensor, c2: Tensor, c3: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return four random 32-bit words (as int64) per counter (c0, c1, c2, c3), a function of it and `seed` alone.

    Example:
        >>> zero = torch.zeros(1, dtype=torch.int64)
        >>> [hex(int(word)) for word in philox(0, zero, zero, zero, zero)]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    k0, k1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for _ in range(10):
        (h0, l0), (h1, l1) = _multiply(0xD2511F53, c0), _multiply(0xCD9E8D57, c2)
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _multiply(m: int, c: Tensor) -> tuple[Tensor, Tensor]:
    """Return the high and the low word of a 32 x 32 bit product, computed in halves that fit int64."""
    low = m * (c & 0xFFFF)
    high = m * (c >> 16) + (low >> 16)
    return high >> 16, ((high & 0xFFFF) << 16) | (low & 0xFFFF)


def open_unit(bits: Tensor) -> Tensor:
    """Map 32 random bits to float32 in (0, 1), at the centres of 2^23 cells."""
    return ((bits >> 9).float() + 0.5) * 2.0**-23


def noise(seed: int, c0: Tensor, c1: Tensor, stream: int, dim: int) -> Tensor:
    """Draw standard normals `(len(c0), dim)` by Box-Muller; columns 4b to 4b+3 come from counter word b."""
    blocks = torch.arange((dim + 3) // 4, device=c0.device)
    shape = (len(c0), len(blocks))
    words = philox(
        seed, c0[:, None].expand(shape), c1[:, None].expand(shape), blocks.expand(shape), torch.full(shape, stream)
    )
    pairs = []
    for j in (0, 1):
        radius = (-2.0 * torch.log(open_unit(words[j]))).sqrt()
        turn = 2.0 * math.pi * open_unit(words[2 + j])
        pairs += [radius * turn.cos(), radius * turn.sin()]
    return torch.stack(pairs, dim=2).reshape(len(c0), -1)[:, :dim]


# --- Draws --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draws:
    """Drawn row numbers with their log-SNR, importance weight (1 / proposal density), bin and noise `(n, noised)`.

    Columns of x beyond those of the noise are context: both denoisers see them without noise, and no error is
    measured there.
    """

    row: Tensor
    logsnr: Tensor
    weight: Tensor
    bin: Tensor
    eps: Tensor

    def on(self, device: torch.device) -> Draws:
        """Return the same draws on `device`."""
        return Draws(*(part.to(device) for part in (self.row, self.logsnr, self.weight, self.bin, self.eps)))


def draw_logsnr(proposal: Proposal, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Map uniforms `(n,)` to log-SNRs drawn from `proposal`, their importance weights and bins, `(n,)` each."""
    edges, cdf = proposal.edges.to(u.device), proposal.cdf.to(u.device)
    last = proposal.n_bins - 1
    if proposal.scale > 0:
        p_lo, p_hi = (torch.tensor(p, dtype=torch.float32) for p in proposal.p_range)
        p = p_lo + (p_hi - p_lo) * u
        logsnr = proposal.loc + proposal.scale * torch.log(p / (1 - p))
        found = torch.bucketize(logsnr, edges, right=True) - 1
        return logsnr, proposal.scale * (p_hi - p_lo) / (p * (1 - p)), found.clamp(0, last)
    found = (torch.bucketize(u, cdf, right=True) - 1).clamp(0, last)
    width, mass = edges[found + 1] - edges[found], cdf[found + 1] - cdf[found]
    return edges[found] + width * (u - cdf[found]) / mass, width / mass, found


def training_draws(
    proposal: Proposal, seed: int, step: int, batch: int, n_rows: int, noised: int, *, paired: bool = True
) -> Draws:
    """Draw the batch of one training step: rows with replacement, one log-SNR per stratum.

    With `paired`, as in the core, entries of the batch come in pairs that share row and log-SNR and have opposite
    noise (antithetic sampling): the part of the gradient that is odd in the noise cancels.
    """
    slot, zero = torch.arange(batch), torch.zeros(batch, dtype=torch.int64)
    first = slot & ~1 if paired else slot
    width = (batch - first).clamp(max=2 if paired else 1)
    words = philox(seed, first, zero + step, zero, zero + TRAIN_DRAW)
    u = (first.float() + width * open_unit(words[1])) / batch
    eps = noise(seed, first, zero + step, TRAIN_NOISE, noised)
    eps = torch.where((slot != first)[:, None], -eps, eps)
    return Draws((words[0] * n_rows) >> 32, *draw_logsnr(proposal, u), eps)


def gap_draws(proposal: Proposal, seed: int, repeat: int | Tensor, repeats: int, rows: Tensor, noised: int) -> Draws:
    """Draw the log-SNR and noise of an evaluation for row numbers `rows` `(n,)`.

    Args:
        proposal: the density of log-SNR.
        seed: seed of the noise.
        repeat: the stratum that each row's log-SNR is drawn from, `(n,)` or one for all rows.
        repeats: number of strata.
        rows: row numbers.
        noised: columns of the noise.
    """
    zero = torch.zeros_like(rows)
    u = (repeat + open_unit(philox(seed, rows, zero + repeat, zero, zero + GAP_DRAW)[0])) / repeats
    return Draws(rows, *draw_logsnr(proposal, u), noise(seed, rows, zero + repeat, GAP_NOISE, noised))


# --- The network --------------------------------------------------------------------------------------------


def radial(v: Tensor) -> Tensor:
    """Return `(n, 2)`: |v|^2, saturating at +-4, and its logarithm, in units of their spread for a normal v."""
    q, unit = v.square().mean(1, keepdim=True), math.sqrt(0.5 * v.shape[1])
    u = (q - 1.0) * unit
    return torch.cat([u / (1.0 + u.square() / 16.0).sqrt(), torch.log(q + 1e-3) * unit], 1)


def embed(logsnr: Tensor) -> Tensor:
    """Return features `(n, 16)` of the log-SNR: its value, and Gaussian bumps 2.5 apart from -11 to 24."""
    centres = 2.5 * torch.arange(1, N_EMBEDDING, device=logsnr.device, dtype=logsnr.dtype) - 13.5
    bumps = torch.exp(-0.5 * ((logsnr[:, None] - centres) * 0.4).square())
    return torch.cat([logsnr[:, None] * 0.125, bumps], 1)


def waves(gain: Tensor, blur: Tensor, value: Tensor) -> Tensor:
    """Return `(n, 8 k)` sines, then cosines, of the posterior means `gain * value` `(n, k)`, damped by their variance.

    These are integrated positional encodings (Barron et al., arXiv 2103.13415): a frequency fades in once the noise
    is small enough to resolve it.
    """
    frequency = 2.0 ** torch.arange(1, N_WAVES + 1, device=value.device, dtype=value.dtype)
    phase = ((gain * value)[:, :, None] * frequency).flatten(1)
    damp = torch.exp(-0.5 * blur[:, :, None] * frequency.square()).flatten(1)
    return torch.cat([phase.sin() * damp, phase.cos() * damp], 1)


def normalise(h: Tensor) -> Tensor:
    """Return each row of h divided by its root mean square (Zhang and Sennrich, arXiv 1910.07467), without weights."""
    return h * (h.square().mean(1, keepdim=True) + 1e-6).rsqrt()


def network_correction(network: Network, weights: Tensor, rho: Tensor, marginal: bool = True) -> Correction:
    """Return the gated residual MLP as a function, differentiable in `weights` `(n_parameters,)`.

    With `marginal=False` the pass without y, half of the work, is skipped and its correction is zero.
    """
    w = network.views(weights)

    def posterior_features(z: Tensor, logsnr: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return features of z alone (waves) and of z given y (the linear denoiser's innovation, and its waves)."""
        a, b = channel(logsnr)
        predicted, s2 = linear_prediction(y, rho, network.noised)
        total = a.square() * s2 + b.square()
        z = z[:, : network.noised]
        innovation = (z - a * predicted) / total.sqrt()
        if network.n_waves == 0:
            return z[:, :0], innovation
        plain = waves(a.expand_as(z), b.square().expand_as(z), z)
        return plain, torch.cat([innovation, waves(a * (s2 / total).sqrt(), b.square() / total, innovation)], 1)

    def body(h: Tensor) -> Tensor:
        for i in range(network.depth):
            u = normalise(h)
            gate, value = (u @ w[f"block{i}.{k}"] + w[f"block{i}.b_{k}"] for k in ("gate", "value"))
            h = h + torch.nn.functional.silu(gate) * value @ w[f"block{i}.down"] + w[f"block{i}.b_down"]
        return normalise(h) @ w["out"] + w["b_out"]

    def correction(z: Tensor, logsnr: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        rz, ry = radial(z), radial(y)
        plain, informed = posterior_features(z, logsnr, y)
        base = torch.cat([z, rz[:, :1] * z, rz, embed(logsnr), plain], 1) @ w["shared"] + w["b_in"]
        given = torch.cat([y, ry[:, :1] * y, rz[:, :1] * y, ry[:, :1] * z, ry, informed], 1) @ w["cond"] + w["mask"]
        return body(base + given), body(base + w["null"]) if marginal else torch.zeros_like(z[:, : network.noised])

    return correction


# --- The channel and the linear denoiser --------------------------------------------------------------------


def channel(logsnr: Tensor) -> tuple[Tensor, Tensor]:
    """Return the coefficients a and b, `(n, 1)` each, of the noised variable z = a x + b eps at log-SNRs `(n,)`."""
    return logsnr.sigmoid().sqrt()[:, None], (-logsnr).sigmoid().sqrt()[:, None]


def linear_prediction(y: Tensor, rho: Tensor, columns: int) -> tuple[Tensor, Tensor]:
    """Return mean `(n, columns)` and variance `(columns,)` of x's first columns given y, by correlations rho `(k,)`."""
    k = min(len(rho), columns)
    predicted, s2 = y.new_zeros(len(y), columns), y.new_ones(columns)
    predicted[:, :k] = rho[:k].to(y) * y[:, :k]
    s2[:k] = (1 - rho[:k].double().square()).to(y)
    return predicted, s2


# --- Errors of both denoisers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errors:
    """The errors eps - eps_hat of the denoisers without and with y, and of the two Wiener denoisers; `(n, dim_x)`."""

    marginal: Tensor
    given: Tensor
    wiener: Tensor
    wiener_given: Tensor


def denoiser_errors(correction: Correction, x: Tensor, y: Tensor, rho: Tensor, draws: Draws) -> Errors:
    """Return the errors of both denoisers on the same rows, log-SNRs and noise.

    Args:
        correction: the network's corrections of the Wiener denoisers, in units of their errors.
        x, y: all data rows in canonical coordinates, from which `draws.row` selects.
        rho: `(k,)` float64 canonical correlations, k <= min(dim_x, dim_y).
        draws: the drawn rows, log-SNRs and noise.
    """
    x, y, eps, logsnr = x[draws.row], y[draws.row], draws.eps, draws.logsnr
    x, context = x[:, : eps.shape[1]], x[:, eps.shape[1] :]
    a, b = channel(logsnr)
    predicted, s2 = linear_prediction(y, rho, eps.shape[1])
    total = a.square() * s2 + b.square()
    wiener, wiener_given = a * (a * eps - b * x), a * (a * s2 * eps - b * (x - predicted)) / total
    f_given, f_marginal = correction(torch.cat([a * x + b * eps, context], 1), logsnr, y)
    scale_given = (a.square() * s2 / total).sqrt()
    return Errors(wiener - a * f_marginal, wiener_given - scale_given * f_given, wiener, wiener_given)


def noise_errors(correction: Correction, x: Tensor, y: Tensor, rho: Tensor, draws: Draws) -> Errors:
    """Return the same as `denoiser_errors`, for denoisers that predict the noise itself instead of a correction."""
    wiener = denoiser_errors(lambda z, logsnr, y: (torch.zeros_like(z),) * 2, x, y, rho, draws)
    a, b = channel(draws.logsnr)
    given, marginal = correction(a * x[draws.row] + b * draws.eps, draws.logsnr, y[draws.row])
    return Errors(draws.eps - marginal, draws.eps - given, wiener.wiener, wiener.wiener_given)


def batch_loss(errors: Errors, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the means over rows of |error|^2 / 2, without and with y, with row weights `weight` `(n,)` if given."""
    marginal, given = (0.5 * e.square().sum(1) for e in (errors.marginal, errors.given))
    if weight is not None:
        marginal, given = weight * marginal, weight * given
    return marginal.mean(), given.mean()


# --- The ops ------------------------------------------------------------------------------------------------


def denoiser_grad(problem: Problem, weights: Tensor, step: int, batch: int) -> tuple[Tensor, Tensor]:
    """Return losses `(2,)` float64 and gradient `(n_parameters,)` of one batch, by automatic differentiation."""
    x, y, network = problem.x, problem.y, problem.network
    weights = weights.detach().requires_grad_(True)
    draws = training_draws(problem.proposal, problem.seed, step, batch, len(x), network.noised).on(x.device)
    draws = Draws(draws.row, draws.logsnr.to(x), draws.weight.to(x), draws.bin, draws.eps.to(x))
    errors = denoiser_errors(network_correction(network, weights, problem.rho), x, y, problem.rho, draws)
    losses = torch.stack(batch_loss(errors))
    (grad,) = torch.autograd.grad(losses.sum(), weights)
    return losses.detach().double(), grad


def train_denoiser(problem: Problem, state: TrainState, plan: TrainPlan, steps: range) -> Tensor:
    """Run AdamW steps with averaged weights on `state` in place and return losses `(len(steps), 2)` float64."""
    losses = torch.zeros(len(steps), 2, dtype=torch.float64)
    for i, step in enumerate(steps):
        losses[i], grad = denoiser_grad(problem, state[0], step, plan.batch)
        adam_step(state, grad, plan, step)
    return losses


def adam_step(state: TrainState, grad: Tensor, plan: TrainPlan, step: int) -> None:
    """Take one step of Adam (Kingma and Ba, arXiv 1412.6980) with decoupled weight decay, and update the average.

    The moving average of the weights forgets more slowly as steps accumulate, up to `plan.ema_decay`.
    """
    weights, m, v, ema = state
    m.lerp_(grad, 1 - plan.beta1)
    v.lerp_(grad.square(), 1 - plan.beta2)
    size = (v / (1 - plan.beta2 ** (step + 1))).sqrt() + plan.eps
    weights -= plan.lr_at(step) * (m / (1 - plan.beta1 ** (step + 1)) / size + plan.weight_decay * weights)
    ema.lerp_(weights, 1 - min(plan.ema_decay, (1 + step) / (10 + step)))


def mmse_gap(problem: Problem, weights: Tensor, repeats: int) -> tuple[Tensor, Tensor]:
    """Return the per-bin sums and per-row means of the gap of the core's own network; see `gap_of_errors`."""
    errors_of = network_errors(problem.network, weights, problem.rho)
    how = {"seed": problem.seed, "repeats": repeats, "noised": problem.network.noised}
    return gap_of_errors(errors_of, problem.x, problem.y, problem.proposal, **how)


def network_errors(network: Network, weights: Tensor, rho: Tensor, marginal: bool = True) -> ErrorsOf:
    """Return the errors of the core's own network as a function for `gap_of_errors`; see `network_correction`."""
    correction = network_correction(network, weights, rho, marginal)
    return lambda x, y, draws: denoiser_errors(correction, x, y, rho, draws)


def gap_of_errors(
    errors_of: ErrorsOf,
    x: Tensor,
    y: Tensor,
    proposal: Proposal,
    *,
    seed: int,
    repeats: int,
    noised: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the gap between any pair of denoisers, computed from their errors; otherwise as `mmse_gap`.

    Args:
        errors_of: returns the denoisers' errors on drawn rows.
        x, y: rows `(n, dim_x)`, `(n, dim_y)` in canonical coordinates.
        proposal: the density of log-SNR.
        seed: seed of the noise.
        repeats: log-SNRs per row.
        noised: number of columns of x that are noised, the first ones; all columns unless given.

    Returns:
        Per-bin sums `(n_bins, 11)` and per-row means `(n, 4)`, float64, in nats; see `BIN_SUMS`, `ROW_VALUES`.
    """
    bins = torch.zeros(proposal.n_bins, len(BIN_SUMS), dtype=torch.float64)
    rows = torch.zeros(len(x), len(ROW_VALUES), dtype=torch.float64)
    with torch.no_grad():
        for draw in torch.arange(len(x) * repeats).split(TILE):
            draws = gap_draws(proposal, seed, draw % repeats, repeats, draw // repeats, noised or x.shape[1])
            values = _gap_values(errors_of(x, y, draws.on(x.device)), draws.weight.to(x.device)).cpu()
            bins.index_add_(0, draws.bin, _bin_columns(values))
            rows.index_add_(0, draws.row, values[:, [0, 1, 4, 5]] / repeats)
    return bins, rows


def _gap_values(errors: Errors, weight: Tensor) -> Tensor:
    """Return `(n, 6)`: direct, orthogonal, mse, mse_given, excess, excess_given, each times half the weight."""
    squares = [e.square().double().sum(1) for e in (errors.marginal, errors.given, errors.wiener, errors.wiener_given)]
    marginal, given, wiener, wiener_given = squares
    between = (errors.marginal - errors.given).square().double().sum(1)
    columns = [marginal - given, between, marginal, given, marginal - wiener, given - wiener_given]
    return 0.5 * weight.double()[:, None] * torch.stack(columns, 1)


def _bin_columns(values: Tensor) -> Tensor:
    direct, orthogonal = values[:, 0], values[:, 1]
    cross = direct - orthogonal
    squares = [v for pair in (direct, orthogonal, cross) for v in (pair, pair.square())]
    return torch.cat([torch.stack([torch.ones_like(direct), *squares], 1), values[:, 2:]], 1)
