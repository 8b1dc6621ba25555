"""The dock Study: recordings and animals in one table; films and poses are dropped on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.dropped import DroppedBox
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.skeleton import SkeletonBox
from napari_mousegpt._widgets.style import (
    LIST_HEIGHT,
    Dock,
    button,
    column,
    is_typed_in,
    note,
    once_typed,
    title,
)
from napari_mousegpt._widgets.telling import errors_told, tell
from napari_mousegpt.jobs import Outcome
from napari_mousegpt.overview import recording_words
from napari_mousegpt.session import Session
from napari_mousegpt.sorting import Dropped, Unsaid, arguments, guess

_COLUMNS = ("Recording", "Animal", "Treatment", "Sex", "Done", "Files")
#: Columns that a person edits here, and what they are called in animals.csv.
_EDITED = {2: "treatment", 3: "sex"}
_NO_STUDY = "Open or make a study in the dock Home first."
_HINT = (
    "Drop films, poses, a calibration or a table of animals here, or a folder of them; what "
    "belongs together is found by its name and shown first. "
    "Double-click a treatment to change it, a recording to show it."
)


class StudyTable(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._shown: Path | None = None
        self.setAcceptDrops(True)
        self._note = note(_HINT)
        self._table = QTableWidget(0, len(_COLUMNS))
        self._table.setHorizontalHeaderLabels(_COLUMNS)
        self._table.setAccessibleName("Recordings and animals")
        self._table.setToolTip("Double-click a treatment to change it, a recording to show it")
        self._table.setMinimumHeight(LIST_HEIGHT)
        self._table.verticalHeader().hide()
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._table.cellDoubleClicked.connect(self._open_row)
        self._table.itemChanged.connect(self._edit)
        once_typed(self._table, self.refresh)
        self._dropped, self._looking = DroppedBox(self._add), Behind(self)
        self._skeleton = SkeletonBox(session)
        layout = column(self)
        layout.addWidget(title("Recordings"))
        layout.addWidget(self._note)
        layout.addWidget(self._dropped)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._skeleton)
        layout.addLayout(self._buttons())
        layout.addWidget(ProgressRow(runner))
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self._skeleton.refresh)
        runner.changed.connect(self._enable)
        self.in_turn(session, self.refresh)

    # -- what one can do ----------------------------------------------------------------------

    def add_files(self, paths: list[Path]) -> None:
        """Show what these files look like, to be checked before they are added."""
        study = self._session.study
        if study is None:
            tell(_NO_STUDY)
            return
        # Beside the window, because files are looked into.
        known = list(study.recordings)
        self._looking.run(lambda: guess(paths, known), self._dropped.show_files)

    def import_animals(self, path: Path) -> None:
        """Take over a table of animals, csv or xlsx."""
        study, session = self._session.study, self._session
        if study is not None:
            # Beside the window, because sheets may be large; read and merged as one act.
            saver_of(session).save(
                study.folder / "animals.csv",
                lambda: study.import_animals(path),
                lambda _: session.refresh(),
                refused=lambda error: None,
            )

    def _add(self, items: Sequence[Dropped], said: Unsaid) -> None:
        """Add recordings made of these files, one after the other; then the tables."""
        study = self._session.study
        if study is None:
            return
        for id, command in arguments(items, study.folder, said).items():
            own = [one for one in items if one.recording == id]
            again = self.while_there(partial(self._not_added, own))
            self._runner.run(f"Adding {id}", command, partial(self._added, id), again)
        for one in items:
            if one.role == "treatments":
                self.import_animals(one.path)

    def _not_added(self, items: list[Dropped], outcome: Outcome) -> None:
        """Show again what could not be added, to be put right."""
        if outcome.kind == "failed":
            self._dropped.show_again(items)

    def _added(self, id: str, result: dict[str, Any]) -> None:
        if result.get("remarks"):
            tell(f"{id}: " + "\n".join(result["remarks"]))
        lacking = [name for name, role in result.get("roles", {}).items() if not role]
        if lacking:
            tell(f"{id}: not understood: {', '.join(lacking)}. See Keypoints… in the dock Study.")
        self._session.refresh()
        if not self._session.recording:
            with errors_told():
                self._session.open_recording(id)

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study as it is on disk; what is being typed is finished first."""
        study, shown = self._session.study, self._shown
        if study is not None and study.folder == shown and is_typed_in(self._table):
            return
        self._shown = None if study is None else study.folder
        self._table.blockSignals(True)
        self._table.setRowCount(0)
        self._note.setText(_HINT if study is not None else _NO_STUDY)
        if study is not None:
            with errors_told():
                animals = study.animals.set_index("animal")
                for id, recording in study.recordings.items():
                    files = recording_words(recording)
                    done = "yes" if recording.store.entry("descriptions") is not None else "no"
                    for animal in recording.info.individuals or ("",):
                        known: Any = animals.loc[animal] if animal in animals.index else {}
                        told = [_text(known.get(name, "")) for name in _EDITED.values()]
                        self._add_row([id, animal, *told, done, files])
                for id, error in study.unreadable.items():
                    self._add_row([id, "", "", "", "no", "cannot be read"], why=str(error))
        self._table.blockSignals(False)
        self._enable()

    def _add_row(self, texts: list[str], why: str = "") -> None:
        row = self._table.rowCount()
        self._table.insertRow(row)
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(why or text)
            if place not in _EDITED or not texts[1]:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self._table.setItem(row, place, item)

    def _enable(self) -> None:
        for one in self._actions:
            one.setEnabled(self._session.study is not None)

    def _map(self) -> None:
        """Show or hide what the keypoints of the recording are that is open."""
        self._skeleton.setVisible(not self._skeleton.isVisibleTo(self))
        self._skeleton.refresh()

    def _open_row(self, row: int, place: int) -> None:
        if place in _EDITED:
            return
        id, animal = self._table.item(row, 0).text(), self._table.item(row, 1).text()
        session = self._session
        with errors_told():
            if session.lacks_layers and id == session.recording:
                session.reopen()
            else:
                session.go_to(session.moment, recording=id, individual=animal)

    def _edit(self, item: QTableWidgetItem) -> None:
        study = self._session.study
        animal = self._table.item(item.row(), 1).text()
        if study is not None and item.column() in _EDITED and animal:
            with errors_told():
                study.set_animal(animal, **{_EDITED[item.column()]: item.text().strip()})
            self._session.refresh()

    # -- how it is put together ---------------------------------------------------------------

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._actions = [
            button("Add files…", "Add films, poses, a calibration, a table", self._ask_files),
            button("Import animals…", "Treatments from a csv or Excel table", self._ask_animals),
            button("Keypoints…", "What each keypoint is, where names say too little", self._map),
        ]
        for one in self._actions:
            row.addWidget(one)
        return row

    def _ask_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Films, poses, calibration, animals")
        if names:
            self.add_files([Path(name) for name in names])

    def _ask_animals(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Table of animals", "", "Tables (*.csv *.xlsx)")
        if name:
            self.import_animals(Path(name))

    def dragEnterEvent(self, event: Any) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Add the files that are dropped."""
        event.acceptProposedAction()
        self.add_files([Path(url.toLocalFile()) for url in event.mimeData().urls()])


def _text(value: Any) -> str:
    """A value of the table of animals; empty where it is missing."""
    return "" if value is None or value != value else str(value)
