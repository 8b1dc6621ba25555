"""Animals found in films of which everything is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.pose.drawn import FPS, HEIGHT, LONG, WIDTH, draw, film, round_trip, with_rest
from mousegpt_core.errors import DataError
from mousegpt_core.pose import learn_background, poses_from_silhouettes, silhouettes_in_blocks
from mousegpt_core.video import open_film, write_film

REST, AFTER = slice(100, 158), 160


@pytest.fixture(scope="module")
def path() -> np.ndarray:
    return with_rest(round_trip(200), 98, 62)


def found_in(file: Path, count: int = 1) -> xr.Dataset:
    names = [f"mouse{number + 1}" for number in range(count)]
    with open_film(file) as opened:
        background = learn_background(opened, count)
        return xr.concat(silhouettes_in_blocks(opened, background, names), "time")


@pytest.mark.parametrize(("floor", "animal"), [(190.0, 40.0), (60.0, 200.0), (120.0, 80.0)])
def test_a_dark_or_light_animal_is_where_it_was_drawn(
    tmp_path: Path, path: np.ndarray, floor: float, animal: float
) -> None:
    silhouettes = found_in(film(tmp_path / "a.mp4", path, floor=floor, animal=animal))
    poses = poses_from_silhouettes(silhouettes)
    position = poses["position"].transpose("time", "keypoint", "space", "individual").values
    assert silhouettes.attrs["polarity"] == ("dark" if animal < floor else "light")
    centre = position[:, 2, :, 0]
    assert np.isfinite(centre).all()
    assert np.linalg.norm(centre - path[:, :2], axis=1).max() < 4.0
    heading = np.stack([np.cos(path[:, 2]), np.sin(path[:, 2])], axis=1)
    nose = path[:, :2] + LONG * heading
    away = np.linalg.norm(position[:, 0, :, 0] - nose, axis=1)
    assert np.median(away) < 0.15 * 2 * LONG
    assert (away < LONG).all(), "the nose is never taken for the tail"


def test_masks_cover_the_body_and_rest_is_still(tmp_path: Path, path: np.ndarray) -> None:
    silhouettes = found_in(film(tmp_path / "a.mp4", path))
    mask = silhouettes["mask"]
    assert set(np.unique(mask)) == {0, 1}
    area = silhouettes["area"].values[:, 0]
    assert np.median(area) == pytest.approx(np.pi * 20 * 9 * 0.92, rel=0.2)
    left, top, right, bottom = silhouettes["box"].values[0, :, 0]
    assert left < path[0, 0] < right
    assert top < path[0, 1] < bottom
    speed = poses_from_silhouettes(silhouettes)["pixel_speed"].values[:, 0]
    walked = 55 * 2 * np.pi / 150 * FPS
    assert np.median(speed[REST]) < 0.05 * walked
    assert np.median(speed[AFTER:]) == pytest.approx(walked, rel=0.4)


def test_speeds_are_those_of_a_clock_that_was_corrected(tmp_path: Path, path: np.ndarray) -> None:
    silhouettes = found_in(film(tmp_path / "a.mp4", path))
    own = poses_from_silhouettes(silhouettes)
    slower = poses_from_silhouettes(silhouettes, silhouettes["time"].values * 2)
    assert slower.attrs["fps"] == pytest.approx(FPS / 2)
    ratio = slower["pixel_speed"].values[AFTER:] / own["pixel_speed"].values[AFTER:]
    assert np.median(ratio) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_slow_movement_is_told_from_rest_whatever_the_noise(tmp_path: Path, noise: float) -> None:
    """A soft spot that goes round, trembles by known steps and rests."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    path = round_trip(300)[:, :2]
    sway = path[-1] + np.outer(0.25 * (np.arange(60) % 2), [1.0, 1.0])
    places = np.concatenate([path, sway, np.repeat(path[-1:], 60, 0)])
    rng = np.random.default_rng(0)
    pictures = []
    for px, py in places:
        away = np.square((x - px) / 16) + np.square((y - py) / 9)
        picture = 190 - 150 / (1 + np.exp(8 * (np.sqrt(away) - 1)))
        picture = picture + rng.normal(0, noise, picture.shape)
        pictures.append(np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2))
    file = write_film(tmp_path / "a.mp4", pictures, FPS, crf=14)
    speed = poses_from_silhouettes(found_in(file))["pixel_speed"].values[:, 0]
    trembled = 0.25 * np.sqrt(2) * FPS
    assert np.median(speed[308:352]) == pytest.approx(trembled, rel=0.25)
    assert np.median(speed[370:410]) < 0.5 * trembled


def test_two_animals_keep_their_names(tmp_path: Path) -> None:
    one, two = round_trip(150), round_trip(150, phase=np.pi)
    poses = poses_from_silhouettes(found_in(film(tmp_path / "a.mp4", one, two), count=2))
    centre = poses["position"].sel(keypoint="centre").transpose("time", "space", "individual")
    away = np.stack(
        [
            np.linalg.norm(centre.values[..., animal] - truth[:, :2], axis=1)
            for animal in (0, 1)
            for truth in (one, two)
        ]
    )
    same = away[0] + away[3]
    other = away[1] + away[2]
    assert min(same.max(), other.max()) < 8.0


def test_a_darker_and_a_lighter_animal_are_both_found(tmp_path: Path) -> None:
    one, two = round_trip(120), round_trip(120, phase=np.pi)
    pictures = []
    for dark, light in zip(one, two, strict=True):
        drawn = draw(light, floor=120, animal=220)
        body = draw(dark, floor=120, animal=20)
        pictures.append(np.where(body < 60, body, drawn))
    silhouettes = found_in(write_film(tmp_path / "a.mp4", pictures, FPS, crf=18), count=2)
    assert silhouettes.attrs["polarity"] == "both"
    centre = poses_from_silhouettes(silhouettes)["position"].sel(keypoint="centre")
    places = centre.transpose("individual", "time", "space").values
    for first, second in ((one, two), (two, one)):
        away = [
            np.linalg.norm(place - truth[:, :2], axis=1).max()
            for place, truth in zip(places, (first, second), strict=True)
        ]
        if max(away) < 8.0:
            return
    pytest.fail("names were exchanged or animals lost")


def test_an_animal_that_hardly_leaves_its_place_is_no_background(tmp_path: Path) -> None:
    path = with_rest(round_trip(60), 30, 200)
    pictures = [draw(place) for place in path]
    poses = poses_from_silhouettes(found_in(write_film(tmp_path / "a.mp4", pictures, FPS, crf=18)))
    centre = poses["position"].sel(keypoint="centre", individual="mouse1").values
    assert np.linalg.norm(centre - path[:, :2], axis=1).max() < 5.0


def test_a_film_may_begin_without_its_animal(tmp_path: Path, path: np.ndarray) -> None:
    empty = [draw() for _ in range(20)]
    shown = [draw(place) for place in path]
    file = write_film(tmp_path / "a.mp4", [*empty, *shown], FPS, crf=18)
    poses = poses_from_silhouettes(found_in(file))
    seen = np.isfinite(poses["position"].sel(keypoint="centre", space="x").values[:, 0])
    assert not seen[:19].any()
    assert seen[21:].all()
    assert any("no animal was found in" in remark for remark in poses.attrs["remarks"])


def moved(shift: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    room = rng.integers(0, 255, (HEIGHT, WIDTH * 2), dtype=np.uint8)
    return np.repeat(room[:, shift : shift + WIDTH, None], 3, axis=2)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ([draw()] * 60, "nothing of its size moves"),
        ([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 60, "alike"),
        ([moved(3 * shift) for shift in range(60)], "the camera moves"),
        ([draw(place) for place in round_trip(5)], "too short"),
    ],
    ids=["no animal", "black", "moving camera", "short"],
)
def test_what_cannot_be_told_is_refused(
    tmp_path: Path, pictures: list[np.ndarray], said: str
) -> None:
    file = write_film(tmp_path / "bad.mp4", pictures, FPS)
    with pytest.raises(DataError, match=said) as caught, open_film(file) as opened:
        learn_background(opened)
    assert "bad.mp4" in str(caught.value)


def test_a_lamp_that_is_dimmed_is_no_animal(tmp_path: Path, path: np.ndarray) -> None:
    dim = np.where(np.arange(len(path)) < 130, 1.0, 0.8)
    pictures = [
        (draw(place) * light).astype(np.uint8) for place, light in zip(path, dim, strict=True)
    ]
    poses = poses_from_silhouettes(found_in(write_film(tmp_path / "a.mp4", pictures, FPS, crf=18)))
    centre = poses["position"].sel(keypoint="centre", individual="mouse1").values
    away = np.linalg.norm(centre - path[:, :2], axis=1)
    assert np.median(away) < 4.0
    assert np.nanmax(away) < LONG


def furnished(picture: np.ndarray, *, shift: int = 0, lamp: float = 0.0) -> np.ndarray:
    """The same with a pattern on the floor, a camera that is pushed, a lamp on the right."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    lines = 30 * ((x // 24 + y // 24) % 2)
    lit = (picture[..., 0] - np.where(picture[..., 0] > 100, lines, 0)) * (1 + lamp * x / WIDTH)
    grey = np.roll(lit, shift, axis=1).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shift": 9}, "at 5.0 s the camera moved by about 9 px"),
        ({"lamp": 0.5}, "at 5.0 s the light"),
        ({}, ""),
    ],
    ids=["pushed", "lamp", "nothing"],
)
def test_a_camera_that_is_pushed_and_a_lamp_are_told(
    tmp_path: Path, change: dict[str, float], said: str
) -> None:
    path = round_trip(300)
    pictures = [
        furnished(draw(place), **(change if number >= 150 else {}))
        for number, place in enumerate(path)
    ]
    poses = poses_from_silhouettes(found_in(write_film(tmp_path / "a.mp4", pictures, FPS, crf=18)))
    told = [remark for remark in poses.attrs["remarks"] if "a.mp4" in remark]
    assert len(told) == bool(change)
    assert all(said in remark for remark in told)
    truth = path[:, :2].copy()
    truth[150:, 0] += change.get("shift", 0)
    centre = poses["position"].sel(keypoint="centre", individual="mouse1").values
    away = np.linalg.norm(centre - truth, axis=1)
    assert np.isfinite(away).all()
    assert np.quantile(away, 0.98) < 6.0


def test_a_shadow_on_the_wall_is_no_animal(tmp_path: Path, path: np.ndarray) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pictures = []
    for px, py, heading in path:
        picture = draw((px, py, heading))
        if py < 60:  # on the wall above it
            beside = np.hypot(x - px - 10, y - py + 22) < 18
            picture = np.where((beside & (picture[..., 0] > 100))[..., None], 110, picture)
        pictures.append(picture.astype(np.uint8))
    poses = poses_from_silhouettes(found_in(write_film(tmp_path / "a.mp4", pictures, FPS, crf=18)))
    centre = poses["position"].sel(keypoint="centre", individual="mouse1").values
    away = np.linalg.norm(centre - path[:, :2], axis=1)
    assert (path[:, 1] < 60).mean() > 0.2
    assert np.quantile(away, 0.95) < 5.0
