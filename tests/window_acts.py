"""Somebody works in a dock of napari's real window, for `window_faults`, which kills it.

``python window_acts.py STUDY KIND MOST PLACE SEED``: tells on standard output, a JSON object a
line, that it is ``ready``, what was ``done`` (a number), and what the window ``told``.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import napari
import numpy as np
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_mousegpt.session import session_of

#: Pauses between acts (ms), and how long a window lives that nobody kills (s).
PAUSES, LIFE_S = (20, 200), 900
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
#: Seconds from one bout to the next, and how long they are drawn and dragged to be.
BOUT_S, DRAWN_S, DRAGGED_S = 0.4, 0.1, 0.2

Act = Callable[[int], None]


def say(**values: Any) -> None:
    """Tell whoever started this; at once, for we may be killed."""
    sys.stdout.write(f"{json.dumps(values)}\n")
    sys.stdout.flush()


def keypoints(viewer: Any, dock: Any, _: int) -> Act:
    """Keypoints are nudged by keys, each act another one."""
    wait(lambda: dock.editing is not None)  # keys before that do nothing, and the dock says so
    canvas = viewer.window._qt_viewer.canvas.native
    names = itertools.cycle([Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down])

    def act(_: int) -> None:
        QTest.keyClick(canvas, Qt.Key.Key_Period)
        QTest.keyClick(canvas, next(names), Qt.KeyboardModifier.ShiftModifier)

    return act


def sentence(viewer: Any, dock: Any, _: int) -> Act:
    """A sentence is typed, without a pause; each act a word."""
    dock.tabs.setCurrentWidget(dock.sentence)
    wait(lambda: dock.sentence._said is not None)
    field = dock.sentence._fields["overall"]
    field.selectAll()
    field.setFocus()

    def act(number: int) -> None:
        QTest.keyClicks(field, f"word{number} ")

    return act


def bouts(viewer: Any, dock: Any, place: int) -> Act:
    """Bouts are drawn by mouse, and each is made longer: two acts."""
    wait(lambda: dock._data is not None)
    dock._schemes.setCurrentIndex(dock._schemes.findData("human"))
    dock._schemes.activated.emit(0)
    wait(lambda: dock._data is not None)
    dock._bar.behaviour.setCurrentText("rearing")
    session = session_of(viewer)
    row = dock._data.row_of(session.recording, session.individual)
    QTest.qWait(300)

    def act(number: int) -> None:
        start = 0.1 + place + BOUT_S * ((number - 1) // 2)
        dock._plot.setXRange(start - 0.5, start + 1.5, padding=0)
        QTest.qWait(50)
        if number % 2:
            drag(dock._plot, row, start, start + DRAWN_S)
        else:
            drag(dock._plot, row, start + DRAWN_S, start + DRAGGED_S)

    return act


def behaviours(viewer: Any, dock: Any, _: int) -> Act:
    """A behaviour is called otherwise again and again."""
    wait(lambda: dock._map is not None)

    def act(number: int) -> None:
        dock._table.topLevelItem(0).setText(0, f"name {number}")  # as its editor does

    return act


def zones(viewer: Any, dock: Any, place: int) -> Act:
    """Zones are drawn."""
    dock._ground.draw("zone")
    layer = viewer.layers.selection.active

    def act(number: int) -> None:
        corner = np.array([number + 0.5 * place, 2.0 * place])
        layer.add_rectangles(corner + np.array([[0, 0], [0, 20], [20, 20], [20, 0]]))

    return act


#: The dock, the recording, and how one works in it.
KINDS: dict[str, tuple[str, str, Any]] = {
    "keypoints": ("Keypoints", "flat", keypoints),
    "sentence": ("Describe", "flat", sentence),
    "bouts": ("Ethogram", "space", bouts),
    "behaviours": ("Behaviours", "space", behaviours),
    "zones": ("Views", "flat", zones),
}


def drag(plot: Any, row: int, start: float, stop: float) -> None:
    """Drag from one moment to another in a row, as a hand does."""
    box = plot.getViewBox()
    steps = [
        plot.mapFromScene(box.mapViewToScene(QPointF(start + (stop - start) * n / 6, row - 0.1)))
        for n in range(7)
    ]
    QTest.mouseMove(plot.viewport(), steps[0])
    QTest.mousePress(plot.viewport(), LEFT, NONE, steps[0])
    for step in steps[1:]:
        moved = QMouseEvent(
            QMouseEvent.Type.MouseMove, QPointF(step), QPointF(step), LEFT, LEFT, NONE
        )
        QApplication.sendEvent(plot.viewport(), moved)
        QTest.qWait(10)
    QTest.mouseRelease(plot.viewport(), LEFT, NONE, steps[-1])
    QTest.qWait(10)


def wait(there: Callable[[], bool]) -> None:
    """Wait until something is there."""
    began = time.monotonic()
    while not there():
        if time.monotonic() - began > LIFE_S:
            raise TimeoutError
        QTest.qWait(20)


def main(study: str, kind: str, most: int, place: int, seed: int) -> None:
    """Work, until killed."""
    draw, parent = random.Random(seed), os.getppid()
    notification_manager.notification_ready.connect(lambda one: say(told=str(one.message)))
    viewer = napari.Viewer()
    viewer.window.resize(1600, 1100)
    name, recording, begin = KINDS[kind]
    session_of(viewer).open_study(study, recording=recording)
    dock = viewer.window.add_plugin_dock_widget("napari-mousegpt", name)[1]
    QTest.qWait(300)
    act = begin(viewer, dock, place)
    say(ready=True)
    began, number = time.monotonic(), 0
    while os.getppid() == parent and time.monotonic() - began < LIFE_S:
        if number < most:
            number += 1
            act(number)
            say(done=number)
        QTest.qWait(draw.randint(*PAUSES))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
