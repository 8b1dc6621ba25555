"""The dock Search: moments that are told as one asks, or are like this one; a click goes there."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit

from napari_mousegpt._widgets.clip_list import ClipList
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import Dock, button, column, note, title
from napari_mousegpt.jobs import Outcome
from napari_mousegpt.overview import is_described
from napari_mousegpt.session import Session
from napari_mousegpt.thumbnails import Clip

_EXAMPLE = "standing on its hind legs near the wall"
_EMPTY = "Open a study in the dock Home first; it is searched once it is described."
_HINT = f"Say what you look for, as in: {_EXAMPLE}. Or find the like of what is shown."
_NOT_YET = "Nothing is described yet: Go on, in the dock Home."
_AFTERWARDS = "Searching, once what runs now has ended …"
_HITS = 20


class Search(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._folder: Path | None = None
        self._described = self._searching = False
        self._words = QLineEdit()
        self._words.setPlaceholderText(_EXAMPLE)
        self._words.setAccessibleName("What to look for")
        self._words.setToolTip("What to look for, in your own words; Enter searches")
        self._words.setClearButtonEnabled(True)
        self._words.returnPressed.connect(self.search)
        self._start = button("Search", "Find the moments that are told most like this", self.search)
        self._note = note()
        self._hits = ClipList(session, "Moments that were found")
        self._like = button(
            "Like this frame",
            "Find the moments that are most like the one that is shown",
            self.search_like,
        )
        self._by = QComboBox()
        self._by.setAccessibleName("What must be alike")
        self._by.setToolTip(
            "By words: told alike, however fast. By movement: measured speeds, angles and heights "
            "are near each other. By both: of what is told alike, first what also moves alike"
        )
        for by in ("both", "words", "movement"):
            self._by.addItem(f"by {by}", by)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(self._start)
        second = QHBoxLayout()
        second.addWidget(self._like, 1)
        second.addWidget(self._by)
        layout = column(self)
        layout.addWidget(title("Search"))
        layout.addLayout(row)
        layout.addLayout(second)
        layout.addWidget(self._note)
        layout.addWidget(self._hits, 1)
        layout.addWidget(ProgressRow(runner))
        self.follow(session.study_changed, self._renew)
        self.follow(session.recording_changed, self._enable)
        runner.changed.connect(self._enable)
        self.in_turn(session, self._renew)

    def search(self) -> None:
        """Look for the words; what is found is shown when it is."""
        words = self._words.text().strip()
        if words:
            self._look(("--", words))

    def search_like(self) -> None:
        """Look for what is like the moment that is shown, of the animal that is looked at."""
        here = self._session
        if here.recording:
            by, of = self._by.currentData(), f"{here.recording}:{here.moment:.4f}"
            self._look(("--like", of, "--animal", here.individual, "--by", by))

    def _look(self, asked: tuple[str, ...]) -> None:
        study = self._session.study
        if study is None or self._searching:
            return
        self._searching = True
        self._note.setText(_AFTERWARDS if self._runner.busy else "Searching …")
        self._hits.clear()
        whole = ("search", str(study.folder), "--top", str(_HITS), *asked)
        found = self.while_there(partial(self._found, study.folder))
        failed = self.while_there(self._failed)
        self._runner.run("Searching", whole, found, failed, waited_for=True)
        self._enable()

    def show_hits(self, result: dict[str, Any]) -> None:
        """Show what a search gave."""
        self._hits.show_clips([_clip(hit) for hit in result["hits"]])
        found = f"{self._hits.count()} moments, the nearest first."
        self._note.setText(result.get("note") or found)

    def _found(self, folder: Path, result: dict[str, Any]) -> None:
        self._searching = False
        if folder == self._folder:  # else another study is open by now
            self.show_hits(result)

    def _failed(self, outcome: Outcome) -> None:
        self._searching = False
        self._note.setText(outcome.words)

    def _renew(self) -> None:
        """Forget what was found in another study."""
        study = self._session.study
        folder = None if study is None else study.folder
        was_described, self._described = self._described, study is not None and is_described(study)
        if self._described != was_described or folder is None or folder != self._folder:
            self._folder = folder
            self._hits.clear()
            missing = _EMPTY if study is None else _NOT_YET
            self._note.setText(_HINT if self._described else missing)
        self._enable()

    def _enable(self) -> None:
        if not self._runner.busy:  # it ended, or was given up before it began
            self._searching = False
        ready = self._described and not self._searching
        self._start.setEnabled(ready)
        self._like.setEnabled(ready and bool(self._session.recording))
        self._words.setEnabled(self._described)


def _clip(hit: dict[str, Any]) -> Clip:
    """A hit for the list."""
    tip = f"similarity {hit['score']:.2f}; click to go there"
    place = (hit["clip_id"], hit["recording"], hit["individual"])
    return Clip(*place, hit["start_s"], hit["stop_s"], hit["sentence"], tip)
