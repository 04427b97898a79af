"""The GPU that is measured, and its clock: medians of device time, in one process, on one card."""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from mmg_registry.core import selfcheck

REPEATS = 20


def refusal(device: str) -> str:
    """Return a sentence on why nothing can be measured, or "" where it can.

    Example:
        >>> import unittest.mock
        >>> with unittest.mock.patch(f"{__name__}.selfcheck.refusal", return_value="there is no GPU"):
        ...     refusal("cuda:0")
        'This benchmark measures a GPU, and there is none to use: there is no GPU.'
    """
    reason = selfcheck.refusal(device)
    return f"This benchmark measures a GPU, and there is none to use: {reason}." if reason else ""


def refused(device: str) -> bool:
    """Print the refusal if there is one, and return whether there is."""
    sentence = refusal(device)
    if sentence:
        print(sentence, file=sys.stderr)
    return bool(sentence)


def seconds(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median device time of `run` in seconds, after two runs that warm up."""
    run(), run()
    return median(_once(run) for _ in range(repeats))


def _once(run: Callable[[], object]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1000


def card(device: str) -> dict[str, Any]:
    """Return the card, driver and versions that were measured."""
    facts = torch.cuda.get_device_properties(device)
    return {
        "name": facts.name,
        "capability": f"{facts.major}.{facts.minor}",
        "multiprocessors": facts.multi_processor_count,
        "memory_bytes": facts.total_memory,
        "cuda": torch.version.cuda,
    }
