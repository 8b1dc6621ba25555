"""What a person has made, on its way to the disk: looked after by the window until it is there.

`Saving` writes it, off the window's thread; here what cannot be saved is told, and asked about
before napari closes. `Behind` is for reading, of which the last result counts; here everything
counts, whatever becomes of the dock it was made in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
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
from napari_mousegpt.saving import Saving

_POLL_MS = 30
#: What still cannot be saved is told again after so long (s).
_TOLD_AGAIN_S = 60.0
_REFUSALS = (DataError, SettingsError, StageMissingError, BackendError)
_UNSAVED = "what you made last is not saved yet, as the messages say; closing now loses it"

_SAVERS: WeakKeyDictionary[Any, Saver] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _Order:
    """A call that saves something, and what came of it once it is not tried again."""

    place: Hashable
    call: Callable[[], Any]
    then: Callable[[Any], None]
    refused: Callable[[MouseGPTError], None] | None
    came: Future[Any] = field(default_factory=Future)

    def write(self) -> None:
        """Call it; raises what is worth another try. In a thread."""
        try:
            result = self.call()
        except Exception as error:
            final = self.refused is not None and isinstance(error, _REFUSALS)
            if isinstance(error, MouseGPTError) and not final:
                raise
            self.came.set_exception(error)
        else:
            self.came.set_result(result)

    def end(self) -> None:
        """Give what came of it to whom it concerns; errors are told. In the window's thread."""
        with errors_told():
            error = self.came.exception()
            if self.refused is not None and isinstance(error, MouseGPTError):
                self.refused(error)
            self.then(self.came.result())


class Saver(QObject):
    """Saves for all docks of a viewer; what cannot be saved is told, kept, and tried again.

    Threads know nothing of Qt: a timer looks for what has come.

    Parameters
    ----------
    window : napari.Window, optional
        Asks before it is closed while something could not be saved.
    """

    def __init__(self, window: Any = None) -> None:
        super().__init__()
        self._window = window
        self._status: Any = None
        self._orders: list[_Order] = []
        self._savings: dict[Hashable, Saving] = {}
        self._told: dict[Hashable, float] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def waiting(self) -> int:
        """How much is not saved yet."""
        return len(self._orders)

    def waits(self, place: Hashable) -> bool:
        """Whether something of this place is not saved yet."""
        return any(each.place == place for each in self._orders)

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
        order = _Order(place, call, then, refused)
        self._orders.append(order)
        self._savings.setdefault(place, Saving()).add(order.write)
        self._timer.start()

    def stand_by(self, place: Hashable, flush: Callable[[], Any]) -> None:
        """Tell and ask before closing until what is saved elsewhere, and could not be, is there."""
        if not self.waits(place):
            self.save(place, flush)

    def _poll(self) -> None:
        order = next((each for each in self._orders if each.came.done()), None)
        if order is not None:
            self._orders.remove(order)
            self._told.pop(order.place, None)
        failing = {place: one.error for place, one in self._savings.items() if self.waits(place)}
        for place, error in failing.items():
            if isinstance(error, MouseGPTError):
                self._tell(place, error)
        self._ask_before_closing(any(failing.values()))
        if not self._orders:
            self._timer.stop()
            self._savings.clear()
        if order is not None:
            order.end()

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
        elif not self._orders and self._status is not None:
            self._window._update_task_status(self._status, Status.COMPLETED)
            self._status = None


def saver_of(session: Any) -> Saver:
    """The saver of a viewer's session, made on first use."""
    if session not in _SAVERS:
        _SAVERS[session] = Saver(getattr(session.viewer, "window", None))
    return _SAVERS[session]
