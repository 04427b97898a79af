"""The memory of the machine and of this process."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mmg_registry import memory


@pytest.mark.skipif("SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}), reason="no sysconf to compare with")
def test_the_total_is_what_the_system_counts() -> None:
    counted = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert memory.total() == pytest.approx(counted, rel=0.02)


def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    held = np.ones((memory.peak() + 2**25) // 8)  # by itself more than the process has held so far
    size = held.nbytes
    del held
    assert size <= memory.peak() < memory.total()
