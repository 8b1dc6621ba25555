"""The lists of the dock Keypoints: doubtful moments, and what was corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from mousegpt_core.study.pose_edits import DoneEdit
from napari_mousegpt._widgets.style import LIST_HEIGHT, button, note

if TYPE_CHECKING:
    from napari_mousegpt._widgets.keypoints import Keypoints

#: Rows that are shown.
_MOST = 200
#: Room around each (px).
_BETWEEN = 2
_ROLE = Qt.ItemDataRole.UserRole


class Doubts(QWidget):
    """Moments that look wrong, the worst first."""

    def __init__(self, dock: Keypoints) -> None:
        super().__init__()
        self._dock = dock
        self._note = note("Looking for doubtful moments …")
        self._list = _list("Doubtful moments, the worst first")
        self._list.itemClicked.connect(self._open)
        self._list.itemActivated.connect(self._open)
        row = QHBoxLayout()
        for text, tip, do in (
            ("Previous (B)", "Go to the doubtful moment before", lambda: self.go(-1)),
            ("Next (N)", "Go to the next doubtful moment", lambda: self.go(1)),
            ("Accept (Y)", "It is right as it is: it does not come back", dock.accept),
        ):
            row.addWidget(button(text, tip, do))
        _column(self, self._note, self._list, row)

    def clear(self) -> None:
        """Forget all."""
        self._list.clear()
        self._note.setText("Looking for doubtful moments …")

    def show_doubts(self, table: pd.DataFrame) -> None:
        """Show a queue; the row that was current stays so where it is still there."""
        current = self._list.currentItem()
        was = current.data(_ROLE)["step"] if current is not None else None
        self._list.clear()
        for doubt in table.head(_MOST).to_dict("records"):
            item = QListWidgetItem(_told(doubt))
            item.setToolTip(f"doubt {doubt['score']:.2f}; click to go there")
            item.setData(_ROLE, doubt)
            self._list.addItem(item)
            if doubt["step"] == was:
                self._list.setCurrentItem(item)
        count = len(table)
        self._note.setText(
            _counted(count, "doubtful moment") if count else "No moment is doubtful."
        )

    def go(self, by: int) -> None:
        """Go to the next row, or the one before."""
        row = min(max(self._list.currentRow() + by, 0), self._list.count() - 1)
        self._list.setCurrentRow(row)
        self._open(self._list.currentItem())

    def strike(self) -> None:
        """The current row is done; on to the one after."""
        row = self._list.currentRow()
        if row >= 0:
            self._list.takeItem(row)
            self._list.setCurrentRow(min(row, self._list.count() - 1))
            self._open(self._list.currentItem())

    def _open(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._dock.look_at(item.data(_ROLE))


class Acts(QWidget):
    """What was corrected, by whom, the newest first."""

    def __init__(self, dock: Keypoints) -> None:
        super().__init__()
        self._dock = dock
        self._note = note()
        self._list = _list("Corrections, the newest first")
        row = QHBoxLayout()
        row.addWidget(
            button("Take back", "Take the chosen correction back; later ones stay", self._take_back)
        )
        row.addStretch(1)
        _column(self, self._note, self._list, row)

    def show_acts(self, done: list[DoneEdit]) -> None:
        """Show them."""
        count = len(done)
        self._note.setText(
            _counted(count, "correction") if count else "Nothing has been corrected yet."
        )
        self._list.clear()
        for one in reversed(done[-_MOST:]):
            told = one.edit.describe()
            # Acts on a range say it themselves.
            place = "" if ", frame" in told else f"frame {one.edit.frames()[0]}"
            where = f"{one.view} {place}".strip()
            item = QListWidgetItem(" · ".join(filter(None, (told, where, one.who))))
            item.setToolTip(f"by {one.who or 'nobody named'}, {one.when or 'just now'}")
            item.setData(_ROLE, one)
            self._list.addItem(item)

    def _take_back(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._dock.act("take_back", item.data(_ROLE))


def _told(doubt: Mapping[Any, Any]) -> str:
    where = " · ".join(filter(None, (doubt["view"], doubt["individual"])))
    what = f"{doubt['reason']} with {doubt['other']}" if doubt["other"] else doubt["reason"]
    return f"{doubt['time_s']:.2f} s · {where}\n{what}: {doubt['keypoints']}"


def _counted(count: int, what: str) -> str:
    return f"{count or 'No'} {what}{'s' * (count != 1)}"


def _list(name: str) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setWordWrap(True)
    made.setSpacing(_BETWEEN)
    made.setMinimumHeight(LIST_HEIGHT)
    return made


def _column(widget: QWidget, *parts: Any) -> None:
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        if isinstance(part, QHBoxLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
