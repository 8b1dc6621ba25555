"""Reading that takes a while, in a thread: of what was asked for last, the result counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.telling import tell_error


class Behind(QObject):
    """Runs functions behind a widget, and ends with it; errors are told.

    Parameters
    ----------
    owner : QWidget
        Whose results they are: once it is deleted, nobody is told.

    Attributes
    ----------
    ended : Signal
        What was asked for last is there, or failed.
    """

    ended = Signal()

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._worker: Any = None
        self._state = {"asked": 0, "there": True}
        state = self._state
        owner.destroyed.connect(lambda: state.update(there=False))

    @property
    def busy(self) -> bool:
        """Whether what was asked for last is not there yet."""
        return self._worker is not None

    def run(self, function: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Run a function; `done` gets its result, or nothing where it fails."""
        self.each(lambda: iter((function(),)), done)

    def each(self, make: Callable[[], Iterable[Any]], done: Callable[[Any], None]) -> None:
        """Run a generator; `done` gets each of its values as it comes."""
        self.stop()
        self._state["asked"] += 1
        asked, state = self._state["asked"], self._state

        def counts() -> bool:
            return bool(state["there"]) and state["asked"] == asked

        def come(value: Any) -> None:
            if not counts():
                return
            if isinstance(value, MouseGPTError):
                tell_error(value.message, value.hint, f"{type(value).__name__}: {value}")
            else:
                done(value)

        def finished() -> None:
            if counts():
                self._worker = None
                self.ended.emit()

        worker: Any = create_worker(_steps, make)
        worker.yielded.connect(come)
        worker.finished.connect(finished)
        self._worker = worker
        worker.start()

    def stop(self) -> None:
        """Ask nothing more of what runs."""
        self._state["asked"] += 1
        if self._worker is not None:
            self._worker.quit()
        self._worker = None


def _steps(make: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """Values as they come; an error is the last of them."""
    try:
        yield from make()
    except MouseGPTError as error:
        yield error
