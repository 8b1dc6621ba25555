"""The session's work in turns of the window's loop, so that the window never freezes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from inspect import GEN_RUNNING, getgeneratorstate
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer

from napari_mousegpt._widgets.rounds import in_a_round
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.gone import when_gone
from napari_mousegpt.pace import Turns, resume, stand_back

#: Between looks whether what is read has come (ms).
_POLL_MS = 10


class InTurns(QObject):
    """A `Pace` that reads in a thread, and lets the window's loop go round between turns.

    Errors are told. It ends with its owner.

    Parameters
    ----------
    owner : QObject
        The window, or a dock.
    """

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        owner.installEventFilter(self)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.stop)
        self._turns: Turns | None = None
        self._found: Future[Any] | None = None
        # Several, so that nobody waits for what was given up.
        threads = self._threads = ThreadPoolExecutor(
            thread_name_prefix="mousegpt-opens", initializer=stand_back
        )
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        when_gone(owner, lambda: threads.shutdown(wait=False, cancel_futures=True))

    @property
    def busy(self) -> bool:
        """Whether something is at work."""
        return self._turns is not None

    def begin(self, turns: Turns) -> None:
        """Do it, up to what it reads first at once."""
        self.stop()
        self._turns = turns
        self._next()

    def stop(self) -> None:
        """Give up what is at work; what it was reading is closed when it comes."""
        self._timer.stop()
        turns, found = self._turns, self._found
        self._turns = self._found = None
        if found is not None:
            found.add_done_callback(_close)
        # One that is in the middle of its turn is closed at its end.
        if turns is not None and not _is_running(turns):
            turns.close()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Give up what is at work before the owner goes."""
        if event.type() == QEvent.Type.DeferredDelete:
            self.stop()
        return bool(super().eventFilter(watched, event))

    def _look(self) -> None:
        if self._found is not None and self._found.done():
            self._timer.stop()
            in_a_round(self._go_on)

    def _go_on(self) -> None:
        # What was at work when this was asked for may have been given up for something else.
        if not isalive(self) or self._turns is None or _is_running(self._turns):
            return
        if self._found is None or self._found.done():
            self._timer.stop()
            self._next()

    def _next(self) -> None:
        turns, found = self._turns, self._found
        if turns is None:
            return
        self._found = None
        over, call = True, None
        with errors_told():
            try:
                call = resume(turns, found)
                over = False
            except StopIteration:
                pass
            finally:
                if self._turns is not turns:
                    turns.close()
                elif over:
                    self.stop()
        if self._turns is turns:
            if call is None:
                self._found = None
                in_a_round(self._go_on)
            else:
                self._found = self._threads.submit(call)
                self._timer.start(_POLL_MS)


def _is_running(turns: Turns) -> bool:
    """Whether it is in the middle of a turn, in which a loop of its own goes round."""
    return getgeneratorstate(turns) == GEN_RUNNING


def _close(found: Future[Any]) -> None:
    """Close what nobody waits for any more."""
    if not found.cancelled() and found.exception() is None:
        close = getattr(found.result(), "close", None)
        if close is not None:
            close()
