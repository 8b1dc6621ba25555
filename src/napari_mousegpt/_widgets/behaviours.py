"""The dock Behaviours: the map of the clips, and the behaviours, which can be changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QWidget,
)

from mousegpt_core.clips import PROFILE
from mousegpt_core.pipeline.behaviours import behaviours_mark
from mousegpt_core.plots.style import readable_name
from napari_mousegpt._widgets.behaviour_table import BehaviourTable
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.clip_list import ClipList
from napari_mousegpt._widgets.map_view import MapView
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.style import Dock, button, column, note, title
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.behaviour_map import ClipMap, map_of
from napari_mousegpt.ethograms import schemes_of
from napari_mousegpt.places import user_name
from napari_mousegpt.session import Session
from napari_mousegpt.thumbnails import Clip

_EMPTY = "Open a study in the dock Home first; its clips are laid out here once it is described."
_NO_MAP = "There is no map of this study's clips yet."
_HINT = (
    "Each dot is a clip; what is told alike lies together. Click: go there; wheel: zoom; "
    "drag: move; Shift and drag: draw around clips to choose them."
)
_FIXED = (
    "These are changed where they are defined. What Go on, in Home, finds in the descriptions "
    "(the labels “profile”) can be renamed, merged and split here."
)
_SAVING = "Saving the change …"
_COLOURS = ("behaviour", "treatment", "animal")
#: Clips that are listed of those that were chosen.
_LISTED = 60


def _nothing(_: object) -> None:
    """Once a change is saved."""


class Behaviours(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._map: ClipMap | None = None
        self._seen: object = None
        #: Whether the study's behaviours are as a person changed them.
        self._changed = False
        self._chosen: Any = None
        self._reading, self._saver = Behind(self), saver_of(session)
        self._note, self._under = note(_EMPTY), note(_HINT)
        self._view, self._table = MapView(), BehaviourTable()
        self._clips = ClipList(session, "Clips that were chosen")
        self._view.picked.connect(self._go)
        self._view.pointed.connect(self._tell)
        self._view.chosen_changed.connect(self._choose_rows)
        self._table.hidden_changed.connect(self._view.hide_groups)
        self._table.selected_changed.connect(self._choose_groups)
        self._table.renamed.connect(self._rename)
        layout = column(self)
        layout.addWidget(title("Behaviours"))
        layout.addLayout(self._make_top())
        layout.addWidget(self._note)
        self._make_map = button(
            "Make the map", "Lay the clips out by what is told of them", self.make_map, primary=True
        )
        layout.addWidget(self._make_map)
        self._parts = QSplitter(Qt.Orientation.Vertical)
        for part in (self._with_words(), self._with_buttons(), self._with_name()):
            self._parts.addWidget(part)
        for place, stretch in enumerate((6, 2, 5)):
            self._parts.setStretchFactor(place, stretch)
        layout.addWidget(self._parts, 1)
        layout.addWidget(ProgressRow(runner))
        layout.addStretch(0)
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self._mark)
        self.follow(session.individual_changed, self._mark)
        self.follow(session.moment_changed, lambda _: self._mark())
        runner.changed.connect(self._enable)
        self.in_turn(session, self.refresh)

    # -- what it is made of -------------------------------------------------------------------

    def _make_top(self) -> QGridLayout:
        self._schemes, self._colours = QComboBox(), QComboBox()
        self._schemes.setAccessibleName("Whose behaviours")
        self._schemes.setToolTip("Whose behaviours: found in the descriptions, or your own")
        self._colours.setAccessibleName("What colours mean")
        self._colours.setToolTip("What colours mean")
        for name in _COLOURS:
            self._colours.addItem(name, name)
        self._schemes.activated.connect(lambda _: self._read())
        self._colours.activated.connect(lambda _: self._read())
        row = QGridLayout()
        row.addWidget(QLabel("Labels"), 0, 0)
        row.addWidget(self._schemes, 0, 1, 1, 3)
        row.addWidget(QLabel("Colours"), 1, 0)
        row.addWidget(self._colours, 1, 1)
        row.setColumnStretch(1, 1)
        self._lasso = button("Lasso", "Draw around clips to choose them", self._toggle_lasso)
        self._lasso.setCheckable(True)
        row.addWidget(self._lasso, 1, 2)
        self._all = button("All", "Show the whole map", self._view.show_all)
        row.addWidget(self._all, 1, 3)
        return row

    def _with_words(self) -> QWidget:
        part, layout = _part()
        layout.addWidget(self._view, 1)
        self._under.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        layout.addWidget(self._under)
        return part

    def _with_buttons(self) -> QWidget:
        part, layout = _part()
        layout.addWidget(self._table, 1)
        row = QHBoxLayout()
        tips = {
            "Rename": "Call the behaviour otherwise (F2)",
            "Merge": "Make the selected behaviours one; it is called as the uppermost of them is",
            "Split": "Split the behaviour in two by what is told of its clips",
            "Undo": "Take your newest change of the behaviours back",
        }
        acts = (self._table.rename, self.merge, self.split, self.undo)
        made = {
            name: button(name, tip, act)
            for (name, tip), act in zip(tips.items(), acts, strict=True)
        }
        self._acts = made
        for each in made.values():
            row.addWidget(each)
        layout.addLayout(row)
        return part

    def _with_name(self) -> QWidget:
        self._chosen_part, layout = _part()
        self._chosen_note = note()
        layout.addWidget(self._chosen_note)
        layout.addWidget(self._clips, 1)
        row = QHBoxLayout()
        self._name = QLineEdit()
        self._name.setPlaceholderText("name of a new behaviour")
        self._name.setAccessibleName("Name of a new behaviour")
        self._name.setToolTip("Name of a new behaviour, made of the clips that were chosen")
        self._name.returnPressed.connect(self.make_behaviour)
        row.addWidget(self._name, 1)
        self._make = button(
            "Make a behaviour", "Make the chosen clips a behaviour of this name",
            self.make_behaviour,
        )  # fmt: skip
        row.addWidget(self._make)
        layout.addLayout(row)
        return self._chosen_part

    # -- reading ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study as it is on disk."""
        study = self._session.study
        # What was chosen among several stays.
        shown = self._schemes.currentData() if self._schemes.count() > 1 else None
        self._schemes.clear()
        with errors_told():
            for name in schemes_of(study) if study is not None else []:
                self._schemes.addItem(readable_name(name), name)
        place = self._schemes.findData(shown if shown is not None else PROFILE)
        self._schemes.setCurrentIndex(max(place, 0))
        self._read()

    def closeEvent(self, event: Any) -> None:
        """What is still read is of no use any more."""
        self._reading.stop()
        self._clips.clear()
        super().closeEvent(event)

    def make_map(self) -> None:
        """Lay the clips out."""
        if self._session.study is not None:
            folder = str(self._session.study.folder)
            self._runner.run("Making the map", ("map", folder), lambda _: self._session.refresh())

    def _read(self) -> None:
        study, scheme = self._session.study, self._schemes.currentData()
        if study is None or scheme is None or study.store.entry("map") is None:
            self._reading.stop()
            self._show(None)
            return
        colours = self._colours.currentData()

        def read() -> tuple[ClipMap, bool]:
            made = map_of(study, scheme, colours)
            _ = made.tree  # made here, where nobody waits
            return made, bool(behaviours_mark(study))

        def show(read: tuple[ClipMap, bool]) -> None:
            made, self._changed = read
            self._show(made)

        self._reading.run(read, show)

    def _show(self, clips: ClipMap | None) -> None:
        study = self._session.study
        seen = None if study is None else study.folder
        anew, self._map = self._map is None or seen != self._seen, clips
        self._seen = seen
        there = clips is not None
        for one in (self._schemes, self._colours, self._lasso, self._all):
            one.setEnabled(there)
        self._parts.setVisible(there)
        self._note.setVisible(not (there and self._mine))
        missing = _NO_MAP if self._schemes.count() else _EMPTY
        self._note.setText(_FIXED if there else missing)
        self._make_map.setVisible(not there and self._schemes.count() > 0)
        if clips is None:
            self._choose(None)
            self._view.show_map(None)
            return
        if anew or (self._chosen is not None and len(self._chosen) != len(clips.clips)):
            self._choose(None)
        editable = self._colours.currentData() == "behaviour" and self._mine
        self._table.show_groups(clips.colouring.groups, editable=editable)
        self._view.show_map(clips, all_of_it=anew)
        self._view.hide_groups(self._table.hidden)
        self._mark()
        self._enable()

    @property
    def _mine(self) -> bool:
        """Whether the behaviours that are shown can be changed here."""
        return bool(self._schemes.currentData() == PROFILE)

    # -- the map and the slider ---------------------------------------------------------------

    def _go(self, row: int) -> None:
        if self._map is None:
            return
        clip = _clip(self._map, row)
        with errors_told():
            self._session.go_to(
                clip.start_s,
                recording=clip.recording,
                individual=clip.individual,
                until=clip.stop_s,
            )
        self._mark()

    def _mark(self) -> None:
        row = self._current()
        self._view.mark(row)
        self._tell(-1)

    def _current(self) -> int | None:
        here = self._session
        if self._map is None:
            return None
        return self._map.at(here.recording, here.individual, here.moment)

    def _tell(self, row: int) -> None:
        """Words of the clip under the pointer, else of the one under the slider."""
        if self._map is None:
            return
        place = self._current() if row < 0 else row
        if place is None:
            self._under.setText(_HINT)
            return
        clip = _clip(self._map, place)
        self._under.setText(f"{clip.place}, {clip.tip}: {clip.sentence}")

    # -- choosing -----------------------------------------------------------------------------

    def _toggle_lasso(self) -> None:
        self._view.box.lasso = self._lasso.isChecked()

    def _choose_rows(self, rows: Any) -> None:
        if self._map is None:
            return
        chosen = np.zeros(len(self._map.clips), dtype=bool)
        chosen[rows] = True
        self._table.clearSelection()
        self._choose(chosen if len(rows) else None)

    def _choose_groups(self, ids: Sequence[str]) -> None:
        if self._map is None:
            return
        groups = self._map.colouring.groups
        wanted = np.array([group.id in ids for group in groups], dtype=bool)
        self._choose(wanted[self._map.colouring.codes] if wanted.any() else None)

    def _choose(self, chosen: Any) -> None:
        self._chosen = chosen
        self._view.choose(chosen)
        rows = np.flatnonzero(chosen) if chosen is not None else np.zeros(0, dtype=np.intp)
        if self._map is None or not len(rows):
            self._chosen_part.setVisible(False)
            self._clips.clear()
        else:
            self._chosen_part.setVisible(True)
            listed = rows[np.unique(np.linspace(0, len(rows) - 1, _LISTED).astype(np.intp))]
            of = "" if len(listed) == len(rows) else f"; {len(listed)} of them, evenly spread"
            self._chosen_note.setText(f"{len(rows):,} clips are chosen{of}. Escape: none.")
            self._clips.show_clips([_clip(self._map, row) for row in listed])
        self._enable()

    def _enable(self) -> None:
        count = len(self._table.selected)
        free = self._mine and self._colours.currentData() == "behaviour"
        busy = self._busy
        free = free and not busy
        for name, enough in (("Rename", count == 1), ("Merge", count > 1), ("Split", count == 1)):
            self._acts[name].setEnabled(free and enough)
        self._acts["Undo"].setEnabled(self._mine and self._changed and not busy)
        self._make.setEnabled(self._mine and self._chosen is not None and not busy)
        self._name.setEnabled(self._mine)
        self._make_map.setEnabled(not self._runner.busy)

    # -- changing -----------------------------------------------------------------------------

    def merge(self) -> None:
        """Make the selected behaviours one."""
        from mousegpt_core.pipeline.behaviours import merge_behaviours

        first, *others = self._table.selected
        self._act(lambda study, who: merge_behaviours(study, first, others, who=who))

    def split(self) -> None:
        """Split the selected behaviour in two."""
        from mousegpt_core.pipeline.behaviours import split_behaviour

        (one,) = self._table.selected
        self._act(lambda study, who: split_behaviour(study, one, who=who), self._table.select)

    def undo(self) -> None:
        """Take the newest change back."""
        from mousegpt_core.pipeline.behaviours import undo_behaviour

        self._act(lambda study, who: undo_behaviour(study, who=who))

    def make_behaviour(self) -> None:
        """Make the chosen clips a behaviour of the name that was typed."""
        from mousegpt_core.pipeline.behaviours import make_behaviour

        if self._map is None or self._chosen is None or self._busy:
            return
        clips, name = self._map.clips["clip_id"][self._chosen].tolist(), self._name.text()

        def made(id: str) -> None:
            self._name.clear()
            self._table.select([id])

        self._act(lambda study, who: make_behaviour(study, clips, name, who=who), made)

    def _rename(self, id: str, name: str) -> None:
        from mousegpt_core.pipeline.behaviours import rename_behaviour

        self._act(lambda study, who: rename_behaviour(study, id, name, who=who))

    def _act(self, act: Callable[[Any, str], Any], then: Callable[[Any], Any] = _nothing) -> None:
        """Change the study in a thread: what was changed is kept at once, and all docks follow."""
        study = self._session.study
        if study is None:
            return

        show, who = self.while_there(then), user_name()
        self._under.setText(_SAVING)

        def done(made: Any) -> None:
            show(made)
            self._session.refresh()

        def refused(_: Any) -> None:
            if self._map is not None:  # as it is on the disk
                self._table.show_groups(self._map.colouring.groups, editable=True)
            self._tell(-1)
            self._enable()

        self._saver.save(
            study.log.path, lambda: act(study, who), done, refused=self.while_there(refused)
        )
        self._enable()

    @property
    def _busy(self) -> bool:
        """Whether a change is being saved, or waits for it."""
        study = self._session.study
        return study is not None and self._saver.waits(study.log.path)


def _part() -> tuple[QWidget, Any]:
    """A part of the splitter."""
    from qtpy.QtWidgets import QVBoxLayout

    part = QWidget()
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    return part, layout


def _clip(clips: ClipMap, row: int) -> Clip:
    """A clip of the map for a list."""
    one = clips.clips.iloc[row]
    group = clips.behaviours.groups[clips.behaviours.codes[row]]
    return Clip(
        str(one["clip_id"]),
        str(one["recording"]),
        str(one["individual"]),
        float(one["start_s"]),
        float(one["stop_s"]),
        str(one["overall"]),
        group.name,
    )
