"""Docks hear the session: in a window each in its turn, in a script at once."""

from __future__ import annotations

from typing import Any

import pytest

from mousegpt_core.errors import DataError

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari_mousegpt._widgets import hearing
from napari_mousegpt._widgets.style import Dock
from napari_mousegpt.pace import AtOnce
from napari_mousegpt.session import Session


class Listening(Dock):
    """Writes down what it hears."""

    def __init__(self, name: str, heard: list[str]) -> None:
        super().__init__()
        self.name, self.heard = name, heard

    def hear(self) -> None:
        """Hear that something changed."""
        self.heard.append(self.name)

    def move(self, moment: float) -> None:
        """Hear a moment."""
        self.heard.append(f"{self.name} {moment:g}")

    def fail(self) -> None:
        """Hear what cannot be done."""
        raise DataError("no")


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def session() -> Session:
    """As in a window: what takes a while is done in turns."""
    from napari.components import ViewerModel

    session = Session(ViewerModel())
    session.take_turns(AtOnce)
    return session


@pytest.fixture
def docks(qtbot: Any, heard: list[str]) -> list[Listening]:
    made = [Listening(name, heard) for name in "ab"]
    for dock in made:
        qtbot.addWidget(dock)
    return made


def test_a_dock_hears_in_a_turn_of_its_own(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch, session: Session, docks: Any, heard: list[str]
) -> None:
    due: dict[Any, None] = {}
    monkeypatch.setattr(hearing, "in_a_round", due.setdefault)
    for dock in docks:
        dock.follow(session.recording_changed, dock.hear)
    session.recording_changed.emit()
    session.recording_changed.emit()
    assert (heard, len(due)) == ([], 1)
    due.popitem()[0]()
    assert (heard, len(due)) == (["a"], 1)
    due.popitem()[0]()
    assert (heard, due) == (["a", "b"], {})


def test_of_several_moments_the_newest_is_heard(
    qtbot: Any, session: Session, docks: Any, heard: list[str]
) -> None:
    docks[0].follow(session.moment_changed, docks[0].move)
    session.moment_changed.emit(1.0)
    session.moment_changed.emit(2.0)
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == ["a 2"]


def test_one_that_may_not_wait_hears_at_once(
    session: Session, docks: Any, heard: list[str]
) -> None:
    docks[0].follow(session.recording_changed, docks[0].hear, at_once=True)
    session.recording_changed.emit()
    assert heard == ["a"]


def test_without_a_window_all_hear_at_once(session: Session, docks: Any, heard: list[str]) -> None:
    session.leave_window()
    docks[0].follow(session.recording_changed, docks[0].hear)
    session.recording_changed.emit()
    docks[1].in_turn(session, docks[1].hear)
    assert heard == ["a", "b"]


def test_a_dock_that_is_gone_hears_nothing_and_errors_stop_nobody(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch, session: Session, docks: Any, heard: list[str]
) -> None:
    from qtpy.QtCore import QCoreApplication, QEvent

    told: list[str] = []
    monkeypatch.setattr(
        "napari_mousegpt._widgets.telling.tell_error", lambda message, *_: told.append(message)
    )
    gone = Listening("gone", heard)
    gone.in_turn(session, gone.hear)
    gone.deleteLater()
    QCoreApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)
    docks[0].in_turn(session, docks[0].fail)
    docks[1].in_turn(session, docks[1].hear)
    qtbot.waitUntil(lambda: bool(heard))
    assert (heard, told) == (["b"], ["no"])
