"""Tab of the dock Describe: what is said of the clip at the slider, to be read and corrected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt._widgets.background import Background
from napari_mousegpt._widgets.style import SPACING, Dock, button, column, framed, named, note
from napari_mousegpt.places import user_name
from napari_mousegpt.said import FIELDS, Said, SaidClips, read_said, scores_words
from napari_mousegpt.session import Session

if TYPE_CHECKING:
    from mousegpt_core.study import Recording

_NO_STUDY = "Open a study in the dock Home first."
_NOT_DESCRIBED = "This recording is not described yet: use the tab Describe, or Go on in Home."
_NOTHING = "Nothing is said of this animal at this moment."
#: What was typed is kept after so long without a key (ms).
_AUTOSAVE_MS = 2000
_HIGH_PX, _LOW_PX = 54, 32
_LONG = ("overall", "head", "limb", "torso", "others")


class TextField(QPlainTextEdit):
    """A text of a few lines; Tab goes on to the next field.

    Attributes
    ----------
    done : Signal
        What was typed is to be kept.
    """

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AUTOSAVE_MS)
        self._timer.timeout.connect(self.done)
        self.textChanged.connect(self._timer.start)

    def show_text(self, text: str) -> None:
        """Show what is said; it is not taken for typed."""
        self.blockSignals(True)
        if text != self.toPlainText():
            self.setPlainText(text)
        self.blockSignals(False)
        self._timer.stop()

    def focusOutEvent(self, event: Any) -> None:
        """Keep what was typed."""
        super().focusOutEvent(event)
        self.done.emit()

    def hideEvent(self, event: Any) -> None:
        """Keep what was typed, as the dock is closed."""
        super().hideEvent(event)
        self.done.emit()


class Sentence(Dock):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._background = Background(self)
        self._clips: SaidClips | None = None
        #: Whose clips they are; what was typed is kept there, wherever one has gone since.
        self._recording: Recording | None = None
        self._said: Said | None = None
        self._note, self._place, self._against = note(_NO_STUDY), QLabel(), note()
        self._place.setWordWrap(True)
        self._fields = {name: TextField() for name in FIELDS}
        self._labels = {name: QLabel(name) for name in FIELDS}
        self._who = named(QLineEdit(user_name()), "Who corrects", "Kept with each correction")
        self._undo = button("Undo", "Take the newest correction of this clip back", self.undo)
        self._select = button(
            "Select", "Select the clip's frames and the animal's points", self.select
        )
        self._body = QWidget()
        self._put_together()
        for name, field in self._fields.items():
            field.done.connect(partial(self.keep, name))
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self.refresh)
        self.follow(session.individual_changed, self._show)
        self.follow(session.moment_changed, self._show)
        self.refresh()

    # -- what one can do ----------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Keep what stands in a field as a correction, if it is one."""
        said, recording = self._said, self._recording
        if said is None or recording is None or not self._typed(name, said):
            return
        text = self._fields[name].toPlainText().strip()
        # At once, so that it is not kept twice while it is written.
        old, said.texts[name] = said.texts[name], text
        log, who = recording.log, self._who.text().strip()

        def write() -> None:
            try:
                log.add_edit("description", said.clip_id, name, text, old=old, who=who)
            except MouseGPTError:
                said.texts[name] = old  # so that it is tried again
                raise

        self._background.run(write, lambda _: self._read(changed=True))

    def undo(self) -> None:
        """Take the newest correction of the clip back."""
        from mousegpt_core.pipeline.editing import undo_correction

        if self._said is None or self._recording is None:
            return
        recording, clip = self._recording, self._said.clip_id
        who = self._who.text().strip()
        self._background.run(
            lambda: undo_correction(recording, clip, who=who), lambda _: self._read(changed=True)
        )

    def select(self) -> None:
        """Select the clip in the viewer."""
        if self._said is not None:
            self._session.go_to(
                self._said.start_s, individual=self._said.individual, until=self._said.stop_s
            )

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what is said of the recording that is shown."""
        self._clips = None
        self._show()
        self._read()

    def _read(self, *, changed: bool = False) -> None:
        """Read it anew; what was changed here is told to whoever shows it."""
        study, id = self._session.study, self._session.recording
        if study is None or not id:
            return
        recording = study.recording(id)
        self._background.run(lambda: (recording, read_said(recording)), self._take)
        if changed and not self._session.is_closed:
            self._session.renew_sentences()

    def _take(self, read: tuple[Recording, SaidClips | None]) -> None:
        recording, clips = read
        session, study = self._session, self._session.study
        if session.is_closed or study is None:
            return
        if (recording.study_folder, recording.id) != (study.folder, session.recording):
            return  # another one by now
        self._recording, self._clips = recording, clips
        self._note.setText(_NOTHING if clips is not None else _NOT_DESCRIBED)
        self._show()

    def _show(self, _: float = 0.0) -> None:
        session, before = self._session, self._said
        said = None
        if self._clips is not None:
            said = self._clips.at(session.moment, session.individual)
        stays = said is not None and before is not None and said.clip_id == before.clip_id
        if not stays:
            for name in self._fields:
                self.keep(name)  # of the clip that was shown until now
        typed = {n for n in self._fields if stays and before is not None and self._typed(n, before)}
        self._said = said
        self._body.setVisible(said is not None)
        self._note.setVisible(said is None)
        if session.study is None:
            self._note.setText(_NO_STUDY)
        if said is None:
            return
        animal = said.individual or "the scene"
        self._place.setText(
            f"<b>{animal}</b>, {said.start_s:.2f} to {said.stop_s:.2f} s<br>by {said.speaker}"
        )
        for name, field in self._fields.items():
            if name not in typed:
                field.show_text(said.texts[name])
            edited = said.edits.get(name, "")
            self._labels[name].setText(f"{name} ✎" if edited else name)
            field.setToolTip(f"Corrected by {edited}" if edited else f"What is said: {name}")
        self._undo.setEnabled(bool(said.edits))
        self._against.setText(_judgement(said))
        self._against.setVisible(bool(self._against.text()))

    def _typed(self, name: str, said: Said) -> bool:
        """Whether something else stands in a field, which is not kept yet."""
        return bool(self._fields[name].toPlainText().strip() != said.texts[name])

    def _put_together(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field in self._fields.items():
            named(field, f"What is said: {name}", f"What is said: {name}")
            framed(field).setFixedHeight(_HIGH_PX if name in _LONG else _LOW_PX)
            form.addRow(self._labels[name], field)
        form.addRow("who", self._who)
        row = QHBoxLayout()
        row.addWidget(self._undo)
        row.addWidget(self._select)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(SPACING)
        body.addWidget(self._place)
        body.addLayout(form)
        body.addLayout(row)
        body.addWidget(self._against)
        layout = column(self)
        layout.addWidget(self._note)
        layout.addWidget(self._body)
        layout.addStretch(1)


def _judgement(said: Said) -> str:
    """Scores, what speaks against the clip, and whether it is left out."""
    when = "Judged before it was corrected" if said.edits else "Judged"
    lines = [f"{when}: {scores_words(said)}"] if said.scores else []
    lines += [f"• {each}" for each in said.against]
    lines += [f"Left out of the analyses: {said.why_dropped}"] if said.why_dropped else []
    return "\n".join(lines)
