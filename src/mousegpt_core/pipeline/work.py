"""Making a result of a study, or finding that it is there already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mousegpt_core.progress import Cancellation, Progress
from mousegpt_core.study import Provenance, ResultStore, Study


def _silent(step: Progress) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Work:
    """A study at work: where progress goes and how it is stopped.

    Attributes
    ----------
    study : Study
        The study.
    notify : callable
        Gets each `Progress`.
    cancellation : Cancellation
        Checked at each step.
    """

    study: Study
    notify: Callable[[Progress], None] = _silent
    cancellation: Cancellation = field(default_factory=Cancellation)

    def step(
        self, stage: str, recording: str = "", done: int = 0, total: int = 0, message: str = ""
    ) -> None:
        """Say how far a stage is; the place where long work can be stopped.

        Raises
        ------
        CancelledError
            If somebody asked to stop.
        """
        self.cancellation.check()
        self.notify(Progress(stage, recording, done, total, message))

    def make(
        self,
        store: ResultStore,
        provenance: Provenance,
        write: Callable[[], None],
        *,
        recording: str = "",
    ) -> str:
        """Write a result unless the one that is there was made in the same way.

        Parameters
        ----------
        store : ResultStore
            Where the result lives.
        provenance : Provenance
            How it is made.
        write : callable
            Makes it and writes it to the store.
        recording : str
            For progress; ``""`` for the whole study.

        Returns
        -------
        str
            Key of the result, for the provenance of what is made from it.

        Raises
        ------
        StudyLockedError
            If another process is making it.
        """
        stage = provenance.stage
        remark = "up to date"
        if not store.is_current(provenance):
            with store.lease(stage):
                if not store.is_current(provenance):
                    self.step(stage, recording)
                    write()
                    remark = ""
        self.finish(stage, remark, recording=recording)
        return provenance.key

    def finish(self, stage: str, remark: str = "", *, recording: str = "") -> None:
        """Say that a stage is complete."""
        self.notify(Progress(stage, recording, 1, 1, remark, finished=True))
