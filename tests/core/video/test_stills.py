"""Stills cut to the animal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mousegpt_core.errors import SettingsError
from mousegpt_core.video import Film, crop_to_animal, draw_skeleton, encode_jpeg, still, write_film

FRAME = np.zeros((200, 300, 3), dtype=np.uint8)
FRAME[90:110, 140:160] = 255
POINTS = np.array([[140.0, 90.0], [160.0, 110.0], [np.nan, np.nan]])


def test_the_cut_is_the_tight_box_with_its_margin():
    image, box = crop_to_animal(FRAME, POINTS, margin=10, size=(40, 40))
    assert box == (130, 80, 170, 120)
    np.testing.assert_array_equal(image, FRAME[80:120, 130:170])


def test_the_cut_keeps_the_shape_of_things():
    image, box = crop_to_animal(FRAME, POINTS, margin=10, size=(80, 40))
    assert image.shape == (40, 80, 3)
    assert box == (110, 80, 190, 120)


def test_the_cut_may_reach_beyond_the_frame():
    image, box = crop_to_animal(FRAME + 9, np.array([[2.0, 2.0]]), margin=10, size=(20, 20))
    assert box == (-8, -8, 12, 12)
    assert (image[:8] == 0).all()
    assert (image[8:, 8:] == 9).all()


@pytest.mark.parametrize("points", [None, np.full((2, 2), np.nan), np.array([[1e9, -1e9]])])
def test_without_points_the_whole_frame_is_kept(points):
    image, box = crop_to_animal(FRAME, points, size=(300, 200))
    assert box == (0, 0, 300, 200)
    np.testing.assert_array_equal(image, FRAME)


def test_impossible_sizes_are_refused():
    with pytest.raises(SettingsError):
        crop_to_animal(FRAME, POINTS, size=(0, 10))
    with pytest.raises(SettingsError):
        crop_to_animal(FRAME, POINTS, margin=-1)


def test_the_skeleton_is_drawn():
    image = draw_skeleton(
        np.zeros((50, 50, 3), np.uint8),
        np.array([[10.0, 10], [40, 10], [np.nan, 1]]),
        [(0, 1), (1, 2)],
    )
    assert tuple(image[10, 10]) == tuple(image[10, 25]) == (255, 196, 0)
    assert not image[30:].any()


def test_a_still_of_a_film(tmp_path):
    film = Film(write_film(tmp_path / "a.mp4", [FRAME] * 3, 25, crf=10))
    image = still(film, 1, POINTS, edges=[(0, 1)], margin=10, size=(80, 80), draw=True)
    assert image.shape == (80, 80, 3)
    assert image.dtype == np.uint8
    assert image[20, 20, 2] < 60
    assert still(film, 1, POINTS, margin=10, size=(80, 80))[40, 40, 2] > 200
    assert still(film, 2).shape == (448, 448, 3)


def test_jpeg():
    data = encode_jpeg(FRAME, 90)
    assert Image.open(io.BytesIO(data)).size == (300, 200)
    assert len(encode_jpeg(FRAME, 20)) < len(data)
