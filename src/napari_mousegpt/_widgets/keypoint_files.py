"""Corrected poses written in the formats of their files, from the dock Keypoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import button
from napari_mousegpt._widgets.telling import tell
from napari_mousegpt.session import Session

_INTO, _SURE = "Write into my files", "Press again to write"
#: So long a second press counts (ms).
_SURE_MS = 5000


class CorrectedFiles(QWidget):
    """Two buttons: copies, or the files themselves."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._copies = button(
            "Write copies", "Write this recording's files of poses, corrected, beside the results",
            lambda: self._write(),
        )  # fmt: skip
        self._into = button(
            _INTO, "Correct your files of poses themselves; what they were is kept beside them",
            self._ask,
        )  # fmt: skip
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self._into.setText(_INTO))
        row = QHBoxLayout()
        row.addWidget(self._copies)
        row.addWidget(self._into)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(ProgressRow(runner))

    def _ask(self) -> None:
        """Only a second press changes a person's files."""
        if self._timer.isActive():
            self._timer.stop()
            self._into.setText(_INTO)
            self._write("--into-files")
        else:
            self._into.setText(_SURE)
            self._timer.start(_SURE_MS)

    def _write(self, *options: str) -> None:
        study = self._session.study
        if study is not None and not self._runner.busy:
            only = ("--recording", self._session.recording)
            asked = ("export", str(study.folder), "poses", "--format", "own", *only, *options)
            self._runner.run("Writing corrected poses", asked, _say)


def _say(result: dict[str, Any]) -> None:
    files = [Path(one["file"]) for one in result["written"]]
    names = ", ".join(file.name for file in files)
    tell(f"Written: {names}, in {files[0].parent}")
