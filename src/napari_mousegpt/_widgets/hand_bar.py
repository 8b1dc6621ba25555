"""What is drawn, by whom, and what can be done with it; the keys that start and stop behaviours."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_mousegpt._widgets.ethogram_plot import EthogramPlot
from napari_mousegpt._widgets.hand_editor import HandEditor
from napari_mousegpt._widgets.style import button
from napari_mousegpt.ethograms import behaviours_to_draw, keys_of
from napari_mousegpt.places import user_name
from napari_mousegpt.session import Session


class HandBar(QWidget):
    """See the module."""

    def __init__(self, session: Session, plot: EthogramPlot) -> None:
        super().__init__()
        self._session, self._plot = session, plot
        self.behaviour, self.who = QComboBox(), QLineEdit(user_name())
        self.behaviour.setEditable(True)
        self.behaviour.setAccessibleName("Behaviour that is drawn")
        self.behaviour.setToolTip("What is drawn; type another name for a behaviour of your own")
        self.who.setAccessibleName("Who draws")
        self.who.setToolTip("Who draws: kept with every bout")
        self.who.setMaximumWidth(110)
        self.editor = HandEditor(plot, session, self._wording)
        self.editor.state_changed.connect(self._enable)
        self.state = QLabel()
        self._drawn: list[str] = []
        self._keys: dict[str, str] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Draw"), 0, 0)
        layout.addWidget(self.behaviour, 0, 1)
        layout.addWidget(QLabel("by"), 0, 2)
        layout.addWidget(self.who, 0, 3)
        layout.addLayout(self._buttons(), 1, 0, 1, 4)
        layout.setColumnStretch(1, 1)
        self._enable()

    def renew(self) -> None:
        """Offer the behaviours of the study as it is now."""
        study, labels = self._session.study, self.editor.labels
        if study is None or labels is None:
            return
        self._drawn = labels.names
        names, typed = behaviours_to_draw(study, self._drawn), self.behaviour.currentText()
        if names == self.editor.behaviours:
            return
        self.editor.behaviours = names
        self.behaviour.clear()
        self._keys = keys = keys_of(names, self._keys)
        for name in names:
            self.behaviour.addItem(name, keys.get(name, ""))
        if typed:
            self.behaviour.setCurrentText(typed)
        self._set_keys(keys)

    def follow(self) -> None:
        """Offer a behaviour from when it was drawn first."""
        if self.editor.labels is not None and self.editor.labels.names != self._drawn:
            self.renew()

    def keys(self) -> dict[str, str]:
        """The key of each behaviour."""
        return self._keys

    def _wording(self) -> tuple[str, str]:
        return self.behaviour.currentText().strip(), self.who.text().strip()

    def _buttons(self) -> QHBoxLayout:
        editor, row = self.editor, QHBoxLayout()
        self._undo = button("Undo", "Take the last change back (Ctrl+Z)", editor.undo)
        self._redo = button("Redo", "Make it again (Ctrl+Shift+Z)", editor.redo)
        tip = "Call the chosen bout as the behaviour above says (Return); or right-click it"
        self._rename = button("Rename", tip, lambda: editor.rename(self._wording()[0]))
        self._delete = button("Delete", "Delete the chosen bout (Delete)", editor.delete)
        tip = "The time from the moment shown to the end was not scored, and counts nowhere"
        self._rest = button("Rest not scored", tip, editor.leave_rest)
        for one in (self._undo, self._redo, self._rename, self._delete, self._rest):
            row.addWidget(one)
        row.addWidget(self.state, 1)
        return row

    def _set_keys(self, behaviours: dict[str, str]) -> None:
        """What the keys do while the ethogram has the keyboard."""
        editor = self.editor
        self._plot.keys = {
            "Ctrl+Z": editor.undo,
            "Ctrl+Shift+Z": editor.redo,
            "Del": editor.delete,
            "Backspace": editor.delete,
            "Esc": editor.forget,
            "Return": lambda: editor.rename(self._wording()[0]),
            "Space": self._play,
            "Left": lambda: self._step(-1),
            "Right": lambda: self._step(1),
            **{key.upper(): partial(editor.key, name) for name, key in behaviours.items()},
        }

    def _play(self) -> None:
        """Let the film run, or stop it."""
        window = getattr(self._session.viewer, "window", None)
        if window is not None:
            window._toggle_play()

    def _step(self, steps: int) -> None:
        dims = self._session.viewer.dims
        with self._session.manners.may_follow():
            dims.set_current_step(0, int(dims.current_step[0]) + steps)

    def _enable(self) -> None:
        labels, editor = self.editor.labels, self.editor
        self._undo.setEnabled(labels is not None and labels.can_undo)
        self._redo.setEnabled(labels is not None and labels.can_redo)
        self._rename.setEnabled(editor.chosen is not None)
        self._delete.setEnabled(editor.chosen is not None)
        self._rest.setEnabled(labels is not None and bool(self._session.recording))
        told = "" if labels is None or labels.saved else "saving …"
        if editor.running is not None:
            told = f"● {editor.running.label} since {editor.running.start_s:.2f} s"
        self.state.setText(told)
