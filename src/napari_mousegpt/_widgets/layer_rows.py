"""Rows of napari's list of layers are drawn anew only where what they show has changed."""

from __future__ import annotations

from typing import Any
from weakref import ref

#: What of a layer a row shows: napari's names of the events that tell of it.
_SHOWN = frozenset({"thumbnail", "visible", "name", "loaded", "locked"})


def spare_rows(window: Any) -> None:
    """Tell the list of a window's layers of changes that its rows show, and of no others.

    napari's list draws all its rows, icons from their files, whenever anything of a layer changes:
    several times a step, and as long as a film's picture each time. A napari whose list hears of
    changes in another way is left alone.

    Parameters
    ----------
    window : QWidget
        napari's.
    """
    rows = getattr(window._qt_viewer, "layers", None)
    through = getattr(rows, "model", lambda: None)()
    model: Any = getattr(through, "sourceModel", lambda: None)()
    if not hasattr(model, "_process_event"):
        return
    tell, its = type(model)._process_event, ref(model)

    def tell_shown(event: Any) -> None:
        there = its()
        if there is not None and event.type in _SHOWN:
            tell(there, event)

    model._process_event = tell_shown
