"""Pictures that come after their step where a person goes on, and with it where a script does."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from gated_film import LONG_MS, Gated
from mousegpt_core.errors import VideoError
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.windows import session_in_window
from on_screen import on_screen


class Impatient:
    """Waits not at all, or until all is there; reads in threads."""

    def __init__(self) -> None:
        self.patience: float | None = 0.0
        self.news = 0
        self.threads: list[Thread] = []

    def until(self) -> float | None:
        return None if self.patience is None else time.perf_counter() + self.patience

    def begin(self, reading: Callable[[], None]) -> None:
        self.threads.append(Thread(target=reading))
        self.threads[-1].start()

    def came(self) -> None:
        self.news += 1

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(LONG_MS / 1000)
            assert not thread.is_alive()


def as_napari(pictures: LatePictures, key: Any) -> Any:
    """What napari gets where it slices a layer."""
    in_napari = {"__name__": "napari.layers._scalar_field._slice"}
    return FunctionType(_slice.__code__, in_napari)(pictures, key)


def _slice(pictures: Any, key: Any) -> Any:
    return pictures[key]


@pytest.fixture
def slow() -> Iterator[tuple[LatePictures, Gated, Impatient]]:
    gated, reader = Gated(), Impatient()
    pictures = LatePictures(gated)
    pictures.reader = reader
    assert as_napari(pictures, 0).max() == 0
    yield pictures, gated, reader
    for gate in gated.gates.values():
        gate.set()
    reader.wait()


Slow = tuple[LatePictures, Gated, Impatient]


def test_the_last_picture_is_shown_until_the_next_one_comes(slow: Slow) -> None:
    pictures, gated, reader = slow
    gated.hold(5)
    assert as_napari(pictures, (slice(5, 6), slice(None), slice(None))).shape == (1, 4, 6, 3)
    assert pictures.is_late
    assert not pictures.has_news
    gated.gates[5].set()
    reader.wait()
    assert pictures.has_news
    assert as_napari(pictures, (5, slice(0, 2))).tolist() == np.full((2, 6, 3), 5).tolist()
    assert not pictures.is_late
    assert gated.read.count(5) == 1


def test_everybody_else_gets_what_they_ask_for(slow: Slow) -> None:
    pictures, gated, reader = slow
    gated.hold(5)
    assert as_napari(pictures, 5).max() == 0
    gated.gates[5].set()
    assert pictures[5].min() == 5
    assert pictures[4:7][:, 0, 0, 0].tolist() == [4, 5, 6]
    assert pictures[-1].min() == 9
    assert np.asarray(pictures).shape == pictures.shape == (len(pictures), 4, 6, 3)
    # Beyond the end there is nothing, as of any array.
    assert as_napari(pictures, slice(10, 11)).shape == (0, 4, 6, 3)
    reader.patience = None
    assert as_napari(pictures, 7).min() == 7
    assert not pictures.is_late


def test_what_is_asked_for_last_counts(slow: Slow) -> None:
    pictures, gated, reader = slow
    gated.hold(2, 3, 4, 5)
    as_napari(pictures, 2)
    gated.wait_for(2)
    for step in (3, 4, 5):
        as_napari(pictures, step)
    for gate in gated.gates.values():
        gate.set()
    reader.wait()
    assert gated.read == [0, 2, 5]
    # That of 2 was shown meanwhile.
    assert reader.news == 2
    assert as_napari(pictures, 5).min() == 5


def test_a_picture_that_comes_in_time_is_not_late(slow: Slow) -> None:
    pictures, _, reader = slow
    reader.patience = LONG_MS / 1000
    for step in (1, 2, 1, 9, 0):
        assert as_napari(pictures, step).min() == step
        assert not pictures.is_late


def test_a_damaged_picture_is_told_where_it_is_shown(slow: Slow) -> None:
    pictures, gated, reader = slow
    gated.broken.add(6)
    gated.hold(6)
    assert as_napari(pictures, 6).max() == 0
    gated.gates[6].set()
    reader.wait()
    assert pictures.has_news
    with pytest.raises(VideoError, match="damaged"):
        as_napari(pictures, 6)
    # It is told once; others are shown.
    assert not pictures.has_news
    reader.patience = LONG_MS / 1000
    assert as_napari(pictures, 7).min() == 7


def test_a_closed_film_is_not_read_on(slow: Slow) -> None:
    pictures, gated, reader = slow
    gated.hold(2, 3)
    as_napari(pictures, 2)
    gated.wait_for(2)
    as_napari(pictures, 3)
    pictures.close()
    for gate in gated.gates.values():
        gate.set()
    reader.wait()
    assert gated.closed == 1
    assert gated.read == [0, 2]


def test_others_in_their_place(slow: Slow) -> None:
    pictures, gated, reader = slow
    other = Gated()
    gated.hold(4)
    as_napari(pictures, 4)
    gated.wait_for(4)
    pictures.pictures = other
    gated.gates[4].set()
    reader.wait()
    reader.patience = LONG_MS / 1000
    assert as_napari(pictures, 4).min() == 4
    assert other.read == [4]


def test_a_copy_is_read_on_its_own(slow: Slow) -> None:
    pictures, gated, _ = slow
    gated.hold(5)
    as_napari(pictures, 5)
    other = copy.deepcopy(LatePictures(Gated()))
    pictures_too = copy.copy(pictures)
    assert pictures_too.reader is None
    assert not pictures_too.is_late
    assert as_napari(pictures_too, 3).min() == 3
    assert other[4].min() == 4


# -- in a window -----------------------------------------------------------------------------------


@pytest.fixture
def shown(viewer: Any) -> Iterator[tuple[Any, Any, list[Gated]]]:
    """Two films beside each other; what lets them follow."""
    from napari_mousegpt._widgets.stepping import pictures_follow

    films = [Gated(50), Gated(50)]
    for film in films:
        viewer.add_image(LatePictures(film), rgb=True, contrast_limits=(0, 255))
    follow = pictures_follow(viewer, viewer.window._qt_window)
    viewer.dims.set_current_step(0, 0)
    yield viewer, follow, films
    for film in films:
        for gate in film.gates.values():
            gate.set()


def seen(viewer: Any) -> list[int]:
    """Whose pictures the layers show."""
    return [int(layer._slice.image.raw.max()) for layer in viewer.layers]


def go_and_hold(shown: Any, step: int) -> None:
    """Go to a step as a dock does; its pictures are held back."""
    viewer, follow, films = shown
    for film in films:
        film.hold(step)
    with follow.may_follow():
        viewer.dims.set_current_step(0, step)


@on_screen
def test_a_script_gets_the_pictures_of_its_step(shown: Any, qtbot: Any) -> None:
    viewer, follow, _ = shown
    for step in (7, 30, 2):
        viewer.dims.set_current_step(0, step)
        assert seen(viewer) == [step, step]
        assert not follow.are_late


@on_screen
def test_the_window_does_not_wait_where_a_dock_goes_to_a_moment(shown: Any, qtbot: Any) -> None:
    viewer, follow, films = shown
    go_and_hold(shown, 20)
    assert viewer.dims.current_step[0] == 20
    assert seen(viewer) == [0, 0]
    assert follow.are_late
    # Each comes when it is there.
    films[1].gates[20].set()
    qtbot.waitUntil(lambda: seen(viewer) == [0, 20], timeout=LONG_MS)
    with qtbot.waitSignal(follow.caught_up, timeout=LONG_MS):
        films[0].gates[20].set()
    assert seen(viewer) == [20, 20]


@on_screen
def test_a_step_after_one_that_was_late_is_not_waited_for(
    shown: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt._widgets import stepping

    viewer, follow, films = shown
    monkeypatch.setattr(stepping, "_PATIENCE_S", LONG_MS / 1000)

    def leap(step: int) -> None:
        with follow.may_follow():
            viewer.dims.set_current_step(0, step)

    films[0].hold(10)
    follow._patience = 0.0
    leap(10)
    assert follow.are_late
    # However long this one takes, it is within what is waited for: so the next is waited for.
    films[0].gates[10].set()
    qtbot.waitUntil(lambda: seen(viewer) == [10, 10], timeout=LONG_MS)
    leap(20)
    assert seen(viewer) == [20, 20]
    # That came too late for a step, whatever it took.
    monkeypatch.setattr(stepping, "_PATIENCE_S", -1.0)
    leap(25)
    qtbot.waitUntil(lambda: follow._patience == 0.0, timeout=LONG_MS)
    films[0].hold(30)
    leap(30)
    assert follow.are_late
    films[0].gates[30].set()
    qtbot.waitUntil(lambda: seen(viewer) == [30, 30], timeout=LONG_MS)


@on_screen
def test_a_film_that_is_hidden_or_removed_is_not_waited_for(shown: Any, qtbot: Any) -> None:
    viewer, follow, films = shown
    go_and_hold(shown, 20)
    viewer.layers[0].visible = False
    assert follow.are_late
    viewer.layers.pop(1)
    assert not follow.are_late
    for film in films:
        film.gates[20].set()
    viewer.layers[0].visible = True
    qtbot.waitUntil(lambda: seen(viewer) == [20], timeout=LONG_MS)
    assert not follow.are_late


@on_screen
def test_a_film_that_has_ended_is_not_waited_for(viewer: Any, qtbot: Any) -> None:
    from napari_mousegpt._widgets.stepping import pictures_follow

    films = [Gated(50), Gated(30)]
    for film in films:
        viewer.add_image(LatePictures(film), rgb=True, contrast_limits=(0, 255))
    shown = viewer, pictures_follow(viewer, viewer.window._qt_window), films
    viewer.dims.set_current_step(0, 0)
    go_and_hold(shown, 20)
    assert shown[1].are_late
    films[0].gates[20].set()
    viewer.dims.set_current_step(0, 40)
    assert not shown[1].are_late
    # Where it has pictures, it is as late as before until they are there.
    with shown[1].may_follow():
        viewer.dims.set_current_step(0, 20)
    qtbot.waitUntil(lambda: viewer.layers[0]._slice.image.raw.max() == 20, timeout=LONG_MS)
    assert shown[1].are_late
    films[1].gates[20].set()
    qtbot.waitUntil(lambda: seen(viewer) == [20, 20], timeout=LONG_MS)
    assert not shown[1].are_late


@on_screen
def test_layers_of_one_film_are_waited_for(shown: Any, qtbot: Any) -> None:
    from napari.layers import Layer

    viewer, follow, films = shown
    viewer.add_layer(Layer.create(*viewer.layers[0].as_layer_data_tuple()))
    viewer.layers[-1].translate = (10, 0, 0)
    for film in films:
        film.hold(20)
        film.gates[20].set()
    with follow.may_follow():
        viewer.dims.set_current_step(0, 20)
    qtbot.waitUntil(lambda: not follow.are_late, timeout=LONG_MS)
    assert seen(viewer) == [20, 20, 10]


@on_screen
def test_a_layer_is_duplicated(viewer: Any, qtbot: Any, study_folder: Path) -> None:
    from napari.layers import _layer_actions

    session = session_in_window(viewer)
    session.open_study(study_folder, recording="flat")
    qtbot.waitUntil(lambda: session.recording == "flat" and not session.coming, timeout=LONG_MS)
    viewer.layers.selection = {viewer.layers["top"]}
    _layer_actions._duplicate_layer(viewer.layers)
    viewer.dims.set_current_step(0, 30)
    first, second = viewer.layers["top"], viewer.layers["top copy"]
    np.testing.assert_array_equal(first._slice.image.raw, second._slice.image.raw)
    viewer.layers.remove("top copy")


@on_screen
def test_a_layer_may_outlive_its_window(qtbot: Any) -> None:
    import napari
    from napari.components import ViewerModel

    from napari_mousegpt._widgets.stepping import pictures_follow

    viewer, film = napari.Viewer(show=False), Gated(50)
    layer = viewer.add_image(LatePictures(film), rgb=True, contrast_limits=(0, 255))
    follow = pictures_follow(viewer, viewer.window._qt_window)
    assert layer.data.reader is follow
    film.hold(20)
    with follow.may_follow():
        viewer.dims.set_current_step(0, 20)
    viewer.close()
    qtbot.waitUntil(lambda: layer.data.reader is None, timeout=LONG_MS)
    film.gates[20].set()
    other = ViewerModel()
    other.add_layer(layer)
    other.dims.set_current_step(0, 30)
    assert seen(other) == [30]


@on_screen
def test_dragging_the_slider_shows_what_is_there(shown: Any, qtbot: Any) -> None:
    from qtpy.QtCore import Qt

    viewer, follow, films = shown
    viewer.window._qt_window.show()
    slider = viewer.window._qt_viewer.dims.slider_widgets[0].slider
    films[0].hold(*range(1, 50))
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
    step = viewer.dims.current_step[0]
    if not step:  # the press took hold of the handle
        slider.setValue(step := 25)
    qtbot.waitUntil(lambda: seen(viewer) == [0, step], timeout=LONG_MS)
    assert follow.are_late
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
    for gate in films[0].gates.values():
        gate.set()
    qtbot.waitUntil(lambda: seen(viewer) == [step, step], timeout=LONG_MS)


@on_screen
def test_a_key_over_the_picture_does_not_wait(shown: Any, qtbot: Any) -> None:
    from qtpy.QtCore import Qt

    viewer, _, films = shown
    viewer.dims.set_current_step(0, 10)
    films[0].hold(9)
    qtbot.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key.Key_Left)
    assert viewer.dims.current_step[0] == 9
    assert seen(viewer) == [10, 9]
    films[0].gates[9].set()
    qtbot.waitUntil(lambda: seen(viewer) == [9, 9], timeout=LONG_MS)
    # Once the key is done with, scripts are served as before.
    films[0].gates.clear()
    viewer.dims.set_current_step(0, 30)
    assert seen(viewer) == [30, 30]


@on_screen
def test_the_words_say_that_a_picture_is_read(
    viewer: Any, qtbot: Any, study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mousegpt_core.video import Film

    session = session_in_window(viewer)
    session.open_study(study_folder, recording="flat")
    qtbot.waitUntil(lambda: session.recording == "flat" and not session.coming, timeout=LONG_MS)
    gate, read = Event(), Film._read

    def held(film: Film, number: int) -> Any:
        assert gate.wait(LONG_MS / 1000)
        return read(film, number)

    monkeypatch.setattr(Film, "_read", held)
    try:
        session.go_to(2.4)
        assert session.moment == pytest.approx(2.4)
        # The keypoints are there at once.
        nose = viewer.layers["keypoints"].data[0]
        assert nose[1] == pytest.approx(20 + 60 * 40 / 89 + 12, rel=1e-4)
        overlay = viewer.canvas.overlays.text
        qtbot.waitUntil(lambda: "reading the picture" in overlay.text, timeout=LONG_MS)
    finally:
        gate.set()
    said = f"{session.moment:.2f} s   {session.sentence}"
    qtbot.waitUntil(lambda: overlay.text.replace("\n", " ") == said, timeout=LONG_MS)
    shown = viewer.layers["top"]._slice.image.raw
    np.testing.assert_array_equal(shown, viewer.layers["top"].data[60])
