"""What was dropped: shown before anything is done, and changeable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._widgets.style import SPACING, button, note
from napari_mousegpt._widgets.unsaid import UnsaidForm
from napari_mousegpt.sorting import ROLES, Dropped, Unsaid, unnamed

_COLUMNS = ("File", "Is", "Recording", "View")
#: Of the columns whose words are known (px): names share the rest.
_WIDTHS = {"Is": 116, "View": 58}
#: So that names can be told apart (px).
_LEAST = (380, 200)
_HINT = (
    "What your files look like: change what is not so, then add them. Files of one recording have "
    "one name in its column. Nothing is copied or moved."
)
_UNNAMED = " {} does not name its keypoints: say below what they are."
_NONE = "None of these files is a film, poses, a calibration or a table of animals; see the docs."


class DroppedBox(QWidget):
    """A table of files; hidden while there are none.

    Parameters
    ----------
    add : callable
        Gets the files as the person left them, and what they do not say themselves.
    """

    def __init__(self, add: Callable[[Sequence[Dropped], Unsaid], None]) -> None:
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
        for place, name in enumerate(_COLUMNS):
            if name in _WIDTHS:
                header.resizeSection(place, _WIDTHS[name])
            else:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._table.setMinimumSize(*_LEAST)
        self._unsaid = UnsaidForm()
        self._go = button("Add these", "Add the recordings to the study", self._done, primary=True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._go, 1)
        buttons.addWidget(button("Leave it", "Add nothing", self.hide))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self._note, self._table, self._unsaid):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.hide()

    def show_files(self, items: list[Dropped]) -> None:
        """Show what some files are taken for; nothing is said of them yet."""
        self._unsaid.clear()
        self._show(items)

    def show_again(self, items: list[Dropped]) -> None:
        """Show some that could not be added, below those that are being looked at."""
        self._show([*([] if self.isHidden() else self.items), *items])

    def _show(self, items: list[Dropped]) -> None:
        self._items = items
        useful = any(one.role != "nothing" for one in items)
        self._note.setText(_HINT if useful else _NONE)
        self._unsaid.ask_for_names(False)
        if nameless := unnamed(items):
            self._ask_for_names(nameless)
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
            found.append(replace(one, role=role.currentText(), recording=recording, view=view))
        return found

    def _ask_for_names(self, nameless: Sequence[Dropped]) -> None:
        """Say whose keypoints have no names, and show the field for them."""
        self._note.setText(_HINT + _UNNAMED.format(nameless[0].path.name))
        self._unsaid.ask_for_names(True)

    def _roles(self, one: Dropped) -> QComboBox:
        box = QComboBox()
        box.addItems(list(ROLES))
        box.setCurrentText(one.role)
        box.setAccessibleName(f"What {one.path.name} is")
        box.setToolTip("What this file is")
        return box

    def _done(self) -> None:
        if not self._unsaid.said.keypoints and (nameless := unnamed(self.items)):
            self._ask_for_names(nameless)
            return
        self.hide()
        self._add(self.items, self._unsaid.said)


def _cell(text: str, *, tip: str = "", editable: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip or "Double-click to change it")
    if not editable:
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
    return item
