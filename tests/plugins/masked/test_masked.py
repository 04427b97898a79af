"""`masked` on pairs whose information is known, on pairs without any, and on odd alphabets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from labelled import channel, channel_mi, column

import mmg_registry as mmg
from mmg_plugins.masked.masked import Masked
from mmg_registry import testing
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError, DoesNotApply, OptionError
from mmg_registry.results import Estimate

RUN = Run(threads=1)
Pair = tuple[np.ndarray, np.ndarray]


def estimate(pair: Pair, **options: Any) -> Estimate:
    x, y = pair
    cut = 3 * len(x) // 4
    masked = Masked(run=RUN, **{"steps": 400, **options}).fit(x[:cut], y[:cut])
    return masked.estimate(x[cut:], y[cut:])


def channels(n: int, many: int = 6, seed: int = 0) -> Pair:
    """Return bits through a channel each; the information is `many` times that of one."""
    pairs = [channel(n, seed=seed + i) for i in range(many)]
    return np.hstack([x for x, _ in pairs]), np.hstack([y for _, y in pairs])


def independent(n: int, many: int = 6, seed: int = 0) -> Pair:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (n, many)).astype(float), rng.integers(0, 4, (n, many)).astype(float)


def holds(found: Estimate, truth: float) -> bool:
    return abs(found.mi - truth) <= 1.96 * (found.std_error or 0.0)


def test_bits_through_channels_give_their_information() -> None:
    found = estimate(channels(4_000))
    assert found.mi == pytest.approx(6 * channel_mi(), abs=0.1)
    assert found.std_error is not None
    assert found.std_error < 0.1
    assert found.pointwise is not None
    assert found.pointwise.mean() == pytest.approx(found.mi)
    assert found.diagnostics["positions"] == {"predicted": 6, "helped": 6}


@pytest.mark.parametrize("direction", ["x", "y"])
def test_either_side_can_be_predicted(direction: str) -> None:
    found = estimate(channels(3_000, 3), direction=direction)
    assert found.diagnostics["predicted"] == direction
    assert found.mi == pytest.approx(3 * channel_mi(), abs=0.1)


def test_dependence_among_the_columns_of_one_side_is_no_information() -> None:
    """Copies of one bit count once, however the chain rule goes through them."""
    x, y = channel(3_000)
    again = np.hstack([np.where(np.random.default_rng(i).random(x.shape) < 0.02, 1 - x, x) for i in range(3)])
    found = estimate((np.hstack([x, again]), y), direction="x")
    assert found.mi == pytest.approx(channel_mi(), abs=0.06)


@pytest.mark.parametrize("rows", [250, 2_000])
def test_intervals_of_independent_columns_hold_nothing_and_are_no_point(rows: int) -> None:
    found = estimate(independent(rows))
    assert holds(found, 0.0)
    assert found.std_error is not None
    assert found.std_error > 1 / rows


def test_a_parity_that_no_pair_of_columns_shows_is_learned() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (4_000, 2))
    y = x.sum(1) % 2
    found = estimate((x.astype(float), column(np.where(rng.random(4_000) < 0.1, 1 - y, y))), steps=1_000)
    assert found.mi == pytest.approx(channel_mi(), abs=0.05)


def test_counts_of_one_rate_share_what_a_table_says() -> None:
    rng = np.random.default_rng(0)
    rate = np.exp(rng.normal(1.0, 0.8, 4_000))
    x, y = column(rng.poisson(rate)), column(rng.poisson(rate))
    found = estimate((x, y))
    fine, few = estimate((x, y), tolerance=0.0), estimate((np.minimum(x, 3), np.minimum(y, 3)))
    assert found.mi == pytest.approx(fine.mi, abs=0.05)
    assert 0.1 < few.mi < found.mi + 0.03  # pooled values tell less


def test_labels_of_text_and_classes_without_evaluation_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.choice(["red", "green", "blue", "rare"], 1_500, p=[0.4, 0.3, 0.294, 0.006])
    y = np.where(rng.random(1_500) < 0.2, rng.permutation(x), x)
    found = mmg.estimate(x, y, plugin="masked", seed=0, steps=200)
    assert found.status == "estimated"
    assert 0.4 < found.mi < 1.0


def test_a_constant_side_tells_nothing() -> None:
    x, y = channel(400)
    for pair in ((np.zeros_like(x), y), (x, np.zeros_like(y))):
        found = estimate(pair, steps=60)
        assert found.mi == 0.0
        assert (found.std_error or 0.0) > 0


def test_a_position_that_y_does_not_help_contributes_nothing() -> None:
    x, y = channels(2_000, 1)
    noise = np.random.default_rng(5).integers(0, 3, (2_000, 4)).astype(float)
    masked = Masked(run=RUN, steps=300, direction="x").fit(np.hstack([x, noise]), y)
    fitted = masked._need_fit()
    assert fitted.open_positions[0]
    found = masked.estimate(np.hstack([x, noise])[:500], y[:500])
    assert found.diagnostics["positions"]["helped"] == fitted.open_positions.sum()


def test_continuous_columns_are_refused_by_their_kind() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DoesNotApply, match="masked"):
        mmg.estimate(rng.standard_normal((300, 1)), rng.integers(0, 3, 300), plugin="masked")


def test_bad_input_is_one_sentence() -> None:
    x, y = channel(100)
    with pytest.raises(OptionError, match="not fitted"):
        Masked(run=RUN).estimate(x, y)
    with pytest.raises(DataError, match="needs 20 rows"):
        Masked(run=RUN).fit(x[:19], y[:19])
    with pytest.raises(DataError, match="1 is too few"):
        Masked(run=RUN, steps=20).fit(x, y).estimate(x[:1], y[:1])


def test_it_keeps_the_contract() -> None:
    results = testing.check_estimator(Masked, options={"steps": 80, "width": 16})
    assert {each["status"] for each in results} <= {"passed", testing.DOES_NOT_APPLY}


def test_rows_have_the_log_ratio_of_their_channels_and_the_noise_of_their_masks() -> None:
    x, y = channels(2_000, many=3)
    found = Masked(run=RUN, steps=300).fit(x[:1_500], y[:1_500]).pointwise(x[1_500:], y[1_500:])
    truth = np.log(np.where(x == y, 1.8, 0.2)).sum(1)[1_500:]
    assert np.corrcoef(found.values, truth)[0, 1] > 0.95
    assert 0 < found.errors.mean() < 0.3
