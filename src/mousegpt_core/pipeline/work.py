"""Making a result of a study, or finding that it is there already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd
import xarray as xr

from mousegpt_core.errors import DataError, MouseGPTError, StudyLockedError
from mousegpt_core.progress import Cancellation, Progress
from mousegpt_core.study import Provenance, Recording, ResultStore, Study

Result = TypeVar("Result")
Block = TypeVar("Block", xr.Dataset, pd.DataFrame)


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
    failed : dict of str to MouseGPTError
        Recordings that could not be worked on, and why.
    patience_s : float
        How long to wait for who else makes the same result, s.
    """

    study: Study
    notify: Callable[[Progress], None] = _silent
    cancellation: Cancellation = field(default_factory=Cancellation)
    failed: dict[str, MouseGPTError] = field(default_factory=dict)
    patience_s: float = 0.0

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
            If another process or thread is still making it after `patience_s`.
        """
        stage = provenance.stage
        remark = "up to date"
        if not store.is_current(provenance):
            with store.lease(stage, timeout=self.patience_s):
                if not store.is_current(provenance):
                    self.step(stage, recording)
                    write()
                    remark = ""
        self.finish(stage, remark, recording=recording)
        return provenance.key

    def chosen(self, only: Sequence[str] | None = None) -> list[Recording]:
        """The recordings of these ids; where none are named all that can be read, sorted.

        Raises
        ------
        MouseGPTError
            If none can be read.
        """
        if only:
            return [self.study.recording(id) for id in only]
        readable = list(self.study.recordings.values())
        refuse_unreadable(self.study, readable)
        self.note_unreadable()
        return readable

    def note_unreadable(self) -> None:
        """Count recordings that cannot be read among those that failed."""
        self.failed.update(self.study.unreadable)

    def each(
        self, recordings: Iterable[Recording], do: Callable[[Recording], Result]
    ) -> dict[str, Result]:
        """Do something for each recording; one that fails is noted in `failed` and left out.

        Returns
        -------
        dict
            Id of each recording that did not fail to its result.

        Raises
        ------
        StudyLockedError
            At once: the others would meet the same.
        MouseGPTError
            If all recordings fail.
        """
        done: dict[str, Result] = {}
        failed: dict[str, MouseGPTError] = {}
        for recording in recordings:
            try:
                done[recording.id] = do(recording)
            except StudyLockedError:
                raise
            except MouseGPTError as error:
                failed[recording.id] = error
        if failed and not done:
            raise _of_all(failed)
        self.failed.update(failed)
        return done

    @property
    def failures(self) -> dict[str, str]:
        """Id of each recording that failed to what is wrong and what to do."""
        return {id: str(error) for id, error in self.failed.items()}

    def finish(self, stage: str, remark: str = "", *, recording: str = "") -> None:
        """Say that a stage is complete."""
        self.notify(Progress(stage, recording, 1, 1, remark, finished=True))


def refuse_unreadable(study: Study, readable: Collection[object]) -> None:
    """Check that of the recordings that are there, one can be read.

    Raises
    ------
    MouseGPTError
        If none can.
    """
    if not readable and (unreadable := study.unreadable):
        raise _of_all(unreadable)


def _of_all(failed: dict[str, MouseGPTError]) -> MouseGPTError:
    """The one error of all recordings, or one that lists theirs."""
    first = next(iter(failed.values()))
    if len({error.message for error in failed.values()}) == 1:
        return first
    listed = "; ".join(f"{id}: {error.message}" for id, error in failed.items())
    return DataError(f"no recording could be worked on: {listed}", hint=first.hint)


def counted(
    work: Work, stage: str, recording: str, blocks: Iterable[Block], total: int
) -> Iterator[Block]:
    """Pass blocks on and say how far it is."""
    done = 0
    for block in blocks:
        work.step(stage, recording, done, total)
        yield block
        done += len(block) if isinstance(block, pd.DataFrame) else block.sizes["time"]
