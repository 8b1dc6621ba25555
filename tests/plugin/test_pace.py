"""Threads that read for a window let it have the processor first, and are few at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from threading import Event, Semaphore, Thread, get_native_id
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtWidgets import QWidget

from napari_mousegpt import pace
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.turns import InTurns

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has threads' niceness")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, get_native_id())


@ON_LINUX
def test_what_is_read_in_turns_stands_back(qtbot: Any) -> None:
    widget, found = QWidget(), []
    qtbot.addWidget(widget)

    def reading() -> Any:
        found.append((yield niceness))
        found.append((yield niceness))

    InTurns(widget).begin(reading())
    qtbot.waitUntil(lambda: len(found) == 2)
    assert found == [min(niceness() + 3, 19)] * 2


@ON_LINUX
def test_what_is_read_behind_a_dock_stands_back(qtbot: Any) -> None:
    widget, found = QWidget(), []
    qtbot.addWidget(widget)
    before = niceness()
    behind = Behind(widget)
    behind.run(niceness, found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert found == [min(before + 3, 19)]
    assert niceness() == before


class Held:
    """Docks that read until they are let go."""

    def __init__(self, qtbot: Any) -> None:
        self.begun: list[int] = []
        self.ends = [Event() for _ in range(4)]
        self.docks = [QWidget() for _ in self.ends]
        self.behind = [Behind(dock) for dock in self.docks]
        for dock in self.docks:
            qtbot.addWidget(dock)

    def begin(self, number: int) -> None:
        self.behind[number].run(lambda: self._read(number), lambda _: None)

    def threads(self) -> list[Thread]:
        return [thread for thread in enumerate_threads() if thread.name == "mousegpt reads"]

    def _read(self, number: int) -> None:
        self.begun.append(number)
        self.ends[number].wait(10)


@pytest.fixture
def held(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    # What other tests left to be read keeps no room.
    monkeypatch.setattr(pace, "_ROOM", Semaphore(2))
    held = Held(qtbot)
    yield held
    for end in held.ends:
        end.set()
    for thread in held.threads():
        thread.join(10)


def test_two_docks_read_at_a_time_and_a_third_waits(
    held: Held, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_PATIENCE_S", 60.0)
    for number in range(3):
        held.begin(number)
    qtbot.waitUntil(lambda: len(held.begun) == 2)
    qtbot.wait(200)
    (waits,) = {0, 1, 2} - {*held.begun}
    held.ends[held.begun[0]].set()
    qtbot.waitUntil(lambda: waits in held.begun)


def test_one_that_is_given_up_while_it_waits_never_reads(
    held: Held, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_PATIENCE_S", 60.0)
    held.begin(0)
    held.begin(1)
    qtbot.waitUntil(lambda: len(held.begun) == 2)
    held.begin(2)
    held.behind[2].stop()
    held.begin(3)
    held.ends[0].set()
    qtbot.waitUntil(lambda: 3 in held.begun)
    assert 2 not in held.begun


def test_nobody_waits_long_for_those_that_are_slow(held: Held, qtbot: Any) -> None:
    for number in range(4):
        held.begin(number)
    qtbot.waitUntil(lambda: len(held.begun) == 4)
