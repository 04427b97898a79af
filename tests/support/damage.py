"""Damaged copies of a file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

DAMAGED = 300  # files of each format


def damaged(whole: bytes, seed: int) -> Iterator[bytes]:
    """Yield a third cut short, a third with one to four bits flipped, a third with a few bytes replaced."""
    random = np.random.default_rng(seed)
    for turn in range(DAMAGED):
        content = bytearray(whole)
        if turn % 3 == 0:
            yield bytes(content[: random.integers(0, len(content))])
            continue
        for _ in range(random.integers(1, 5)):
            place = random.integers(0, len(content))
            content[place] = content[place] ^ (1 << random.integers(0, 8)) if turn % 3 == 1 else random.integers(0, 256)
        yield bytes(content)
