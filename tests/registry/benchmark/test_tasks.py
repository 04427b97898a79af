"""Suites and tasks: the built-in ones, those of strangers, and what a seed draws."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import install

from mmg_registry import hooks
from mmg_registry.benchmark.tasks import Task, draw, find, select, suites
from mmg_registry.errors import OptionError, PluginError
from mmg_registry.samplers import Sampler, gaussian

MINE = """
from mmg_registry import hookimpl
from mmg_registry.benchmark.tasks import Task
from mmg_registry.samplers import gaussian
@hookimpl
def mmg_tasks():
    return [Task("{suite}", "easy", gaussian(2, 0.5)), Task("null", "normal", gaussian(2, 0.0))]
"""
RETURNING = "from mmg_registry import hookimpl\n@hookimpl\ndef mmg_tasks():\n    return {}\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    hooks.reset()
    yield tmp_path
    hooks.reset()


def add(site: Path, source: str, name: str = "stranger") -> None:
    sys.modules.pop(f"{name}_tasks", None)
    install(site, name, "2.0", {f"mmg.plugins/{name}": f"{name}_tasks"}, {f"{name}_tasks": source})


def test_the_built_in_suites_come_through_the_hook() -> None:
    found = suites()
    sizes = {"bmi": 40, "high-mi": 17, "null": 33, "discrete": 33, "mutinfo": 63, "beyond": 26, "beyond-held-out": 22}
    assert {name: len(found[name]) for name in sizes} == sizes
    families = {name: Counter(task.family for task in tasks) for name, tasks in found.items()}
    assert families["bmi"] == {
        "one-dimensional": 9, "embedding": 1, "multinormal": 9, "student": 6, "transformed": 15,
    }  # fmt: skip
    assert families["high-mi"] == {"plain": 7, "half-cubed": 5, "spiralled": 5}
    assert families["null"] == {
        "normal": 4, "heavy-tailed": 4, "skewed": 3, "count": 3, "zeros": 3, "category": 3, "binary": 3, "rounded": 3,
        "mixed": 2, "category and normal": 2, "binary and skewed": 1, "zeros and count": 1, "texts": 1,
    }  # fmt: skip
    assert set(families["mutinfo"].values()) == {9}
    assert families["discrete"]["quantised"] == families["discrete"]["count"] == 6


def test_a_stranger_adds_a_suite_and_tasks_to_another(site: Path) -> None:
    add(site, MINE.format(suite="mine"))
    assert [task.name for task in select(["mine"])] == ["gaussian-2-0.5"]
    assert find("null", "gaussian-2-0").family == "normal"
    assert len(select(["null"])) == 34
    assert len(select(["mine", "null", "mine"])) == 35


@pytest.mark.parametrize("returned", ["{}", "[3]", "None"])
def test_what_is_no_task_is_left_out_and_recorded(site: Path, returned: str) -> None:
    add(site, RETURNING.format(returned))
    assert len(select(["null"])) == 33
    assert "mmg_tasks returned" in str(hooks.failures()[0].error)
    assert "stranger" in str(hooks.failures()[0].error)


def test_what_is_no_task_raises_when_strictness_is_asked_for(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, RETURNING.format("[3]"))
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="no list of Task"):
        suites()


def test_two_tasks_of_one_name_are_refused_where_they_are_asked_for(site: Path) -> None:
    add(site, MINE.format(suite="mine"))
    add(site, MINE.format(suite="other"), name="rival")
    assert len(select(["mine"])) == 1
    with pytest.raises(
        PluginError, match=r"'gaussian-2-0' of the suite 'null' is declared by .*2\.0 and .*2\.0; rename"
    ):
        select(["null"])


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="no suite 'bmy'; the nearest is 'bmi'"):
        select(["bmy"])
    with pytest.raises(OptionError, match=r"No task of bmi fits '1v1-normal-0\.7'; the nearest is '1v1-normal-0\.75'"):
        select(["bmi"], ["1v1-normal-0.7"])
    with pytest.raises(OptionError, match="has no task 'x'"):
        find("null", "x")


def test_globs_select_in_the_suites_order() -> None:
    assert [task.name for task in select(["bmi"], ["student-identity-1*", "1v1-n*"])] == [
        "1v1-normal-0.75",
        "student-identity-1-1-1",
    ]


@pytest.mark.parametrize("truth", [math.nan, math.inf, -0.1])
def test_a_task_needs_a_true_value(truth: float) -> None:
    with pytest.raises(OptionError, match="as its true MI"):
        Task("s", "f", Sampler("t", 1, 1, truth, lambda rng, n: (rng.random((n, 1)), rng.random((n, 1)))))


def test_a_computed_truth_is_checked_when_it_is_asked_for() -> None:
    task = Task("s", "f", Sampler("t", 1, 1, lambda: math.nan, gaussian(1, 0.5).draw))
    assert task.known_mi is None
    with pytest.raises(OptionError, match="'t' has nan as its true MI"):
        _ = task.true_mi
    assert Task("s", "f", gaussian(1, 0.5)).known_mi == 0.5


def test_a_seed_draws_new_training_rows_evaluation_rows_and_training_seed() -> None:
    task = Task("s", "f", gaussian(2, 0.5))
    one, again, other = draw(task, 50, 20, 3), draw(task, 50, 20, 3), draw(task, 50, 20, 4)
    assert (one.train[0].shape, one.evaluation[1].shape) == ((50, 2), (20, 2))
    np.testing.assert_array_equal(one.train[1], again.train[1])
    np.testing.assert_array_equal(one.evaluation[0], again.evaluation[0])
    assert one.training_seed == again.training_seed != other.training_seed
    assert 0 <= one.training_seed < 2**31
    everything = np.concatenate([*one.train, *other.train, *one.evaluation, *other.evaluation])
    assert len(np.unique(everything)) == everything.size


def test_rows_do_not_depend_on_the_suite_but_on_the_task() -> None:
    base = gaussian(1, 0.5)
    np.testing.assert_array_equal(
        draw(Task("a", "f", base), 9, 9, 0).train[0], draw(Task("b", "g", base), 9, 9, 0).train[0]
    )
    half_cubed, plain = find("bmi", "half_cube-1v1-normal-0.75"), find("bmi", "1v1-normal-0.75")
    assert draw(half_cubed, 9, 9, 0).training_seed != draw(plain, 9, 9, 0).training_seed
