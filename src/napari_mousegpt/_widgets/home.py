"""The dock Home: a study, what of it is there, and one button to go on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
)

from napari_mousegpt import docks
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import DONE, OLD, Dock, button, column, note, title
from napari_mousegpt._widgets.tabs import bring_to_front
from napari_mousegpt._widgets.telling import errors_told, tell
from napari_mousegpt.overview import Step, next_words, overview, recording_words
from napari_mousegpt.places import sample_folder
from napari_mousegpt.session import Session

_EMPTY = (
    "Open the folder of a study, make a new one, or look at the sample: "
    "twelve synthetic mice under three treatments (made once, in a minute or two)."
)
_DOCKS = {
    "Study": "Recordings and animals; add films and poses",
    "Views": "Layout, clocks, scale, walls and zones",
    "Keypoints": "Correct poses, from one doubtful moment to the next",
    "Describe": "Clips put into words; read, correct, judge them",
    "Ethogram": "What every animal does, over time",
    "Behaviours": "The map of all clips; rename, merge, split behaviours",
    "Search": "Find moments by words, or like a frame",
}
_DOCKS_IN_ROW = 3
#: What napari's menu calls a dock, so that both open the same one.
_TITLE = "{} (MouseGPT)"


class Home(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner, self._looking = session, runner, Behind(self)
        self._title, self._path = title("No study is open"), note(_EMPTY)
        layout = column(self)
        layout.addWidget(self._title)
        layout.addWidget(self._path)
        layout.addLayout(self._choices())
        self._labels: list[tuple[QLabel, ...]] = []
        self._steps = QGridLayout()
        self._steps.setColumnStretch(1, 1)
        layout.addLayout(self._steps)
        self._go = button(
            "Go on", "Do all that is missing, up to the report", self.go_on, primary=True
        )
        layout.addWidget(self._go)
        layout.addWidget(ProgressRow(runner))
        layout.addLayout(self._shown())
        self._report = button(
            "Show the report", "Open the report in the browser", self._show_report
        )
        layout.addWidget(self._report)
        layout.addLayout(self._docks())
        layout.addStretch(1)
        self.follow(session.study_changed, self.refresh)
        self.follow(session.coming_changed, self._show_recording)
        self.follow(session.recording_changed, self._show_recording)
        runner.changed.connect(self._enable)
        self.in_turn(session, self.refresh)

    # -- what one can do ----------------------------------------------------------------------

    def open_study(self, folder: Path) -> None:
        """Open a study; errors are told."""
        with errors_told():
            self._session.open_study(folder)

    def make_study(self, folder: Path) -> None:
        """Make a study in a folder and open it; errors are told."""
        from mousegpt_core.study import Study

        with errors_told():
            Study.create(folder)
            self._session.open_study(folder)
            tell("Now add recordings: drop films and poses on the dock Study.")

    def make_sample(self) -> None:
        """Open the sample study, made on first use."""
        folder = sample_folder()
        study = folder / "study"
        if (study / "results" / "report.html").is_file():
            self.open_study(study)
            return
        made = ("demo", "--out", str(folder))
        self._runner.run("Making the sample", made, lambda _: self.open_study(study))

    def go_on(self) -> None:
        """Do all that is missing; of an empty study, add recordings in the dock Study."""
        study = self._session.study
        if study is not None and not study.recordings:
            self._open_dock("Study")
        elif study is not None:
            self._runner.run(
                "Analysing", ("run", str(study.folder)), lambda _: self._session.refresh()
            )

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study as it is on disk."""
        study = self._session.study
        self._recordings.blockSignals(True)
        self._recordings.clear()
        if study is not None:
            with errors_told():
                self._title.setText(study.name)
                self._path.setText(_from_home(study.folder))
                self._show_steps(overview(study))
                self._look_for_old()
                for row, (id, recording) in enumerate(study.recordings.items()):
                    self._recordings.addItem(id, id)
                    words = recording_words(recording)
                    self._recordings.setItemData(row, words, Qt.ItemDataRole.ToolTipRole)
        self._recordings.blockSignals(False)
        self._show_recording()
        self._enable()

    def showEvent(self, event: Any) -> None:
        """Poses and sentences may have been corrected meanwhile."""
        super().showEvent(event)
        if self._labels:  # else it is about to be filled, and looks then
            self._look_for_old()

    def _look_for_old(self) -> None:
        """Tell what is older than what it stands on, once that is known."""
        study = self._session.study
        self._looking.stop()
        if study is None or not self.isVisible():
            return

        def look() -> list[Step]:
            from mousegpt_core.pipeline.out_of_date import out_of_date

            return overview(study, out_of_date(study))

        self._looking.run(look, self._show_steps)

    def _show_steps(self, steps: list[Step]) -> None:
        for row, step in enumerate(steps):
            colour = OLD if step.old else DONE
            mark = f'<span style="color:{colour}">●</span>' if step.is_done else "○"
            if row == len(self._labels):
                self._labels.append(tuple(QLabel() for _ in range(3)))
                for place, label in enumerate(self._labels[row]):
                    self._steps.addWidget(label, row, place)
            for label, text in zip(self._labels[row], (mark, step.name, step.words), strict=True):
                label.setText(text)
                label.setToolTip(step.hint)
        self._go.setText(next_words(steps))

    def _show_recording(self) -> None:
        self._recordings.blockSignals(True)
        shown = self._session.coming or self._session.recording
        self._recordings.setCurrentIndex(self._recordings.findData(shown))
        self._recordings.blockSignals(False)
        self._space.blockSignals(True)
        self._space.setChecked(self._session.in_space)
        self._space.blockSignals(False)

    def _enable(self) -> None:
        study = self._session.study
        there = study is not None and bool(study.recordings)
        self._go.setEnabled(not self._runner.busy)
        self._go.setVisible(study is not None)
        self._sample.setEnabled(not self._runner.busy)
        for widget in (self._shown_label, self._recordings, self._space):
            widget.setVisible(there)
        self._report.setVisible(study is not None and study.report_path.is_file())

    def _open_shown(self) -> None:
        id = self._recordings.currentData()
        if id:
            with errors_told():
                self._session.open_recording(id, in_space=self._space.isChecked())
        self._show_recording()

    def _change_recording(self) -> None:
        self._space.setChecked(False)
        self._open_shown()

    def _show_report(self) -> None:
        if self._session.study is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._session.study.report_path)))

    # -- how it is put together ---------------------------------------------------------------

    def _choices(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._sample = button(
            "Sample", "Open a synthetic study, made on first use", self.make_sample
        )
        row.addWidget(button("Open…", "Open the folder of a study", self._ask_open))
        row.addWidget(button("New…", "Make a study in an empty folder", self._ask_new))
        row.addWidget(self._sample)
        return row

    def _docks(self) -> QGridLayout:
        grid = QGridLayout()
        for place, (name, tip) in enumerate(_DOCKS.items()):
            made = button(name, tip, partial(self._open_dock, name))
            grid.addWidget(made, *divmod(place, _DOCKS_IN_ROW))
        return grid

    def _open_dock(self, name: str) -> None:
        """Open a dock, or bring the one that is open to the front."""
        window: Any = getattr(self._session.viewer, "window", None)
        if window is None:
            return
        shown = _TITLE.format(name)
        if shown in window.dock_widgets:
            bring_to_front(window.dock_widgets[shown].parent())
        else:
            window.add_dock_widget(getattr(docks, name.lower())(), name=shown)

    def _shown(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._shown_label = QLabel("Shown")
        self._recordings = QComboBox()
        self._recordings.setAccessibleName("Recording that is shown")
        self._recordings.setToolTip("Recording that is shown")
        self._recordings.activated.connect(lambda _: self._change_recording())
        self._space = QCheckBox("3D")
        self._space.setToolTip("Show the animals in 3D rather than the films")
        self._space.toggled.connect(lambda _: self._open_shown())
        row.addWidget(self._shown_label)
        row.addWidget(self._recordings, 1)
        row.addWidget(self._space)
        return row

    def _ask_open(self) -> None:
        self._ask("Folder of a study", self.open_study)

    def _ask_new(self) -> None:
        self._ask("Folder for the new study", self.make_study)

    def _ask(self, words: str, then: Any) -> None:
        folder = QFileDialog.getExistingDirectory(self, words)
        if folder:
            then(Path(folder))


def _from_home(folder: Path) -> str:
    """A folder's path, short where it is in the user's own."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except ValueError:
        return str(folder)
