"""What takes a moment, off the window's thread: one thing after the other, in their order.

`Behind` is for reading, of which the last result counts; here everything counts, as corrections do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, QTimer

from napari_mousegpt._widgets.telling import errors_told

_POLL_MS = 30


class Background(QObject):
    """A thread of a dock; what was given to it is finished, even if the dock is closed.

    The thread knows nothing of Qt: the dock's own timer looks for what has come.

    Parameters
    ----------
    owner : QObject
        The dock.
    """

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mousegpt-dock")
        self._waiting: deque[tuple[Future[Any], Callable[[Any], None]]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        thread = self._thread
        owner.destroyed.connect(lambda: thread.shutdown(wait=False))

    def run(self, call: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Call something there, and something with its result here; errors are told."""
        self._waiting.append((self._thread.submit(call), then))
        self._timer.start()

    def _poll(self) -> None:
        while self._waiting and self._waiting[0][0].done():
            future, then = self._waiting.popleft()
            with errors_told():
                then(future.result())
        if not self._waiting:
            self._timer.stop()
