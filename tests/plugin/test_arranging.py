"""Views beside, over and without each other; one moved in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.arranging import (
    Arrangement,
    ShownView,
    arrange,
    offset_words,
    place_in_time,
    side_by_side,
)

pytest.importorskip("napari")

from napari.components import ViewerModel
from napari.layers import Image

from napari_mousegpt.session import Session, session_of

SIZES = {"top": (100, 200), "side": (50, 80), "back": (100, 200)}


def test_views_lie_in_rows_as_square_as_can_be() -> None:
    assert side_by_side([(100, 200)]) == [(0, 0)]
    assert side_by_side([(100, 200)] * 4) == [(0, 0), (0, 206), (106, 0), (106, 206)]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Arrangement(), ["top", "side", "back"]),
        (Arrangement(hidden=frozenset({"side"})), ["top", "back"]),
        (Arrangement(hidden=frozenset(SIZES)), ["top"]),
        (Arrangement("one"), ["top"]),
        (Arrangement("one", front="back"), ["back"]),
        (Arrangement("one", front="gone"), ["top"]),
    ],
)
def test_which_views_are_shown(wanted: Arrangement, shown: list[str]) -> None:
    places = wanted.places(SIZES)
    assert list(places) == shown
    assert places[shown[0]] == (0, 0)


def test_over_each_other_all_lie_at_one_place() -> None:
    assert set(Arrangement("stacked").places(SIZES).values()) == {(0, 0)}


def test_offsets_in_words() -> None:
    assert offset_words(0.0, 0.04) == "no offset"
    assert offset_words(0.4, 0.04) == "+0.400 s (+10 frames)"
    assert offset_words(-0.04, 0.04) == "-0.040 s (-1 frame)"
    assert "about" in offset_words(0.05, 0.04)


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def session(viewer: ViewerModel, study_folder: Path) -> Session:
    session = session_of(viewer)
    session.open_study(study_folder)
    return session


def test_a_hidden_view_takes_its_layers_and_keypoints_away(
    viewer: ViewerModel, session: Session
) -> None:
    beside = np.array(viewer.layers["side"].translate)
    assert beside[-1] > 0
    points = viewer.layers["keypoints"]
    place = np.array(points.data)
    viewer.layers["top trails"].visible = False
    session.arrange(Arrangement("one", front="side"))
    assert not viewer.layers["top"].visible
    assert viewer.layers["side"].visible
    assert viewer.layers["side"].translate[-1] == 0
    assert not points.shown.any()
    session.arrange(Arrangement())
    assert viewer.layers["top"].visible
    # What a person had hidden stays hidden.
    assert not viewer.layers["top trails"].visible
    assert np.array_equal(viewer.layers["side"].translate, beside)
    assert np.array_equal(points.data, place)
    assert points.shown.any()


def test_over_each_other_films_shine_through(viewer: ViewerModel, session: Session) -> None:
    session.arrange(Arrangement("stacked"))
    top, side = viewer.layers["top"], viewer.layers["side"]
    assert side.translate[-1] == 0
    assert top.blending == "translucent"
    assert side.blending in ("additive", "minimum")
    session.arrange(Arrangement())
    assert (side.blending, side.opacity) == ("translucent", 1.0)


@pytest.mark.parametrize(
    ("light", "blending", "opacity"), [(40, "additive", 0.5**0.5), (180, "minimum", 1.0)]
)
def test_over_each_other_dark_films_are_added_and_bright_ones_keep_what_is_dark(
    light: int, blending: str, opacity: float
) -> None:
    film = np.full((3, 40, 40, 3), light, dtype=np.uint8)
    views = [ShownView(name, film, np.arange(3.0), 1.0) for name in ("top", "side")]
    layers = [
        Image(film, rgb=True, metadata={"view": name, "role": "film"}) for name in ("top", "side")
    ]
    arrange(layers, [], views, Arrangement("stacked"), step=1)
    assert [layer.blending for layer in layers] == ["translucent", blending]
    assert [layer.opacity for layer in layers] == pytest.approx([opacity] * 2)


def test_the_arrangement_stays_from_recording_to_recording(
    viewer: ViewerModel, session: Session
) -> None:
    session.arrange(Arrangement("one", front="side"))
    session.open_recording("space")
    assert session.views == []
    session.open_recording("flat")
    assert not viewer.layers["top"].visible


def test_another_offset_is_tried_without_being_saved(viewer: ViewerModel, session: Session) -> None:
    side, (_, other) = viewer.layers["side"], session.views
    assert other.offset_s == pytest.approx(0.4)
    # Ten frames at 25 a second: the side's first frame is the top's eleventh.
    assert not np.asarray(side.data[9]).any()
    first = np.asarray(side.data[10])
    assert first.any()
    session.shift("side", 0.0)
    assert np.array_equal(np.asarray(side.data[0]), first)
    session.shift("side", 0.4 + 0.04)
    assert np.array_equal(np.asarray(side.data[11]), first)
    session.shift("top", 5.0)  # its clock is the recording's
    assert np.asarray(viewer.layers["top"].data[0]).any()
    session.reopen()
    assert np.array_equal(np.asarray(viewer.layers["side"].data[10]), first)


def test_what_is_shown_again_is_the_same_moment(viewer: ViewerModel, session: Session) -> None:
    session.go_to(2.0)
    viewer.scene.camera.zoom = 3.0
    session.reopen()
    assert session.moment == pytest.approx(2.0)
    assert viewer.scene.camera.zoom == 3.0


def test_keypoints_are_coloured_as_a_person_wants(viewer: ViewerModel, session: Session) -> None:
    points = viewer.layers["keypoints"]
    assert len(np.unique(points.face_color, axis=0)) == 3
    session.arrange(Arrangement(colour="individual"))
    assert len(np.unique(points.face_color, axis=0)) == 1
    session.open_recording("flat")
    assert len(np.unique(viewer.layers["keypoints"].face_color, axis=0)) == 1
    session.arrange(Arrangement())
    assert len(np.unique(viewer.layers["keypoints"].face_color, axis=0)) == 3


def test_time_is_in_frames_or_in_seconds(viewer: ViewerModel, session: Session) -> None:
    viewer.dims.set_current_step(0, 40)
    steps = viewer.dims.nsteps[0]
    session.arrange(Arrangement(seconds=True))
    assert (session.step, viewer.dims.nsteps[0]) == (40, steps)
    assert viewer.dims.point[0] == pytest.approx(40 / 25)
    assert viewer.dims.axis_labels[0] == "time"
    assert [str(unit) for unit in viewer.dims.units] == ["second", "pixel", "pixel"]
    shown = np.asarray(viewer.layers["top"]._slice.image.view)
    session.arrange(Arrangement())
    assert (session.step, viewer.dims.point[0], viewer.dims.axis_labels[0]) == (40, 40, "frame")
    assert np.array_equal(shown, viewer.layers["top"]._slice.image.view)


@pytest.mark.parametrize("rate", [7, 24, 25, 29.97, 30, 59.94, 120, 300])
def test_every_frame_can_be_reached_in_seconds(rate: float) -> None:
    viewer = ViewerModel()
    for frames in (2, 749, 1001, 108_000):
        layer = viewer.add_labels(np.zeros((frames, 1, 1), dtype=np.uint8))
        layer.axis_labels = ("frame", "y", "x")
        place_in_time([layer], 1 / rate)
        assert viewer.dims.nsteps[0] == frames
        for step in (1, frames // 2, frames - 1):
            viewer.dims.set_current_step(0, step)
            assert viewer.dims.current_step[0] == step
            assert round(layer.world_to_data(viewer.dims.point)[0]) == step
        viewer.layers.clear()


def test_in_space_time_is_in_seconds_too(viewer: ViewerModel, session: Session) -> None:
    session.arrange(Arrangement(seconds=True))
    session.go_to(3.0, recording="space")
    assert session.moment == pytest.approx(3.0, abs=0.02)
    assert viewer.dims.point[0] == pytest.approx(3.0, abs=0.04)
