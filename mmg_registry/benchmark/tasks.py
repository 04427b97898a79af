"""Tasks with known mutual information, gathered into suites from all distributions that implement the hook `mmg_tasks`.

Example (a distribution names this module under the entry-point group `mmg.plugins`):
    >>> from mmg_registry import hookimpl
    >>> from mmg_registry.samplers import gaussian
    >>> @hookimpl
    ... def mmg_tasks():
    ...     return [Task("mine", "easy", gaussian(dim=2, mi=0.5))]
    >>> mmg_tasks()[0].name
    'gaussian-2-0.5'
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from mmg_registry import hooks
from mmg_registry.errors import OptionError, PluginError
from mmg_registry.limits import checked
from mmg_registry.names import nearest
from mmg_registry.samplers import Sampler, Samples


@dataclass(frozen=True)
class Task:
    """A pair of variables with a known information, as part of a suite.

    Attributes:
        suite: the suite it belongs to; a new name makes a new suite.
        family: name of its group of similar tasks in the suite; bias is reported by family.
        sampler: draws its rows, and knows the true information in nats.

    Raises:
        OptionError: for a true value that is negative or not finite; one that has to be computed is checked when it is.
    """

    suite: str
    family: str
    sampler: Sampler

    def __post_init__(self) -> None:
        if self.known_mi is not None:
            self._demand_possible(self.known_mi)

    @property
    def name(self) -> str:
        """Return the published id."""
        return self.sampler.name

    @property
    def known_mi(self) -> float | None:
        """Return I(X; Y) in nats where it is known without computing; None where it takes a quadrature first."""
        return None if callable(self.sampler.truth) else self.sampler.truth

    @property
    def true_mi(self) -> float:
        """Return I(X; Y) in nats.

        Raises:
            OptionError: for a computed value that is negative or not finite.
        """
        self._demand_possible(self.sampler.true_mi)
        return self.sampler.true_mi

    def _demand_possible(self, mi: float) -> None:
        if not (math.isfinite(mi) and mi >= 0):
            raise OptionError(f"The task '{self.name}' has {mi} as its true MI; it must be finite, 0 or more.")


class Draw(NamedTuple):
    """The draws of one seed from a task: rows to train on, other rows to evaluate on, and a seed for the training."""

    train: Samples
    evaluation: Samples
    training_seed: int


def draw(task: Task, n_train: int, n_eval: int, seed: int) -> Draw:
    """Draw the rows of `seed`: the same for all plugins and suites, independent between tasks, seeds and both parts.

    Raises:
        OptionError: for sizes out of range, see `mmg_registry.limits`.

    Example:
        >>> from mmg_registry.samplers import gaussian
        >>> found = draw(Task("mine", "easy", gaussian(2, 0.5)), n_train=8, n_eval=4, seed=0)
        >>> found.train[0].shape, found.evaluation[1].shape
        ((8, 2), (4, 2))
    """
    name = int.from_bytes(hashlib.sha256(task.name.encode()).digest()[:8], "big")
    train, evaluation, training = np.random.SeedSequence([name, seed]).generate_state(3, np.uint64)
    return Draw(_rows(task, n_train, int(train)), _rows(task, n_eval, int(evaluation)), int(training >> np.uint64(33)))


def _rows(task: Task, n: int, seed: int) -> Samples:
    """Draw `n` rows from a hash of 64 bits, twice the seeds that `Sampler.sample` takes."""
    return task.sampler.draw(np.random.default_rng(seed), checked("rows", n))


def suites() -> dict[str, list[Task]]:
    """Return all tasks by suite, in the order in which they were declared; unusable ones go to `hooks.failures()`.

    Raises:
        PluginError: for the first unusable task, when `MMG_STRICT_PLUGINS` is set.
    """
    found: dict[str, list[Task]] = {}
    for _, task in _offered():
        found.setdefault(task.suite, []).append(task)
    return found


def select(names: Sequence[str], globs: Sequence[str] = ()) -> list[Task]:
    """Return the tasks of the suites `names`; with `globs`, only those whose name matches one of the patterns.

    Raises:
        OptionError: for an unknown suite (the nearest is named), or a pattern that no task matches.
        PluginError: when two tasks of these suites share one name.

    Example:
        >>> [task.name for task in select(["bmi"], ["1v1-additive-*"])]
        ['1v1-additive-0.1', '1v1-additive-0.75']
    """
    known = suites()
    for name in names:
        if name not in known:
            raise OptionError(f"There is no suite '{name}'; {nearest(name, known)}.")
    _refuse_clashes(names)
    tasks = [task for name in dict.fromkeys(names) for task in known[name]]
    for glob in globs:
        if not any(fnmatchcase(task.name, glob) for task in tasks):
            raise OptionError(f"No task of {', '.join(names)} fits '{glob}'; {nearest(glob, [t.name for t in tasks])}.")
    return [task for task in tasks if not globs or any(fnmatchcase(task.name, glob) for glob in globs)]


def find(suite: str, name: str) -> Task:
    """Return one task by suite and name.

    Raises:
        OptionError: when there is no such task; the nearest is named.
    """
    tasks = {task.name: task for task in select([suite])}
    if name not in tasks:
        raise OptionError(f"The suite '{suite}' has no task '{name}'; {nearest(name, tasks)}.")
    return tasks[name]


def _offered() -> list[tuple[str, Task]]:
    """Return every offered task with the name of its source, in the order of declaration."""
    offers = []
    for source, offered in reversed(hooks.call_each("mmg_tasks")):  # pluggy calls the last registered first
        wrong = [each for each in offered if not isinstance(each, Task)] if isinstance(offered, list) else [offered]
        if wrong:
            hooks.reject(source, TypeError(f"mmg_tasks returned {wrong[0]!r}, which is no list of Task"))
        else:
            offers += [(str(source), task) for task in offered]
    return offers


def _refuse_clashes(names: Sequence[str]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for source, task in _offered():
        rival = owners.get((task.suite, task.name))
        if rival is not None and task.suite in names:
            by = f"{rival} and {source}" if rival != source else f"{source}, twice"
            raise PluginError(
                f"The task '{task.name}' of the suite '{task.suite}' is declared by {by}; rename or uninstall one."
            )
        owners[task.suite, task.name] = source
