"""Our docks lie as tabs of each other in a real window, whoever opens them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_mousegpt._widgets.style import Dock
from on_screen import ON_SCREEN

pytestmark = ON_SCREEN
NAMES = ("Study", "Views", "Describe", "Search", "Keypoints")


@pytest.fixture(autouse=True)
def places() -> Iterator[None]:
    """napari remembers where docks were put, in its settings."""
    from napari.settings import get_settings

    application = get_settings().application
    before, application.plugin_widget_positions = application.plugin_widget_positions, {}
    yield
    application.plugin_widget_positions = before


def opened(viewer: Any, qtbot: Any, name: str) -> Any:
    """The dock, opened as from napari's menu."""
    holder, _ = viewer.window.add_plugin_dock_widget("napari-mousegpt", name)
    qtbot.wait(50)
    return holder


def ours(viewer: Any) -> list[QDockWidget]:
    window = viewer.window._qt_window
    return [one for one in window.findChildren(QDockWidget) if isinstance(one.widget(), Dock)]


def in_front(holder: Any) -> bool:
    return not holder.visibleRegion().isEmpty()


def test_docks_of_the_menu_are_tabs(viewer: Any, qtbot: Any) -> None:
    window = viewer.window._qt_window
    window.resize(1600, 1000)
    window.show()
    first = opened(viewer, qtbot, NAMES[0])
    for name in NAMES[1:]:
        holder = opened(viewer, qtbot, name)
        qtbot.waitUntil(lambda holder=holder: in_front(holder))
        assert holder in window.tabifiedDockWidgets(first)
    assert not in_front(first)
    assert window.height() == 1000


def test_docks_that_a_script_opens_in_a_row_are_tabs(viewer: Any, qtbot: Any) -> None:
    window = viewer.window._qt_window
    window.resize(1600, 1000)
    window.show()
    first, *others = [
        viewer.window.add_plugin_dock_widget("napari-mousegpt", name)[0] for name in NAMES
    ]
    qtbot.wait(300)
    assert set(window.tabifiedDockWidgets(first)) == set(others)
    assert window.height() == 1000
    assert in_front(others[-1])


def test_a_dock_that_was_put_away_is_not_joined(viewer: Any, qtbot: Any) -> None:
    window = viewer.window._qt_window
    window.show()
    first = opened(viewer, qtbot, NAMES[0])
    first.hide()
    second = opened(viewer, qtbot, NAMES[1])
    assert not window.tabifiedDockWidgets(first)
    assert first.isHidden()
    qtbot.waitUntil(lambda: in_front(second))


def test_the_ethogram_is_seen_together_with_them(viewer: Any, qtbot: Any) -> None:
    window = viewer.window._qt_window
    window.show()
    first = opened(viewer, qtbot, NAMES[0])
    ethogram = opened(viewer, qtbot, "Ethogram")
    second = opened(viewer, qtbot, NAMES[1])
    assert second in window.tabifiedDockWidgets(first)
    assert not window.tabifiedDockWidgets(ethogram)
    qtbot.waitUntil(lambda: in_front(ethogram) and in_front(second))


def test_a_dock_that_was_put_elsewhere_stays_there(viewer: Any, qtbot: Any) -> None:
    window = viewer.window._qt_window
    window.show()
    first = opened(viewer, qtbot, NAMES[0])
    second = opened(viewer, qtbot, NAMES[1])
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, second)
    qtbot.wait(50)
    third = opened(viewer, qtbot, NAMES[2])
    assert third in window.tabifiedDockWidgets(first)
    assert second not in window.tabifiedDockWidgets(first)
    assert window.dockWidgetArea(second) == Qt.DockWidgetArea.BottomDockWidgetArea
    first.setFloating(True)
    fourth = opened(viewer, qtbot, NAMES[3])
    assert first.isFloating()
    assert fourth in window.tabifiedDockWidgets(third)
    assert len(ours(viewer)) == 4


def test_home_brings_to_front_what_is_there(viewer: Any, qtbot: Any) -> None:
    viewer.window._qt_window.show()
    home = opened(viewer, qtbot, "Home")
    widget = home.widget()
    for name in ("Study", "Views", "Study"):
        widget._open_dock(name)
        qtbot.waitUntil(
            lambda name=name: in_front(
                next(one for one in ours(viewer) if one.windowTitle().startswith(name))
            )
        )
    assert len(ours(viewer)) == 3
