"""In step: the offset of a view against the main one, typed or nudged while one looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mousegpt_core.study import Recording
from mousegpt_core.study.recording import RecordingInfo
from napari_mousegpt._widgets.style import NUMBER_WIDTH, SPACING, button, note
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt.arranging import ShownView, offset_words
from napari_mousegpt.session import Session

#: Saved when it has been left alone for so long.
_PAUSE_MS = 800
_MAIN = "{} is the main view: the others are brought to its clock. Choose another one above."


class OffsetBox(QWidget):
    """Follows the view that is chosen.

    Parameters
    ----------
    session : Session
        Shows a view with another offset while one looks.
    save : callable
        Gets the recording, what the change is, and what makes it, as `Changes.make`.
    """

    def __init__(self, session: Session, save: Callable[..., None]) -> None:
        super().__init__()
        self._session, self._save = session, save
        self._view: ShownView | None = None
        self._changed = False
        self._recording: Recording | None = None
        self._words = note()
        self._seconds = QDoubleSpinBox()
        self._seconds.setDecimals(4)
        self._seconds.setRange(-36_000, 36_000)
        self._seconds.setSuffix(" s")
        self._seconds.setMinimumWidth(NUMBER_WIDTH)
        self._seconds.setAccessibleName("Offset of the view")
        self._seconds.setToolTip("Added to this view's clock, to bring it to that of the main view")
        self._seconds.valueChanged.connect(self._try)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._keep)
        row = QHBoxLayout()
        row.addWidget(QLabel("Offset"))
        row.addWidget(self._seconds, 1)
        self._nudges = [
            button("◀ frame", "Show this view one frame earlier", lambda: self.nudge(1)),
            button("frame ▶", "Show this view one frame later", lambda: self.nudge(-1)),
        ]
        for each in self._nudges:
            row.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(row)
        layout.addWidget(self._words)

    def show_view(self, name: str) -> None:
        """Take up a view; what was changed of the last one is saved."""
        self._keep()
        views, study, id = self._session.views, self._session.study, self._session.recording
        self._recording = study.recording(id) if study is not None and id else None
        self._view = next((each for each in views if each.name == name), None)
        is_main = self._view is None or self._view.is_main
        for widget in (self._seconds, *self._nudges):
            widget.setEnabled(not is_main)
        self._seconds.blockSignals(True)
        self._seconds.setValue(self._view.offset_s if self._view and not is_main else 0.0)
        self._seconds.blockSignals(False)
        if self._view is not None:
            self._seconds.setSingleStep(self._view.period)
        self._tell(is_main)

    def nudge(self, frames: int) -> None:
        """Later on the main view's clock by so many frames: earlier pictures are shown."""
        if self._view is not None:
            # In whole frames: what the field shows is rounded.
            now = round(self._seconds.value() / self._view.period, 2)
            self._seconds.setValue((now + frames) * self._view.period)

    def _try(self, seconds: float) -> None:
        if self._view is not None:
            with errors_told():
                self._session.shift(self._view.name, seconds)
            self._tell(is_main=False)
            self._changed = True
            self._timer.start()

    def hideEvent(self, event: Any) -> None:
        """Save what was changed, as the dock is closed."""
        super().hideEvent(event)
        self._keep()

    def _keep(self) -> None:
        self._timer.stop()
        changed, self._changed = self._changed, False
        view, recording, offset = self._view, self._recording, round(self._seconds.value(), 4)
        if not changed or view is None or recording is None:
            return

        def change(info: RecordingInfo) -> dict[str, Any]:
            views: list[dict[str, Any]] = info.model_dump(mode="json")["views"]
            for each in views:
                if each["name"] == view.name:
                    each["offset_s"] = offset
            return {"views": views}

        self._save(recording, f"offset of {view.name}", change)

    def _tell(self, is_main: bool) -> None:
        if self._view is None:
            self._words.setText("")
        elif is_main:
            self._words.setText(_MAIN.format(self._view.name))
        else:
            told = offset_words(self._seconds.value(), self._view.period)
            self._words.setText(f"{self._view.name}: {told}. It is saved when you pause.")
