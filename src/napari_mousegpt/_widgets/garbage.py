"""Python's full garbage collections, which look at all that lives: each in a round of its own."""

from __future__ import annotations

import gc
from typing import Any

from qtpy.QtCore import QObject, QTimer

from napari_mousegpt._widgets.rounds import in_a_round
from napari_mousegpt.gone import when_gone
from napari_mousegpt.starting import is_starting

#: Between looks whether a collection is due (ms).
_LOOK_MS = 1000
#: So many times as seldom does Python itself make one meanwhile.
_SELDOM = 100


def collect_in_rounds(window: Any) -> None:
    """Let full collections be made between what a window does, for as long as it is there.

    Python makes them in the middle of what happens to need memory: a layer that comes takes twice
    as long, and in a thread that reads one keeps the window waiting. Small ones stay as they are.
    """
    if window.findChild(_Collecting) is None:
        _Collecting(window)


class _Collecting(QObject):
    """Looks now and then whether Python would have made a full collection."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._timer = QTimer(self)
        self._timer.timeout.connect(_collect_if_due)
        self._timer.start(_LOOK_MS)
        _threshold.raise_()
        when_gone(window, _threshold.lower)


class _Threshold:
    """After how many smaller collections Python makes a full one; raised while windows are there.

    It is not switched off: should no window look any more, Python does it in the end.
    """

    def __init__(self) -> None:
        self._windows = 0
        self._usual = self._raised = 0

    def raise_(self) -> None:
        """A window is there."""
        self._windows += 1
        if self._windows == 1:
            self._usual = gc.get_threshold()[2]
            self._raised = self._usual * _SELDOM
            self._set(self._raised)

    def lower(self) -> None:
        """A window is gone; what others have set meanwhile stays."""
        self._windows -= 1
        if self._windows == 0 and gc.get_threshold()[2] == self._raised:
            self._set(self._usual)

    @property
    def is_passed(self) -> bool:
        """Whether Python would have made one by now; a Python that does it otherwise never."""
        return 0 < self._usual < gc.get_count()[2]

    @staticmethod
    def _set(full: int) -> None:
        gc.set_threshold(*gc.get_threshold()[:2], full)


_threshold = _Threshold()


def _collect_if_due() -> None:
    # What is imported is left out of it in the end (`spare_collector`).
    if gc.isenabled() and _threshold.is_passed and not is_starting():
        in_a_round(_collect)


def _collect() -> None:
    gc.collect()
