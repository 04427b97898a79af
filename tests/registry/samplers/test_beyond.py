"""The suites of pairs beyond the 40 tasks: what they hold, and that importing them computes nothing."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import BEYOND, HELD_OUT

EVERY = [sampler for suite in (BEYOND, HELD_OUT) for own in suite.values() for sampler in own]


def test_there_are_as_many_as_it_says_each_with_a_name_of_its_own() -> None:
    assert sum(map(len, BEYOND.values())) == 26
    assert sum(map(len, HELD_OUT.values())) == 22
    assert len({sampler.name for sampler in EVERY}) == len(EVERY)


@pytest.mark.parametrize("sampler", EVERY, ids=lambda sampler: sampler.name)
def test_rows_have_the_declared_shape_follow_the_seed_and_travel(sampler: Sampler) -> None:
    x, y = sampler.sample(40, seed=3)
    assert (x.shape, y.shape) == ((40, sampler.dim_x), (40, sampler.dim_y))
    assert x.dtype == y.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    again = pickle.loads(pickle.dumps(sampler)).sample(40, seed=3)
    np.testing.assert_array_equal(again[0], x)
    np.testing.assert_array_equal(again[1], y)
    assert not np.array_equal(sampler.sample(40, seed=4)[0], x)


def test_listing_computes_no_truth() -> None:
    script = (
        "import mmg_registry.samplers.quadrature as q\n"
        "def fail(*_): raise AssertionError('a truth was computed')\n"
        "q.entropy = q.noisy_signal_mi = q.copula_mi = fail\n"
        "from mmg_registry.benchmark.tasks import find, suites\n"
        "tasks = suites()['beyond'] + suites()['beyond-held-out']\n"
        "print(len(tasks), sum(task.known_mi is None for task in tasks))\n"
        "try: find('beyond', 'chirp-5').true_mi\n"
        "except AssertionError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    many, unknown = done.stdout.splitlines()[0].split()
    assert int(many) == 48
    assert 20 < int(unknown) < 48
    assert done.stdout.splitlines()[1] == "a truth was computed"


def test_a_truth_is_computed_once() -> None:
    asked = []
    sampler = Sampler("s", 1, 1, lambda: asked.append(1) or 0.5, EVERY[0].draw)
    assert (sampler.true_mi, sampler.true_mi, len(asked)) == (0.5, 0.5, 1)
    assert sampler.mapped("twice", lambda x: 2 * x, lambda y: y).true_mi == 0.5
