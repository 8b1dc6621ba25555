"""A folder of pictures is a film."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from mousegpt_core.errors import MouseGPTError, SettingsError, VideoError
from mousegpt_core.video import Film, ImageFolder, open_film, still, write_film

GREY = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)


def save(folder, names, *, colour=False):
    folder.mkdir(exist_ok=True)
    for value, name in enumerate(names):
        image = np.full((20, 30, 3), value * 10, np.uint8) if colour else GREY + value
        Pillow.fromarray(image).save(folder / name)
    return folder


def values(film):
    return [int(image[0, 0]) for image in film]


@pytest.mark.parametrize("ending", ["png", "tif", "PNG"])
def test_pictures_are_read_in_the_order_of_their_numbers(ending, tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"f{n}.{ending}" for n in range(8, 13)]), 25)
    assert film.shape == (5, 20, 30)
    assert film.ndim == 3
    assert values(film) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(film[3], GREY + 3)
    np.testing.assert_array_equal(film[1:4:2], [GREY + 1, GREY + 3])
    np.testing.assert_allclose(film.times, np.arange(5) / 25)
    assert film.fps == 25
    assert not film.is_uneven
    assert film.remarks == ()
    assert "5 frames" in repr(film)
    with pytest.raises(ValueError, match="read-only"):
        film[0][0] = 1


def test_colour_and_jpeg(tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"{n}.jpg" for n in range(3)], colour=True), 30)
    assert film.shape == (3, 20, 30, 3)
    assert abs(int(film[2][5, 5, 0]) - 20) < 3
    assert still(film, 2, size=(40, 30)).shape == (30, 40, 3)


def test_stills_of_grey_films_are_in_colour(tmp_path):
    film = ImageFolder(save(tmp_path / "a", ["1.png", "2.png"]), 30)
    points = np.array([[10.0, 10.0], [12.0, 9.0]])
    image = still(film, 1, points, edges=[(0, 1)], size=(64, 48), draw=True)
    assert image.shape == (48, 64, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 1


def test_missing_numbers_are_gaps_in_time_and_told(tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"f_{n:04d}.png" for n in (0, 1, 2, 5, 6, 8)]), 10)
    np.testing.assert_allclose(film.times, [0, 0.1, 0.2, 0.5, 0.6, 0.8])
    assert film.fps == pytest.approx(10)
    assert film.is_uneven
    assert film.number_at(0.5) == 3
    (remark,) = film.remarks
    assert "3 pictures are missing" in remark
    assert "f_0002.png" in remark


def test_every_fifth_frame_was_saved(tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"{n}.png" for n in range(100, 130, 5)]), 6)
    np.testing.assert_allclose(film.times, np.arange(6) / 6)
    assert film.remarks == ()


def test_names_that_do_not_count_evenly(tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"img{n}.png" for n in (3, 77, 154, 1200, 1311)]), 5)
    np.testing.assert_allclose(film.times, np.arange(5) / 5)
    assert "one after the other" in film.remarks[0]
    clock = save(tmp_path / "b", [f"t{n}-{m}.png" for n in (1, 2, 10) for m in (5, 40)])
    assert [file.name for file in ImageFolder(clock, 5).files][:3] == [
        "t1-5.png", "t1-40.png", "t2-5.png",
    ]  # fmt: skip


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    (tmp_path / "a").mkdir()
    deep = GREY.astype(np.uint16) * 256 + 37
    for name in ("1.png", "2.tif"):
        Pillow.fromarray(deep).save(tmp_path / "a" / name)
        np.testing.assert_array_equal(ImageFolder(tmp_path / "a", 5)[0], GREY)
        (tmp_path / "a" / name).unlink()


def test_a_rate_is_needed(tmp_path):
    folder = save(tmp_path / "a", ["1.png"])
    for rate in (None, 0, -3, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="--fps"):
            open_film(folder, fps=rate)
    assert len(open_film(folder, fps=25)) == 1


def test_folders_that_are_no_film(tmp_path):
    with pytest.raises(VideoError, match="no such folder"):
        ImageFolder(tmp_path / "none", 5)
    with pytest.raises(VideoError, match="no pictures"):
        open_film(save(tmp_path / "empty", []), fps=5)
    with pytest.raises(VideoError, match="several series"):
        open_film(save(tmp_path / "two", ["camA_1.png", "camB_1.png"]), fps=5)
    with pytest.raises(VideoError, match="several series"):
        open_film(save(tmp_path / "kinds", ["1.png", "1.jpg"]), fps=5)


def test_bad_pictures_name_their_file(tmp_path):
    folder = save(tmp_path / "a", ["1.png", "2.png", "3.png", "4.png"])
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    Pillow.fromarray(GREY[:5]).save(folder / "3.png")
    (folder / "4.png").write_text("text")
    film = ImageFolder(folder, 5)
    assert film[0].shape == (20, 30)
    for number, name in ((1, "2.png"), (2, "3.png"), (3, "4.png")):
        with pytest.raises(VideoError, match=name):
            film.frame(number)
    stack = tmp_path / "stack"
    stack.mkdir()
    Pillow.fromarray(GREY).save(
        stack / "1.tif", save_all=True, append_images=[Pillow.fromarray(GREY)]
    )
    with pytest.raises(VideoError, match="several pictures"):
        ImageFolder(stack, 5)
    floats = tmp_path / "floats"
    floats.mkdir()
    Pillow.fromarray(GREY.astype(np.float32)).save(floats / "1.tif")
    with pytest.raises(VideoError, match="8 or 16 bits"):
        ImageFolder(floats, 5)


@pytest.mark.filterwarnings("ignore:::PIL")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=st.sampled_from(["png", "jpg", "tif"]), data=st.data())
def test_mutated_pictures(kind, data, tmp_path):
    folder = save(tmp_path / kind, [f"1.{kind}"])
    changed = bytearray((folder / f"1.{kind}").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    (folder / f"1.{kind}").write_bytes(bytes(changed))
    try:
        ImageFolder(folder, 5).frame(0)
    except MouseGPTError as error:
        assert f"1.{kind}" in str(error)  # noqa: PT017


def test_pickle_and_dask(tmp_path):
    film = ImageFolder(save(tmp_path / "a", [f"{n}.png" for n in range(4)]), 25)
    copy = pickle.loads(pickle.dumps(film))  # noqa: S301
    assert values(copy) == [0, 1, 2, 3]
    assert copy.fps == 25
    array = film.as_dask()
    assert array.shape == film.shape
    np.testing.assert_array_equal(array[2].compute(), GREY + 2)
    assert array.name == copy.as_dask().name


def test_what_is_opened(tmp_path):
    path = write_film(tmp_path / "a.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3, 25)
    assert isinstance(open_film(path), Film)
    assert isinstance(open_film(save(tmp_path / "a", ["1.png"]), fps=3), ImageFolder)
