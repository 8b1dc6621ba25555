"""The dock Ethogram: all animals over time; bouts drawn by hand, scored, given to BORIS."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog, QFrame, QHBoxLayout, QLabel, QScrollArea

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.plots.style import readable_name
from napari_mousegpt._widgets.ethogram_plot import EthogramPlot
from napari_mousegpt._widgets.hand_bar import HandBar
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.scoring import HAND, Scoring
from napari_mousegpt._widgets.style import Dock, button, column, make_room, note, reveal, title
from napari_mousegpt._widgets.telling import errors_told, tell
from napari_mousegpt._widgets.turns import InTurns
from napari_mousegpt.ethograms import (
    Bars,
    EthogramData,
    bouts_of,
    hand_bouts,
    lanes_of,
    name_of,
    owners_of,
    schemes_of,
)
from napari_mousegpt.labelling import HandLabels, Owner, hand_labels_of
from napari_mousegpt.pace import AtOnce, Pace, Turns
from napari_mousegpt.session import Session

_EMPTY = "There is no ethogram yet: open a study and add recordings, in the dock Home."
_HINT = (
    "Time in seconds. Click: go there; wheel: zoom; drag: move; double click: all; "
    "right click: more."
)
_DRAWING = (
    "Drag: draw a bout, move it or its ends (Shift: draw on it); middle button: move the picture. "
    "Keys: a behaviour's starts and stops it, space plays, arrows step. Saved at once."
)
_ALONE = "nothing"
#: Height of the key (px); where there are more behaviours it scrolls.
_KEY_PX = 52


class Ethogram(Dock):
    """See the module."""

    IS_TAB = False

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner, self._saver = session, runner, saver_of(session)
        self._reading: Pace = InTurns(self) if session.in_turns else AtOnce()
        self._data: EthogramData | None = None
        self._lanes: list[EthogramData] = []
        self._tables: dict[str, pd.DataFrame] = {}
        self._hand: HandLabels | None = None
        self._owners: Sequence[Owner] = ()
        self._note, self._key = note(_EMPTY), QLabel()
        self._key.setTextFormat(Qt.TextFormat.RichText)
        self._key.setWordWrap(True)
        self._plot = EthogramPlot()
        self._plot.scene().sigMouseClicked.connect(self._clicked)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._bar, self._scoring = HandBar(session, self._plot), Scoring(session)
        self._bar.editor.changed.connect(self._redraw_hand)
        self._scoring.hide()
        layout = column(self)
        layout.addWidget(title("Ethogram"))
        layout.addLayout(self._choices())
        layout.addWidget(self._bar)
        layout.addWidget(self._plot, 1)
        self._keys = QScrollArea()
        self._keys.setAccessibleName("Colours and keys of the behaviours")
        self._keys.setWidget(self._key)
        self._keys.setWidgetResizable(True)
        self._keys.setFrameShape(QFrame.Shape.NoFrame)
        self._keys.setFixedHeight(_KEY_PX)
        layout.addWidget(self._keys)
        layout.addWidget(self._note)
        layout.addLayout(self._exchange())
        layout.addWidget(self._scoring)
        layout.addStretch(0)
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self._mark_row)
        self.follow(session.individual_changed, self._mark_row)
        self.follow(session.moment_changed, self._move_cursor)
        self.follow(session.span_changed, self._mark_span)
        self.in_turn(session, self.refresh)

    def refresh(self) -> None:
        """Show the study as it is on disk."""
        study = self._session.study
        self._tables.clear()
        if self._hand is not None and self._hand.study is not study:
            self._flush()
        self._hand = hand_labels_of(self._session)
        schemes: list[str] = []
        with errors_told():
            schemes = schemes_of(study) if study is not None else []
        there = study is not None and bool(study.recordings)
        _offer(self._schemes, [*schemes, HAND] if there else [])
        _offer(self._beside, ["", *schemes] if there else [])
        self._scoring.offer(schemes)
        for one in (
            self._schemes, self._beside, self._all, self._import, self._export, self._score
        ):  # fmt: skip
            one.setEnabled(there)
        self._draw()

    def show_all(self) -> None:
        """Zoom out."""
        self._plot.show_all(self._end)

    @property
    def _end(self) -> float:
        """When the last bout, or the recording that is shown, ends (s)."""
        return max([*(lane.end_s for lane in self._lanes), self._session.end])

    def import_labels(self, path: Path) -> None:
        """Take over a person's labels, of BORIS or any other file."""
        study = self._session.study
        if study is None:
            return
        shown = ("--recording", self._session.recording) if self._session.recording else ()
        animal = ("--individual", self._session.individual) if self._session.individual else ()
        who = ("--who", self._bar.who.text()) if self._bar.who.text() else ()
        asked = ("import-labels", str(study.folder), str(path), *shown, *animal, *who)
        show, hand = self.while_there(self._show_by_hand), hand_labels_of(self._session)

        def ended(_: object) -> None:
            if hand is not None:
                with errors_told():
                    hand.poll()
                hand.importing = False

        def imported(made: dict[str, Any]) -> None:
            ended(made)
            tell(_imported_words(made))
            show(made)

        if hand is not None:
            hand.importing = True
        self._runner.run("Reading labels", asked, imported, ended, waited_for=True)

    def export_boris(self, folder: Path) -> None:
        """Write all bouts as projects that BORIS opens."""
        study = self._session.study
        if study is not None:
            asked = ("export", str(study.folder), "bouts", "--format", "boris")
            self._runner.run(
                "Writing for BORIS", (*asked, "--out", str(folder)),
                lambda made: tell("Written for BORIS:\n" + "\n".join(made["files"])),
            )  # fmt: skip

    def hideEvent(self, event: Any) -> None:
        """Save what is left, as the dock is closed."""
        super().hideEvent(event)
        self._flush()

    # -- what is shown ------------------------------------------------------------------------

    def _flush(self) -> None:
        hand = self._hand
        if hand is not None and not hand.saved:
            self._saver.save_now(hand.study.folder, hand.flush, lambda _: None, insist=True)

    def _draw(self) -> None:
        with errors_told():
            self._reading.begin(self._drawing())

    def _drawing(self) -> Turns:
        """Read what is to be shown beside the window, and show it."""
        study, shown = self._session.study, self._shown
        self._data, self._lanes, told = None, [], _EMPTY
        lanes: list[EthogramData] = []
        try:
            if study is not None:
                new = [one for one in shown if one != HAND and one not in self._tables]
                self._tables.update((yield lambda: {one: bouts_of(study, one) for one in new}))
                self._owners = yield lambda: owners_of(study)
                tables = self._bouts(shown)
                lanes = yield lambda: lanes_of(study, tables)
        except MouseGPTError as error:
            told = f"{error.message}; {error.hint}"
        self._note.setText(told)
        self._show_lanes(lanes)

    def _show_lanes(self, lanes: list[EthogramData]) -> None:
        there, by_hand = bool(lanes), self._schemes.currentData() == HAND
        self._lanes = lanes
        for widget in (self._plot, self._keys):
            widget.setVisible(there)
        self._bar.setVisible(there and by_hand)
        rows = self._lanes[0].rows if there else []
        self._bar.editor.edit(self._hand if there and by_hand else None, rows)
        if not there:
            return
        self._data = self._lanes[0]
        self._bar.renew()
        self._note.setText(_DRAWING if by_hand else _HINT)
        self._plot.show_lanes(self._lanes)
        self._show_key()
        self.show_all()
        self._mark_row()
        self._mark_span()
        self._move_cursor(self._session.moment)

    def _bouts(self, schemes: list[str]) -> dict[str, pd.DataFrame]:
        """Bouts of labellings that were read; those by hand as they are by now."""
        hand, owners = self._hand, self._owners
        if hand is None:
            return {}
        return {
            one: hand_bouts(hand, owners) if one == HAND else self._tables[one] for one in schemes
        }

    def _redraw_hand(self) -> None:
        study = self._session.study
        if study is None or self._data is None:  # it is just being read: anew, with the new bouts
            self._draw()
            return
        self._lanes = lanes_of(study, self._bouts(self._shown), rows=self._data.rows)
        self._data = self._lanes[0]
        for place, lane in enumerate(self._lanes):
            self._plot.show_lane(place, lane)
        self._bar.follow()
        self._show_key()

    def _show_key(self) -> None:
        by_hand = self._schemes.currentData() == HAND
        keys = {name_of(one): key for one, key in self._bar.keys().items() if by_hand}
        bars = {one.name: one for lane in self._lanes for one in lane.bars}
        told = [_key(one, keys.get(name, "")) for name, one in bars.items()]
        told += [_worded(name, key) for name, key in keys.items() if name not in bars]
        self._key.setText("&nbsp; ".join(told))

    @property
    def _shown(self) -> list[str]:
        """The labellings that are shown, the upper one first."""
        chosen = (self._schemes.currentData(), self._beside.currentData())
        return list(dict.fromkeys(one for one in chosen if one))

    def _mark_span(self) -> None:
        self._plot.mark_span(self._session.span)

    def _mark_row(self) -> None:
        if self._data is not None:
            self._plot.reach(self._end)
            here = (self._session.recording, self._session.individual)
            self._plot.mark_row(self._data.row_of(*here))

    def _move_cursor(self, moment: float) -> None:
        self._plot.cursor_line.setValue(moment)
        self._bar.editor.follow(moment)

    # -- the mouse ----------------------------------------------------------------------------

    def _clicked(self, event: Any) -> None:
        place = self._plot.place_at(event.scenePos())
        if place is None or self._data is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._plot.setFocus()
        if event.double():
            self.show_all()
            return
        self._bar.editor.click(place)
        row = self._data.rows[place.row]
        with errors_told():
            self._session.go_to(place.moment, recording=row.recording, individual=row.individual)
            self._session.select(self._lanes[place.lane].span(place.row, place.moment))

    def _moved(self, position: Any) -> None:
        place = self._plot.place_at(position)
        self._plot.setCursor(self._bar.editor.shape_at(place))
        if place is None or self._data is None:
            return
        label = self._data.rows[place.row].label
        name = self._lanes[place.lane].at(place.row, place.moment)
        self._plot.setToolTip(f"{label}, {place.moment:.1f} s: {name or 'nothing'}")

    # -- how it is put together ---------------------------------------------------------------

    def _choices(self) -> QHBoxLayout:
        row, self._schemes, self._beside = QHBoxLayout(), QComboBox(), QComboBox()
        for words, combo, name in (
            ("Labels", self._schemes, "Labelling that is shown"),
            ("beside", self._beside, "Labelling that is shown below it"),
        ):
            combo.setAccessibleName(name)
            combo.setToolTip(name)
            combo.activated.connect(lambda _: self._draw())
            row.addWidget(QLabel(words))
            row.addWidget(combo, 1)
        self._all = button("All", "Show the whole time of all animals", self.show_all)
        row.addWidget(self._all)
        return row

    def _exchange(self) -> QHBoxLayout:
        row = QHBoxLayout()
        tip = "Take over a person's labels from BORIS (a project, or exported events) or csv"
        self._import = button("Import labels…", tip, self._ask_import)
        self._export = button("For BORIS…", "Write all as projects of BORIS", self._ask_export)
        tip = "Score one labelling against another, and go where they differ"
        self._score = button("Scores", tip, lambda: None)
        self._score.setCheckable(True)
        self._score.toggled.connect(self._show_scoring)
        for one in (self._import, self._export, self._score):
            row.addWidget(one)
        row.addStretch(1)
        return row

    def _show_scoring(self, shown: bool) -> None:
        self._scoring.setVisible(shown)
        if shown:
            reveal(self._scoring)

    def _ask_import(self) -> None:
        kinds = "Labels (*.boris *.csv *.tsv *.txt *.mat)"
        name, _ = QFileDialog.getOpenFileName(self, "Labels of a person", "", kinds)
        if name:
            self.import_labels(Path(name))

    def _ask_export(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for projects of BORIS")
        if name:
            self.export_boris(Path(name))

    def _show_by_hand(self, _: object) -> None:
        self._schemes.setCurrentIndex(self._schemes.findData(HAND))
        self._draw()


def _imported_words(made: dict[str, Any]) -> str:
    """Whose labels were taken over, and whose are of no recording here."""
    told = [f"{owner}: {count} bouts" for owner, count in made["labelled"].items()]
    told += [f"{name} is not in this study" for name in made["passed_over"]]
    return "\n".join(["Labels were taken over", *told])


def _offer(combo: QComboBox, names: list[str]) -> None:
    """Offer labellings; the one that was chosen, among several, stays."""
    shown = combo.currentData() if combo.count() > 1 else None
    combo.clear()
    for name in names:
        words = "by hand" if name == HAND else readable_name(name) if name else _ALONE
        combo.addItem(words, name)
    combo.setCurrentIndex(max(combo.findData(shown), 0))
    make_room(combo)


def _key(bars: Bars, key: str) -> str:
    """A behaviour and its colour, and the key that starts it."""
    return f'<span style="color:{bars.colour}">■</span>&nbsp;{_worded(bars.name, key)}'


def _worded(name: str, key: str) -> str:
    """A behaviour and its key, never torn apart."""
    return escape(f"{key}: {name}".removeprefix(": ")).replace(" ", "&nbsp;")
