"""What a person made is saved in its order, and kept until it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from napari.utils.notifications import notification_manager
from napari.utils.task_status import Status

from mousegpt_core.errors import DataError, MouseGPTError
from napari_mousegpt import saving
from napari_mousegpt._widgets.saver import Saver

LONG = 60_000


class Window:
    """What napari's window is asked for."""

    def __init__(self) -> None:
        self.busy = False

    def _register_task_status(self, provider: str, status: Status, words: str, cancel: Any) -> str:
        self.busy = status == Status.BUSY and "not saved" in words
        return "id"

    def _update_task_status(self, id: str, status: Status) -> None:
        self.busy = not (id == "id" and status == Status.COMPLETED)


class Disk:
    """A disk that may be full."""

    def __init__(self) -> None:
        self.full = False
        self.holds: list[str] = []

    def write(self, what: str) -> Callable[[], str]:
        def call() -> str:
            if self.full:
                raise MouseGPTError("the disk is full", hint="make room")
            self.holds.append(what)
            return what

        return call


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def saver(qtbot: Any, window: Window, monkeypatch: pytest.MonkeyPatch) -> Saver:
    monkeypatch.setattr(saving, "_PATIENCE_S", 0.1)
    notification_manager.records.clear()
    return Saver(window)


def test_what_does_not_fit_is_told_kept_and_saved_in_its_order(
    qtbot: Any, saver: Saver, window: Window
) -> None:
    disk, other, done = Disk(), Disk(), []
    disk.full = True
    saver.save("a", disk.write("first"), done.append)
    saver.save("a", disk.write("second"), done.append)
    saver.save("b", other.write("elsewhere"), done.append)
    qtbot.waitUntil(lambda: window.busy and done == ["elsewhere"], timeout=LONG)
    qtbot.wait(300)  # tried again a few times, told once
    assert saver.waits("a")
    assert not saver.waits("b")
    (told,) = notification_manager.records
    assert "not saved yet, tried again: the disk is full" in told.message
    assert "make room" in told.message
    # What is given now comes after what waits.
    saver.save_now("a", disk.write("third"), done.append)
    disk.full = False
    qtbot.waitUntil(lambda: not saver.waiting, timeout=LONG)
    assert disk.holds == ["first", "second", "third"]
    assert done == ["elsewhere", "first", "second", "third"]
    assert not window.busy


def test_a_refusal_is_told_and_not_tried_again_but_where_one_insists(
    qtbot: Any, saver: Saver
) -> None:
    tries, refused, done = [], [], []

    def call() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise DataError("the name is taken", hint="choose another")

    saver.save("a", call, done.append, refused=refused.append)
    qtbot.waitUntil(lambda: bool(refused), timeout=LONG)
    saver.save_now("a", call, done.append)
    assert len(tries) == 2
    assert not saver.waiting
    assert [str(told.message)[:17] for told in notification_manager.records] == [
        "the name is taken"
    ] * 2
    assert not done
    saver.save("a", call, done.append)
    qtbot.waitUntil(lambda: done == [None], timeout=LONG)
    assert len(tries) == 4


def test_saved_now_is_saved_when_it_returns(saver: Saver) -> None:
    disk, done = Disk(), []
    saver.save_now("a", disk.write("now"), done.append)
    assert done == disk.holds == ["now"]


def test_what_fails_for_no_good_reason_does_not_hold_up_the_rest(qtbot: Any, saver: Saver) -> None:
    disk = Disk()

    def wrong() -> None:
        raise ZeroDivisionError

    with qtbot.capture_exceptions() as raised:
        saver.save("a", wrong)
        saver.save("a", disk.write("after it"))
        qtbot.waitUntil(lambda: not saver.waiting, timeout=LONG)
    assert disk.holds == ["after it"]
    assert [kind for kind, *_ in raised] == [ZeroDivisionError]
