"""One thing of ours in a round of the window's loop: what a person does is heard between two."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QAbstractEventDispatcher, QCoreApplication, QTimer

#: What is done without arguments; it is done once, however often it is asked for until then.
Act = Callable[[], None]

#: A round is left to others that took longer in it (s): napari, which paints the picture.
_OTHERS_S = 0.005
#: So many rounds are left to others at most, one after the other.
_MOST_LEFT = 5


class Rounds:
    """Does one thing a round, in the order in which they were asked for.

    What Qt finds to be done at a time is done in one round, one thing after the other: a layer
    would be added where the picture with the one before it was painted, and both be waited for.
    """

    def __init__(self) -> None:
        self._acts: dict[Act, None] = {}
        self._timer: QTimer | None = None
        #: When the round began; None = the loop did not tell.
        self._began: float | None = None
        self._left = 0

    def __call__(self, act: Act) -> None:
        """Do it in a round to come."""
        self._acts[act] = None
        if self._timer is None or not isalive(self._timer):
            self._begin()

    def _look(self) -> None:
        others_s = 0.0 if self._began is None else time.perf_counter() - self._began
        self._began = None
        if others_s > _OTHERS_S and self._left < _MOST_LEFT:
            self._left += 1
            return
        self._left = 0
        act = next(iter(self._acts))
        del self._acts[act]
        # A timer is deaf while it is heard: within an act there may be a loop for the others.
        self._end()
        if self._acts:
            self._begin()
        act()

    def _begin(self) -> None:
        # A timer comes last in a round; what is left to do by an act is done in the next.
        self._timer = QTimer(QCoreApplication.instance())
        self._timer.timeout.connect(self._look)
        self._timer.start(0)
        self._of_loop().awake.connect(self._on_round)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
            self._of_loop().awake.disconnect(self._on_round)

    def _on_round(self) -> None:
        self._began = time.perf_counter()

    @staticmethod
    def _of_loop() -> Any:
        return QAbstractEventDispatcher.instance()


#: Of all that is ours, as there is one loop.
in_a_round = Rounds()
