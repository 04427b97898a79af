"""Made-up images for tests of the MNIST suite, and the files that hold them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def blobs(n: int = 200, height: int = 8, width: int = 6, seed: int = 0) -> NDArray[np.uint8]:
    """`(n, height, width)` bright spots anywhere on black, as bytes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    at = rng.random((2, n, 1, 1)) * [[[[height]]], [[[width]]]]
    return (255 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 4)).astype(np.uint8)


def unit(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes as the reader gives them: float32 between 0 and 1."""
    return images.astype(np.float32) / np.float32(255)


def idx_bytes(images: NDArray[np.uint8]) -> bytes:
    """LeCun's format: two zeros, the type, the number of dimensions, big-endian sizes, the bytes."""
    return struct.pack(f">HBB{images.ndim}I", 0, 8, images.ndim, *images.shape) + images.tobytes()


def write_idx(path: Path, images: NDArray[np.uint8], compressed: bool = False) -> Path:
    content = idx_bytes(images)
    path.write_bytes(gzip.compress(content) if compressed else content)
    return path
