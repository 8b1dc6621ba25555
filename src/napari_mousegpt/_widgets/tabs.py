"""Our docks are tabs of each other, whoever opens them; where a person puts one later it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar

_DIRECT = Qt.FindChildOption.FindDirectChildrenOnly


def join_tabs(holder: QDockWidget, is_tab: Callable[[Any], bool]) -> None:
    """Have a dock become a tab beside others, as it first gets its place in a window.

    Parameters
    ----------
    holder : QDockWidget
        On its way into a window; napari remembers in which of its areas.
    is_tab : callable
        Whether a widget is one of the others: those in that area are joined, not those that float
        or are hidden.
    """

    def join() -> None:
        holder.dockLocationChanged.disconnect(join)
        window = holder.parentWidget()
        if isinstance(window, QMainWindow):
            _join(window, holder, is_tab)

    holder.dockLocationChanged.connect(join)


def bring_to_front(holder: Any) -> None:
    """Show a dock, before those that are tabs beside it."""
    holder.show()
    holder.raise_()


def _join(window: QMainWindow, holder: QDockWidget, is_tab: Callable[[Any], bool]) -> None:
    area = window.dockWidgetArea(holder)
    for other in window.findChildren(QDockWidget, options=_DIRECT):
        there = not (other is holder or _is_put_away(other) or other.isFloating())
        if there and is_tab(other.widget()) and window.dockWidgetArea(other) == area:
            window.tabifyDockWidget(other, holder)
            _show_whole_names(window)
            bring_to_front(holder)
            return


def _is_put_away(dock: QDockWidget) -> bool:
    """Whether someone has hidden it; one that has just come is shown by the loop's next round."""
    was_told = Qt.WidgetAttribute.WA_WState_ExplicitShowHide
    return bool(dock.isHidden() and dock.testAttribute(was_told))


def _show_whole_names(window: QMainWindow) -> None:
    """Tabs are scrolled to rather than shortened."""
    for tabs in window.findChildren(QTabBar, options=_DIRECT):
        tabs.setElideMode(Qt.TextElideMode.ElideNone)
