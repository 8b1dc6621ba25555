"""Full garbage collections wait for a round of their own while a window is there."""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_mousegpt import starting
from napari_mousegpt._widgets import garbage
from napari_mousegpt._widgets.garbage import collect_in_rounds
from napari_mousegpt._widgets.rest import Rest
from napari_mousegpt.session import session_of
from on_screen import on_screen

pytestmark = [
    pytest.mark.usefixtures("qapp"),
    pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has no full collections"),
]

YOUNG = (700, 10)
LONG_MS = 60_000
#: So many looks whether a collection is due are waited for where none may come.
LOOKS = 5


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python's usual thresholds; no window of other tests counts, and one looks often."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    before = gc.get_threshold()
    gc.set_threshold(*YOUNG, 10)
    monkeypatch.setattr(garbage, "_full", garbage._Full())
    monkeypatch.setattr(garbage, "_LOOK_MS", 10)
    yield
    gc.enable()
    gc.set_threshold(*before)


@pytest.fixture
def window() -> Iterator[QObject]:
    yield from windows()


@pytest.fixture
def other_window() -> Iterator[QObject]:
    yield from windows()


def windows() -> Iterator[QObject]:
    made = QObject()
    yield made
    close(made)


def close(window: QObject) -> None:
    """The window is gone; it may be by now."""
    try:
        window.deleteLater()
    except RuntimeError:
        return
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)


class Ring:
    """Only a collection takes it away."""

    def __init__(self) -> None:
        self.ring = self


def old_garbage() -> Callable[[], bool]:
    """Whether something is still there that only a full collection takes away; one is due."""
    ring = Ring()
    gc.collect()
    there = weakref.ref(ring)
    del ring
    while gc.get_count()[2] <= 10:
        gc.collect(1)
    assert there() is not None
    return lambda: there() is not None


def test_a_collection_that_is_due_is_made(window: QObject, qtbot: Any) -> None:
    is_there = old_garbage()
    collect_in_rounds(window)
    qtbot.waitUntil(lambda: not is_there(), timeout=LONG_MS)


def test_none_is_made_before_it_is_due(window: QObject, qtbot: Any) -> None:
    is_there = old_garbage()
    gc.collect(2)
    assert not is_there()
    made = counted_full()
    collect_in_rounds(window)
    qtbot.wait(LOOKS * garbage._LOOK_MS)
    assert made() == 0


def counted_full() -> Callable[[], int]:
    before = gc.get_stats()[2]["collections"]
    return lambda: int(gc.get_stats()[2]["collections"] - before)


def test_python_makes_none_itself_meanwhile(window: QObject) -> None:
    gc.freeze()  # the more lives, the fewer it makes
    try:
        assert made_by_python() > 0
        collect_in_rounds(window)
        assert made_by_python() == 0
    finally:
        gc.unfreeze()


def made_by_python() -> int:
    """Full collections that are made while much comes to live."""
    made = counted_full()
    rings = [Ring() for _ in range(200_000)]
    assert len(rings) == 200_000
    return made()


def test_after_a_long_one_there_is_a_rest(window: QObject, qtbot: Any) -> None:
    is_there = old_garbage()

    def slowly(phase: str, about: dict[str, int]) -> None:
        if about["generation"] == 2:
            time.sleep(0.05)

    collect_in_rounds(window)
    gc.callbacks.append(slowly)
    try:
        qtbot.waitUntil(lambda: not is_there(), timeout=LONG_MS)
    finally:
        gc.callbacks.remove(slowly)
    is_there = old_garbage()
    qtbot.wait(LOOKS * garbage._LOOK_MS)
    assert is_there()


def test_none_is_made_while_something_moves(
    window: QObject, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved_s = 0.5
    monkeypatch.setattr(Rest, "lasts_s", property(lambda _: moved_s))
    is_there = old_garbage()
    collect_in_rounds(window)
    qtbot.wait(LOOKS * garbage._LOOK_MS)
    assert is_there()
    moved_s = 1.5
    qtbot.waitUntil(lambda: not is_there(), timeout=LONG_MS)


def test_one_is_made_in_the_end_where_something_always_moves(
    window: QObject, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rest, "lasts_s", 0.0)
    monkeypatch.setattr(garbage, "_PATIENCE_S", 0.2)
    is_there = old_garbage()
    collect_in_rounds(window)
    qtbot.waitUntil(lambda: not is_there(), timeout=LONG_MS)


def test_none_is_made_while_the_docks_are_imported(window: QObject, qtbot: Any) -> None:
    is_there = old_garbage()
    with starting._starting:
        collect_in_rounds(window)
        qtbot.wait(LOOKS * garbage._LOOK_MS)
        assert is_there()
    qtbot.waitUntil(lambda: not is_there(), timeout=LONG_MS)


def test_none_is_made_where_a_person_wants_none(window: QObject, qtbot: Any) -> None:
    gc.disable()
    is_there = old_garbage()
    collect_in_rounds(window)
    qtbot.wait(LOOKS * garbage._LOOK_MS)
    assert is_there()


def test_python_does_as_before_once_no_window_is_there(
    window: QObject, other_window: QObject
) -> None:
    for each in (window, other_window, window):
        collect_in_rounds(each)
        assert gc.get_threshold() == (*YOUNG, 1000)
    close(window)
    assert gc.get_threshold() == (*YOUNG, 1000)
    close(other_window)
    assert gc.get_threshold() == (*YOUNG, 10)


def test_what_others_have_set_meanwhile_stays(window: QObject) -> None:
    collect_in_rounds(window)
    gc.set_threshold(5000, 20, 30)
    close(window)
    assert gc.get_threshold() == (5000, 20, 30)


def test_a_python_that_collects_otherwise_is_left_alone(window: QObject, qtbot: Any) -> None:
    gc.set_threshold(*YOUNG, 0)
    is_there = old_garbage()
    collect_in_rounds(window)
    qtbot.wait(LOOKS * garbage._LOOK_MS)
    assert is_there()
    assert gc.get_threshold() == (*YOUNG, 0)


@on_screen
def test_where_nothing_is_shown_no_garbage_is_looked_for(viewer: Any) -> None:
    session = session_of(viewer)
    made = counted_full()
    gc.disable()
    session.close_recording()
    assert made() == 0


@on_screen
def test_little_is_left_for_the_collection_that_napari_makes_as_layers_go(
    viewer: Any, study_folder: Path
) -> None:
    session = session_of(viewer)
    session.open_study(study_folder, recording="flat")
    assert len(viewer.layers) > 3
    gc.collect()
    gc.disable()
    found: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "stop":
            found.append(about["collected"])

    gc.callbacks.append(note)
    try:
        session.close_recording()
    finally:
        gc.callbacks.remove(note)
    # The last is napari's.
    assert found[-1] < 0.75 * sum(found)
