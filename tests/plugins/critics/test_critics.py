"""Critics and the difference of entropies: known answers, shuffles, errors, limits, state, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fake_time import Time
from small_runs import MI, RUN, SMALL, Pair, estimate, folded, pair

from mmg_plugins import neural
from mmg_plugins.critics.critics import FDIME, MINE, NWJ, SMILE, InfoNCE
from mmg_plugins.critics.networks import LARGEST, CriticShape, Joint, LogMeans, Separable, equal_blocks, log_means
from mmg_plugins.critics.readings import heavy_row, unnormalised
from mmg_plugins.densities.doe import DoE
from mmg_plugins.neural import device_of
from mmg_registry import storage
from mmg_registry.contracts import Progress, Run, has_ratio
from mmg_registry.errors import DataError, OptionError
from mmg_registry.testing import check_estimator
from mmg_registry.training import train

CRITICS = [MINE, InfoNCE, NWJ, SMILE, FDIME]
critics = pytest.mark.parametrize("cls", CRITICS, ids=lambda cls: cls.name)
every = pytest.mark.parametrize("cls", [*CRITICS, DoE], ids=lambda cls: cls.name)


# --- Known answers ------------------------------------------------------------------------------------------------
@every
@pytest.mark.parametrize("start", [True, False])
def test_a_gaussian_pair(cls: type[Any], start: bool) -> None:
    result = estimate(cls, pair(4_000), pair(2_000, seed=1), gaussian_start=start, steps=60 if start else 300)
    assert result.mi == pytest.approx(MI, abs=0.08)
    assert result.pointwise is not None
    assert result.pointwise.mean() == pytest.approx(result.mi)
    assert 0.005 < result.diagnostics["errors"]["rows"] < 0.05


@every
def test_an_independent_pair(cls: type[Any]) -> None:
    result = estimate(cls, pair(rho=0.0, dim_x=2), pair(rho=0.0, dim_x=2, seed=1))
    assert abs(result.mi) < 0.05


@every
def test_a_pair_without_correlation_is_learned(cls: type[Any]) -> None:
    result = estimate(cls, folded(6_000), folded(2_000, seed=1), steps=600)
    assert 0.5 < result.mi < 1.0


@critics
def test_a_separable_critic(cls: type[Any]) -> None:
    result = estimate(cls, folded(4_000), folded(1_000, seed=1), steps=400, critic="separable")
    assert 0.4 < result.mi < 1.0
    assert result.diagnostics["compared_with"] == 499


def test_a_density_with_edges_needs_the_joint_critic() -> None:
    """y is x and uniform noise: 1.709 nats, where a Gaussian pair of that correlation has 1.63."""

    def uniform(n: int, seed: int) -> Pair:
        rng = np.random.default_rng(seed)
        x = rng.uniform(size=(n, 1))
        return x, x + rng.uniform(-0.1, 0.1, size=(n, 1))

    options: dict[str, Any] = {"steps": 400, "batch": 256}
    joint, separable = (
        estimate(MINE, uniform(10_000, 0), uniform(4_000, 1), critic=critic, **options).mi
        for critic in ("joint", "separable")
    )
    assert joint > separable + 0.03


@pytest.mark.parametrize("options", [{"divergence": "gan"}, {"divergence": "hd"}])
def test_other_divergences_of_dime(options: dict[str, str]) -> None:
    assert estimate(FDIME, folded(4_000), folded(1_000, seed=1), steps=500, **options).mi == pytest.approx(
        0.75, abs=0.3
    )


def test_the_temperature_divides_all_scores() -> None:
    for temperature in (0.2, 5.0):
        result = estimate(InfoNCE, folded(4_000), folded(1_000, seed=1), steps=400, temperature=temperature)
        assert 0.4 < result.mi < 1.0
    x, y = torch.randn(5, 1), torch.randn(5, 1)
    network, twice = critic(Joint, 2.0), critic(Joint, 1.0)
    assert torch.allclose(2 * network.table(x[None], y[None]), twice.table(x[None], y[None]))


# --- Shuffles and scores ------------------------------------------------------------------------------------------
kinds = pytest.mark.parametrize("kind", [Separable, Joint])


def critic(kind: type[Separable], temperature: float = 1.0, group: int = 8, dim_x: int = 1) -> Separable:
    draw = torch.Generator().manual_seed(1)
    made = kind(CriticShape((dim_x, 1), [8], 3, group), torch.tensor([0.7]), temperature, draw)
    for weights in made.parameters():
        torch.nn.init.normal_(weights, generator=draw)
    return made


def alone(made: Separable, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """f(x_i, y_i), each pair as a table of its own."""
    return made.table(x[:, None], y[:, None])[:, 0, 0]


@kinds
def test_tables_hold_the_scores_of_pairs(kind: type[Separable]) -> None:
    x, y, made = torch.randn(7, 2), torch.randn(7, 1), critic(kind, dim_x=2)
    table = made.table(x[None], y[None])[0]
    for i in range(7):
        assert torch.allclose(table[i], alone(made, x[i : i + 1].expand(7, 2), y), atol=1e-5)


@kinds
def test_long_tables_are_those_of_short_ones(kind: type[Separable]) -> None:
    x, y, made = torch.randn(1, 150, 1), torch.randn(1, 150, 1), critic(kind)
    whole = made.table(x, y)
    assert whole.shape == (1, 150, 150)
    assert torch.allclose(whole[:, 100:, 100:], made.table(x[:, 100:], y[:, 100:]), atol=1e-5)


@kinds
@pytest.mark.parametrize(
    ("n", "group", "left"), [(2, 8, 2), (9, 8, 9), (16, 8, 16), (27, 8, 27), (29, 8, 27), (5, 2, 4)]
)
def test_rows_are_compared_with_the_others_of_their_group(kind: type[Separable], n: int, group: int, left: int) -> None:
    x, y, made = torch.randn(n, 1), torch.randn(n, 1), critic(kind)
    scores = made.scores(x, y, group)
    size = left // max(1, n // group)
    assert scores.marginal.shape == (left, size - 1)
    assert torch.allclose(scores.joint, alone(made, x, y)[:left], atol=1e-5)
    for i in range(left):
        others = [j for j in range(i // size * size, i // size * size + size) if j != i]
        expected = alone(made, x[i : i + 1].expand(len(others), 1), y[others])
        assert torch.allclose(scores.marginal[i], expected, atol=1e-5)


@kinds
def test_no_pair_is_scored_far_from_the_gaussian_part(kind: type[Separable]) -> None:
    made = critic(kind)
    before = kind(CriticShape((1, 1), [8], 3, 8), torch.tensor([0.7]), 1.0, torch.Generator().manual_seed(0))
    for weights in made.parameters():
        torch.nn.init.constant_(weights, 30.0)
    x, y = torch.randn(1, 20, 1), torch.randn(1, 20, 1)
    learned = made.table(x, y) - before.table(x, y)  # a new critic is the Gaussian part
    assert 9 < learned.abs().max() <= LARGEST + 1e-4


@kinds
def test_a_new_critic_is_that_of_the_gaussian_pair(kind: type[Separable]) -> None:
    made = kind(CriticShape((1, 1), [8], 3, 8), torch.tensor([0.7]), 1.0, torch.Generator().manual_seed(0))
    x, y = torch.randn(50, 1), torch.randn(50, 1)
    pair = torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.7], [0.7, 1.0]]))
    margin = torch.distributions.Normal(0.0, 1.0)
    ratio = pair.log_prob(torch.cat([x, y], 1)) - margin.log_prob(x)[:, 0] - margin.log_prob(y)[:, 0]
    assert torch.allclose(alone(made, x, y), ratio, atol=1e-5)


@pytest.mark.parametrize("clamp", [None, 0.5])
def test_log_means_reduce_the_table(clamp: float | None) -> None:
    x, y, made = torch.randn(9, 2), torch.randn(9, 1), critic(Separable, dim_x=2)
    if clamp is not None:
        made.clamp.fill_(clamp)
    with torch.no_grad():
        found = log_means(made, x, y, 100)
        table = made.table(x[None], y[None])[0].double().fill_diagonal_(-math.inf)
    if clamp is not None:
        table = torch.where(table > -math.inf, table.clamp(-clamp, clamp), table)
    assert torch.allclose(found.by_row, (table.exp().sum(1) / 8).log())
    assert torch.allclose(found.by_column, (table.exp().sum(0) / 8).log())
    assert torch.allclose(found.joint, alone(made, x, y).double())  # never clamped
    assert found.competing.sum().item() == pytest.approx(9)


def test_blocks_are_equal_and_never_of_one_row() -> None:
    for n, size in ((10, 4), (5, 2), (3, 2), (2, 100)):
        lengths = [len(x) for x, _ in equal_blocks(torch.zeros(n, 1), torch.zeros(n, 1), size)]
        assert sum(lengths) == n
        assert min(lengths) >= 2
        assert max(lengths) - min(lengths) <= 1


# --- What is reported ---------------------------------------------------------------------------------------------
def test_infonce_stays_under_its_cap_and_says_when_it_is_near() -> None:
    result = estimate(InfoNCE, pair(rho=0.999), pair(400, rho=0.999, seed=1), block=8, largest_block=8)
    assert result.mi <= result.diagnostics["cap"] == pytest.approx(math.log(8))
    assert any("near its cap of 2.08 nats" in warning for warning in result.warnings)
    of_short_training = ("The network learned nothing", "Training was cut by the limit of steps")
    said = estimate(InfoNCE, pair(), pair(400, seed=1)).warnings
    assert [sentence for sentence in said if not sentence.startswith(of_short_training)] == []


@pytest.mark.parametrize(("rho", "compared"), [(0.5, 8), (0.999, 100), (0.9999999, 400)])
def test_infonce_compares_more_rows_where_its_cap_is_near(rho: float, compared: int) -> None:
    result = estimate(InfoNCE, pair(rho=rho), pair(400, rho=rho, seed=1), block=8)
    assert result.diagnostics["compared_with"] == compared - 1
    assert result.mi <= result.diagnostics["cap"] <= math.log(400) + 1e-9


def test_a_row_that_carries_the_partition_is_warned_of() -> None:
    flat = torch.zeros(100).double()
    heavy = flat.clone()
    heavy[3] = 6.0
    means = LogMeans(flat, heavy, flat, flat + 1, flat + 100, flat + math.inf)
    assert "A single row carries 80 %" in heavy_row(means, 1.0)[0]
    assert heavy_row(means._replace(by_row=flat), 1.0) == []
    assert "does not average to 1" in unnormalised(means._replace(by_row=flat + 1), 1.0)[0]


def test_smile_warns_where_its_clamp_cuts() -> None:
    close = pair(rho=0.999, dim_x=3, dim_y=3), pair(400, rho=0.999, dim_x=3, dim_y=3, seed=1)
    few, more = (estimate(SMILE, *close, clamp=clamp) for clamp in (1.0, 20.0))
    assert few.mi > more.mi + 0.5  # of 3.1: a clamp of 1 lifts what is far below
    assert any("a 'clamp' above the present 1" in warning for warning in few.warnings)
    assert not any("'clamp'" in warning for warning in estimate(SMILE, pair(), pair(400, seed=1)).warnings)


def test_smile_clamps_where_pairs_end() -> None:
    """4.3 nats: scores of pairs, and with them the partition, lie beyond the published clamp."""
    found = estimate(SMILE, pair(20_000, rho=0.9999), pair(4_000, rho=0.9999, seed=1))
    assert found.mi == pytest.approx(4.26, abs=0.15)
    assert found.pointwise is not None
    scores = torch.from_numpy(found.pointwise) + found.diagnostics["log_partition"]
    assert found.diagnostics["clamp"] > 5
    assert float((scores < found.diagnostics["clamp"]).double().mean()) == pytest.approx(0.99, abs=0.01)
    assert estimate(SMILE, pair(), pair(400, seed=1)).diagnostics["clamp"] == 5.0


@every
def test_the_error_holds_what_training_left(cls: type[Any]) -> None:
    result = estimate(cls, folded(6_000), folded(2_000, seed=1), steps=30)
    parts, training = result.diagnostics["errors"], result.diagnostics["training"]
    assert (parts["unfinished"], parts["choice"]) == (training["unfinished"], training["choice_error"])
    assert parts["unfinished"] + parts["choice"] > 0
    assert result.std_error == pytest.approx(math.hypot(*parts.values()))


@every
def test_the_error_is_the_spread_over_samples(cls: type[Any]) -> None:
    model = cls(run=RUN, **SMALL).fit(*pair(4_000))
    found = [model.estimate(*pair(300, seed=i)) for i in range(1, 50)]
    spread = np.std([each.mi for each in found])
    assert np.mean([each.std_error for each in found]) == pytest.approx(spread, rel=0.4)


def test_the_constant_of_nwj_is_the_best_one() -> None:
    """Where the Gaussian start is far off, the partition is not 1 by itself; held-out rows make it so."""
    x, y = folded(4_000)
    model = NWJ(run=RUN, **{**SMALL, "steps": 200}).fit(x, y)
    before = model.estimate(*folded(8_000, seed=1))
    assert abs(before.diagnostics["log_partition"]) < 0.1
    model._fitted.trainable.module.constant += 0.5  # type: ignore[union-attr]
    assert model.estimate(*folded(8_000, seed=1)).mi < before.mi - 0.05


def test_directions_of_bounds_are_claimed_only_where_they_hold() -> None:
    assert {cls.name: cls.bound for cls in [*CRITICS, DoE]} == {
        "mine": "none", "infonce": "lower", "nwj": "lower", "smile": "none", "f-dime": "none", "doe": "none",
    }  # fmt: skip


# --- Training -----------------------------------------------------------------------------------------------------
@every
def test_fewer_rows_than_a_batch_and_very_few(cls: type[Any]) -> None:
    for rows in (20, 50):
        result = estimate(cls, pair(rows), pair(2, seed=1), batch=512)
        assert math.isfinite(result.mi)
    with pytest.raises(DataError, match="needs 20 rows"):
        cls(run=RUN).fit(*pair(19))
    with pytest.raises(DataError, match="compares rows"):
        estimate(cls, pair(100), pair(1))


def test_a_training_that_gains_nothing_ends_at_its_start() -> None:
    mine = MINE(run=RUN, width=8).fit(*pair(24_000))
    training = mine.estimate(*pair(seed=1)).diagnostics["training"]
    assert (training["stopped"], training["steps"], training["kept"]) == ("start", 500, 0)


def test_nothing_is_chosen_by_evaluation_rows() -> None:
    model = MINE(run=RUN, **SMALL).fit(*folded())
    before, _ = model.state()
    model.estimate(*folded(seed=1))
    after, _ = model.state()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert model.state()[1]["report"]["kept"] in {each["step"] for each in model.state()[1]["report"]["history"]}


@every
def test_the_same_seed_is_the_same_estimate_whatever_the_threads(cls: type[Any]) -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (
        estimate(cls, folded(500), folded(200, seed=1), Run(seed=s, threads=t)).mi for s, t in ((3, 1), (3, 4), (4, 1))
    )
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_threads_are_given_back_after_an_interrupt() -> None:
    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    threads, model = torch.get_num_threads(), MINE(run=replace(RUN, progress=interrupt), **SMALL)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*pair())
    assert torch.get_num_threads() == threads
    with pytest.raises(OptionError, match="not fitted"):
        model.estimate(*pair())


@every
def test_max_seconds_cuts_the_training_and_says_so(cls: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    run = Run(threads=1, max_seconds=40.0, progress=lambda _: time.pass_by(1.0))  # a second after every evaluation
    monkeypatch.setattr(neural, "train", partial(train, now=time))
    monkeypatch.setattr(neural, "time", SimpleNamespace(perf_counter=time))
    result = estimate(cls, folded(), folded(300, seed=1), run, steps=1_000_000, tolerance=0.0, gaussian_start=False)
    assert result.diagnostics["training"]["stopped"] == "max_seconds"
    assert 40.0 <= result.diagnostics["training"]["seconds"] <= 42.0
    assert any("time limit" in warning for warning in result.warnings)


@every
def test_progress_is_told(cls: type[Any]) -> None:
    heard: list[Progress] = []
    estimate(cls, pair(), pair(300, seed=1), replace(RUN, progress=heard.append))
    fractions = [event.fraction for event in heard]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.5 < fractions[-1] <= 1
    assert all(math.isfinite(event.mi or 0.0) for event in heard)


# --- State, refusals, contract ------------------------------------------------------------------------------------
@every
def test_saved_and_loaded_gives_the_same_bits(cls: type[Any], tmp_path: Path) -> None:
    new, model = folded(300, seed=1), cls(run=RUN, **SMALL).fit(*folded())
    storage.save(model, tmp_path / "model")
    before, after = model.estimate(*new), storage.load(tmp_path / "model").estimate(*new)
    assert (after.mi, after.std_error, after.diagnostics) == (before.mi, before.std_error, before.diagnostics)
    arrays, meta = model.state()
    changed = {key: 0.5 * value if key.startswith("net.") else value for key, value in arrays.items()}
    assert cls(run=RUN, **SMALL).restore(changed, meta).estimate(*new).mi != before.mi


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(OptionError, match=r"'cuda:1' cannot be used: .*--device cpu"):
        MINE(run=Run(device="cuda:1")).fit(*pair())
    assert device_of("auto").type == device_of("cpu").type == "cpu"


@pytest.mark.parametrize(
    ("cls", "option"),
    [
        (MINE, {"smoothing": 1.0}),
        (InfoNCE, {"temperature": 0.0}),
        (SMILE, {"clamp": -1.0}),
        (FDIME, {"divergence": "tv"}),
        (NWJ, {"critic": "bilinear"}),
        (DoE, {"density": "cauchy"}),
        (DoE, {"steps": 1}),
        (DoE, {"components": 0}),
    ],
)
def test_options_out_of_range_are_refused_by_name(cls: type[Any], option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(option))):
        cls(**option)


@every
def test_contract(cls: type[Any]) -> None:
    results = check_estimator(cls, options=SMALL)
    assert {result["status"] for result in results} == {"passed", "does not apply"}


def test_critics_have_log_ratios_but_for_a_constant_whose_error_is_theirs() -> None:
    train, (x, y) = pair(2_000), pair(500, seed=1)
    found = MINE(run=Run(seed=0, threads=1), steps=60).fit(*train).pointwise(x, y)
    estimate_again = MINE(run=Run(seed=0, threads=1), steps=60).fit(*train).estimate(x, y)
    np.testing.assert_allclose(found.values, estimate_again.pointwise)
    assert 0 < found.errors[0] < 0.1
    assert np.ptp(found.errors) == 0
    assert not has_ratio(InfoNCE)


# --- Scores of pairs --------------------------------------------------------------------------------------------------
def test_scores_are_of_every_x_with_every_y_and_the_log_ratio_on_the_diagonal() -> None:
    train, rows = pair(400), pair(60, seed=1)
    mine = MINE(run=RUN, steps=20).fit(*train)
    whole = mine.scores(rows[0][None], rows[1][None])[0]
    halves = mine.scores(rows[0].reshape(2, 30, -1), rows[1].reshape(2, 30, -1))
    assert np.allclose(halves[1], whole[30:, 30:], atol=1e-5)
    constant = np.diagonal(whole) - mine.pointwise(*rows).values
    assert np.allclose(constant, constant[0], atol=1e-4)


def test_without_scores_an_estimator_says_so() -> None:
    with pytest.raises(OptionError, match="'doe' has no scores of single pairs"):
        DoE(run=RUN).scores(np.zeros((1, 4, 1)), np.zeros((1, 4, 1)))
