"""Two labellings against each other: scores, confusion, and the stretches where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from mousegpt_core.clips import PROFILE
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.plots.style import readable_name
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.style import button, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.session import Session

HAND, FILE = "human", "files"
_WORDS = {HAND: "by hand", FILE: "a file …"}
#: More differences than a person goes through make the table slow.
_MOST = 500
_HEIGHT = 190
_HINT = "Choose two labellings. Labels by hand that end early: say “Rest not scored”."
_SAME = "That would compare a labelling with itself: choose two different ones."


class Scoring(QWidget):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._file: Path | None = None
        self._behind = Behind(self)
        self._behind.ended.connect(self._ended)
        self.reference, self.compared = QComboBox(), QComboBox()
        self.reference.setAccessibleName("Labelling that is taken as true")
        self.reference.setToolTip("Labelling that is taken as true")
        self.compared.setAccessibleName("Labelling that is scored")
        self.compared.setToolTip("Labelling that is scored against the other")
        self.go = button("Score", "Compare them frame by frame and bout by bout", self.score)
        self.told = note(_HINT)
        self.scores = _table("Scores of each behaviour")
        self.confusion = _table("Frames by both labels")
        self.differences = _table("Stretches where the two differ")
        self.differences.cellClicked.connect(self._go_to)
        self.differences.currentCellChanged.connect(lambda row, *_: self._go_to(row, 0))
        tabs = QTabWidget()
        tabs.setAccessibleName("Scores")
        tabs.tabBar().setAccessibleName("Tables of the scores")
        tabs.addTab(self.scores, "Behaviours")
        tabs.addTab(self.confusion, "Confusion")
        tabs.addTab(self.differences, "Where they differ")
        tabs.setFixedHeight(_HEIGHT)
        row = QGridLayout()
        row.addWidget(QLabel("True"), 0, 0)
        row.addWidget(self.reference, 0, 1)
        row.addWidget(QLabel("scored"), 0, 2)
        row.addWidget(self.compared, 0, 3)
        row.addWidget(self.go, 0, 4)
        row.setColumnStretch(1, 1)
        row.setColumnStretch(3, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.told)
        layout.addWidget(tabs)

    def offer(self, schemes: Sequence[str]) -> None:
        """Offer these labellings, and those by hand and of a file."""
        for combo, names in (
            (self.reference, [HAND, FILE, *(one for one in schemes if one != PROFILE)]),
            (self.compared, [*schemes, HAND, FILE]),
        ):
            shown = combo.currentData()
            combo.clear()
            for name in names:
                combo.addItem(_WORDS.get(name) or readable_name(name), name)
            combo.setCurrentIndex(max(combo.findData(shown), 0))
        true, scored = self.reference.currentData(), self.compared
        if schemes and scored.currentData() == true:
            others = (n for n in range(scored.count()) if scored.itemData(n) != true)
            scored.setCurrentIndex(next(others))

    def score(self) -> None:
        """Compare the two, beside the window."""
        study = self._session.study
        if study is None or self._behind.busy:
            return
        names = (self.reference.currentData(), self.compared.currentData())
        if names[0] == names[1]:
            self.told.setText(_SAME)
            return
        files: dict[str, Path] = {}
        if FILE in names:
            chosen = self._ask_file()
            if chosen is None:
                return
            recording, animal = self._session.recording, self._session.individual
            files = {recording: chosen, f"{recording}/{animal}": chosen}
        self.told.setText("Scoring …")
        self.go.setEnabled(False)
        self._behind.run(
            lambda: _compare(study, *names, files), self.show_comparison, self._show_error
        )

    def show_comparison(self, found: Any) -> None:
        """Show scores and differences."""
        scores = found.scores
        self.told.setText(
            f"{', '.join(scores['scored'])}: macro-F1 {scores['macro_f1']:.3f}, kappa "
            f"{scores['kappa']:.3f}, {scores['accuracy']:.1%} of {scores['frames']} frames alike. "
            + "; ".join(scores["notes"][:2])
        )
        rows = [
            [readable_name(name), *(f"{one[key]:.3f}" for key in ("f1", "precision", "recall")),
             str(one["support"])]
            for name, one in scores["per_class"].items()
        ]  # fmt: skip
        _fill(self.scores, ["behaviour", "F1", "precision", "recall", "frames"], rows)
        labels = [readable_name(one) for one in scores["confusion"]["labels"]]
        matrix = [
            [label, *map(str, row)]
            for label, row in zip(labels, scores["confusion"]["matrix"], strict=True)
        ]
        _fill(self.confusion, ["true \\ scored", *labels], matrix)
        self._show_differences(found.differences.head(_MOST))

    def _show_differences(self, found: Any) -> None:
        rows = [
            [f"{one.recording} {one.individual}".strip(), f"{one.start_s:.2f}",
             f"{one.stop_s - one.start_s:.2f}", one.reference, one.compared]
            for one in found.itertuples()
        ]  # fmt: skip
        self.differences.blockSignals(True)
        _fill(self.differences, ["where", "at (s)", "for (s)", "true", "scored"], rows)
        self.differences.blockSignals(False)
        for row, one in enumerate(found.itertuples()):
            place = (one.recording, one.individual, float(one.start_s), float(one.stop_s))
            self.differences.item(row, 0).setData(Qt.ItemDataRole.UserRole, place)

    def _ended(self) -> None:
        self.go.setEnabled(True)

    def _show_error(self, error: MouseGPTError) -> None:
        self.told.setText(f"{error.message}; {error.hint}")

    def _go_to(self, row: int, _: int) -> None:
        item = self.differences.item(row, 0)
        if item is None:
            return
        recording, individual, start, stop = item.data(Qt.ItemDataRole.UserRole)
        with errors_told():
            self._session.go_to(start, recording=recording, individual=individual, until=stop)

    def _ask_file(self) -> Path | None:
        kinds = "Labels (*.csv *.tsv *.txt *.mat *.boris)"
        name, _ = QFileDialog.getOpenFileName(
            self, f"Labels of {self._session.recording}", "", kinds
        )
        return Path(name) if name else None


def _compare(study: Any, reference: str, compared: str, files: dict[str, Path]) -> Any:
    from mousegpt_core.pipeline.comparing import compare_labels

    return compare_labels(study, reference, compared, files=files)


def _table(name: str) -> QTableWidget:
    made = QTableWidget(0, 0)
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.verticalHeader().hide()
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    return made


def _fill(table: QTableWidget, heads: list[str], rows: list[list[str]]) -> None:
    table.clear()
    table.setColumnCount(len(heads))
    table.setHorizontalHeaderLabels(heads)
    table.setRowCount(len(rows))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            table.setItem(row, column, QTableWidgetItem(text))
