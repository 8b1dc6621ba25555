"""Pictures that the graphics card has are not sent there again; those that are shown are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gated_film import LONG_MS, Gated
from napari_mousegpt.late_pictures import LatePictures
from on_screen import on_screen

STEPS = 50


@pytest.fixture
def film() -> Gated:
    """As bright as the step that each of its pictures is of."""
    return Gated(STEPS)


@pytest.fixture
def follow(viewer: Any, qtbot: Any) -> Any:
    """What lets pictures come late; the window is there to be looked at."""
    from napari_mousegpt._widgets.stepping import pictures_follow

    with qtbot.waitExposed(viewer.window._qt_window):
        viewer.window._qt_window.show()
    return pictures_follow(viewer, viewer.window._qt_window)


def shown(viewer: Any, film: Gated, **options: Any) -> Any:
    return viewer.add_image(
        LatePictures(film), rgb=True, contrast_limits=(0, 255), scale=(1, 50, 50), **options
    )


def drawn(viewer: Any) -> int:
    """The step whose picture is in the middle of the canvas."""
    picture = viewer.screenshot(canvas_only=True, flash=False)
    return int(picture[picture.shape[0] // 2, picture.shape[1] // 2, 0])


def go(viewer: Any, follow: Any, step: int) -> None:
    with follow.may_follow():
        viewer.dims.set_current_step(0, step)


def sends(viewer: Any, layer: Any) -> bool:
    """Whether the picture will be sent with what is drawn next."""
    return bool(viewer.window._qt_viewer.canvas.layer_to_visual[layer].node._need_texture_upload)


@on_screen
def test_a_picture_that_stays_is_not_sent_again(
    viewer: Any, follow: Any, film: Gated, qtbot: Any
) -> None:
    layer = shown(viewer, film)
    viewer.dims.set_current_step(0, 10)
    assert drawn(viewer) == 10
    film.hold(30)
    go(viewer, follow, 30)
    assert follow.are_late
    assert not sends(viewer, layer)
    assert drawn(viewer) == 10
    film.gates[30].set()
    qtbot.waitUntil(lambda: not follow.are_late, timeout=LONG_MS)
    assert drawn(viewer) == 30


@on_screen
def test_the_picture_that_came_is_drawn_where_it_was_given_while_not_seen(
    viewer: Any, follow: Any, film: Gated, qtbot: Any
) -> None:
    layer = shown(viewer, film, visible=False)
    viewer.dims.set_current_step(0, 10)
    layer.visible = True
    assert drawn(viewer) == 10
    film.hold(30)
    go(viewer, follow, 30)
    layer.visible = False
    film.gates[30].set()
    qtbot.waitUntil(lambda: 30 in film.read, timeout=LONG_MS)
    layer.visible = True
    qtbot.waitUntil(lambda: not follow.are_late, timeout=LONG_MS)
    assert drawn(viewer) == 30


@on_screen
def test_other_ways_of_drawing_the_same_picture_are_drawn(
    viewer: Any, follow: Any, film: Gated, qtbot: Any
) -> None:
    layer = shown(viewer, film)
    viewer.dims.set_current_step(0, 10)
    film.hold(30)
    go(viewer, follow, 30)
    assert drawn(viewer) == 10
    # The picture stays, and is turned, seen in other limits, and in space and back.
    with follow.may_follow():
        viewer.dims.order = (0, 2, 1)
        assert drawn(viewer) == 10
        viewer.dims.order = (0, 1, 2)
        assert drawn(viewer) == 10
    layer.contrast_limits = (0, 100)
    layer.contrast_limits = (0, 255)
    assert drawn(viewer) == 10
    film.gates[30].set()
    qtbot.waitUntil(lambda: not follow.are_late, timeout=LONG_MS)
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    assert drawn(viewer) == 30


@on_screen
def test_other_pictures_in_the_place_of_these_are_drawn(
    viewer: Any, follow: Any, film: Gated
) -> None:
    layer = shown(viewer, film)
    viewer.dims.set_current_step(0, 10)
    assert drawn(viewer) == 10
    layer.data.pictures = np.full((STEPS, 4, 6, 3), 77, np.uint8)
    layer.refresh()
    assert drawn(viewer) == 77
    layer.data.pictures = film
    layer.refresh()
    assert drawn(viewer) == 10


@on_screen
def test_a_layer_that_comes_again_is_drawn(viewer: Any, follow: Any, film: Gated) -> None:
    layer = shown(viewer, film)
    viewer.dims.set_current_step(0, 10)
    assert drawn(viewer) == 10
    viewer.layers.remove(layer)
    viewer.layers.append(layer)
    viewer.dims.set_current_step(0, 10)
    assert drawn(viewer) == 10


@on_screen
def test_a_film_that_gave_way_to_an_array_is_sent_whenever_that_changes(
    viewer: Any, follow: Any, film: Gated
) -> None:
    layer = shown(viewer, film)
    viewer.dims.set_current_step(0, 10)
    assert drawn(viewer) == 10
    pictures = np.full((STEPS, 4, 6, 3), 77, np.uint8)
    layer.data = pictures
    assert drawn(viewer) == 77
    pictures[:] = 200
    layer.refresh()
    assert drawn(viewer) == 200


@on_screen
def test_other_layers_are_sent_whenever_they_change(viewer: Any, follow: Any) -> None:
    pictures = np.full((4, 6), 10, np.uint8)
    layer = viewer.add_image(pictures, contrast_limits=(0, 255), scale=(50, 50))
    assert drawn(viewer) == 10
    pictures[:] = 200
    layer.refresh()
    assert drawn(viewer) == 200
