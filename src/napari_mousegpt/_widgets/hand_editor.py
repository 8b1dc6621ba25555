"""Bouts drawn, dragged and keyed in a lane of the ethogram."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QApplication, QMenu

from mousegpt_core.analysis.human_bouts import NOT_SCORED_LABEL, HumanBout
from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.ethogram_plot import EthogramPlot, Place
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.telling import errors_told, tell_error
from napari_mousegpt.ethograms import Row
from napari_mousegpt.labelling import Grip, HandLabels, Owner, grip
from napari_mousegpt.session import Session

_REACH_PX = 7
_LOOK_MS = 200
_SKETCH = "#f2b134b0"
#: What goes on is kept as often as this (s), lest it is lost with napari.
_KEPT_S = 5.0


@dataclass
class Running:
    """A behaviour that was started by its key, and goes on; kept as a bout up to where one was."""

    owner: Owner
    label: str
    start_s: float
    kept: HumanBout | None = None
    looked: float = field(default_factory=time.monotonic)


class HandEditor(QObject):
    """What the mouse and the keys do to a person's bouts.

    Attributes
    ----------
    changed : Signal
        The bouts are others.
    chosen : (Owner, HumanBout) or None
        The bout that was clicked.
    running : Running or None
        What was started by a key.
    """

    changed = Signal()
    state_changed = Signal()

    def __init__(
        self, plot: EthogramPlot, session: Session, wording: Callable[[], tuple[str, str]]
    ) -> None:
        super().__init__(plot)
        self._plot, self._session, self._wording = plot, session, wording
        self.labels: HandLabels | None = None
        self.behaviours: list[str] = []
        self.chosen: tuple[Owner, HumanBout] | None = None
        self.running: Running | None = None
        self._rows: list[Row] = []
        self._drags = False
        self._grip: Grip | None = None
        plot.on_drag(self._drag)
        plot.on_menu(self._menu)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def edit(self, labels: HandLabels | None, rows: list[Row]) -> None:
        """Edit these bouts, which are shown in the first lane; None = they are not shown."""
        if labels is not self.labels:
            self.running = None
        self.labels, self._rows = labels, rows
        self._choose(None)
        (self._timer.start if labels is not None else self._timer.stop)()

    # -- commands -----------------------------------------------------------------------------

    def key(self, label: str) -> None:
        """Start a behaviour of the animal that is looked at, or stop it if it goes on."""
        if self.labels is None or not self._session.recording:
            return
        owner, moment = self._owner, self._session.moment
        self._withdraw()
        before, self.running = self.running, None
        if before is not None:
            with errors_told():
                self.labels.draw(before.owner, before.start_s, moment, before.label, self._who)
        if before is None or (before.owner, before.label) != (owner, label):
            self.running = Running(owner, label, moment)
        self._renew()
        self.follow(moment)

    def forget(self) -> None:
        """Give up what was started by a key, and what is chosen."""
        if self._withdraw():
            self.changed.emit()
        self.running = None
        self._choose(None)
        self._plot.end_sketch()
        self.state_changed.emit()

    def follow(self, moment: float) -> None:
        """Draw what was started by a key up to the moment."""
        row = None if self.running is None else self._row(self.running.owner)
        if self.running is not None and row is not None:
            self._plot.sketch(row, 0, (self.running.start_s, moment), _SKETCH)
        elif self._grip is None:
            self._plot.end_sketch()

    def delete(self) -> None:
        """Delete the bout that is chosen."""
        if self.labels is not None and self.chosen is not None:
            owner, bout = self.chosen
            self.labels.delete(owner, bout)
            self._renew()

    def rename(self, label: str) -> None:
        """Call the bout that is chosen by another name."""
        if self.labels is not None and self.chosen is not None:
            owner, bout = self.chosen
            with errors_told():
                self.labels.rename(owner, bout, label, self._who)
            self._renew()

    def leave_rest(self) -> None:
        """Say that the time from the moment to the end was not scored."""
        if self.labels is not None and self._session.recording:
            with errors_told():
                start = self._session.moment
                end = max(self._session.end, self.labels.end(self._owner))
                self.labels.draw(self._owner, start, end, NOT_SCORED_LABEL, self._who)
            self._renew()

    def undo(self) -> None:
        """Take the last change back."""
        withdrawn = self._withdraw()
        if self.labels is not None and (self.labels.undo() is not None or withdrawn):
            self._renew()

    def redo(self) -> None:
        """Make it again."""
        withdrawn = self._withdraw()
        if self.labels is not None and (self.labels.redo() is not None or withdrawn):
            self._renew()

    def click(self, place: Place) -> None:
        """Choose the bout that is clicked."""
        if self.labels is None or place.lane != 0:
            self._choose(None)
            return
        owner = self._owner_of(place.row)
        found = grip(self.labels.bouts(owner), place.moment, 0.0)
        self._choose(None if found is None else (owner, found.bout))

    def shape_at(self, place: Place | None) -> Qt.CursorShape:
        """How the mouse looks at a place: whether an end, or a bout, can be taken hold of."""
        if self.labels is None or place is None or place.lane != 0:
            return Qt.CursorShape.ArrowCursor
        found = self._grip_at(place)
        if found is None:
            return Qt.CursorShape.CrossCursor
        whole = found.part == "whole"
        return Qt.CursorShape.OpenHandCursor if whole else Qt.CursorShape.SizeHorCursor

    # -- the mouse ----------------------------------------------------------------------------

    def _drag(self, place: Place, moment: float, last: bool) -> bool:
        if self.labels is None or place.lane != 0:
            return False
        owner = self._owner_of(place.row)
        if not self._drags:  # what is held is settled where a drag begins
            shift = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
            self._drags, self._grip = True, None if shift else self._grip_at(place)
        held = self._grip
        ends = (place.moment, max(moment, 0.0)) if held is None else held.dragged(moment)
        self._plot.sketch(place.row, 0, ends, _SKETCH)
        if last:
            self._plot.end_sketch()
            self._drop(owner, held, ends)
        else:
            self._seek(owner, ends[0] if held is not None and held.part == "start" else moment)
        return True

    def _drop(self, owner: Owner, held: Grip | None, ends: tuple[float, float]) -> None:
        self._drags, self._grip = False, None
        if self.labels is None:
            return
        with errors_told():
            if held is None:
                label, who = self._wording()
                self._choose((owner, self.labels.draw(owner, *ends, label, who)))
            else:
                self.labels.set_ends(owner, held.bout, *ends, self._who)
        self._renew()

    def _seek(self, owner: Owner, moment: float) -> None:
        """Show the frame that the mouse is at; another recording is not opened for that."""
        if owner[0] == self._session.recording:
            self._session.go_to(moment, individual=owner[1])

    def _menu(self, place: Place, screen: Any) -> bool:
        if self.labels is None or place.lane != 0:
            return False
        self.click(place)
        if self.chosen is None:
            return False
        menu = QMenu(self._plot)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in self.behaviours:
            menu.addAction(f"Call it {name}", partial(self.rename, name))
        menu.addSeparator()
        menu.addAction("Delete", self.delete)
        menu.popup(screen.toPoint())
        return True

    def _grip_at(self, place: Place) -> Grip | None:
        if self.labels is None:
            return None
        bouts = self.labels.bouts(self._owner_of(place.row))
        return grip(bouts, place.moment, self._plot.seconds(_REACH_PX))

    # -- what follows a change ----------------------------------------------------------------

    def _look(self) -> None:
        """Save what is not saved, take up what another window has changed."""
        labels = self.labels
        if labels is None:
            return
        self._keep_running(labels)
        try:
            if labels.poll():
                self.changed.emit()
        except MouseGPTError as error:
            if labels.saved:
                tell_error(error.message, error.hint, f"{type(error).__name__}: {error}")
            else:
                saver_of(self._session).stand_by(labels.study.folder, labels.flush)
        self.state_changed.emit()

    def _keep_running(self, labels: HandLabels) -> None:
        """Keep what goes on as a bout up to this moment, from time to time."""
        running, now = self.running, time.monotonic()
        if running is None or now - running.looked < _KEPT_S or self._session.is_closed:
            return
        running.looked, moment = now, self._session.moment
        if running.owner[0] == self._session.recording and moment > running.start_s:
            self._withdraw()
            with errors_told():
                drawn = (running.start_s, moment, running.label)
                running.kept = labels.draw(running.owner, *drawn, self._who)
            self.changed.emit()

    def _withdraw(self) -> bool:
        """Take back what was kept of what goes on; whether there was something."""
        running = self.running
        if running is None or running.kept is None or self.labels is None:
            return False
        self.labels.withdraw(running.owner, running.kept)
        running.kept = None
        return True

    def _renew(self) -> None:
        if self.labels is None:
            return
        self._look()
        if self.chosen is not None:
            owner, old = self.chosen
            same = [bout for bout in self.labels.bouts(owner) if bout.id == old.id]
            self._choose((owner, same[0]) if same else None)
        self.changed.emit()
        self.state_changed.emit()

    def _choose(self, chosen: tuple[Owner, HumanBout] | None) -> None:
        self.chosen = chosen
        row = None if chosen is None else self._row(chosen[0])
        if chosen is None or row is None:
            self._plot.frame(0, 0, None)
        else:
            self._plot.frame(row, 0, (chosen[1].start_s, chosen[1].stop_s))
        self.state_changed.emit()

    @property
    def _who(self) -> str:
        return self._wording()[1]

    @property
    def _owner(self) -> Owner:
        return self._session.recording, self._session.individual

    def _owner_of(self, row: int) -> Owner:
        return self._rows[row].recording, self._rows[row].individual

    def _row(self, owner: Owner) -> int | None:
        found = [n for n, row in enumerate(self._rows) if (row.recording, row.individual) == owner]
        return found[0] if found else None
