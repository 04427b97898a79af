"""Ctrl-C and other threads while the core works."""

from __future__ import annotations

import errno
import os
import sys

import pytest
from events import interrupt
from forked import python
from places import SUPPORT
from problems import ISAS, make_problem

from mmg_registry.core import TrainPlan

pytestmark = pytest.mark.skipif(not ISAS, reason="the compiled core is not built")

# Interrupts calls that would take hours, and says what is left of each.
SCRIPT = """
import sys
from dataclasses import replace

import torch

sys.path.insert(0, sys.argv[1])
from events import interrupt
from problems import make_problem
from mmg_registry.core import TrainPlan

problem = make_problem(5, 5, 64, 2, n=20_000)
plan = TrainPlan(batch=512, hold_until=10**9, total=10**9)
state, _ = problem.train(plan, 1)

interrupt(lambda: problem.train(plan, 10**7, state, threads=2))
before = state[0].clone()
_, losses = problem.train(plan, 3, state, first_step=1)
print("moved", bool((before != problem.weights).any() and (before != state[0]).any() and losses.all()))
interrupt(lambda: problem.gap(repeats=100_000, threads=2))
print("rows", problem.gap(repeats=1)[1].shape[0])
wide = make_problem(5, 5, 512, 16, n=2_000)
state, _ = wide.train(plan, 1)
before = [tensor.clone() for tensor in state]
interrupt(lambda: wide.train(replace(plan, batch=2**23), 1, state, first_step=1))
print("untouched", all(map(torch.equal, state, before)))
interrupt(lambda: wide.grad(batch=2**23, threads=2))
print("all", True)
"""


def test_ctrl_c_ends_calls_that_would_take_hours_and_the_process_goes_on() -> None:
    done = python("-c", SCRIPT, str(SUPPORT))
    assert done.returncode == 0, done.stderr
    said = dict(line.split() for line in done.stdout.splitlines())
    assert said == {
        "moved": "True",  # the state holds the steps done, and more can follow
        "rows": "20000",
        "untouched": "True",  # one step of eight million rows must not be half done
        "all": "True",
    }


@pytest.mark.parametrize("op", ["train", "gap"])
def test_other_python_threads_run_meanwhile(op: str) -> None:
    """Another thread ends the call when it has run a hundred times; with a held lock it would run once or twice."""
    problem = make_problem(5, 5, 64, 2, n=2_000)
    plan = TrainPlan(batch=512, hold_until=10**5, total=10**5)
    ticks = iter(range(100))
    calls = {"train": lambda: problem.train(plan, 10**4), "gap": lambda: problem.gap(repeats=6_000)}
    interrupt(calls[op], when=lambda: next(ticks, None) is None)


# Leaves room for the stacks of a few threads, asks for many, and goes on with two.
CROWDED = r"""
import re
import resource
import sys

sys.path.insert(0, sys.argv[1])
from problems import make_problem

problem = make_problem(5, 5, 64, 2, n=2_000)
before = problem.gap(repeats=1, threads=2)[1]
status = open("/proc/self/status").read()
now = int(re.search(r"VmSize:\s+(\d+)", status)[1]) * 1024
stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
stack = stack if 0 < stack < 2**40 else 2**23
resource.setrlimit(resource.RLIMIT_AS, (now + 8 * stack, resource.RLIM_INFINITY))
try:
    problem.gap(repeats=1, threads=1_000)
except RuntimeError as error:
    print("refused:", error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("same:", bool((problem.gap(repeats=1, threads=2)[1] == before).all()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited on Linux alone")
def test_threads_that_cannot_be_made_are_an_error_and_no_hang() -> None:
    done = python("-c", CROWDED, str(SUPPORT))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"refused: {os.strerror(errno.EAGAIN)}", "same: True"]
