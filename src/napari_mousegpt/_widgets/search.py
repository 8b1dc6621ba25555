"""The dock Search: moments whose descriptions are nearest to some words; a click goes there."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem

from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import Dock, button, column, note, title
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.session import Session

_EXAMPLE = "standing on its hind legs near the wall"
_EMPTY = "Open a study in the dock Home first; it is searched once it is described."
_HINT = f"Say what you look for, as in: {_EXAMPLE}."
_HITS = 20


class Search(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._words = QLineEdit()
        self._words.setPlaceholderText(_EXAMPLE)
        self._words.setAccessibleName("What to look for")
        self._words.setClearButtonEnabled(True)
        self._words.returnPressed.connect(self.search)
        self._start = button("Search", "Find the moments that are told most like this", self.search)
        self._note = note()
        self._hits = QListWidget()
        self._hits.setAccessibleName("Moments that were found")
        self._hits.setWordWrap(True)
        self._hits.setSpacing(3)
        self._hits.itemClicked.connect(self._go)
        self._hits.itemActivated.connect(self._go)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(self._start)
        layout = column(self)
        layout.addWidget(title("Search"))
        layout.addLayout(row)
        layout.addWidget(self._note)
        layout.addWidget(self._hits, 1)
        layout.addWidget(ProgressRow(runner))
        self.follow(session.study_changed, self._renew)
        runner.changed.connect(self._enable)
        self._renew()

    def search(self) -> None:
        """Look for the words; what is found is shown when it is."""
        study, words = self._session.study, self._words.text().strip()
        if study is not None and words and not self._runner.busy:
            self._note.setText("Searching …")
            asked = ("search", str(study.folder), "--top", str(_HITS), "--", words)
            self._runner.run("Searching", asked, self.show_hits)

    def show_hits(self, result: dict[str, Any]) -> None:
        """Show what a search gave."""
        self._hits.clear()
        for hit in result["hits"]:
            where = f"{hit['recording']}"
            if hit["individual"] not in ("", hit["recording"]):
                where += f" · {hit['individual']}"
            item = QListWidgetItem(f"{hit['sentence']}\n{where}, {hit['start_s']:.1f} s")
            item.setData(Qt.ItemDataRole.UserRole, hit)
            item.setToolTip(f"similarity {hit['score']:.2f}; click to go there")
            self._hits.addItem(item)
        found = f"{self._hits.count()} moments, the nearest first."
        self._note.setText(result.get("note") or found)

    def _go(self, item: QListWidgetItem) -> None:
        hit = item.data(Qt.ItemDataRole.UserRole)
        with errors_told():
            self._session.go_to(
                hit["start_s"],
                recording=hit["recording"],
                individual=hit["individual"],
                until=hit["stop_s"],
            )

    def _renew(self) -> None:
        self._hits.clear()
        self._note.setText(_HINT if self._session.study is not None else _EMPTY)
        self._enable()

    def _enable(self) -> None:
        ready = self._session.study is not None and not self._runner.busy
        self._start.setEnabled(ready)
        self._words.setEnabled(self._session.study is not None)
