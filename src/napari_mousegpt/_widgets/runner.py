"""Runs jobs for all docks of a viewer: progress in napari's activity dock, one job at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from napari.utils import progress
from napari.utils.task_status import Status
from qtpy.QtCore import QObject, QTimer, Signal

from mousegpt_core.progress import Progress
from napari_mousegpt._widgets.telling import errors_told, tell, tell_error
from napari_mousegpt.jobs import Job, Outcome

Done = Callable[[dict[str, Any]], None]
Failed = Callable[[Outcome], None]
_POLL_MS = 100
#: A command that was asked to stop as the window closes has so long for it (s).
_PATIENCE_S = 3.0

_RUNNERS: WeakKeyDictionary[Any, Runner] = WeakKeyDictionary()


class _Asked(NamedTuple):
    """A job before it runs, as `Runner.run` has it."""

    title: str
    arguments: tuple[str, ...]
    done: Done | None
    failed: Failed | None
    waited_for: bool


class Runner(QObject):
    """Where long work runs.

    Attributes
    ----------
    step : Progress
        What the job told last.
    steps : dict of str to Progress
        The last of those with counts, of each recording.
    changed : Signal
        A job began, told something, or ended.
    """

    changed = Signal()

    def __init__(self, window: Any = None) -> None:
        super().__init__()
        self.job: Job | None = None
        self.step = Progress("")
        self.steps: dict[str, Progress] = {}
        self._queue: list[_Asked] = []
        self._done: Done | None = None
        self._failed: Failed | None = None
        self._bar: progress | None = None
        self._window = window
        self._status: Any = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.job is not None

    def run(
        self,
        title: str,
        arguments: Sequence[str],
        done: Done | None = None,
        failed: Failed | None = None,
        *,
        waited_for: bool = False,
    ) -> None:
        """Run a command of ``mousegpt``, now or after those that were asked for before.

        Parameters
        ----------
        title : str
            For people.
        arguments : sequence of str
            Of the command, without ``--json``.
        done : callable, optional
            Gets the result, where all went well.
        failed : callable, optional
            Gets the outcome, where it did not, or was stopped; it is told in any case.
        waited_for : bool
            Whether a person waits for it: it does not let others have the processor first.
        """
        self._queue.append(_Asked(title, tuple(arguments), done, failed, waited_for))
        if self.job is None:
            self._next()

    def cancel(self, *, at_once: bool = False) -> None:
        """Stop the job after its step, asked a second time at once; what waits is given up."""
        given_up, self._queue = self._queue, []
        if self.job is not None:
            self.job.cancel()
            if at_once:
                self.job.cancel()
            self.step = Progress("stopping", message="what is finished is kept")
        for one in given_up:
            if one.failed is not None:
                one.failed(Outcome("stopped"))
        self.changed.emit()

    def close(self) -> None:
        """End all, as the window is closed."""
        self._queue.clear()
        self._timer.stop()
        if self.job is not None:
            self.job.cancel()
            if not self.job.wait(_PATIENCE_S):
                self.job.cancel()
                self.job.wait(_PATIENCE_S)
        self.job = None

    def _next(self) -> None:
        title, arguments, self._done, self._failed, waited_for = self._queue.pop(0)
        self.job = Job(title, arguments, waited_for=waited_for)
        self.step = Progress(title)
        self.steps = {}
        self._bar = progress(total=0, desc=title)
        if self._window is not None:
            # napari asks before it closes while this is busy.
            self._status = self._window._register_task_status(
                "MouseGPT", Status.BUSY, f"{title}: it goes on where it was next time", self.close
            )
        self._timer.start()
        self.changed.emit()

    def _poll(self) -> None:
        if self.job is None:
            return
        # Before its last words are read, so that none is lost.
        ended = not self.job.running
        steps = self.job.steps()
        if steps:
            self.step = steps[-1]
            self.steps |= {step.recording: step for step in steps if step.counts}
            self._show_step()
        if ended:
            self._end(self.job)
        elif steps:
            self.changed.emit()

    def _show_step(self) -> None:
        bar, step = self._bar, self.step
        if bar is None:
            return
        bar.total = step.total
        bar.set_description(f"{step.stage} {step.recording}".strip())
        bar.update(step.done - bar.n)

    def _end(self, job: Job) -> None:
        self._timer.stop()
        if self._bar is not None:
            self._bar.close()
        if self._window is not None:
            self._window._update_task_status(self._status, Status.COMPLETED)
        done, failed, outcome = self._done, self._failed, job.outcome
        self.job = self._bar = self._done = self._failed = None
        self._tell(outcome, job.title, done)
        if failed is not None and outcome.kind != "done":
            failed(outcome)
        if self._queue:
            self._next()
        self.changed.emit()

    def _tell(self, outcome: Outcome, title: str, done: Done | None) -> None:
        if outcome.kind == "failed":
            tell_error(outcome.message, outcome.hint, outcome.details)
        elif outcome.kind == "stopped":
            tell(f"{title}: stopped. What is finished is kept; the same button goes on.")
        elif done is not None:
            with errors_told():
                done(outcome.result)


def runner_of(session: Any) -> Runner:
    """The runner of a viewer's session, made on first use."""
    if session not in _RUNNERS:
        window = getattr(session.viewer, "window", None)
        _RUNNERS[session] = Runner(window)
    return _RUNNERS[session]
