"""Reading that takes a while, in a thread: of what was asked for last, the result counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.rest import rest
from napari_mousegpt._widgets.telling import tell_error
from napari_mousegpt.pace import stand_back

_POLL_MS = 30
#: So long at most is it put off for a person who moves something (s).
_PATIENCE_S = 5.0


class Behind(QObject):
    """Runs functions behind a widget, and ends with it; errors are told.

    It begins once the window rests: pictures that are read and drawn want the same processor, and
    Python. The thread knows nothing of Qt: it fills a queue, into which the widget's own timer
    looks. So nothing is ever told to a widget that is gone.

    Parameters
    ----------
    owner : QWidget
        Whose results they are.

    Attributes
    ----------
    ended : Signal
        What was asked for last is there, or failed.
    """

    ended = Signal()

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._task: _Task | None = None
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[MouseGPTError], None] | None = None
        self._latest = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def __del__(self) -> None:
        if self._task is not None:
            self._task.stopped.set()

    @property
    def busy(self) -> bool:
        """Whether what was asked for last is not there yet."""
        return self._task is not None

    def run(
        self,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[MouseGPTError], None] | None = None,
    ) -> None:
        """Run a function; `done` gets its result, `failed` the error, which is told in any case."""
        self.each(lambda: iter((function(),)), done)
        self._failed = failed

    def each(self, make: Callable[[], Iterable[Any]], done: Callable[[Any], None]) -> None:
        """Run a generator; `done` gets each of its values as it comes."""
        self.stop()
        self._task, self._done, self._failed = _Task(make), done, None
        self._latest = time.monotonic() + _PATIENCE_S
        self._begin_if_due(self._task)
        self._timer.start()

    def stop(self) -> None:
        """Ask nothing more of what runs."""
        self._timer.stop()
        if self._task is not None:
            self._task.stopped.set()
        self._task, self._done, self._failed = None, None, None

    def _poll(self) -> None:
        task = self._task
        if task is None:
            return
        if not task.has_begun:
            self._begin_if_due(task)
            return
        # Before its last values are taken, so that none is lost.
        over = not task.thread.is_alive()
        while self._task is task:
            try:
                value = task.values.get_nowait()
            except Empty:
                break
            self._take(value)
        if over and self._task is task:
            self.stop()
            self.ended.emit()

    def _begin_if_due(self, task: _Task) -> None:
        if rest.is_there or time.monotonic() >= self._latest:
            task.begin()

    def _take(self, value: Any) -> None:
        if isinstance(value, MouseGPTError):
            tell_error(value.message, value.hint, f"{type(value).__name__}: {value}")
            if self._failed is not None:
                self._failed(value)
        elif isinstance(value, Exception):
            raise value
        elif self._done is not None:
            self._done(value)


class _Task:
    """A generator in a thread of its own."""

    def __init__(self, make: Callable[[], Iterable[Any]]) -> None:
        self.values: SimpleQueue[Any] = SimpleQueue()
        self.stopped = Event()
        self.thread = Thread(target=self._work, args=(make,), name="mousegpt reads")
        self.has_begun = False

    def begin(self) -> None:
        self.has_begun = True
        self.thread.start()

    def _work(self, make: Callable[[], Iterable[Any]]) -> None:
        stand_back()
        try:
            for value in make():
                self.values.put(value)
                if self.stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised anew where it is taken, in the window
            self.values.put(error)
