"""Pictures of small arrays whose answer is known."""

from __future__ import annotations

import numpy as np

from mousegpt_core.describe.pictures import (
    Seen,
    beside,
    cut,
    draw_number,
    draw_scale_bar,
    draw_trail,
    draw_view,
    evened,
    median_frame,
    sheet,
    stretched,
    whole_box,
    without_background,
)
from mousegpt_core.describe.protocol_tables import Frames


def flat(value: int, height: int = 64, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_a_cut_shows_its_part_and_black_beyond() -> None:
    image = np.zeros((10, 10), np.uint8)
    image[:, 5:] = 200
    right = cut(image, (5.0, 0.0, 10.0, 5.0), (40, 40))
    assert right.shape == (40, 40, 3)
    assert (right == 200).all()
    beyond = cut(image, (5.0, 0.0, 15.0, 10.0), (40, 40))
    assert beyond[20, 5].tolist() == [200] * 3
    assert beyond[20, 35].tolist() == [0] * 3


def test_boxes_are_moved_into_the_frame_where_they_fit() -> None:
    assert whole_box((-4.0, 2.0, 6.0, 12.0), (50, 50)) == (0.0, 2.0, 10.0, 12.0)
    assert whole_box((44.5, 45.0, 54.5, 55.0), (50, 50)) == (40.0, 40.0, 50.0, 50.0)
    # Wider than the frame: as much black on either side.
    assert whole_box((3.0, 0.0, 63.0, 10.0), (50, 50)) == (-5.0, 0.0, 55.0, 10.0)


def test_what_never_changes_becomes_grey() -> None:
    background = flat(60)
    image = background.copy()
    image[20:40, 20:40] = 220
    found = without_background(image, background)
    assert found[5, 5].tolist() == [128] * 3
    assert found[30, 30].tolist() == [220] * 3
    grey = without_background(image[..., 0], background[..., 0])
    assert grey.shape == (64, 64)
    assert np.array_equal(grey, found[..., 0])


def test_the_median_is_the_scene_without_what_moves() -> None:
    frames = []
    for place in range(5):
        frame = flat(50, 10, 50)
        frame[:, place * 10 : place * 10 + 10] = 250
        frames.append(frame)
    assert (median_frame(frames) == 50).all()


def test_contrast_goes_from_black_to_white() -> None:
    image = flat(100)
    image[:, 32:] = 140
    assert set(np.unique(stretched(image))) == {0, 255}
    assert np.array_equal(stretched(flat(77)), flat(77))


def test_evened_contrast_is_the_same_in_light_and_shade() -> None:
    rows = np.indices((128, 128))
    stripes = ((rows[1] // 4) % 2).astype(np.float64)
    light = np.where(rows[0] < 64, 30 + 20 * stripes, 150 + 50 * stripes)
    even = evened(np.repeat(light[..., None], 3, axis=2).astype(np.uint8))[..., 0].astype(float)
    shade, sun = even[10:30, 20:-20].std(), even[98:118, 20:-20].std()
    assert abs(shade - sun) < 0.25 * sun


def test_views_beside_each_other_and_frames_on_a_sheet() -> None:
    pair = beside([flat(10), flat(20)])
    assert pair.shape == (64, 128, 3)
    assert (pair[0, 0, 0], pair[0, 127, 0]) == (10, 20)
    nine = sheet([flat(n) for n in range(9)])
    assert nine.shape == (192, 192, 3)
    assert nine[::64, ::64, 0].tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    # Pairs are twice as wide as high: fewer columns; the rest is grey.
    pairs = sheet([beside([flat(1), flat(1)])] * 7)
    assert pairs.shape == (4 * 64, 2 * 128, 3)
    assert pairs[-1, -1].tolist() == [128] * 3


def test_drawings_leave_the_image_and_mark_what_they_say() -> None:
    image = flat(0, 200, 200)
    path = np.array([[20.0, 100.0], [100.0, 100.0], [np.nan, np.nan], [150.0, 100.0], [180, 100]])
    trail = draw_trail(image, path)
    assert not image.any()
    before, now, gap = trail[100, 60].sum(), trail[100, 170].sum(), trail[100, 125].sum()
    assert now > before > gap == 0
    bar = draw_scale_bar(image, 20.0)
    widest = (bar[185:192, :, 0] > 200).sum(axis=1).max()
    # A third of 200 px has room for 2 cm of 20 px.
    assert 39 <= widest <= 43
    numbered = draw_number(image, 3, 8)
    assert numbered[:30, :60].any()
    assert not numbered[60:].any()


def test_a_view_is_drawn_as_the_settings_say() -> None:
    image = np.zeros((100, 100), np.uint8)
    image[40:60, 40:60] = 250
    points = np.array([[50.0, 50.0], [np.nan, np.nan]])
    seen = Seen(image, (40.0, 40.0, 60.0, 60.0), keypoints=points)
    plain = draw_view(seen, Frames(size=(60, 60)))
    assert plain.shape == (60, 60, 3)
    assert (plain == 250).all()
    drawn = draw_view(seen, Frames(size=(60, 60), keypoints=True))
    assert drawn[30, 30].tolist() == [255, 196, 0]
