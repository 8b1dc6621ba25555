"""Docks hear of a change one after the other, so that the window never waits for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

from napari_mousegpt._widgets.rounds import in_a_round
from napari_mousegpt._widgets.telling import errors_told

#: What takes the news.
Slot = Callable[..., None]


class TurnByTurn:
    """Calls each in a turn of the window's loop of its own, in the order of their first news.

    What is told of again before its turn is called once, with the newest values; errors are told
    to the person. A dock that is gone hears nothing.
    """

    def __init__(self) -> None:
        self._waiting: dict[Slot, tuple[QWidget, tuple[Any, ...]]] = {}

    def tell(self, dock: QWidget, slot: Slot, *values: Any) -> None:
        """Call a slot of a dock when its turn has come."""
        self._waiting[slot] = dock, values
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            in_a_round(self._next)

    def _next(self) -> None:
        slot = next(iter(self._waiting))
        dock, values = self._waiting.pop(slot)
        self._wake()
        if isalive(dock):
            with errors_told():
                slot(*values)


#: Of all docks, as there is one loop.
TURNS = TurnByTurn()
