"""The map of the clips as the dock needs it, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import StageMissingError
from mousegpt_core.pipeline.behaviours import profiled
from mousegpt_core.study import Study
from napari_mousegpt.behaviour_map import (
    ClipMap,
    Colouring,
    Group,
    dot_colours,
    dot_pixels,
    draw_dots,
    map_of,
)
from napari_mousegpt.thumbnails import Clip, Thumbnails


@pytest.fixture
def study(study_folder: Path) -> Study:
    return Study.open(study_folder)


def _made_up(count: int = 400) -> ClipMap:
    places = np.random.default_rng(0).normal(size=(count, 2)) * 20
    start = 0.2 * np.arange(count // 2)
    clips = pd.DataFrame(
        {
            "clip_id": [str(n) for n in range(count)],
            "x": places[:, 0],
            "y": places[:, 1],
            "recording": np.repeat(["A", "B"], count // 2),
            "individual": np.repeat(["", "m"], count // 2),
            "start_s": np.tile(start, 2),
            "stop_s": np.tile(start + 0.2, 2),
        }
    )
    groups = (Group("a", "a", "#ff0000", 200, 0.5), Group("b", "b", "#0000ff", 200, 0.5))
    colouring = Colouring(groups, np.arange(count) % 2)
    return ClipMap(clips, colouring, colouring)


def test_the_map_shows_the_behaviours_of_a_scheme(study: Study) -> None:
    clips = map_of(study, "profile")
    labels, behaviours = profiled(study)
    assert set(clips.clips["clip_id"]) == set(labels["clip_id"])
    names = {group.name: group.clips for group in clips.colouring.groups}
    assert names == dict(zip(behaviours["name"], behaviours["size"], strict=True))
    row = 5
    mine = labels.set_index("clip_id")["behaviour_id"][clips.clips["clip_id"][row]]
    assert clips.colouring.groups[clips.colouring.codes[row]].id == mine
    by_activity = map_of(study, "activities")
    assert {"walking"} & {group.name for group in by_activity.colouring.groups}


def test_colours_can_mean_treatments_or_animals(study: Study) -> None:
    treatments = map_of(study, "profile", "treatment")
    assert {group.name for group in treatments.colouring.groups} == {"saline", "none"}
    assert treatments.colouring.groups[-1].name == "none", "what is not known comes last"
    animals = map_of(study, "profile", "animal")
    assert len(animals.colouring.groups) == 2
    assert animals.behaviours.groups == map_of(study, "profile").colouring.groups


def test_without_a_map(tmp_path: Path) -> None:
    with pytest.raises(StageMissingError):
        map_of(Study.create(tmp_path / "new"), "profile")


def test_the_nearest_clip_that_is_shown_is_picked() -> None:
    clips = _made_up()
    x, y = clips.places[7]
    assert clips.nearest(x + 0.01, y, 1.0) == 7
    assert clips.nearest(1e6, 0, 1.0) is None
    shown = np.ones(400, dtype=bool)
    shown[7] = False
    assert clips.nearest(x, y, 50.0, shown) != 7


def test_the_clip_under_the_slider_is_found() -> None:
    clips = _made_up()
    assert clips.at("A", "whoever", 0.0) == 0
    assert clips.at("A", "", 3.99) == 19
    assert clips.at("B", "m", 4.0) == 220
    assert clips.at("B", "other", 4.0) is None
    assert clips.at("A", "", 1e9) is None
    assert clips.at("A", "", -1.0) is None
    assert clips.at("C", "", 0.0) is None


def test_what_is_drawn_around_is_chosen() -> None:
    clips = _made_up()
    turn = np.linspace(0, 2 * np.pi, 100)
    around = clips.inside(list(zip(15 * np.cos(turn), 15 * np.sin(turn), strict=True)))
    reach = np.linalg.norm(clips.places, axis=1)
    assert set(np.flatnonzero(reach < 14.8)) <= set(around) <= set(np.flatnonzero(reach < 15.2))
    assert len(clips.inside([(0, 0), (1, 1)])) == 0
    assert len(clips.inside([])) == 0


def test_dots_are_drawn_where_they_are() -> None:
    places = np.array([[2.5, 1.5], [7.5, 8.5], [50.0, 50.0]])
    colours = np.array([[255, 0, 0, 255], [0, 0, 255, 255], [9, 9, 9, 255]], dtype=np.uint8)
    picture = draw_dots(places, colours, (0, 0, 10, 10), (10, 10), 1)
    assert picture.shape == (10, 10, 4)
    assert [tuple(place) for place in np.argwhere(picture[..., 3])] == [(1, 2), (8, 7)]
    assert tuple(picture[1, 2]) == (255, 0, 0, 255)
    wide = draw_dots(places, colours, (0, 0, 10, 10), (200, 100), 9)
    assert tuple(wide[15, 50]) == (255, 0, 0, 255)
    rows, columns = np.nonzero(wide[..., 0])
    assert (rows.mean(), columns.mean()) == pytest.approx((15, 50), abs=0.6)
    assert np.ptp(rows) == np.ptp(columns) == 8


def test_many_dots_are_drawn_as_few_are() -> None:
    """Where there are more dots than pixels, another way is taken."""
    places = np.random.default_rng(0).uniform(0, 10, size=(4000, 2))
    colours = np.full((4000, 4), 255, dtype=np.uint8)
    picture = draw_dots(places, colours, (0, 0, 10, 10), (60, 60), 3)[..., 3] > 0
    single = draw_dots(places, colours, (0, 0, 10, 10), (60, 60), 1)[..., 3] > 0
    widened = np.zeros((62, 62), dtype=bool)
    for y in range(3):
        for x in range(3):
            widened[y : y + 60, x : x + 60] |= single
    assert (picture[1:-1, 1:-1] == widened[1:-1, 1:-1][1:59, 1:59]).mean() > 0.9


def test_what_is_hidden_and_what_stands_out() -> None:
    clips = _made_up()
    rgba, shown = dot_colours(clips.colouring, {"b"}, None)
    assert shown.tolist() == [True, False] * 200
    assert rgba[0].tolist() == [255, 0, 0, 255]
    chosen = np.zeros(400, dtype=bool)
    chosen[:3] = True
    faint, _ = dot_colours(clips.colouring, set(), chosen)
    assert faint[0, 3] == 255 > faint[5, 3] > 0


def test_dots_are_seen_however_far_out() -> None:
    assert dot_pixels(0.001) == 2
    assert dot_pixels(8.0) == 7
    assert dot_pixels(1e6) == 15


def test_pictures_are_taken_once(study: Study) -> None:
    thumbnails = Thumbnails()
    table = map_of(study, "profile").clips
    clips = [
        Clip(one.clip_id, one.recording, one.individual, one.start_s, one.stop_s, one.overall)
        for one in (table[table["recording"] == name].iloc[3] for name in ("flat", "space"))
    ]
    clips.append(Clip("gone", "flat", "M1", 0.0, 0.2, ""))
    taken = dict(thumbnails.take(study.folder, clips))
    filmed, unfilmed, gone = (taken[clip.clip_id] for clip in clips)
    assert filmed is not None
    assert filmed[:2] == b"\xff\xd8"
    assert unfilmed is None
    assert gone is None
    assert thumbnails.known(study.folder, clips[0].clip_id) == filmed
    assert list(thumbnails.take(study.folder, clips)) == []
    assert clips[0].place == "flat · M1, 0.6 s"
