"""Tab of the dock Describe: how good the descriptions are; best and worst, to go to."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout

from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import MARGIN, SPACING, Dock, button, named, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.said import read_judged
from napari_mousegpt.session import Session

_NO_STUDY = "Open a study in the dock Home first."
_NOT_JUDGED = (
    "Press Judge: each description is held against what was measured of its clip. It says "
    "“walks”, and the speed is about 0; left, and it is right. No model is needed."
)
_SHOWN = 12


class Judged(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._behind = Behind(self)
        self._note = note(_NO_STUDY)
        self._judge = button(
            "Judge", "Hold every description against what was measured", self.judge
        )
        self._lists = {
            name: named(
                QListWidget(), f"The {name} descriptions", f"The {name} ones; Enter: go there"
            )
            for name in ("worst", "best")
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(SPACING)
        layout.addWidget(self._judge)
        layout.addWidget(ProgressRow(runner))
        layout.addWidget(self._note)
        self._titles = {name: QLabel(f"The {name}") for name in self._lists}
        for name, each in self._lists.items():
            each.setWordWrap(True)
            each.setSpacing(2)
            each.itemClicked.connect(self._go)
            each.itemActivated.connect(self._go)
            layout.addWidget(self._titles[name])
            layout.addWidget(each, 1)
        layout.addStretch(0)
        self.follow(session.study_changed, self.refresh)
        runner.changed.connect(self._enable)
        self.in_turn(session, self.refresh)

    def judge(self) -> None:
        """Judge all descriptions by what was measured."""
        study = self._session.study
        if study is not None:
            judged = ("curate", str(study.folder))
            self._runner.run("Judging", judged, lambda _: self._session.refresh())

    def refresh(self) -> None:
        """Read how the descriptions stand."""
        self._behind.stop()
        self._show(None)
        self._enable()
        study = self._session.study
        if study is not None:
            self._behind.run(lambda: read_judged(study, _SHOWN), self._show)

    def _show(self, summary: dict[str, Any] | None) -> None:
        there = summary is not None
        for name, each in self._lists.items():
            each.clear()
            each.setVisible(there)
            self._titles[name].setVisible(there)
        if summary is None:
            self._note.setText(_NOT_JUDGED if self._session.study is not None else _NO_STUDY)
            return
        for name, each in self._lists.items():
            for clip in summary[name]:
                each.addItem(_item(clip))
        total, false = summary["all"], summary["contradictions"]
        often = sorted(false.items(), key=lambda one: -one[1])[:3]
        wrong = "; most often wrong: " + ", ".join(f"{c} ({n})" for c, n in often) if often else ""
        self._note.setText(
            f"{total['judged']:,} of {total['clips']:,} descriptions judged, {total['dropped']:,} "
            f"left out, {total['edited']:,} corrected by hand{wrong}."
        )

    def _go(self, item: QListWidgetItem) -> None:
        clip = item.data(Qt.ItemDataRole.UserRole)
        with errors_told():
            self._session.go_to(
                clip["start_s"],
                recording=clip["recording"],
                individual=clip["individual"],
                until=clip["stop_s"],
            )

    def _enable(self) -> None:
        self._judge.setEnabled(self._session.study is not None and not self._runner.busy)


def _item(clip: dict[str, Any]) -> QListWidgetItem:
    known = [f"{name} {clip[name]:.1f}" for name in ("accuracy", "coherence") if _known(clip[name])]
    where = f"{clip['recording']}, {clip['start_s']:.1f} s"
    lines = [clip["sentence"], f"{where}: {', '.join(known)}"]
    lines += [clip["reason"]] if clip["reason"] else []
    item = QListWidgetItem("\n".join(lines))
    item.setData(Qt.ItemDataRole.UserRole, clip)
    item.setToolTip("Click: go there")
    return item


def _known(value: float) -> bool:
    return value == value
