"""Where napari wants an answer at once that takes a while, the window goes on until it is there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from napari.utils import progress
from qtpy.QtCore import QEventLoop, QTimer

_POLL_MS = 30
Result = TypeVar("Result")


def window_goes_on(call: Callable[[], Result], title: str) -> Result:
    """The result of a call, made in a thread of its own, with a bar in napari's activity panel.

    Parameters
    ----------
    call : callable
        Without arguments; knows nothing of Qt.
    title : str
        What it does, for people.
    """
    loop, timer = QEventLoop(), QTimer()
    with progress(total=0, desc=title), ThreadPoolExecutor(1, "mousegpt-waiting") as thread:
        future = thread.submit(call)
        timer.timeout.connect(lambda: loop.quit() if future.done() else None)
        timer.start(_POLL_MS)
        loop.exec()
        timer.stop()
        return future.result()
