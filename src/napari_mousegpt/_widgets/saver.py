"""What a person has made, on its way to the disk: off the window's thread, until it is there.

`Behind` is for reading, of which the last result counts; here everything counts, whatever becomes
of the dock it was made in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from napari.utils.task_status import Status
from qtpy.QtCore import QObject, QTimer

from mousegpt_core.errors import (
    BackendError,
    DataError,
    MouseGPTError,
    SettingsError,
    StageMissingError,
)
from napari_mousegpt._widgets.telling import errors_told, tell_error

_POLL_MS = 30
#: What could not be saved is tried again after so long (ms); it is told again after so long (s).
_AGAIN_MS, _TOLD_AGAIN_S = 5000, 60.0
_REFUSALS = (DataError, SettingsError, StageMissingError, BackendError)
_UNSAVED = "what you made last is not saved yet, as the messages say; closing now loses it"

_SAVERS: WeakKeyDictionary[Any, Saver] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _Saving:
    """A call that saves something; those of a place are made in their order."""

    place: Hashable
    call: Callable[[], Any]
    then: Callable[[Any], None]
    refused: Callable[[MouseGPTError], None] | None


class Saver(QObject):
    """Saves for all docks of a viewer; what cannot be saved is told, kept, and tried again.

    Its thread knows nothing of Qt: a timer looks for what has come.

    Parameters
    ----------
    window : napari.Window, optional
        Asks before it is closed while something could not be saved.
    """

    def __init__(self, window: Any = None) -> None:
        super().__init__()
        self._window = window
        self._status: Any = None
        self._thread = ThreadPoolExecutor(1, "mousegpt saves")
        self._waiting: list[_Saving] = []
        self._working: tuple[_Saving, Future[Any]] | None = None
        self._blocked: set[Hashable] = set()
        self._told: dict[Hashable, float] = {}
        self._poll_timer, self._again_timer = QTimer(self), QTimer(self)
        self._poll_timer.setInterval(_POLL_MS)
        self._poll_timer.timeout.connect(self._poll)
        self._again_timer.setInterval(_AGAIN_MS)
        self._again_timer.setSingleShot(True)
        self._again_timer.timeout.connect(self._again)

    @property
    def waiting(self) -> int:
        """How much is not saved yet."""
        return len(self._waiting)

    def waits(self, place: Hashable) -> bool:
        """Whether something of this place is not saved yet."""
        return any(each.place == place for each in self._waiting)

    def save_now(
        self,
        place: Hashable,
        call: Callable[[], Any],
        then: Callable[[Any], None],
        *,
        insist: bool = False,
    ) -> None:
        """Save in this thread, which takes an instant; as `save` does where that does not work.

        What is refused is told, and that is that, but for one who insists.
        """
        with errors_told():
            if not self.waits(place):
                try:
                    then(call())
                except MouseGPTError as error:
                    if isinstance(error, _REFUSALS) and not insist:
                        raise
                    self._tell(place, error)
                else:
                    return
            self.save(place, call, then, refused=None if insist else lambda error: None)

    def save(
        self,
        place: Hashable,
        call: Callable[[], Any],
        then: Callable[[Any], None] = lambda result: None,
        *,
        refused: Callable[[MouseGPTError], None] | None = None,
    ) -> None:
        """Call something that saves, after all that was given before for this place.

        Parameters
        ----------
        place : hashable
            The file.
        call : callable
            Called in a thread, again until it works.
        then : callable
            Gets the result, in the window's thread.
        refused : callable, optional
            Gets a refusal (`DataError` and the like), which is told, and that is that; without
            this, what is refused is tried again too.
        """
        self._waiting.append(_Saving(place, call, then, refused))
        self._next()

    def stand_by(self, place: Hashable, flush: Callable[[], Any]) -> None:
        """Tell and ask before closing until what is saved elsewhere, and could not be, is there."""
        if not self.waits(place):
            self.save(place, flush)

    def _next(self) -> None:
        if self._working is not None:
            return
        free = (each for each in self._waiting if each.place not in self._blocked)
        saving = next(free, None)
        if saving is not None:
            self._working = saving, self._thread.submit(saving.call)
            self._poll_timer.start()
        elif self._waiting:
            self._again_timer.start()
        self._ask_before_closing(bool(self._blocked))

    def _poll(self) -> None:
        if self._working is None or not self._working[1].done():
            return
        (saving, future), self._working = self._working, None
        self._poll_timer.stop()
        error = future.exception()
        refused = saving.refused if isinstance(error, _REFUSALS) else None
        if isinstance(error, MouseGPTError) and refused is None:
            self._blocked.add(saving.place)
            self._tell(saving.place, error)
            self._next()
            return
        self._waiting.remove(saving)
        self._told.pop(saving.place, None)
        self._next()
        with errors_told():
            if refused is not None and isinstance(error, MouseGPTError):
                refused(error)
            saving.then(future.result())

    def _again(self) -> None:
        self._blocked.clear()
        self._next()

    def _tell(self, place: Hashable, error: MouseGPTError) -> None:
        now = time.monotonic()
        if now - self._told.get(place, -_TOLD_AGAIN_S) >= _TOLD_AGAIN_S:
            self._told[place] = now
            told = f"not saved yet, tried again: {error.message}"
            tell_error(told, error.hint, f"{type(error).__name__}: {error}")

    def _ask_before_closing(self, ask: bool) -> None:
        if self._window is None:
            return
        if ask and self._status is None:
            self._status = self._window._register_task_status(
                "MouseGPT", Status.BUSY, _UNSAVED, lambda: None
            )
        elif not self._waiting and self._status is not None:
            self._window._update_task_status(self._status, Status.COMPLETED)
            self._status = None


def saver_of(session: Any) -> Saver:
    """The saver of a viewer's session, made on first use."""
    if session not in _SAVERS:
        _SAVERS[session] = Saver(getattr(session.viewer, "window", None))
    return _SAVERS[session]
