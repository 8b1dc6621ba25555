"""What nobody waits for is done while the window rests: docks read, and garbage goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from gated_film import LONG_MS, Gated
from napari_mousegpt._widgets import behind
from napari_mousegpt._widgets import rest as of_rest
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.rest import Rest
from napari_mousegpt.late_pictures import LatePictures
from on_screen import on_screen

HOURS_S = 3600.0


class Clock:
    """Time that passes as a test says."""

    def __init__(self) -> None:
        self.now = HOURS_S

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(of_rest, "time", made)
    monkeypatch.setattr(behind, "time", made)
    monkeypatch.setattr(of_rest.rest, "_moved", 0.0)
    yield made
    monkeypatch.undo()


@pytest.fixture
def reading(qtbot: Any) -> Iterator[Behind]:
    owner = QWidget()
    qtbot.addWidget(owner)
    made = Behind(owner)
    yield made
    made.stop()


def test_a_window_rests_where_nothing_has_moved_yet() -> None:
    assert Rest().is_there


def test_it_rests_again_after_a_while(clock: Clock) -> None:
    rest = Rest()
    rest.end()
    assert not rest.is_there
    clock.now += 0.29
    assert not rest.is_there
    clock.now += 0.02
    assert rest.is_there
    assert rest.lasts_s == pytest.approx(0.31)


def test_docks_read_at_once_while_it_rests(clock: Clock, reading: Behind, qtbot: Any) -> None:
    found: list[int] = []
    reading.run(lambda: 7, found.append)
    qtbot.waitUntil(lambda: found == [7], timeout=LONG_MS)


def test_docks_read_once_it_rests(clock: Clock, reading: Behind, qtbot: Any) -> None:
    begun: list[int] = []
    of_rest.rest.end()
    reading.run(lambda: begun.append(1), lambda _: begun.append(2))
    qtbot.wait(5 * behind._POLL_MS)
    assert begun == []
    assert reading.busy
    clock.now += 0.4
    qtbot.waitUntil(lambda: begun == [1, 2], timeout=LONG_MS)
    qtbot.waitUntil(lambda: not reading.busy, timeout=LONG_MS)


def test_docks_read_in_the_end_where_something_always_moves(
    clock: Clock, reading: Behind, qtbot: Any
) -> None:
    found: list[int] = []
    of_rest.rest.end()
    reading.run(lambda: 7, found.append)
    for _ in range(24):
        clock.now += 0.2
        of_rest.rest.end()
        qtbot.wait(behind._POLL_MS)
        assert found == []
    clock.now += 0.3
    of_rest.rest.end()
    qtbot.waitUntil(lambda: found == [7], timeout=LONG_MS)


def test_what_is_stopped_before_it_began_is_never_read(
    clock: Clock, reading: Behind, qtbot: Any
) -> None:
    read: list[int] = []
    of_rest.rest.end()
    reading.run(lambda: read.append(1), lambda _: None)
    reading.stop()
    assert not reading.busy
    clock.now += 9
    reading.run(lambda: read.append(2), lambda _: None)
    qtbot.waitUntil(lambda: not reading.busy, timeout=LONG_MS)
    assert read == [2]


def moves(clock: Clock) -> bool:
    """Whether something has moved since the last look."""
    moved = not of_rest.rest.is_there
    clock.now += 9
    return moved


@on_screen
def test_steps_late_pictures_and_hands_on_the_canvas_move(
    viewer: Any, clock: Clock, qtbot: Any
) -> None:
    from napari_mousegpt._widgets.stepping import pictures_follow

    window = viewer.window._qt_window
    with qtbot.waitExposed(window):
        window.show()
    film = Gated(50)
    viewer.add_image(LatePictures(film), rgb=True, contrast_limits=(0, 255))
    follow = pictures_follow(viewer, window)
    moves(clock)
    qtbot.wait(100)
    assert not moves(clock)
    film.hold(30)
    with follow.may_follow():
        viewer.dims.set_current_step(0, 30)
    assert moves(clock)
    film.gates[30].set()
    qtbot.waitUntil(lambda: not follow.are_late, timeout=LONG_MS)
    assert moves(clock)
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.mouseMove(canvas, canvas.rect().center())
    assert not moves(clock)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton)
    assert moves(clock)
    qtbot.keyClick(canvas, Qt.Key.Key_A)
    assert moves(clock)
