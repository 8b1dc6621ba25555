"""What a person has made on its way to the disk: in order, beside the window, until it is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, main_thread

from mousegpt_core.errors import MouseGPTError

#: What could not be written is tried again after so long (s).
_PATIENCE_S = 2.0
#: Longest wait for the disk where something is left (s).
_LAST_WAIT_S = 5.0
#: How often it is seen that Python ends (s).
_BLINK_S = 0.1


class Saving:
    """Writes one thing after the other; what cannot be written stays the first, and is tried again.

    It goes on by itself, also when nobody looks any more, until all is written or Python ends.
    """

    def __init__(self) -> None:
        self._writes: deque[Callable[[], object]] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        #: How often writing was begun, and which of those failed last.
        self._tries, self._failed, self._hurried = 0, 0, False
        #: What went wrong last; None once something is written again.
        self.error: Exception | None = None
        #: What went wrong and was told; it is told once until something is written again.
        self._told = ""

    @property
    def unsaved(self) -> int:
        """How many things are not written yet."""
        return len(self._writes)

    def add(self, write: Callable[[], object]) -> None:
        """Write something after all that was given before."""
        with self._changed:
            self._writes.append(write)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="mousegpt saves")
                self._thread.start()

    def poll(self) -> None:
        """Tell what went wrong since; each thing once.

        Raises
        ------
        MouseGPTError
            If something cannot be written; it is tried again all the same.
        """
        with self._changed:
            error = self.error
            if error is None or str(error) == self._told:
                return
            self._told = str(error)
        raise error

    def flush(self) -> None:
        """Wait until all is written.

        Raises
        ------
        MouseGPTError
            If something cannot be written now; it is tried again all the same.
        """
        with self._changed:
            # What is tried just now may fail for a reason that is gone: the next try counts.
            tries, self._hurried = self._tries, True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._writes or self._failed > tries, _LAST_WAIT_S)
            self._hurried = False
            if not self._writes:
                return
            error = self.error or MouseGPTError(
                "what you made last is not saved yet",
                hint="the disk is slow; leave napari open until it has written it",
            )
            self._told = str(error)
        raise error

    def _work(self) -> None:
        while (write := self._next()) is not None:
            try:
                write()
            except Exception as error:  # noqa: BLE001 - raised anew where it is looked for
                self._fail(error)
            else:
                self._succeed()

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            if not self._writes:
                self._thread = None
                return None
            self._tries += 1
            return self._writes[0]

    def _succeed(self) -> None:
        with self._changed:
            self._writes.popleft()
            self.error, self._told = None, ""
            self._changed.notify_all()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self.error = error
            self._failed = self._tries
            self._changed.notify_all()
            for _ in range(round(_PATIENCE_S / _BLINK_S)):
                if not main_thread().is_alive():  # nobody is left who could make room
                    self._writes.clear()
                if not self._writes or self._hurried:
                    return
                self._changed.wait(_BLINK_S)
