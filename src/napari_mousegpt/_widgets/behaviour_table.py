"""The behaviours of the map as a table: shown or not, chosen, renamed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from napari_mousegpt._widgets.style import SWATCH, is_typed_in, once_typed, swatch
from napari_mousegpt.behaviour_map import Group

_ID, _NAME = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class BehaviourTable(QTreeWidget):
    """See the module.

    Attributes
    ----------
    hidden_changed : Signal
        With the ids of the groups that are not shown.
    selected_changed : Signal
        With the ids of the groups that are selected.
    renamed : Signal
        With the id of a behaviour and its new name.
    """

    hidden_changed = Signal(object)
    selected_changed = Signal(object)
    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Behaviours")
        self.setToolTip("Behaviours, and how many clips each has")
        self.setHeaderLabels(["Name", "Share", "Clips"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(SWATCH)
        self.setMinimumHeight(110)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._editable, self._filling = False, False
        self._wanted: list[str] = []
        self._waiting: tuple[Group, ...] | None = None
        once_typed(self, self._show_waiting)
        self.itemChanged.connect(self._changed)
        self.itemDoubleClicked.connect(lambda *_: self.rename())
        self.itemSelectionChanged.connect(self._selected)

    @property
    def selected(self) -> list[str]:
        """Ids of the groups that are selected, from above."""
        rows = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        return [item.data(0, _ID) for item in rows if item.isSelected()]

    @property
    def hidden(self) -> set[str]:
        """Ids of the groups that are not shown."""
        rows = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        return {each.data(0, _ID) for each in rows if each.checkState(0) != Qt.CheckState.Checked}

    def select(self, ids: Sequence[str]) -> None:
        """Select these and no others once they are there, and scroll to them."""
        self._wanted = list(ids)

    def show_groups(self, groups: tuple[Group, ...], *, editable: bool) -> None:
        """Show these; what was hidden or selected before stays so, and a name is typed first."""
        if is_typed_in(self):
            self._waiting, self._editable = groups, editable
            return
        there = {group.id for group in groups}
        wanted = [id for id in self._wanted if id in there]
        hidden, selected = self.hidden, wanted or self.selected
        self._filling, self._editable = True, editable
        self.clear()
        for group in groups:
            item = QTreeWidgetItem([group.name, f"{group.share:.1%}", f"{group.clips:,}"])
            item.setData(0, _ID, group.id)
            item.setData(0, _NAME, group.name)
            item.setIcon(0, swatch(group.colour))
            shown = group.id not in hidden
            item.setCheckState(0, Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
            item.setToolTip(0, _tip(group, editable))
            for column in (1, 2):
                item.setTextAlignment(
                    column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
            if editable and group.id:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self.addTopLevelItem(item)
            item.setSelected(group.id in selected)
            if group.id in wanted:
                self.scrollToItem(item)
        self._filling = False
        if wanted:
            self._wanted = []
            self._selected()

    def _show_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.show_groups(waiting, editable=self._editable)

    def rename(self) -> None:
        """Begin to rename the behaviour that is selected."""
        item = self.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEditable:
            self.editItem(item, 0)

    def keyPressEvent(self, event: Any) -> None:
        """Rename with F2."""
        if event.key() == Qt.Key.Key_F2:
            self.rename()
        else:
            super().keyPressEvent(event)

    def _changed(self, item: Any, column: int) -> None:
        if self._filling or column != 0:
            return
        if item.text(0) == item.data(0, _NAME):
            self.hidden_changed.emit(self.hidden)
        else:
            self.renamed.emit(item.data(0, _ID), item.text(0))

    def _selected(self) -> None:
        if not self._filling:
            self.selected_changed.emit(self.selected)


def _tip(group: Group, editable: bool) -> str:
    more = "; F2 or a double click: rename" if editable and group.id else ""
    return f"{group.name}: {group.clips} clips. Tick: show; click: let its clips stand out{more}"
