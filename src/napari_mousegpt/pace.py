"""How what takes a while is done: at once in a script, in turns of its loop in a window.

What is done is a generator: it yields where others may have their turn, and yields a function,
whose result it gets back, where something is read. A script goes through it at once (`AtOnce`);
a window reads in a thread and lets its loop go round in between (`_widgets.turns.InTurns`), so
that it never freezes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from threading import get_native_id
from typing import Any, Protocol

#: What is done in turns.
Turns = Generator[Callable[[], Any] | None, Any, None]
#: As much nicer than the window are threads that read for it (`os.setpriority`). Not more: one
#: that others keep from running while it is its turn in Python keeps the window waiting, too.
_NICENESS = 3


def stand_back() -> None:
    """Let the window go before this thread where both want the processor; only Linux can."""
    if sys.platform == "linux":
        wanted = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICENESS, 19)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), wanted)


class Pace(Protocol):
    """Does one thing at a time: what is begun replaces what was at work."""

    def begin(self, turns: Turns) -> None:
        """Do it; what was at work is given up, which its ``finally`` notices."""

    def stop(self) -> None:
        """Give up what is at work."""


class AtOnce:
    """Everything in one go; errors are raised."""

    def begin(self, turns: Turns) -> None:
        """Do it."""
        found: Future[Any] | None = None
        while True:
            try:
                call = resume(turns, found)
            except StopIteration:
                return
            found = None if call is None else called(call)

    def stop(self) -> None:
        """Nothing is ever at work."""


def resume(turns: Turns, found: Future[Any] | None) -> Callable[[], Any] | None:
    """Go on by one turn.

    Parameters
    ----------
    turns : generator
        What is done.
    found : Future, optional
        What came of the function that it yielded last, which is there, or an error, by now.

    Returns
    -------
    callable or None
        The next thing to be read; None = just the turn of others.

    Raises
    ------
    StopIteration
        If all is done.
    """
    if found is None:
        return next(turns)
    error = found.exception()
    return turns.send(found.result()) if error is None else turns.throw(error)


def called(call: Callable[[], Any]) -> Future[Any]:
    """What comes of a function, called here."""
    found: Future[Any] = Future()
    try:
        found.set_result(call())
    except Exception as error:  # noqa: BLE001 - thrown where its result is awaited
        found.set_exception(error)
    return found


def at_once(act: Callable[[], None]) -> None:
    """Do what might be done later."""
    act()
