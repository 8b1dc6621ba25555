"""A step of the slider in napari's real window: the picture first, the words soon after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from on_screen import ON_SCREEN

pytest.importorskip("pytestqt")

pytestmark = ON_SCREEN


def opened(viewer: Any, folder: Path) -> Any:
    from napari_mousegpt._widgets.stepping import Soon
    from napari_mousegpt.manners import Manners
    from napari_mousegpt.session import session_of

    session = session_of(viewer)
    session.open_study(folder, recording="flat")
    session.manners = Manners(Soon())
    return session


def test_the_list_of_layers_hears_of_films_and_trails_once_the_slider_rests(
    viewer: Any, qtbot: Any, study_folder: Path
) -> None:
    from napari_mousegpt._widgets.stepping import ThumbnailsFollow

    opened(viewer, study_folder)
    ThumbnailsFollow(viewer, viewer.window._qt_window)
    others = viewer.add_points(np.zeros((2, 3)))
    told: list[tuple[str, int]] = []
    for layer in (viewer.layers["top"], viewer.layers["top trails"], others):
        layer.events.thumbnail.connect(
            lambda event: told.append((event.source.name, viewer.dims.current_step[0]))
        )
    before = viewer.layers["top"].thumbnail
    for step in (10, 20, 30):
        viewer.dims.set_current_step(0, step)
    assert {name for name, _ in told} <= {others.name}
    qtbot.waitUntil(lambda: ("top", 30) in told and ("top trails", 30) in told)
    assert {one for one in told if one[0] != others.name} == {("top", 30), ("top trails", 30)}
    assert not np.array_equal(viewer.layers["top"].thumbnail, before)


def test_a_layer_that_outlives_its_window_has_a_thumbnail_at_once(
    qtbot: Any, study_folder: Path
) -> None:
    import napari

    from napari_mousegpt._widgets.stepping import ThumbnailsFollow

    viewer = napari.Viewer(show=False)
    opened(viewer, study_folder)
    ThumbnailsFollow(viewer, viewer.window._qt_window)
    trails = viewer.layers["top trails"]
    assert "_update_thumbnail" in vars(trails)
    with qtbot.waitSignal(viewer.window._qt_window.destroyed):
        viewer.close()
    assert "_update_thumbnail" not in vars(trails)


def test_after_a_burst_of_steps_the_last_ones_words_are_shown(
    viewer: Any, qtbot: Any, study_folder: Path
) -> None:
    session = opened(viewer, study_folder)
    overlay = viewer.canvas.overlays.text
    words: list[str] = []
    overlay.events.text.connect(lambda: words.append(overlay.text))
    for step in range(1, 31):
        viewer.dims.set_current_step(0, step)
    # The keypoints are there at once.
    nose = viewer.layers["keypoints"].data[0]
    assert nose[1] == pytest.approx(20 + 30 * 40 / 89 + 12, rel=1e-4)
    last = f"{session.moment:.2f} s   {session.sentence}"
    qtbot.waitUntil(lambda: overlay.text.replace("\n", " ") == last)
    assert len(words) == 1
    assert session.moment == pytest.approx(1.2)


def test_the_list_of_layers_hears_of_the_keypoints_after_the_step(
    viewer: Any, qtbot: Any, study_folder: Path
) -> None:
    opened(viewer, study_folder)
    points = viewer.layers["keypoints"]
    told: list[str] = []
    pictures: list[int] = []
    points.events.connect(lambda event: told.append(event.type))
    points.events.set_data.connect(lambda: pictures.append(viewer.dims.current_step[0]))
    viewer.dims.set_current_step(0, 5)
    assert set(pictures) == {5}
    assert not told
    qtbot.waitUntil(lambda: "thumbnail" in told)
    assert set(pictures) == {5}
    seen = points.data[points.shown]
    np.testing.assert_allclose(points.extent.data, [seen.min(axis=0), seen.max(axis=0)])
    # What a person does is told at once.
    points.visible = False
    assert "visible" in told


def test_the_words_keep_up_while_the_film_plays(
    viewer: Any, qtbot: Any, study_folder: Path
) -> None:
    opened(viewer, study_folder)
    words: set[str] = set()
    overlay = viewer.canvas.overlays.text
    overlay.events.text.connect(lambda: words.add(overlay.text))
    for step in range(1, 31):
        viewer.dims.set_current_step(0, step)
        qtbot.wait(25)
    assert len(words) > 1


def test_words_that_come_after_the_window_was_closed_are_nowhere(
    qtbot: Any, study_folder: Path
) -> None:
    import napari

    viewer = napari.Viewer(show=False)
    opened(viewer, study_folder)
    viewer.dims.set_current_step(0, 5)
    viewer.close()
    del viewer
    qtbot.wait(250)


def test_the_letters_of_words_are_drawn_before_the_words_are(viewer: Any, qtbot: Any) -> None:
    from napari_mousegpt._widgets.stepping import learn_letters

    canvas = viewer.window._qt_viewer.canvas
    font = canvas._font_info.font_manager.get_font(canvas._font_info.face)
    learn_letters(viewer.window._qt_window)
    words = "opening mouse-07 … 12.5 s: it rears (twice), then grooms"
    qtbot.waitUntil(lambda: set(words) | set("ÅÉÑŐ") <= set(font._glyphs))
    seen = set(font._glyphs)
    drawn = {letter: dict(font._glyphs[letter]) for letter in words}
    viewer.text_overlay.text, viewer.text_overlay.visible = words, True
    viewer.screenshot(flash=False)
    for letter, before in drawn.items():
        assert font._glyphs[letter]["texcoords"] == before["texcoords"]
    assert set(font._glyphs) == seen
