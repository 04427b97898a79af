"""The canonical vector of parameters."""

from __future__ import annotations

import pytest
import torch

from mmg_registry.core import Network, compiled

SHAPES = [(1, 1, 4, 1), (5, 3, 20, 2), (3, 40, 32, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_views_cover_the_vector_once_and_in_order(shape: tuple[int, int, int, int]) -> None:
    network = Network(*shape)
    flat = torch.arange(network.n_parameters, dtype=torch.float32)
    views = network.views(flat)
    assert torch.equal(torch.cat([v.flatten() for v in views.values()]), flat)
    assert list(views) == [name for name, _ in network.parameters()]


def test_a_view_writes_through() -> None:
    network = Network(2, 2, 4, 1)
    flat = torch.zeros(network.n_parameters)
    network.views(flat)["b_out"].fill_(1.0)
    assert flat[-2:].tolist() == [1.0, 1.0]


def test_a_vector_of_another_size_is_refused() -> None:
    network = Network(2, 2, 4, 1)
    with pytest.raises(RuntimeError, match="split"):
        network.views(torch.zeros(network.n_parameters + 1))


def test_fresh_weights_depend_on_the_seed_alone_and_start_at_zero_output() -> None:
    network = Network(3, 2, 16, 2)
    torch.manual_seed(0)
    first = network.init(seed=4)
    torch.manual_seed(1)
    assert torch.equal(first, network.init(seed=4))
    assert not torch.equal(first, network.init(seed=5))
    views = network.views(first)
    assert not views["out"].any()
    assert views["null"].any()
    assert not torch.equal(views["null"], views["mask"])


def test_fresh_matrices_keep_the_scale_of_their_input() -> None:
    views = (network := Network(20, 20, 128, 2)).views(network.init(seed=0))
    for name in ("shared", "cond", "block0.gate", "block1.value"):
        assert float(views[name].std()) == pytest.approx(views[name].shape[0] ** -0.5, rel=0.1), name


def test_multiply_adds_are_the_entries_of_the_matrices() -> None:
    network = Network(5, 5, 32, 2)
    vectors = 32 * 9 + 5  # b_in, mask, null and three biases in each block; b_out
    assert network.multiply_adds == network.n_parameters - vectors


@pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
def test_feature_counts_are_those_of_the_compiled_core() -> None:
    from mmg_registry.core import BIN_SUMS, ROW_VALUES
    from mmg_registry.core.network import N_EMBEDDING, N_RADIAL, N_WAVES, WAVE_COLUMNS

    core = compiled()
    assert (core.N_EMBEDDING, core.N_RADIAL) == (N_EMBEDDING, N_RADIAL)
    assert (core.N_WAVES, core.WAVE_COLUMNS) == (N_WAVES, WAVE_COLUMNS)
    assert (len(BIN_SUMS), len(ROW_VALUES)) == (core.N_BIN_SUMS, core.N_ROW_VALUES)
