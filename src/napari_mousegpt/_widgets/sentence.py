"""Tab of the dock Describe: what is said of the clip at the slider, to be read and corrected."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

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

from mousegpt_core.study import Recording
from napari_mousegpt._widgets.behind import Behind
from napari_mousegpt._widgets.saver import saver_of
from napari_mousegpt._widgets.style import SPACING, Dock, button, column, framed, named, note
from napari_mousegpt.places import user_name
from napari_mousegpt.said import FIELDS, Said, SaidClips, read_said, scores_words
from napari_mousegpt.session import Session

_NO_STUDY = "Open a study in the dock Home first."
_NOT_DESCRIBED = "This recording is not described yet: use the tab Describe, or Go on in Home."
_NOTHING = "Nothing is said of this animal at this moment."
#: What was typed is kept after so long without a key, and of one who never pauses so often (ms).
_AUTOSAVE_MS, _AT_LATEST_MS = 2000, 6000
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
        self._pause, self._latest = QTimer(self), QTimer(self)
        for timer, after in ((self._pause, _AUTOSAVE_MS), (self._latest, _AT_LATEST_MS)):
            timer.setSingleShot(True)
            timer.setInterval(after)
            timer.timeout.connect(self._end)
        self.textChanged.connect(self._begin)

    def show_text(self, text: str) -> None:
        """Show what is said; it is not taken for typed."""
        self._stop()
        # Of one who types on, the cursor stays where it is.
        if text != self.toPlainText().strip():
            self.blockSignals(True)
            self.setPlainText(text)
            self.blockSignals(False)

    def focusOutEvent(self, event: Any) -> None:
        """Keep what was typed."""
        super().focusOutEvent(event)
        self._end()

    def hideEvent(self, event: Any) -> None:
        """Keep what was typed, as the dock is closed."""
        super().hideEvent(event)
        self._end()

    def _begin(self) -> None:
        self._pause.start()
        if not self._latest.isActive():
            self._latest.start()

    def _end(self) -> None:
        self._stop()
        self.done.emit()

    def _stop(self) -> None:
        self._pause.stop()
        self._latest.stop()


class Sentence(Dock):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._reading, self._saver = Behind(self), saver_of(session)
        #: What was typed, by clip and field, until it is on the disk.
        self._unsaved: dict[tuple[str, str], str] = {}
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
        self.in_turn(session, self.refresh)

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
        clip, id = said.clip_id, uuid.uuid4().hex
        self._unsaved[clip, name] = text

        def saved(_: Any) -> None:
            if self._unsaved.get((clip, name)) == text:
                del self._unsaved[clip, name]
            self._read(changed=True)

        self._saver.save(
            log.path,
            lambda: log.add_edit("description", clip, name, text, old=old, who=who, edit_id=id),
            self.while_there(saved),
        )

    def undo(self) -> None:
        """Take the newest correction of the clip back."""
        from mousegpt_core.pipeline.editing import undo_correction

        if self._said is None or self._recording is None:
            return
        recording, clip = self._recording, self._said.clip_id
        who = self._who.text().strip()
        self._saver.save(
            recording.log.path,
            lambda: undo_correction(recording, clip, who=who),
            self.while_there(lambda _: self._read(changed=True)),
            refused=lambda _: None,
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
        self._reading.run(lambda: (recording, read_said(recording)), self._take)
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
            said = self._with_unsaved(self._clips.at(session.moment, session.individual))
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

    def _with_unsaved(self, said: Said | None) -> Said | None:
        for (clip, name), text in self._unsaved.items():
            if said is not None and said.clip_id == clip:
                said.texts[name] = text
        return said

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
