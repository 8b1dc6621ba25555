"""What takes a moment, off the window's thread: one thing after the other, in their order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Signal

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.telling import tell_error


class Background(QObject):
    """A thread of a dock; what was given to it is finished, even if the dock is closed.

    Parameters
    ----------
    owner : QObject
        The dock.
    """

    _came = Signal(object, object)

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mousegpt-dock")
        self._came.connect(self._take)
        thread = self._thread
        owner.destroyed.connect(lambda: thread.shutdown(wait=False))

    def run(self, call: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Call something there, and something with its result here; errors are told."""

        def work() -> None:
            result: Any = None
            try:
                result = call()
            except MouseGPTError as error:
                result = error
            with suppress(RuntimeError):  # the dock is closed
                self._came.emit(then, result)

        self._thread.submit(work)

    def _take(self, then: Callable[[Any], None], result: Any) -> None:
        if isinstance(result, MouseGPTError):
            name = type(result).__name__
            tell_error(result.message, result.hint, f"{name}: {result}")
        else:
            then(result)
