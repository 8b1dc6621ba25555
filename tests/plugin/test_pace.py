"""Threads that read for a window let it have the processor first."""

from __future__ import annotations

import os
import sys
from threading import get_native_id
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtWidgets import QWidget

from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.turns import InTurns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has threads' niceness")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, get_native_id())


def test_what_is_read_in_turns_stands_back(qtbot: Any) -> None:
    widget, found = QWidget(), []
    qtbot.addWidget(widget)

    def reading() -> Any:
        found.append((yield niceness))
        found.append((yield niceness))

    InTurns(widget).begin(reading())
    qtbot.waitUntil(lambda: len(found) == 2)
    assert found == [min(niceness() + 3, 19)] * 2


def test_what_is_read_behind_a_dock_stands_back(qtbot: Any) -> None:
    widget, found = QWidget(), []
    qtbot.addWidget(widget)
    before = niceness()
    behind = Behind(widget)
    behind.run(niceness, found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert found == [min(before + 3, 19)]
    assert niceness() == before
