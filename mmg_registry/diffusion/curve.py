"""The estimate computed from the core's sums: integrals, their standard errors, and the curve over log-SNR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core import BIN_SUMS, ROW_VALUES, Proposal
from mmg_registry.results import Curve

_UNWEIGHTED = ("edges", "count", "mmse", "mmse_cond")


@dataclass(frozen=True)
class GapEstimate:
    """The two integrals of one evaluation, in nats, and their difference.

    `direct = orthogonal + cross` holds exactly. The cross term has mean zero when the conditional denoiser is the
    conditional mean, so its size and standard error tell bias from noise (MMG, arXiv 2509.20609; the identity is
    elementary).

    Attributes:
        direct, orthogonal, cross: means over evaluation rows, inside the proposal's window.
        direct_se, orthogonal_se, cross_se: standard errors of those means over rows. Every row draws its own noise and
            log-SNRs, so the errors include both the sampling of rows and the Monte-Carlo noise.
        rows: `(n, 2)` direct and orthogonal value of each row.
        curve: the integrands over log-SNR.
    """

    direct: float
    orthogonal: float
    cross: float
    direct_se: float
    orthogonal_se: float
    cross_se: float
    rows: Tensor
    curve: Curve


def summarise(bins: Tensor, rows: Tensor, proposal: Proposal, repeats: int) -> GapEstimate:
    """Return integrals (nats), standard errors and the curve computed from the sums of `mmse_gap`.

    Args:
        bins, rows: bin sums `(n_bins, len(BIN_SUMS))` and row means `(n, len(ROW_VALUES))`, as
            `mmg_registry.core.mmse_gap` returned them.
        proposal: the proposal that they were computed under.
        repeats: log-SNRs per row.
    """
    columns = [ROW_VALUES.index("direct"), ROW_VALUES.index("orthogonal")]
    return _from_rows(rows[:, columns], make_curve(bins, proposal, len(rows) * repeats))


def joined(parts: Sequence[tuple[float, GapEstimate]]) -> GapEstimate:
    """Return the weighted sum of estimates on adjacent windows: the integral of a stepwise weight times the gap.

    Args:
        parts: (weight, estimate) of each window, the lowest log-SNR first, all on the same rows.
    """
    rows = torch.stack([weight * part.rows for weight, part in parts]).sum(0)
    return _from_rows(rows, _chained([(weight, part.curve) for weight, part in parts]))


def _chained(parts: Sequence[tuple[float, Curve]]) -> Curve:
    """Return one curve over all windows; the integrands are weighted, the denoisers' squared errors are not."""
    chained: dict[str, list[Any]] = {"edges": list(parts[0][1].edges[:1])}
    for weight, curve in parts:
        for name, values in vars(curve).items():
            scale = 1 if name in _UNWEIGHTED else weight
            chained.setdefault(name, []).extend(scale * value for value in values[name == "edges" :])
    return Curve(**chained)


def _from_rows(pair: Tensor, curve: Curve) -> GapEstimate:
    """Return the estimate computed from each row's direct and orthogonal value `(n, 2)`."""
    values = torch.cat([pair, pair[:, :1] - pair[:, 1:]], 1)
    direct, orthogonal, cross = values.mean(0).tolist()
    spread = values.std(0) / math.sqrt(len(values)) if len(values) > 1 else torch.full((3,), math.inf)
    direct_se, orthogonal_se, cross_se = (float(s) for s in spread)
    return GapEstimate(direct, orthogonal, cross, direct_se, orthogonal_se, cross_se, pair, curve)


def make_curve(bins: Tensor, proposal: Proposal, n_draws: int) -> Curve:
    """Return the curve: integrands per bin (contribution / width) and their standard errors given the bins' counts.

    Args:
        bins: bin sums `(n_bins, len(BIN_SUMS))` of `mmse_gap` under `proposal`.
        proposal: the proposal.
        n_draws: number of draws in all bins together.
    """
    widths = proposal.edges.double().diff()
    sums = dict(zip(BIN_SUMS, bins.unbind(1), strict=True))
    scale = n_draws * widths
    parts = {name: (sums[name] / scale).tolist() for name in ("direct", "orthogonal", "cross")}
    errors = {f"{name}_se": (_spread(sums, name) / scale).tolist() for name in parts}
    # the core sums half the squared errors
    mmse = {"mmse": (2 * sums["mse"] / scale).tolist(), "mmse_cond": (2 * sums["mse_given"] / scale).tolist()}
    edges, count = proposal.edges.double().tolist(), sums["count"].long().tolist()
    return Curve(edges=edges, count=count, **parts, **errors, **mmse)


def _spread(sums: dict[str, Tensor], name: str) -> Tensor:
    """Return the standard deviation of each bin's sum given its count, which stratified draws make nearly fixed."""
    centred = sums[f"{name}2"] - sums[name].square() / sums["count"].clamp_min(1)
    return centred.clamp_min(0).sqrt()
