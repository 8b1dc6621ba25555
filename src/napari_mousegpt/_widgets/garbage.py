"""Python's full garbage collections, which look at all that lives: each in a round of its own."""

from __future__ import annotations

import gc
import time
from typing import Any

from qtpy.QtCore import QObject, QTimer

from napari_mousegpt._widgets.rest import rest
from napari_mousegpt._widgets.rounds import in_a_round
from napari_mousegpt.gone import when_gone
from napari_mousegpt.starting import is_starting

#: Between looks whether a collection is due (ms).
_LOOK_MS = 1000
#: After one there is none for so many times as long as it took.
_PAUSE = 50
#: One waits until nothing has moved for so long (s), but so long at most.
_CALM_S, _PATIENCE_S = 1.0, 60.0
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
    """Looks now and then whether a full collection is due."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._timer = QTimer(self)
        self._timer.timeout.connect(_full.make_if_due)
        self._timer.start(_LOOK_MS)
        _full.put_off()
        when_gone(window, _full.leave_to_python)


class _Full:
    """Full collections: Python's threshold of them is raised while windows are there.

    They are not switched off: should no window look any more, Python makes them in the end. It
    waits until what lives has grown by a quarter, too, which it tells nobody; so that much that
    lives is not gone through again and again, each is followed by a pause as it was long. They
    come while the window rests: with all docks one takes as long as a layer.
    """

    def __init__(self) -> None:
        self._windows = 0
        self._usual = self._raised = 0
        self._paused_until = 0.0
        self._due_since: float | None = None

    def put_off(self) -> None:
        """A window is there."""
        self._windows += 1
        if self._windows == 1:
            self._usual = gc.get_threshold()[2]
            self._raised = self._usual * _SELDOM
            self._set(self._raised)

    def leave_to_python(self) -> None:
        """A window is gone; what others have set meanwhile stays."""
        self._windows -= 1
        if self._windows == 0 and gc.get_threshold()[2] == self._raised:
            self._set(self._usual)

    def make_if_due(self) -> None:
        """Make one in a round to come, if there were enough smaller ones since the last.

        A Python that collects in another way, without this threshold, is left alone; so is one that
        is importing what is left out of collections in the end (`spare_collector`).
        """
        now = time.monotonic()
        is_due = 0 < self._usual < gc.get_count()[2] and now >= self._paused_until
        if not (is_due and gc.isenabled()) or is_starting():
            self._due_since = None
            return
        if self._due_since is None:
            self._due_since = now
        if rest.lasts_s >= _CALM_S or now - self._due_since >= _PATIENCE_S:
            in_a_round(self._make)

    def _make(self) -> None:
        began = time.monotonic()
        gc.collect()
        ended = time.monotonic()
        self._paused_until = ended + _PAUSE * (ended - began)

    @staticmethod
    def _set(full: int) -> None:
        gc.set_threshold(*gc.get_threshold()[:2], full)


_full = _Full()
