"""The mixture beside a trained network: where it is asked for, and what the report says of it."""

from __future__ import annotations

import pytest
import torch

from mmg_plugins.mmg.parts.stack import with_mixture
from mmg_plugins.mmg.parts.terms import Term
from mmg_plugins.mmg.thresholds import MIXTURE_COLUMNS, MIXTURE_ROWS, MIXTURE_WORK
from mmg_plugins.mmg.trained import TrainedTerm
from mmg_registry.contracts import Run
from mmg_registry.core import Network, Proposal
from mmg_registry.diffusion import FusedDenoiser, Stacked
from mmg_registry.training import Report, RowPair

Q = Proposal.uniform(-6.0, 6.0, 8)
RUN = Run(seed=0, threads=1)


def clusters(n: int, columns: int = 1, seed: int = 0) -> RowPair:
    """Return rows of two clusters, which differ in the first column of x and of y."""
    rng = torch.Generator().manual_seed(seed)
    far = torch.where(torch.rand(n, 1, generator=rng) < 0.5, -3.0, 3.0)
    x, y = (torch.randn(n, columns, generator=rng) for _ in range(2))
    x[:, :1] += far
    y[:, :1] -= far
    return x, y


def untrained(rows: RowPair, term: Term, report: Report) -> TrainedTerm:
    network = Network(rows[0].shape[1], rows[1].shape[1], 16, 1, rows[0].shape[1] - term.noised)
    rho = torch.zeros(term.noised, dtype=torch.float64)
    return TrainedTerm(term, FusedDenoiser(network, *rows, rho, seed=0, threads=1), report)


def asked(rows: RowPair, term: Term, **report: float | str) -> TrainedTerm:
    trained = untrained(rows, term, Report(**report))  # type: ignore[arg-type]
    return with_mixture(trained, rows, clusters(60, rows[0].shape[1], seed=1), Q, RUN)


def test_clusters_that_the_network_did_not_learn_come_from_the_mixture() -> None:
    found = asked(clusters(300), Term(0, 1), choice_error=0.5, unfinished=0.25)
    assert isinstance(found.denoiser, Stacked)
    assert found.report.of_others == found.denoiser.weight
    assert found.denoiser.weight == pytest.approx(1.0, abs=0.05)
    left = 1 - found.denoiser.weight
    assert found.report.choice_error == pytest.approx(0.5 * left)
    assert found.report.unfinished == pytest.approx(0.25 * left)


def test_independent_rows_leave_the_network_alone() -> None:
    rng = torch.Generator().manual_seed(0)
    x, y, held_x, held_y = (torch.randn(n, 1, generator=rng) for n in (300, 300, 60, 60))
    trained = untrained((x, y), Term(0, 1), Report())
    assert with_mixture(trained, (x, y), (held_x, held_y), Q, RUN) is trained


WIDE = MIXTURE_COLUMNS // 2 + 1


@pytest.mark.parametrize(
    ("rows", "term", "report"),
    [
        (clusters(MIXTURE_ROWS), Term(0, 1), {}),
        (clusters(200, WIDE), Term(0, WIDE), {}),
        (clusters(MIXTURE_WORK // MIXTURE_COLUMNS**2 + 1, MIXTURE_COLUMNS // 2), Term(0, MIXTURE_COLUMNS // 2), {}),
        (clusters(200, 2), Term(0, 1), {}),
        (clusters(200), Term(0, 1), {"stopped": "max_seconds"}),
    ],
    ids=["many rows", "many columns", "both together", "columns of context", "no time left"],
)
def test_no_mixture_is_asked(rows: RowPair, term: Term, report: dict[str, str]) -> None:
    assert isinstance(asked(rows, term, **report).denoiser, FusedDenoiser)
