"""The dock Views: which views are shown and how, their clocks, scale, walls and zones."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QListWidget, QListWidgetItem

from mousegpt_core.study import Recording
from napari_mousegpt._widgets.ground import GroundBox
from napari_mousegpt._widgets.offset import OffsetBox
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.showing import ShowingBox
from napari_mousegpt._widgets.style import Dock, button, column, note, title
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.arranging import LAYOUTS
from napari_mousegpt.changes import Changes, Make
from napari_mousegpt.session import Session

_EMPTY = "Open a study in the dock Home first."
_NO_FILM = "This recording has no film; what is measured of it can still be set below."
_ONE = "This recording has one view: what is measured in its picture is set here."
_HINT = "Tick the views to show; the one that is marked is that of offset and zones."


class Views(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._changes = Changes()
        self._note, self._said = note(_EMPTY), note()
        self._label, self._layout = QLabel("Layout"), QComboBox()
        for key, name in LAYOUTS.items():
            self._layout.addItem(name, key)
        self._layout.setAccessibleName("Layout of the views")
        self._layout.setToolTip("How the views of a recording are laid out")
        self._layout.activated.connect(lambda _: self._arrange())
        self._list = QListWidget()
        self._list.setAccessibleName("Views")
        self._list.setToolTip(
            "Tick the views that are shown; choose one to set its clock and zones"
        )
        self._list.setMaximumHeight(130)
        self._list.itemChanged.connect(lambda _: self._arrange())
        self._list.currentRowChanged.connect(lambda _: self._choose())
        self._offset = OffsetBox(session, self._save)
        self._ground = GroundBox(session, self._save)
        self._put_together()
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self.refresh)
        runner.changed.connect(self._enable)
        self.in_turn(session, self.refresh)

    # -- what one can do ----------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the newest change."""
        with errors_told():
            words, rests = self._changes.last, self._changes.undo()
            self._take_up()
            self._said.setText(f"Taken back: {words}. {rests}")
        self._enable()

    def make_again(self) -> None:
        """Do what rests on the changes."""
        study, say = self._session.study, self.while_there(self._said.setText)
        if study is None:
            return

        def made(_: object) -> None:
            if self._session.recording:
                with errors_told():
                    self._session.reopen()
            self._session.refresh()
            say("All is up to date.")

        self._runner.run("Analysing", ("run", str(study.folder)), made)

    def _save(self, recording: Recording, words: str, change: Make) -> None:
        def saved(rests: str) -> None:
            if rests:
                self._said.setText(f"Saved: {words}. {rests}")
            self._enable()

        saver_of(self._session).save_now(
            recording.toml_path,
            lambda: self._changes.make(recording, words, change),
            self.while_there(saved),
        )

    def _take_up(self) -> None:
        """Show what the recording's file says now."""
        study, id = self._session.study, self._session.recording
        if study is not None and id:
            for view in study.recording(id).info.views:
                self._session.shift(view.name, view.offset_s)
        self.refresh()

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the recording that is open."""
        views, chosen = self._session.views, self._chosen
        arrangement = self._session.arrangement
        self._list.blockSignals(True)
        self._list.clear()
        shown = arrangement.shown([view.name for view in views])
        for view in views:
            item = QListWidgetItem(view.name + (" (main)" if view.is_main else ""))
            item.setData(Qt.ItemDataRole.UserRole, view.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = view.name in shown
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self._list.addItem(item)
        names = [view.name for view in views]
        self._list.setCurrentRow(names.index(chosen) if chosen in names else 0)
        self._list.blockSignals(False)
        self._layout.setCurrentIndex(self._layout.findData(arrangement.layout))
        self._note.setText(self._words(len(views)))
        self._choose(arrange=False)
        self._enable()

    def _words(self, filmed: int) -> str:
        if self._session.coming:
            return f"Opening {self._session.coming} …"
        if not self._session.recording:
            return _EMPTY
        return _HINT if filmed > 1 else _ONE if filmed else _NO_FILM

    @property
    def _chosen(self) -> str:
        item = self._list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _choose(self, *, arrange: bool = True) -> None:
        """Offset and zones are those of the view that is marked; alone, it is the one shown."""
        self._offset.show_view(self._chosen)
        self._ground.show_recording(self._chosen)
        if arrange and self._layout.currentData() == "one":
            self._arrange()

    def _arrange(self) -> None:
        layout = str(self._layout.currentData())
        items = [self._list.item(row) for row in range(self._list.count())]
        hidden = frozenset(
            str(item.data(Qt.ItemDataRole.UserRole))
            for item in items
            if item.checkState() == Qt.CheckState.Unchecked
        )
        before = self._session.arrangement
        if layout == "one" or before.layout == "one":
            # Ticks then show which one is alone; what was hidden before comes back.
            hidden = before.hidden
        self._session.arrange(replace(before, layout=layout, hidden=hidden, front=self._chosen))
        self.refresh()

    def _enable(self) -> None:
        last = self._changes.last
        self._undo.setEnabled(bool(last))
        self._undo.setToolTip(f"Take back: {last}" if last else "Nothing to take back")
        self._again.setEnabled(self._session.study is not None and not self._runner.busy)
        several = len(self._session.views) > 1
        for widget in (self._label, self._layout, self._list, self._offset):
            widget.setVisible(several)

    # -- how it is put together ---------------------------------------------------------------

    def _put_together(self) -> None:
        layout = column(self)
        row = QHBoxLayout()
        row.addWidget(self._label)
        row.addWidget(self._layout, 1)
        layout.addWidget(title("Views"))
        layout.addWidget(self._note)
        layout.addLayout(row)
        layout.addWidget(self._list)
        layout.addWidget(self._offset)
        layout.addWidget(ShowingBox(self._session))
        layout.addWidget(title("Scale, walls and zones"))
        layout.addWidget(self._ground)
        self._undo = button("Undo", "Take the last change back", self.undo)
        tip = "Make again what rests on the changes, up to the report"
        self._again = button("Make again", tip, self.make_again, primary=True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._undo)
        buttons.addWidget(self._again, 1)
        layout.addWidget(self._said)
        layout.addLayout(buttons)
        layout.addWidget(ProgressRow(self._runner))
        layout.addStretch(1)
