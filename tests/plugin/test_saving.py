"""What a person makes reaches the disk, in order, however often it fails."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import pytest

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt import saving
from napari_mousegpt.saving import Saving


class Disk:
    """Takes what is written, unless it is full."""

    def __init__(self) -> None:
        self.there: list[int] = []
        self.full = False
        self.tried = Event()

    def write(self, what: int) -> None:
        self.tried.set()
        if self.full:
            raise MouseGPTError("the disk is full", hint="make room")
        self.there.append(what)


def test_all_is_written_in_order() -> None:
    disk, made = Disk(), Saving()
    for number in range(50):
        made.add(lambda number=number: disk.write(number))
    made.flush()
    assert disk.there == list(range(50))
    assert made.unsaved == 0


def test_what_fails_is_told_once_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_PATIENCE_S", 0.1)
    disk, made = Disk(), Saving()
    disk.full = True
    for number in range(3):
        made.add(lambda number=number: disk.write(number))
    for _ in range(2):  # whoever waits for it is told in any case
        with pytest.raises(MouseGPTError, match="full"):
            made.flush()
    made.poll()  # told before
    assert (disk.there, made.unsaved) == ([], 3)
    disk.full = False
    made.flush()
    assert disk.there == [0, 1, 2]
    made.poll()
    disk.full = True
    made.add(lambda: disk.write(3))
    with pytest.raises(MouseGPTError, match="full"):
        made.flush()
    disk.full = False
    made.flush()
    assert disk.there == [0, 1, 2, 3]


def test_it_is_told_to_who_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_PATIENCE_S", 30.0)
    disk, made = Disk(), Saving()
    disk.full = True
    made.add(lambda: disk.write(0))
    told: list[str] = []
    while not told:
        try:
            made.poll()
        except MouseGPTError as error:
            told.append(error.message)
    made.poll()
    assert told == ["the disk is full"]
    disk.full = False
    made.flush()  # does not wait for the next try
    assert disk.there == [0]


def test_a_disk_that_is_slow_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_LAST_WAIT_S", 0.05)
    made, woken = Saving(), Event()
    made.add(woken.wait)
    with pytest.raises(MouseGPTError, match="not saved yet"):
        made.flush()
    woken.set()
    monkeypatch.undo()
    made.flush()
    assert made.unsaved == 0


def test_python_ends_though_something_cannot_be_written() -> None:
    program = """
from napari_mousegpt.saving import Saving
def fail():
    raise OSError("gone")
made = Saving()
made.add(fail)
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert ended.returncode == 0
