"""Cores are counted as this process may use them; PyTorch's threads are changed for a block only."""

from __future__ import annotations

import errno
import os
from threading import Thread

import numpy as np
import pytest
import torch
from forked import python

import mmg_registry as mmg
from mmg_registry import threads
from mmg_registry.errors import MMGError
from mmg_registry.threads import default_threads, torch_threads, usable_cores

ON_ONE_CORE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import mmg_registry as mmg
from mmg_registry.provenance import machine
from mmg_registry.request import BoundRequest, Request, run_of
found = [mmg.load_plugin("gaussian")().run.threads, run_of(Request()).threads, run_of(BoundRequest()).threads]
print(found, machine()["cores"])
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process to a core")
def test_every_default_counts_the_cores_of_the_process() -> None:
    done = python("-c", ON_ONE_CORE)
    assert done.stdout.strip() == "[1, 1, 1] 1", done.stderr


def test_jobs_share_the_cores_and_no_run_has_more_threads_than_a_plugin_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_threads() == usable_cores()
    monkeypatch.setattr(threads, "usable_cores", lambda: 6)
    assert [default_threads(jobs) for jobs in (1, 4, 9)] == [6, 1, 1]
    monkeypatch.setattr(threads, "usable_cores", lambda: 4096)
    assert default_threads() == 1024


def test_the_number_is_that_asked_for_and_then_that_of_before() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_none_leaves_it_as_it_is() -> None:
    before = torch.get_num_threads()
    with torch_threads(None):
        assert torch.get_num_threads() == before


def test_an_error_in_the_block_puts_it_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="no"), torch_threads(before + 1):
        raise ValueError("no")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("columns", [1, 40])  # neighbours from trees, and from all distances
def test_threads_that_the_system_refuses_are_one_sentence(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    rows = np.random.default_rng(0).standard_normal((200, 2 * columns))
    monkeypatch.setattr(Thread, "start", refuse)
    with pytest.raises(MMGError) as caught:
        mmg.estimate(rows[:, :columns], rows[:, columns:], plugin="ksg", threads=4, seed=0)
    assert str(caught.value) == f"The estimator 'ksg' {threads.NO_THREADS}."


def test_other_errors_are_not_taken_for_refused_threads() -> None:
    assert not threads.refused_threads(RuntimeError("shape mismatch"))
    assert not threads.refused_threads(OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
