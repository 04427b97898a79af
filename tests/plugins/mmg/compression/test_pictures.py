"""Which sides are images, and what their pixels are."""

from __future__ import annotations

import numpy as np
import pytest
from wide_rows import blobs, networks

from mmg_plugins.mmg.compression.pictures import Picture
from mmg_registry.grids import Grid

RHO = (0.8, 0.7)


def of_shape(*shape: int) -> Picture | None:
    rows = np.random.default_rng(0).standard_normal((50, int(np.prod(shape))))
    return Picture.of(rows, Grid.whole(shape))


@pytest.mark.parametrize(
    ("given", "found"),
    [((12, 20), (1, 12, 20)), ((9, 8, 3), (3, 9, 8)), ((3, 9, 8), (3, 9, 8)), ((40, 8, 1), (1, 40, 8))],
)
def test_axes_of_an_image_are_channels_height_and_width(given: tuple[int, ...], found: tuple[int, ...]) -> None:
    picture = of_shape(*given)
    assert picture is not None
    assert picture.shape == found


@pytest.mark.parametrize("shape", [(5, 30), (9, 9, 9), (2, 3, 8, 8), (64,)])
def test_other_arrays_are_no_images(shape: tuple[int, ...]) -> None:
    assert of_shape(*shape) is None


def test_columns_stand_at_their_places_and_others_at_their_mean() -> None:
    rows = np.random.default_rng(0).standard_normal((50, 9, 8, 3))
    kept = np.arange(5, 9 * 8 * 3)
    picture = Picture.of(rows.reshape(50, -1)[:, kept], Grid.whole((9, 8, 3)).kept(kept))
    assert picture is not None
    pixels = picture(rows.reshape(50, -1)[:, kept]).reshape(50, 3, 9, 8)
    whole = (rows - rows.mean(0)) / picture.scale
    assert pixels[:, 2, 4, 6] == pytest.approx(whole[:, 4, 6, 2], abs=1e-5)
    assert not pixels[:, 0, 0, 0].any()


def test_larger_images_are_shrunk() -> None:
    picture = of_shape(64, 8)
    assert picture is not None
    assert picture.seen == (1, 32, 8)
    rows = np.random.default_rng(1).standard_normal((3, 512))
    blocks = ((rows - picture.mean) / picture.scale).reshape(3, 32, 2, 8).mean(2)
    assert picture(rows).reshape(3, 32, 8) == pytest.approx(blocks, abs=1e-5)


def test_plain_columns_are_an_image_where_some_width_makes_neighbours_of_them() -> None:
    images, _ = blobs(300, RHO, side=12)
    picture = Picture.of(images, None)
    assert picture is not None
    assert picture.shape == (1, 12, 12)
    assert Picture.of(networks(300, RHO, 144)[0], None) is None
    assert Picture.of(np.random.default_rng(0).standard_normal((300, 144)).cumsum(1), None) is None


def test_a_picture_is_restored_from_its_arrays() -> None:
    picture = of_shape(8, 9)
    assert picture is not None
    rows = np.random.default_rng(2).standard_normal((4, 72))
    assert np.array_equal(Picture.from_arrays(picture.arrays())(rows), picture(rows))
