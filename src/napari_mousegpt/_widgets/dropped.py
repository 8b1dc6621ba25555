"""What was dropped: shown before anything is done, and changeable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._widgets.style import SPACING, button, note
from napari_mousegpt.sorting import ROLES, Dropped

_COLUMNS = ("File", "Is", "Recording", "View")
#: Of the columns (px): so all of them are seen.
_WIDTHS = (88, 112, 62, 50)
_HINT = (
    "This is what your files look like. Change what is not so (files of the same recording have "
    "the same name in its column), then add them. Nothing is copied or moved."
)
_NONE = "None of these files is a film, poses, a calibration or a table of animals; see the docs."


class DroppedBox(QWidget):
    """A table of files; hidden while there are none.

    Parameters
    ----------
    add : callable
        Gets the files as the person left them, and frames per second (0 = as they say).
    """

    def __init__(self, add: Callable[[Sequence[Dropped], float], None]) -> None:
        super().__init__()
        self._add = add
        self._items: list[Dropped] = []
        self._note = note(_HINT)
        self._table = QTableWidget(0, len(_COLUMNS))
        self._table.setHorizontalHeaderLabels(_COLUMNS)
        self._table.setAccessibleName("Files that were dropped")
        self._table.setToolTip("What each file is taken for; change it where it is wrong")
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        for place, width in enumerate(_WIDTHS):
            header.resizeSection(place, width)
        header.setStretchLastSection(True)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._table.setMinimumHeight(200)
        self._fps = QDoubleSpinBox()
        self._fps.setRange(0.0, 10_000.0)
        self._fps.setSpecialValueText("as the files say")
        self._fps.setAccessibleName("Frames per second")
        self._fps.setToolTip("Frames per second, where neither film nor poses say")
        row = QHBoxLayout()
        row.addWidget(QLabel("Frames/s"))
        row.addWidget(self._fps, 1)
        self._go = button("Add these", "Add the recordings to the study", self._done, primary=True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._go, 1)
        buttons.addWidget(button("Leave it", "Add nothing", self.hide))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self._note, self._table):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addLayout(buttons)
        self.hide()

    def show_files(self, items: list[Dropped]) -> None:
        """Show what some files are taken for."""
        self._items = items
        useful = any(one.role != "nothing" for one in items)
        self._note.setText(_HINT if useful else _NONE)
        self._go.setEnabled(useful)
        self._table.setRowCount(len(items))
        for row, one in enumerate(items):
            self._table.setItem(row, 0, _cell(one.path.name, tip=str(one.path)))
            self._table.setCellWidget(row, 1, self._roles(one))
            self._table.setItem(row, 2, _cell(one.recording, editable=True))
            self._table.setItem(row, 3, _cell(one.view, editable=True))
        self.show()

    @property
    def items(self) -> list[Dropped]:
        """The files as the person left them."""
        found = []
        for row, one in enumerate(self._items):
            role: Any = self._table.cellWidget(row, 1)
            recording, view = (self._table.item(row, place).text().strip() for place in (2, 3))
            found.append(Dropped(one.path, role.currentText(), recording, view))
        return found

    def _roles(self, one: Dropped) -> QComboBox:
        box = QComboBox()
        box.addItems(list(ROLES))
        box.setCurrentText(one.role)
        box.setAccessibleName(f"What {one.path.name} is")
        box.setToolTip("What this file is")
        return box

    def _done(self) -> None:
        self.hide()
        self._add(self.items, self._fps.value())


def _cell(text: str, *, tip: str = "", editable: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip or "Double-click to change it")
    if not editable:
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
    return item
