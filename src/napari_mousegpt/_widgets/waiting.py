"""Where napari wants an answer at once that takes a while, the window goes on until it is there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Self, TypeVar

from napari.utils.progress import cancelable_progress, progress
from qtpy.compat import isalive
from qtpy.QtCore import QEventLoop, QThread, QTimer

from mousegpt_core.progress import CancelledError
from napari_mousegpt.pace import stand_back

_POLL_MS = 10
Result = TypeVar("Result")


def loop_runs() -> bool:
    """Whether the window's loop called us, as it does for a person; no script did before it."""
    return bool(QThread.currentThread().loopLevel())


def window_goes_on(call: Callable[[], Result], title: str) -> Result:
    """The result of a call, made in a thread of its own; a bar in napari's activity panel tells.

    Parameters
    ----------
    call : callable
        Without arguments; knows nothing of Qt.
    title : str
        What it does, for people.
    """
    threads = ThreadPoolExecutor(1, "mousegpt-waiting", initializer=stand_back)
    with progress(total=0, desc=title), threads:
        future = threads.submit(copy_context().run, call)
        _spin(future.done, _POLL_MS)
        return future.result()


class Waiting:
    """What can be given up: by a button at its bar, and by closing the window or napari.

    Parameters
    ----------
    title : str
        What is waited for, for people.
    window : QWidget
        Who waits.
    """

    def __init__(self, title: str, window: Any) -> None:
        self._title, self._window = title, window
        self._threads = ThreadPoolExecutor(1, "mousegpt-waiting", initializer=stand_back)

    def __enter__(self) -> Self:
        self._bar = cancelable_progress(total=0, desc=self._title)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._bar.close()

    def result(self, call: Callable[[], Result], too_late: Callable[[Result], None]) -> Result:
        """The result of a call, made in a thread of its own.

        Parameters
        ----------
        call : callable
            Without arguments; knows nothing of Qt.
        too_late : callable
            Gets, in that thread, what came after it was given up.

        Raises
        ------
        CancelledError
            If it was given up before it was there.
        """
        future = self._threads.submit(copy_context().run, call)
        try:
            self._wait(future.done, _POLL_MS)
        except CancelledError:
            future.add_done_callback(lambda done: _pass_on(done, too_late))
            raise
        return future.result()

    def turn(self) -> None:
        """Let the window have its turn.

        Raises
        ------
        CancelledError
            If it was given up.
        """
        self._wait(lambda: True, 0)

    def _wait(self, there: Callable[[], bool], every_ms: int) -> None:
        came = _spin(lambda: there() or self._given_up, every_ms)
        if not came or self._given_up:
            raise CancelledError

    @property
    def _given_up(self) -> bool:
        return bool(self._bar.is_canceled) or not isalive(self._window)


def _pass_on(done: Future[Result], to: Callable[[Result], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        to(done.result())


def _spin(there: Callable[[], bool], every_ms: int) -> bool:
    """Let the loop go round until something is there; False if napari ended before."""
    came, loop, timer = False, QEventLoop(), QTimer()

    def look() -> None:
        nonlocal came
        came = there()
        if came:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(every_ms)
    loop.exec()
    timer.stop()
    return came
