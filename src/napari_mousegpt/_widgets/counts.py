"""How a run stands, recording by recording: the live table of the command, in the window."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from mousegpt_core.progress import Progress, count_title, count_words
from napari_mousegpt._widgets.style import named

_ROW_PX = 24


class Counts(QTableWidget):
    """A row for each count, a column for each recording, that of all together first."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        named(self, "How the run stands", "Clips of each recording, and how they ended")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.hide()

    def show_steps(self, steps: Mapping[str, Progress]) -> None:
        """Show how each recording stands; what was shown stays where there is nothing new."""
        if not steps:
            return
        columns = {"all": _together(steps), **steps} if len(steps) > 1 else dict(steps)
        names = list(dict.fromkeys(name for step in steps.values() for name in step.counts))
        self.setRowCount(1 + len(names))
        self.setColumnCount(len(columns))
        self.setVerticalHeaderLabels(["clips", *map(count_title, names)])
        self.setHorizontalHeaderLabels(list(columns))
        for place, step in enumerate(columns.values()):
            told = [count_words(n, step.counts[n]) if n in step.counts else "" for n in names]
            for row, text in enumerate([f"{step.done:,} of {step.total:,}", *told]):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, place, item)
        # A row for the titles, and room for a scroll bar.
        self.setFixedHeight((self.rowCount() + 2) * _ROW_PX)
        self.show()


def _together(steps: Mapping[str, Progress]) -> Progress:
    """All recordings that have begun: counts are summed, the longest has to be waited for."""
    counts: dict[str, float] = {}
    for step in steps.values():
        for name, value in step.counts.items():
            known = counts.get(name, 0.0)
            counts[name] = max(known, value) if name == "seconds_left" else known + value
    done = sum(step.done for step in steps.values())
    total = sum(step.total for step in steps.values())
    return Progress("describe", "all", done, total, counts=counts)
