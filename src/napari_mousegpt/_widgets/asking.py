"""Tab of the dock Describe: who describes, what is seen, what it takes, and the run itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout

from napari_mousegpt._widgets.clip_view import ClipView
from napari_mousegpt._widgets.counts import Counts
from napari_mousegpt._widgets.limits import Limits
from napari_mousegpt._widgets.model_form import ModelForm
from napari_mousegpt._widgets.progress_row import ProgressRow
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt._widgets.style import Dock, button, column, note, reveal
from napari_mousegpt._widgets.telling import errors_told, tell_error
from napari_mousegpt.jobs import Outcome
from napari_mousegpt.orders import (
    Order,
    failure_words,
    is_unfinished,
    keep_order,
    order_of,
    reckoning_words,
    result_words,
)
from napari_mousegpt.session import Session

if TYPE_CHECKING:
    from mousegpt_core.study import Study

_EMPTY = "Open a study in the dock Home first."
_UNFINISHED = "A run was not finished. Go on: nothing that was answered is asked again."
_PAUSED = "Paused. What was answered is kept; Go on asks the rest."


class Asking(Dock):
    """See the module."""

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self._mine = self._unfinished = False
        self._folder: Path | None = None
        self._form, self._clip, self._limits = ModelForm(runner), ClipView(), Limits()
        self._counts, self._told = Counts(), note(_EMPTY)
        self._put_together()
        self._form.changed.connect(self._enable)
        self.follow(session.study_changed, self.refresh)
        self.follow(session.recording_changed, self._enable)
        runner.changed.connect(self._follow_run)
        self.in_turn(session, self.refresh)

    @property
    def order(self) -> Order:
        """What is ordered here."""
        return self._limits.put_into(self._form.put_into(Order()), self._session.recording)

    # -- what one can do ----------------------------------------------------------------------

    def preview(self) -> None:
        """Show the clip at the slider as the model sees it."""
        self._clip.wait("Making the pictures …")
        self._on_clip("Preview", self.order.preview, self._clip.show_preview)

    def try_here(self) -> None:
        """Ask about the clip at the slider, and show the answer."""
        if missing := self.order.missing:
            self._tell(missing)
            return
        self._clip.wait("Asking about this clip …")
        self._on_clip("Trying", self.order.try_on, self._clip.show_answer)

    def reckon(self) -> None:
        """Tell what the run would take; nothing is asked."""
        study = self._ordered()
        if study is not None:
            self._tell("Reckoning …")
            arguments = self.order.describe(study.folder, dry_run=True, goes_on=self._unfinished)
            self._run("Reckoning", arguments, self._reckoned, waited_for=True)

    def describe(self) -> None:
        """Describe what is not described yet."""
        study = self._ordered()
        if study is None:
            return
        order = self.order
        arguments = order.describe(study.folder, goes_on=self._unfinished)
        self._keep(study, order, unfinished=True)
        self._mine = True
        self._counts.setRowCount(0)
        self._tell("Describing …")

        def ended(result: dict[str, Any]) -> None:
            # Of this study, whatever is shown by now, and though the dock may be closed.
            self._keep(study, order, unfinished=is_unfinished(result))
            message, hint = failure_words(result)
            if message:
                tell_error(message, hint, result_words(result))
            self._session.refresh()

        self._run("Describing", arguments, self._show_result, ended)

    def use(self) -> None:
        """Make these descriptions the study's, and bring all that rests on them up to date."""
        if (study := self._ordered()) is None:
            return
        with errors_told():
            self.order.use(study)
            run = ("run", str(study.folder))
            self._run("Using them", run, self._show_used, lambda _: self._session.refresh())

    # -- what comes of it ---------------------------------------------------------------------

    def _tell(self, words: str) -> None:
        self._told.setText(words)
        reveal(self._told)

    def _reckoned(self, result: dict[str, Any]) -> None:
        self._tell(reckoning_words(result))

    def _show_result(self, result: dict[str, Any]) -> None:
        self._tell(result_words(result))

    def _show_used(self, _: dict[str, Any]) -> None:
        self._tell("They are the study's now; behaviours, search and report rest on them.")

    def _failed(self, outcome: Outcome) -> None:
        words = _PAUSED if outcome.kind == "stopped" and self._mine else outcome.words
        if "all" in outcome.result:  # some recordings failed, the others were asked about
            words = f"{result_words(outcome.result)}\n{words}"
            self._session.refresh()
        self._tell(words)

    def _run(
        self,
        title: str,
        arguments: tuple[str, ...],
        show: Callable[[dict[str, Any]], None],
        then: Callable[[dict[str, Any]], None] = lambda result: None,
        *,
        waited_for: bool = False,
    ) -> None:
        """Run a command; `then` gets its result in any case, `show` while the dock is there."""
        shown = self.while_there(show)

        def done(result: dict[str, Any]) -> None:
            then(result)
            shown(result)

        failed = self.while_there(self._failed)
        self._runner.run(title, arguments, done, failed, waited_for=waited_for)

    def _on_clip(self, title: str, arguments: Any, show: Any) -> None:
        study, session = self._session.study, self._session
        if study is None:
            return
        place = {
            "recording": session.recording,
            "moment": max(session.moment, 0.0),
            "individual": session.individual,
        }
        failed = self.while_there(self._clip.show_failure)
        asked, shown = arguments(study.folder, place), self.while_there(show)
        self._runner.run(title, asked, shown, failed, waited_for=True)

    def _ordered(self) -> Study | None:
        """The study, if all that is needed was said; what was not is told."""
        if missing := self.order.missing:
            self._tell(missing)
            return None
        return self._session.study

    def _keep(self, study: Study, order: Order, *, unfinished: bool) -> None:
        if study.folder == self._folder:
            self._unfinished = unfinished
        with errors_told():
            keep_order(study, replace(order, unfinished=unfinished))

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study that is open; what is being typed stays."""
        study = self._session.study
        folder = None if study is None else study.folder
        if folder != self._folder:
            self._folder = folder
            self._clip.clear()
            self._counts.hide()
            with errors_told():
                order = Order() if study is None else order_of(study)
                self._form.show_study(folder, order)
                self._limits.show_order(order)
                self._unfinished = order.unfinished and not self._runner.busy
                self._told.setText(_UNFINISHED if self._unfinished else "")
        self._enable()

    def _follow_run(self) -> None:
        if self._mine:
            self._counts.show_steps(self._runner.steps)
            self._mine = self._runner.busy
        self._enable()

    def _enable(self) -> None:
        study, busy, order = self._session.study, self._runner.busy, self.order
        for widget in (self._form, self._limits):
            widget.setEnabled(study is not None)
        self._limits.show_for(order)
        shown = study is not None and bool(self._session.recording) and not busy
        for one in (self._see, self._try):
            one.setEnabled(shown)
            one.setVisible(order.asks)
        for one in (self._dry, self._go, self._use):
            one.setEnabled(study is not None and not busy)
        self._dry.setVisible(order.asks)
        self._go.setText("Go on" if self._unfinished else "Describe")
        for one in (self._pause, self._cancel):
            one.setVisible(busy)
        if study is None:
            self._told.setText(_EMPTY)
        elif self._told.text() == _EMPTY:
            self._told.setText("")

    # -- how it is put together ---------------------------------------------------------------

    def _put_together(self) -> None:
        layout = column(self)
        layout.addWidget(self._form)
        layout.addLayout(self._clip_buttons())
        layout.addWidget(self._clip)
        layout.addWidget(self._limits)
        layout.addLayout(self._run_buttons())
        layout.addWidget(self._counts)
        layout.addWidget(self._told)
        layout.addWidget(ProgressRow(self._runner, stop=False))
        layout.addStretch(1)

    def _clip_buttons(self) -> QHBoxLayout:
        self._see = button(
            "What it sees", "Pictures and words of the clip at the slider, as sent", self.preview
        )
        self._try = button(
            "Try on this frame", "Ask about the clip at the slider; the answer is kept",
            self.try_here,
        )  # fmt: skip
        row = QHBoxLayout()
        row.addWidget(self._see)
        row.addWidget(self._try)
        return row

    def _run_buttons(self) -> QVBoxLayout:
        self._dry = button(
            "What it takes", "Requests, pictures, tokens, cost and time; asks nothing", self.reckon
        )
        self._go = button(
            "Describe", "Describe what is not described yet", self.describe, primary=True
        )
        self._pause = button(
            "Pause", "What is under way ends and is kept; Go on asks the rest", self._runner.cancel
        )
        self._cancel = button(
            "Break off", "End at once; what is under way is lost, the rest is kept",
            lambda: self._runner.cancel(at_once=True),
        )  # fmt: skip
        self._use = button(
            "Use these descriptions",
            "Make them the study's, in study.toml; behaviours, search and report follow",
            self.use,
        )
        rows = QVBoxLayout()
        for pair in ((self._dry, self._go), (self._pause, self._cancel), (self._use,)):
            row = QHBoxLayout()
            for one in pair:
                row.addWidget(one, 1)
            rows.addLayout(row)
        return rows
