"""The dock Keypoints: correct what the tracker got wrong, from one doubtful moment to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QComboBox, QFormLayout, QGridLayout, QLineEdit, QPushButton, QWidget

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.keypoint_files import CorrectedFiles
from napari_mousegpt._widgets.keypoint_keys import KeypointKeys
from napari_mousegpt._widgets.keypoint_lists import Acts, Doubts
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.style import Dock, button, column, note, swatch, title
from napari_mousegpt._widgets.telling import errors_told, tell, tell_error
from napari_mousegpt._widgets.turns import InTurns
from napari_mousegpt.editable import read_editable
from napari_mousegpt.editing import Editing
from napari_mousegpt.gone import when_gone
from napari_mousegpt.pace import AtOnce, Pace, Turns
from napari_mousegpt.picking import colours_of
from napari_mousegpt.places import user_name
from napari_mousegpt.session import Session
from napari_mousegpt.windows import is_going

_EMPTY = "Open a study in the dock Home first; then its keypoints can be corrected here."
_HINT = (
    "Drag points with napari's tool Select; its tool Add places the keypoint named above. Keys "
    "work while the layer keypoints is chosen. All is kept in the study at once; your files stay "
    "as they are."
)
_READING = "Reading the keypoints …"
_NEXT, _SWAP = "the next that is missing", "Swap with (W)"
#: Looks at the disk (ms); looks without a change until the queue is made anew.
_LOOK_MS, _CALM = 200, 6


class Keypoints(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self.editing: Editing | None = None
        self._opened: Any = None
        self._looking = Behind(self)
        self._reading: Pace = InTurns(self) if session.in_turns else AtOnce()
        self._calm = 0
        self._note, self._range = note(_EMPTY), note()
        self._doubts, self._acts = Doubts(self), Acts(self)
        self._offered: dict[str, QPushButton] = {}
        self._form = self._make_form()
        self._buttons = self._make_buttons()
        self._files = CorrectedFiles(session, runner)
        self._parts = (
            self._form, self._doubts, self._buttons, self._range, self._acts, self._files,
        )  # fmt: skip
        layout = column(self)
        layout.addWidget(title("Keypoints"))
        for widget in self._parts:
            layout.addWidget(widget, int(widget in (self._doubts, self._acts)))
        layout.addWidget(self._note)
        layout.addStretch(0)
        self._keys = KeypointKeys(self)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self.follow(session.study_changed, self._renew, at_once=True)
        self.follow(session.recording_changed, self._renew, at_once=True)
        self.follow(session.individual_changed, self._show)
        self.follow(session.arrangement_changed, self._colour)
        when_gone(self, self._end)
        self._renew()
        self._timer.start(_LOOK_MS)

    # -- what can be done -----------------------------------------------------------------------

    def act(self, name: str, *values: Any, **options: Any) -> None:
        """Do one of `Editing`'s acts; what cannot be done is told."""
        if self.editing is not None:
            with errors_told():
                getattr(self.editing, name)(*values, **options)

    def swap_identities(self) -> None:
        """Exchange the animal with the one that is chosen."""
        self.act("swap_identities", self._other.currentText())

    def next_other(self) -> None:
        """Choose the next of the other animals to swap identities with."""
        names = [self._other.itemText(row) for row in range(self._other.count())]
        others = [name for name in names if name != self._animal.currentText()]
        if others:
            place = names.index(self._other.currentText())
            later = [name for name in others if names.index(name) > place]
            self._other.setCurrentText((later or others)[0])

    def go(self, by: int) -> None:
        """Go to the next (1) or previous (-1) doubtful moment."""
        self._doubts.go(by)

    def look_at(self, doubt: Mapping[str, Any]) -> None:
        """Show a doubtful moment; what was exchanged can be exchanged back."""
        self.act("go_to", doubt)
        if self.editing is not None:
            # What is not seen is the next to be placed.
            missing = "" if self.editing.selected() else str(doubt["keypoints"]).partition(", ")[0]
            self._target.setCurrentText(missing or _NEXT)
            self._aim()
        if doubt["other"]:
            self._other.setCurrentText(doubt["other"])

    def accept(self) -> None:
        """The moment is right; on to the next."""
        self.act("accept")
        self._doubts.strike()

    # -- looks ----------------------------------------------------------------------------------

    def _make_form(self) -> QWidget:
        form = QWidget()
        rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        self._who = QLineEdit(user_name())
        self._animal, self._target, self._other = QComboBox(), QComboBox(), QComboBox()
        self._who.editingFinished.connect(self._name)
        self._animal.textActivated.connect(self._look_at)
        self._target.activated.connect(lambda _: self._aim())
        told = (
            ("Edited by", self._who, "Your name, which is kept with each of your corrections"),
            (
                "Animal",
                self._animal,
                "Whose keypoints are corrected: select one of them, or press Q",
            ),
            ("Place", self._target, "Which keypoint a click with the tool Add places"),
            ("Swap with", self._other, "The animal to swap identities with (Shift+Q: the next)"),
        )
        for label, widget, tip in told:
            widget.setToolTip(tip)
            widget.setAccessibleName(label)
            rows.addRow(label, widget)
        return form

    def _make_buttons(self) -> QWidget:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, (text, tip, do) in enumerate(self._offers()):
            self._offered[text] = button(text, tip, do)
            grid.addWidget(self._offered[text], place // 3, place % 3)
        return made

    def _offers(self) -> tuple[tuple[str, str, Any], ...]:
        def do(name: str, **options: Any) -> Any:
            return lambda: self.act(name, **options)

        return (
            ("Hide (H)", "Selected points are not to be seen in the picture; again: they are",
             do("hide")),
            ("Delete (Del)", "Take the selected points away", do("delete")),
            ("Fill (M)", "Put the animal's missing points between their neighbours in time",
             do("fill_missing")),
            ("From ([)", "The range to swap or interpolate begins here",
             do("mark_range", start=True)),
            ("To (])", "The range to swap or interpolate ends here",
             do("mark_range", start=False)),
            ("No range (\\)", "Swap and interpolate at this moment only", do("clear_range")),
            ("Swap sides (L)", "Swap left and right of the animal in the range",
             do("swap_sides")),
            (_SWAP, "Swap the animal with the other one in the range", self.swap_identities),
            ("Interpolate (I)", "Straight lines between the ends of the range, for the selected "
             "points or all of the animal", do("interpolate")),
            ("Closer (F)", "Look closely at what is selected, or at the animal; again: at all",
             do("look_closely")),
            ("Undo", "Take your last correction back (Ctrl+Z)", do("undo")),
            ("Redo", "Do it again (Ctrl+Shift+Z)", do("redo")),
        )  # fmt: skip

    # -- what is there --------------------------------------------------------------------------

    def _renew(self) -> None:
        """Work on the recording that is shown now; go on with one that stays."""
        if self.editing is not None and self._session.opened is self._opened:
            return
        self._leave()
        self._looking.stop()
        self._opened = self._session.opened
        self._note.setText(_EMPTY)
        self._fill()
        with errors_told():
            self._reading.begin(self._beginning())

    def _beginning(self) -> Turns:
        """Read the poses of the recording that is shown, and let them be corrected."""
        if self._opened is None:
            return
        self._note.setText(_READING)
        try:
            read = yield read_editable(self._session)
        except MouseGPTError as error:
            message = f"{error.message}: {error.hint}"
            self._note.setText(message[0].upper() + message[1:])
            return
        self.editing = Editing(self._session, read, who=self._who.text())
        self.editing.changed.connect(self._changed)
        self.editing.told.connect(tell)
        self._keys.bind(self._session.points)
        self._session.viewer.layers.selection.active = self._session.points
        self._session.points.mode = "select"
        self._note.setText(_HINT)
        self._fill()
        self._changed()

    def _leave(self) -> None:
        """Save what is left of the recording that was shown."""
        self._keys.unbind()
        if self.editing is not None:
            editing, self.editing = self.editing, None
            editing.let_go(shown=not is_going(self._session))
            left = editing.corrections
            saver_of(self._session).save_now(left.path, left.close, lambda _: None, insist=True)

    def _end(self) -> None:
        """The dock is gone: its widgets are not to be touched any more."""
        self._reading.stop()
        self._leave()

    def _fill(self) -> None:
        editing = self.editing
        for box, names in (
            (self._animal, editing.individuals if editing else []),
            (self._other, editing.individuals if editing else []),
            (self._target, [_NEXT, *editing.keypoints] if editing else []),
        ):
            box.clear()
            box.addItems(names)
        several = self._animal.count() > 1
        for widget in (self._other, self._form.layout().labelForField(self._other)):
            widget.setVisible(several)
        self._offered[_SWAP].setEnabled(several)
        for widget in self._parts:
            widget.setVisible(editing is not None)
        self._colour()
        self._doubts.clear()
        self._show()

    def _colour(self) -> None:
        """Show the colour of each animal beside its name."""
        points = self._session.points
        colours = {} if self.editing is None or points is None else colours_of(points)
        for box in (self._animal, self._other):
            for row in range(box.count()):
                colour = colours.get(box.itemText(row))
                box.setItemIcon(row, QIcon() if colour is None else swatch(colour))

    def _changed(self) -> None:
        """After an act: what was done is listed, and the queue is made anew once all is calm."""
        self._calm = 0
        self._show()

    def _show(self) -> None:
        editing = self.editing
        if editing is None:
            return
        self._animal.setCurrentText(editing.individual)
        others = [name for name in editing.individuals if name != editing.individual]
        if self._other.currentText() == editing.individual and others:
            self._other.setCurrentText(others[0])
        self._acts.show_acts(editing.corrections.done)
        self._range.setText(editing.range_words())

    def _look(self) -> None:
        if self.editing is None:
            return
        try:
            self.editing.poll()
        except MouseGPTError as error:
            acts = self.editing.corrections
            if acts.unsaved:
                saver_of(self._session).stand_by(acts.path, acts.flush)
            else:
                tell_error(error.message, error.hint, f"{type(error).__name__}: {error}")
        self._calm += 1
        if self._calm == _CALM:
            self.editing.retrace()
            self._looking.run(self.editing.doubts, self._doubts.show_doubts)

    def _name(self) -> None:
        if self.editing is not None:
            self.editing.who = self._who.text().strip()

    def _look_at(self, individual: str) -> None:
        with errors_told():
            self._session.go_to(self._session.moment, individual=individual)

    def _aim(self) -> None:
        if self.editing is not None:
            chosen = self._target.currentIndex() > 0
            self.editing.target = self._target.currentText() if chosen else ""
