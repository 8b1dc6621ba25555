"""One thing of ours in a round of the window's loop: what a person does is heard between two."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QAbstractEventDispatcher, QCoreApplication, QTimer

#: What is done without arguments; it is done once, however often it is asked for until then.
Act = Callable[[], None]

#: Others that were at work for longer in a round (s of the processor) have it for themselves:
#: napari, which paints. On the clock it would be Python's threads, too, which change every 5 ms.
_OTHERS_S = 0.005
#: So many rounds are left to others at most, one after the other; then ours goes on beside them.
_MOST_LEFT = 5


class Rounds:
    """Does one thing a round, in the order in which they were asked for.

    What Qt finds to be done at a time is done in one round, one thing after the other: a layer
    would be added in the round that paints the one before, and a person waits for both.
    """

    def __init__(self) -> None:
        self._acts: dict[Act, None] = {}
        self._timer: QTimer | None = None
        #: When the round began (s of the processor); None = the loop did not tell.
        self._began: float | None = None
        self._left = 0

    def __call__(self, act: Act) -> None:
        """Do it in a round to come."""
        self._acts[act] = None
        if self._timer is None or not isalive(self._timer):
            self._begin()

    def _take_round(self) -> None:
        others_s = 0.0 if self._began is None else time.thread_time() - self._began
        self._began = None
        if others_s <= _OTHERS_S:
            self._left = 0
        elif self._left < _MOST_LEFT:
            self._left += 1
            return
        act = next(iter(self._acts))
        # Qt does not fire a timer whose slot still runs: a loop within the act needs another.
        self._end()
        del self._acts[act]
        if self._acts:
            self._begin()
        act()

    def _begin(self) -> None:
        # Not `QTimer.singleShot`, which comes before what Qt paints. On Linux a timer comes after
        # that; elsewhere a round may still hold both.
        self._timer = QTimer(QCoreApplication.instance())
        self._timer.timeout.connect(self._take_round)
        self._timer.start(0)
        self._of_loop().awake.connect(self._note_beginning)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
            self._of_loop().awake.disconnect(self._note_beginning)

    def _note_beginning(self) -> None:
        self._began = time.thread_time()

    @staticmethod
    def _of_loop() -> Any:
        return QAbstractEventDispatcher.instance()


#: Of all that is ours, as there is one loop.
in_a_round = Rounds()
