"""Challengers: what each finds, what it says nothing of, and that a bound on other rows is one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmg_plugins.baselines.ksg import KSG
from mmg_plugins.mmg.challengers import (
    NOTHING,
    WORDS,
    Heard,
    Question,
    columns,
    copula,
    critic,
    hear,
    neighbours,
    norms,
)
from mmg_plugins.mmg.challengers.contract import Given, on_other_rows
from mmg_plugins.mmg.challengers.screen import dependent_columns, expanded, scores
from mmg_plugins.mmg.parts.coordinates import StandardCoordinates
from mmg_registry.contracts import Estimator, Run

TRUTH = -0.5 * math.log(1 - 0.64)


def question(given: Given, device: str = "cpu") -> Question:
    """Ask about rows as they are."""
    x, y = (torch.tensor(side, dtype=torch.float32) for side in given)
    coordinates = StandardCoordinates(np.zeros(2), np.ones(2), 1)
    return Question(given, (x, y), coordinates, Run(seed=0, threads=1, device=device))


def line(n: int, seed: int = 0, columns: int = 1) -> Given:
    """Return normal columns, the first of each side with correlation .8 and all others independent."""
    x, y = np.random.default_rng(seed).standard_normal((2, n, columns))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    return x, y


def folded(n: int, dims: int, seed: int = 0) -> Given:
    """Return y3 = x1^2 and noise, among independent columns."""
    x, y = np.random.default_rng(seed).standard_normal((2, n, dims))
    y[:, 3] = x[:, 1] ** 2 + 0.3 * y[:, 3]
    return x, y


SOME = (norms.CHALLENGER, copula.CHALLENGER, neighbours.CHALLENGER, critic.asking(300))


def test_every_challenger_has_words() -> None:
    assert [*(each.name for each in SOME), columns.NAME] == list(WORDS)


def test_all_are_heard_by_name() -> None:
    said = hear(SOME, question(line(1_000)))
    assert list(said) == [each.name for each in SOME]
    assert said["neighbours"].value == pytest.approx(TRUTH, abs=0.1)
    assert said["critic"].least < TRUTH


# --- copula ---------------------------------------------------------------------------------------------------------
def heavy(n: int, dims: int, degrees: float, seed: int = 0) -> Given:
    """Return uncorrelated columns with a scale in common: x and y of Student's law."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 2 * dims)) / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees)
    return rows[:, :dims], rows[:, dims:]


def information(dims: int, degrees: float) -> float:
    """The information of `heavy`, from its density ratio on many rows."""
    x, y = heavy(100_000, dims, degrees, seed=9)
    joint, one = copula.Student(degrees, np.eye(2 * dims)), slice(dims)
    both = joint.constant(slice(None)) + joint.falls((x**2).sum(1) + (y**2).sum(1), 2 * dims)
    apart = 2 * joint.constant(one) + joint.falls((x**2).sum(1), dims) + joint.falls((y**2).sum(1), dims)
    return float(np.mean(both - apart))


@pytest.mark.parametrize(("dims", "degrees"), [(1, 1.0), (3, 2.5)])
def test_a_copula_finds_what_a_scale_in_common_tells(dims: int, degrees: float) -> None:
    said = copula.ask(question(heavy(1_000, dims, degrees)))
    assert said.value == pytest.approx(information(dims, degrees), abs=3 * said.sampling)
    assert 0.01 < said.sampling < 0.05


def test_a_copula_finds_correlations_in_any_margins() -> None:
    x, y = line(1_000, columns=2)
    said = copula.ask(question((np.exp(x), y**3)))
    assert said.value == pytest.approx(TRUTH, abs=3 * said.sampling)


def test_a_copula_finds_nothing_in_independent_columns() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 500, 3))
    assert copula.ask(question((x, y))).least < 0.01


def test_the_table_of_ratios_has_each_pair_of_rows() -> None:
    law = copula.Student(3.0, np.array([[1, 0.2, 0.4], [0.2, 1, 0.1], [0.4, 0.1, 1]]))
    rows = np.random.default_rng(0).standard_normal((4, 3))
    both = np.hstack([np.repeat(rows[:, :2], 4, 0), np.tile(rows[:, 2:], (4, 1))])
    parts = [
        law.constant(own) + law.falls(copula.squares(both[:, own], law.scatter[own, own]), width)
        for own, width in ((slice(None), 3), (slice(2), 2), (slice(2, None), 1))
    ]
    np.testing.assert_allclose(copula.ratios(law, rows, 2).ravel(), parts[0] - parts[1] - parts[2], rtol=1e-10)


@pytest.mark.parametrize("case", ["few rows", "many columns", "labels", "groups"])
def test_a_copula_says_nothing_where_it_cannot_tell(case: str) -> None:
    x, y = line(50 if case == "few rows" else 300, columns=11 if case == "many columns" else 1)
    asked = question((x, np.round(y) if case == "labels" else y))
    assert copula.ask(replace(asked, groups=np.arange(300) // 2) if case == "groups" else asked) == NOTHING


# --- neighbours -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("case", ["many columns", "copies", "few rows"])
def test_neighbours_say_nothing_where_they_cannot_tell(case: str) -> None:
    x, y = line(300, columns=11 if case == "many columns" else 1)
    if case == "copies":
        x, y = np.repeat(x[:30], 10, 0), np.repeat(y[:30], 10, 0)
    if case == "few rows":
        x, y = x[:3], y[:3]
    assert neighbours.ask(question((x, y))) == NOTHING


def test_neighbours_work_on_the_cpu_whatever_the_network_does() -> None:
    said = neighbours.ask(question(line(1_000), device="cuda"))
    assert said.value == pytest.approx(TRUTH, abs=4 * said.sampling)


def test_neighbours_doubt_themselves_where_half_of_the_rows_find_less() -> None:
    near, far = line(2_000), line(2_000, columns=8)
    assert [side.shape for side in far] == [(2_000, 8)] * 2
    assert neighbours.ask(question(near)).error < 0.1 < neighbours.ask(question(far)).error


# --- critic, and what is found on other rows ------------------------------------------------------------------------
def test_a_critic_says_nothing_of_few_rows() -> None:
    assert critic.asking().ask(question(line(200))) == NOTHING


def test_a_fit_is_judged_on_rows_it_has_not_seen() -> None:
    sizes: list[tuple[str, int]] = []

    class Told(KSG):
        def fit(self, x: np.ndarray, y: np.ndarray) -> Told:
            sizes.append(("fit", len(x)))
            super().fit(x, y)
            return self

        def estimate(self, x: np.ndarray, y: np.ndarray) -> object:
            sizes.append(("estimate", len(x)))
            return super().estimate(x, y)

    said = on_other_rows(lambda: Told(run=Run(threads=1)), question(line(400)))
    assert sizes == [("fit", 300), ("estimate", 100), ("estimate", 300)]
    assert said.error >= said.sampling > 0


def test_rows_of_a_group_stay_together_and_neighbours_say_nothing_of_them() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 100, 1))
    copies = question((np.repeat(x, 10, 0), np.repeat(y, 10, 0)))
    grouped = replace(copies, groups=np.repeat(np.arange(100), 10))
    asked = critic.asking(1_000)
    assert asked.ask(copies).least > 0.5  # what the copies tell
    assert asked.ask(grouped).least <= 0
    assert neighbours.ask(grouped) == NOTHING


# --- screen and columns ---------------------------------------------------------------------------------------------
def test_scores_of_independent_columns_are_chi_squared() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 1_000, 20))
    found = scores(expanded(x), expanded(y))
    assert found.shape == (20, 20)
    assert found.mean() == pytest.approx(64, rel=0.05)
    assert found.var() == pytest.approx(128, rel=0.3)


@pytest.mark.parametrize("shape", ["line", "square", "waves", "class"])
def test_the_screen_finds_the_dependent_pair(shape: str) -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 3_000, 12))
    u = x[:, 5]
    y[:, 2] += {"line": u, "square": u**2, "waves": 2 * np.sin(3 * u), "class": 2.0 * (u > 0)}[shape]
    assert [found.tolist() for found in dependent_columns(x, y, seed=0)] == [[5], [2]]


def test_the_screen_of_independent_columns_is_mostly_empty() -> None:
    draws = [np.random.default_rng(seed).standard_normal((2, 500, 8)) for seed in range(20)]
    assert sum(bool(len(dependent_columns(x, y, seed=0)[0])) for x, y in draws) <= 9


def test_few_columns_of_many_are_asked_about() -> None:
    asked: list[tuple[int, int]] = []

    class Told(KSG):
        def fit(self, x: np.ndarray, y: np.ndarray) -> Told:
            asked.append((x.shape[1], y.shape[1]))
            super().fit(x, y)
            return self

    def fresh(run: Run) -> Estimator:
        return Told(run=run)

    said = columns.asking(fresh).ask(question(folded(1_500, 10)))
    assert asked == [(1, 1)]
    assert said.value > 0.5
    for other in (folded(1_500, 4)[0][:, :2], np.random.default_rng(1).standard_normal((300, 2))):
        assert columns.asking(fresh).ask(question((other, other))) == NOTHING
    assert isinstance(said, Heard)
