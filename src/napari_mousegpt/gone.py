"""What is done once a window, a dock or another of Qt's objects is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Until they are done.
_kept: set[Callable[[], None]] = set()


def when_gone(thing: Any, act: Callable[[], object]) -> None:
    """Do something once an object of Qt's is gone.

    The act is kept here. One that only the object knows of may be cleared by Python's collector
    together with it, and is called after that: Python crashes.

    Parameters
    ----------
    thing : QObject
        The object.
    act : callable
        Without arguments.
    """

    def last() -> None:
        _kept.discard(last)
        act()

    _kept.add(last)
    thing.destroyed.connect(last)
