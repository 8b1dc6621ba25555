"""Every control of every dock can be reached by keyboard, and says what it is and does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from napari.components import ViewerModel
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)

import napari_mousegpt
from mousegpt_core.study import Study
from napari_mousegpt.session import session_of

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
)
#: Parts of other controls, and what cannot be reached by design.
PARTS = (QHeaderView, QScrollBar)
WHOLES = (QComboBox, QAbstractSpinBox, QAbstractItemView, QLineEdit, QTabBar)


def docks() -> dict[str, Any]:
    """Name of each dock of the manifest, and what makes it."""
    file = Path(napari_mousegpt.__file__).parent / "napari.yaml"
    manifest = PluginManifest.from_file(file).contributions
    names = {one.command: one.display_name for one in manifest.widgets}
    made = {one.id: one.python_name for one in manifest.commands if one.id in names}
    return {names[id]: import_python_name(where) for id, where in made.items()}


def controls(dock: QWidget) -> Iterator[QWidget]:
    """All of a dock's own controls."""
    for widget in dock.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or isinstance(widget, PARTS):
            continue
        ancestors, parent = [], widget.parentWidget()
        while parent is not None and parent is not dock:
            ancestors.append(parent)
            parent = parent.parentWidget()
        # Popups of combo boxes, editors of spin boxes, menus of plots, what Qt adds of its own.
        inner = any(
            isinstance(one, WHOLES) or "pyqtgraph" in type(one).__module__ for one in ancestors
        )
        if not inner and not widget.objectName().startswith("qt_"):
            yield widget


def named(widget: Any) -> str:
    """What a screen reader says of it."""
    said = widget.text() if isinstance(widget, QAbstractButton) else ""
    return str(widget.accessibleName() or said)


@pytest.mark.parametrize("name", list(docks()))
def test_controls_say_what_they_are_and_are_reached_by_tab(
    qtbot: Any, own_study: Study, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = ViewerModel()
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    dock = docks()[name]()
    qtbot.addWidget(dock)
    session_of(viewer).open_study(own_study.folder)
    found = list(controls(dock))
    assert found
    tab = Qt.FocusPolicy.TabFocus
    faults = [f"{_kind(one)}: no name" for one in found if not named(one)]
    faults += [f"{_kind(one)}: no tooltip" for one in found if not one.toolTip()]
    faults += [f"{_kind(one)}: out of reach" for one in found if not one.focusPolicy() & tab]
    assert not faults, "\n".join(faults)


def _kind(widget: Any) -> str:
    return f"{type(widget).__name__} {named(widget) or widget.toolTip()!r}"
