"""Images from files in MNIST's idx format (also gzipped) or npz, or scikit-learn's digits. Nothing is downloaded."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F32
from mmg_registry.errors import DataError, OptionError

GZIP, ZIP = b"\x1f\x8b", b"PK"
# The names of the images in archives of MNIST, the training part first; Keras uses x_train and x_test.
KNOWN = (("train_images", "test_images"), ("x_train", "x_test"), ("images",))


def read_images(path: str | Path) -> F32:
    """Read all images of a file, as `(n, height, width)` float32 between 0 (the black background) and 1.

    The format is recognised from the content of the file, not from its name: idx (LeCun's format, magic 0x00000803) of
    unsigned bytes, gzipped idx, or npz. Of an npz file, the arrays `train_images` and `test_images` (or `x_train` and
    `x_test`, or `images`) are concatenated; without those names, its only three-dimensional array is used. Integers
    are read as 0 to 255 and divided by 255; other numbers are used as they are.

    Raises:
        DataError: when the file is missing, damaged or has other content; the message names the file and the problem.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "digits-idx3-ubyte"
        >>> _ = file.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51, 0]))
        >>> read_images(file).round(1).tolist()
        [[[0.0, 1.0], [0.20000000298023224, 0.0]]]
    """
    try:
        return _scaled(_read(Path(path)))
    except DataError as error:
        raise DataError(f"{path} cannot be used: {error}.") from error.__cause__
    except FileNotFoundError:
        raise DataError(f"There is no file {path}; it must be there already, for nothing is downloaded.") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = re.sub(r"\s+", " ", getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise DataError(f"{path} cannot be read: it is damaged, truncated or not readable ({reason}).") from error


def digits() -> F32:
    """Return scikit-learn's 1,797 digits, `(1797, 8, 8)` float32 from 0 to 1, for use without a file of images.

    Raises:
        OptionError: when scikit-learn is not installed.

    Example:
        >>> digits().shape
        (1797, 8, 8)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise OptionError(
            "The digits come with scikit-learn, which is not installed: pip install 'mmg-registry[digits]' brings it, "
            "or give a file of images."
        ) from error
    found: F32 = np.float32(1 / 16) * load_digits().images.astype(np.float32)
    return found


def sha256(images: F32) -> str:
    """Return the SHA-256, in hex, by which results identify a set of images `(n, height, width)`.

    Example:
        >>> len(sha256(np.zeros((1, 2, 2), np.float32)))
        64
    """
    digest = hashlib.sha256(str(images.shape).encode())
    digest.update(np.ascontiguousarray(images, "<f4").data)
    return digest.hexdigest()


def _read(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == ZIP:
        with np.load(path, allow_pickle=False) as archive:
            return _from_archive(archive)
    content = path.read_bytes()
    return _from_idx(gzip.decompress(content) if head[:2] == GZIP else content)


def _from_idx(content: bytes) -> NDArray[np.uint8]:
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError("it is neither an idx nor an npz file (its first bytes are those of neither)")
    kind, n_dims = content[2], content[3]
    if kind != 8 or n_dims != 3:
        raise DataError(
            f"its idx header (type 0x{kind:02x}, {n_dims} dimensions) is not that of images, which are "
            "unsigned bytes (0x08) in 3 dimensions; a file of labels has 1"
        )
    start = 4 + 4 * n_dims
    if len(content) < start:
        raise DataError("it ends inside its header")
    shape = tuple(np.frombuffer(content[4:start], ">u4").astype(int).tolist())
    if len(content) - start != math.prod(shape):
        raise DataError(
            f"it holds {len(content) - start} bytes of pixels where its header promises "
            f"{' x '.join(map(str, shape))} = {math.prod(shape)}; it is truncated or damaged"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _from_archive(archive: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    names = list(archive)
    for known in KNOWN:
        if known[0] in names:
            return _pooled({name: _loaded(archive, name) for name in known if name in names})
    arrays = {name: _loaded(archive, name) for name in names}
    found = {name: array for name, array in arrays.items() if array.ndim == 3}
    if len(found) != 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
        which = "no array of images (n, height, width)" if not found else "several arrays that may be the images"
        raise DataError(f"it has {which}, but {shapes}; call them train_images and test_images")
    return next(iter(found.values()))


def _loaded(archive: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    try:
        return archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(
            f"'{name}' is an array of pickled objects, which is never loaded because it could run code"
        ) from error


def _pooled(parts: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Concatenate the training and test images into one set; the seed decides later which images serve for what."""
    for name, part in parts.items():
        if part.ndim != 3:
            raise DataError(f"'{name}' has shape {part.shape}; images are (n, height, width)")
    if len({part.shape[1:] for part in parts.values()}) > 1:
        raise DataError(f"its images differ in size: {', '.join(f'{n} {p.shape}' for n, p in parts.items())}")
    return np.concatenate(list(parts.values()))


def _scaled(images: NDArray[Any]) -> F32:
    if images.dtype.kind not in "biuf":
        raise DataError(f"its images are of type {images.dtype}, not numbers")
    if 0 in images.shape:
        raise DataError("it holds no image")
    low, high = float(images.min()), float(images.max())
    top = 1.0 if images.dtype.kind in "bf" else 255.0
    if not (low >= 0 and high <= top):  # NaN fails both
        raise DataError(
            f"its pixels reach from {low:g} to {high:g}; they must be whole numbers of 0 to 255 or fractions of 0 to "
            "1, with 0 as the background"
        )
    found: F32 = images.astype(np.float32) / np.float32(top)
    return found
