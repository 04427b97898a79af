"""Files of images: every format gives the same pixels, and every kind of bad file one sentence."""

from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from mnist_images import blobs, idx_bytes, unit, write_idx

from mmg_registry.data.images import read_images, sha256
from mmg_registry.errors import DataError

SHARED = os.environ.get("MMG_SHARED_DATA")
MNIST = Path(SHARED or "") / "mnist.npz"
IMAGES = blobs(12)


@pytest.mark.parametrize("compressed", [False, True])
def test_idx_is_read_as_it_was_written_whatever_its_name(tmp_path: Path, compressed: bool) -> None:
    found = read_images(write_idx(tmp_path / "train-images", IMAGES, compressed))
    assert (found.shape, found.dtype) == ((12, 8, 6), np.float32)
    assert np.array_equal(found, unit(IMAGES))


@pytest.mark.parametrize("names", [("train_images", "test_images"), ("x_train", "x_test")])
def test_an_archive_of_two_parts_is_read_in_order_and_labels_are_left(tmp_path: Path, names: tuple[str, str]) -> None:
    np.savez(tmp_path / "a.npz", labels=np.arange(12), **{names[1]: IMAGES[9:], names[0]: IMAGES[:9]})
    assert np.array_equal(read_images(tmp_path / "a.npz"), unit(IMAGES))


@pytest.mark.parametrize("name", ["images", "whatever"])
def test_the_only_array_of_images_is_taken(tmp_path: Path, name: str) -> None:
    np.savez_compressed(tmp_path / "a.npz", **{name: IMAGES, "labels": np.arange(12)})
    assert np.array_equal(read_images(tmp_path / "a.npz"), unit(IMAGES))


def test_fractions_stay_as_they_are(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=unit(IMAGES).astype(np.float64))
    assert np.array_equal(read_images(tmp_path / "a.npz"), unit(IMAGES))


def test_other_pixels_have_another_hash() -> None:
    other = unit(IMAGES)
    other[3, 2, 1] += 0.5
    assert sha256(unit(IMAGES)) == sha256(unit(IMAGES)[:, :, ::-1][:, :, ::-1])
    assert sha256(other) != sha256(unit(IMAGES))


# ------------------------------------------------------------------------------------------ refusals
def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_images(path)
    sentence = str(caught.value)
    assert sentence.startswith((str(path), "There is no file"))
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_missing_file_is_not_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    assert refusal(path) == f"There is no file {path}; it must be there already, for nothing is downloaded."


def test_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0\0", b"label,pixel\n1,2\n", b"\x89PNG\r\n"])
def test_a_wrong_magic(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images"
    path.write_bytes(content)
    assert "is neither an idx nor an npz file" in refusal(path)


def test_labels_are_no_images(tmp_path: Path) -> None:
    sentence = refusal(write_idx(tmp_path / "labels", np.arange(9, dtype=np.uint8)))
    assert "type 0x08, 1 dimensions" in sentence
    assert "labels has 1" in sentence


def test_an_idx_file_of_another_type(tmp_path: Path) -> None:
    path = tmp_path / "floats"
    path.write_bytes(b"\0\0\x0d\x03" + bytes(12))
    assert "type 0x0d" in refusal(path)


@pytest.mark.parametrize(("cut", "what"), [(-1, "575 bytes of pixels where"), (10, "ends inside its header")])
def test_a_truncated_idx_file(tmp_path: Path, cut: int, what: str) -> None:
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(IMAGES)[:cut])
    assert what in refusal(path)


def test_a_header_that_lies(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(IMAGES) + b"\0")
    assert "577 bytes of pixels where its header promises 12 x 8 x 6 = 576" in refusal(path)


@pytest.mark.parametrize("content", [gzip.compress(idx_bytes(IMAGES))[:-20], gzip.compress(b"")[:4] + b"rubbish"])
def test_a_damaged_gzip_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    assert "damaged, truncated or not readable" in refusal(path)


def test_a_truncated_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=IMAGES)
    path.write_bytes(path.read_bytes()[:-40])
    assert "damaged, truncated or not readable" in refusal(path)


def test_an_archive_without_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", labels=np.arange(3))
    assert "no array of images (n, height, width), but labels (3,)" in refusal(tmp_path / "a.npz")


def test_an_archive_with_several_candidates(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=IMAGES, b=IMAGES)
    assert "several arrays that may be the images" in refusal(tmp_path / "a.npz")


def test_parts_that_do_not_fit(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", train_images=IMAGES, test_images=IMAGES[:, :5])
    assert "differ in size" in refusal(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", train_images=IMAGES.reshape(12, -1))
    assert "'train_images' has shape (12, 48)" in refusal(tmp_path / "b.npz")


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.array([{}, 1], dtype=object))
    assert "pickled objects" in refusal(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(pickle.dumps(IMAGES))
    assert "neither an idx nor an npz" in refusal(tmp_path / "b.npz")


@pytest.mark.parametrize("bad", [-0.5, 1.5, 255.0, np.nan])
def test_pixels_that_were_normalised_already(tmp_path: Path, bad: float) -> None:
    images = unit(IMAGES)
    images[0, 0, 0] = bad
    np.savez(tmp_path / "a.npz", images=images)
    assert "with 0 as the background" in refusal(tmp_path / "a.npz")


def test_no_images_and_no_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES[:0])
    assert "holds no image" in refusal(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", images=np.full((2, 3, 3), "text"))
    assert "not numbers" in refusal(tmp_path / "b.npz")


@pytest.mark.skipif(not (SHARED and MNIST.exists()), reason="MMG_SHARED_DATA names no folder with mnist.npz")
def test_mnist_itself() -> None:
    found = read_images(MNIST)
    assert (found.shape, found.min(), found.max()) == ((70_000, 28, 28), 0.0, 1.0)
    assert found[:, [0, -1]].mean() < 0.001  # the background is black
