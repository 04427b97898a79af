"""Ctrl-C and other threads while the core works."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest
from places import SUPPORT
from problems import ISAS, make_problem

from mmg_registry.core import TrainPlan

pytestmark = pytest.mark.skipif(not ISAS, reason="the compiled core is not built")

# Says "ready" before each long call and what ended it after; goes on when a line arrives.
SCRIPT = """
import sys
from dataclasses import replace

import torch

sys.path.insert(0, {here!r})
from problems import make_problem
from mmg_registry.core import TrainPlan

problem = make_problem(5, 5, 64, 2, n=20_000)
plan = TrainPlan(batch=512, hold_until=10**9, total=10**9)
state, _ = problem.train(plan, 1)

def attempt(name, call):
    print("ready", flush=True)
    try:
        call()
        print(name, "ended", flush=True)
    except KeyboardInterrupt:
        print(name, "interrupted", flush=True)
    sys.stdin.readline()

attempt("train", lambda: problem.train(plan, 10**6, state, threads=2))
before = state[0].clone()
_, losses = problem.train(plan, 3, state, first_step=1)
print("moved", bool((before != problem.weights).any() and (before != state[0]).any() and losses.all()), flush=True)
attempt("gap", lambda: problem.gap(repeats=10_000, threads=2))
print("rows", problem.gap(repeats=1)[1].shape[0], flush=True)
before = [tensor.clone() for tensor in state]
attempt("step", lambda: problem.train(replace(plan, batch=2**23), 1, state, first_step=4))
print("untouched", all(map(torch.equal, state, before)), flush=True)
attempt("grad", lambda: problem.grad(batch=2**23, threads=2))
"""


class Conversation:
    """A running script, its lines and a Ctrl-C."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def interrupt(self) -> tuple[str, float]:
        """What the script says to a SIGINT in the middle of a call, and after how many seconds."""
        assert self.hear() == "ready"
        time.sleep(0.4)
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        said = self.hear()
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return said, time.monotonic() - start


@pytest.fixture
def script() -> Iterator[Conversation]:
    code = textwrap.dedent(SCRIPT).format(here=str(SUPPORT))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:  # type: ignore[call-overload]
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        yield Conversation(process)
        watchdog.cancel()
        process.kill()


def test_ctrl_c_stops_within_a_second_and_the_process_goes_on(script: Conversation) -> None:
    for name, then in (
        ("train", "moved True"),  # the state holds the steps done, and more can follow
        ("gap", "rows 20000"),  # 10,000 repeats of one row tile are a long time without a pause
        ("step", "untouched True"),  # so is one step of eight million rows, which must not be half done
        ("grad", ""),
    ):
        said, seconds = script.interrupt()
        assert said == f"{name} interrupted"
        assert seconds < 1.0
        assert script.hear() == then
    assert script.process.wait(10) == 0


@pytest.mark.parametrize("op", ["train", "gap"])
def test_other_python_threads_run_meanwhile(op: str) -> None:
    problem = make_problem(5, 5, 64, 2, n=2_000)
    plan = TrainPlan(batch=512, hold_until=1000, total=1000)
    ticks, stop = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(0.001):
            ticks += 1

    other = threading.Thread(target=tick)
    other.start()
    before, start = ticks, time.monotonic()
    if op == "train":
        problem.train(plan, 100)
    else:
        problem.gap(repeats=60)
    during, seconds = ticks - before, time.monotonic() - start
    stop.set()
    other.join()
    assert during > 20 * seconds  # a held lock would give a handful before and after
    assert during >= 3
