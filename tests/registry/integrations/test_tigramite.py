"""The quick test in tigramite's own search."""

from __future__ import annotations

import pytest
from known_graphs import driven_series

pytest.importorskip("tigramite", reason="tigramite is not installed", exc_type=ImportError)

from mmg_registry.integrations.tigramite import quick_test


def test_pcmci_finds_the_driver_and_its_lag() -> None:
    from tigramite.data_processing import DataFrame
    from tigramite.pcmci import PCMCI

    search = PCMCI(DataFrame(driven_series()), cond_ind_test=quick_test(permutations=199))
    p = search.run_pcmci(tau_max=2, pc_alpha=0.05)["p_matrix"]
    assert p[0, 1, 1] < 0.01
    assert p[1, 0, 1:].min() > 0.05
