"""A study described by a model that costs: no answer is lost, and nothing is asked twice.

Each answer goes into the recording's log the moment it comes, under the key of its question. A run
that was killed, stopped by its budget or by Ctrl-C is gone on with by the same command; a changed
protocol asks only what it changes.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mousegpt_core.clips import ANSWERS, SECTIONS, make_table
from mousegpt_core.describe.contract import Answer, Asking, Evidence, Known
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.language import Request
from mousegpt_core.language.contract import KEY_DIGITS
from mousegpt_core.pipeline.answered import asked_stage, keep_asked
from mousegpt_core.pipeline.asynchronous import run_to_end
from mousegpt_core.pipeline.recording_stages import recording_skeleton, run_ethogram
from mousegpt_core.pipeline.work import Work
from mousegpt_core.progress import Progress
from mousegpt_core.study import Log, Recording

#: Who holds this lease of a recording asks its questions.
LEASE = "answers"
#: Seconds between two tellings of progress.
_TELL_EVERY_S = 0.25
#: Recordings that are asked about at once: as one comes to its end, the next has begun.
_AT_ONCE = 2
#: So many where the clips of an animal wait for each other, and only animals can be asked at once.
_CHAINED_AT_ONCE = 8
#: So many reasons are told apart, or a film that fails everywhere would fill the memory.
_MOST_REASONS = 100
_OTHER_REASONS = "other reasons"


class Shown(Protocol):
    """A recording as a model is shown it; `pipeline.showing.Showing` is one."""

    def clips(self) -> pd.DataFrame:
        """Table `clips.CLIPS`: what is asked about."""

    def request(self, clip_id: str, labels: Mapping[str, str]) -> Request:
        """The question about one clip, given what was predicted of clips before it."""


@dataclass(frozen=True)
class Questions:
    """What is asked of a study's clips.

    Attributes
    ----------
    name : str
        Of the protocol.
    fingerprint : str
        Hash of all that it says.
    show : callable
        From a recording, and a stack that closes its films, to what is shown of it.
    read : callable
        From a clip's id and an answer's values to what is said of the clip.
    chained : bool
        As `Asking.chained`.
    seed : int
        Of the model's chance.
    time : int
        Which time the same is asked with another seed; 0 = the first, whose answers describe.
    ledger : Ledger
        Where what is said is kept.
    stage, done : str
        What is told of the progress: the work, and what has become of clips that ended well.
    """

    name: str
    fingerprint: str
    show: Callable[[Recording, ExitStack], Shown]
    read: Callable[[str, Mapping[str, Any]], Answer]
    chained: bool = False
    seed: int = 0
    time: int = 0
    ledger: Ledger = field(default_factory=lambda: AnswerLedger())
    stage: str = "describe"
    done: str = "described"


@dataclass(frozen=True)
class Asker:
    """Who asks.

    Attributes
    ----------
    run_id : str
        Of this run.
    describer, model_name, identity : str
        Of the describer and its model.
    """

    run_id: str
    describer: str
    model_name: str
    identity: str


class Ledger(Protocol):
    """Where what a model says is kept, and what it said before."""

    def known(self, recording: Recording, retry: Collection[str]) -> dict[str, Known]:
        """What came of each question before; those that ended as in `retry` are asked again."""

    def keep(
        self, recording: Recording, answers: list[Answer], asker: Asker, questions: Questions
    ) -> None:
        """Keep answers the moment they come; those with ``attempt`` 0 were there already."""

    def end(
        self,
        recording: Recording,
        clips: pd.DataFrame,
        keys: list[str],
        unshown: Mapping[str, str],
        asker: Asker,
        questions: Questions,
    ) -> None:
        """Keep which questions are the clips' (``""`` = not asked), and why some are not shown."""

    def past(self, recording: Recording, questions: Questions) -> pd.DataFrame:
        """Earlier replies: request_key, run_id, tokens_in, tokens_out, created."""


class AnswerLedger:
    """Answers that describe clips; they are in the recording's log."""

    def known(self, recording: Recording, retry: Collection[str]) -> dict[str, Known]:
        """As `known_answers`."""
        return known_answers(recording.log, retry)

    def keep(
        self, recording: Recording, answers: list[Answer], asker: Asker, questions: Questions
    ) -> None:
        """Write those that are new into the log."""
        new = [one for one in answers if one.attempt and one.request_key]
        recording.log.add_answers(_rows(new, asker, questions))

    def end(
        self,
        recording: Recording,
        clips: pd.DataFrame,
        keys: list[str],
        unshown: Mapping[str, str],
        asker: Asker,
        questions: Questions,
    ) -> None:
        """Write the table of what was asked."""
        stage = asked_stage(asker.describer, asker.model_name, questions.name, questions.time)
        how = {"protocol": questions.fingerprint, "model": asker.identity}
        keep_asked(recording, stage, clips, keys, unshown, how)

    def past(self, recording: Recording, questions: Questions) -> pd.DataFrame:
        """Earlier answers to the same protocol."""
        columns = ("request_key", "run_id", "tokens_in", "tokens_out", "created")
        return recording.log.answers(
            columns=columns, protocol_hash=questions.fingerprint, status="described"
        )


def _rows(answers: list[Answer], asker: Asker, questions: Questions) -> pd.DataFrame:
    """Table `clips.ANSWERS`."""
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in answers]
        for name in (
            "clip_id", "request_key", "attempt", "model", "status", "reason", "raw", "label",
            "score", "tokens_in", "tokens_out", "cost",
        )
    }  # fmt: skip
    for section in SECTIONS:
        columns[section] = [one.sections.get(section, "") for one in answers]
    columns["answer_id"] = [answer_id(one) for one in answers]
    columns |= {
        "run_id": asker.run_id,
        "describer": asker.describer,
        "protocol": questions.name,
        "protocol_hash": questions.fingerprint,
        "seed": questions.seed,
        "created": now(),
    }
    return make_table(ANSWERS, columns, length=len(answers))


def now() -> str:
    """The moment, as tables have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass
class Tally:
    """How a run stands; every clip that it came to is described, invalid or failed.

    Attributes
    ----------
    clips : int
        Clips that there are.
    described, invalid, failed : int
        How they ended, in this run or an earlier one.
    there_already : int
        Of them, those that were answered in an earlier run.
    asked_again : int
        Of those asked now, those whose first answer did not fit.
    retries : int
        How many times the server failed meanwhile, and was asked again.
    tokens_in, tokens_out : int
        Charged in this run.
    cost : float
        Of this run; nan = price not known.
    reasons : Counter of str
        Why clips are invalid or failed.
    """

    clips: int = 0
    described: int = 0
    invalid: int = 0
    failed: int = 0
    there_already: int = 0
    asked_again: int = 0
    retries: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def came_to(self) -> int:
        """Clips that ended."""
        return self.described + self.invalid + self.failed

    @property
    def asked(self) -> int:
        """Clips that ended in this run."""
        return self.came_to - self.there_already

    def add(self, answer: Answer) -> None:
        """Count one clip."""
        setattr(self, answer.status, getattr(self, answer.status) + 1)
        self.there_already += answer.attempt == 0
        self.asked_again += answer.status == "described" and bool(answer.reason)
        self.retries += answer.retries
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out
        self.cost += answer.cost
        if answer.status != "described":
            count_reason(self.reasons, answer.clip_id, answer.reason)

    def add_all(self, other: Tally) -> None:
        """Count another tally's clips, too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def values(self) -> dict[str, Any]:
        """For machines; ``not_asked`` makes the numbers add up."""
        return {**vars(self), "asked": self.asked, "not_asked": self.clips - self.came_to}

    def counts(self, seconds: float, done: str = "described") -> dict[str, float]:
        """How it stands after some time, while it runs; what is not known is left out."""
        rate = self.asked / seconds if seconds > 0 else 0.0
        counts: dict[str, float] = {done: self.described}
        for name in ("asked_again", "retries", "invalid", "failed"):
            counts[name] = getattr(self, name)
        counts["clips_per_s"] = rate
        if self.cost > 0:
            counts["cost"] = self.cost
        if rate:
            counts["seconds_left"] = (self.clips - self.came_to) / rate
        return counts


def describe_study(
    work: Work,
    describer: ModelDescriber,
    questions: Questions,
    *,
    only: Sequence[str] | None = None,
    limit: int | None = None,
    retry: Collection[str] = (),
) -> dict[str, Any]:
    """Ask a model about every clip that it was not asked about.

    Parameters
    ----------
    work : Work
        The study at work; stopping it lets what is under way end.
    describer : ModelDescriber
        Who is asked, and its budget; closed at the end.
    questions : Questions
        What is asked.
    only : sequence of str, optional
        Ids of recordings.
    limit : int, optional
        Most clips to ask about in this run.
    retry : collection of {"failed", "invalid"}
        Clips that ended so are asked again.

    Returns
    -------
    dict
        ``recordings``: id to `Tally.values`, the same of ``all`` of them, ``model``,
        ``protocol``, ``stopped``: ``""``, ``"limit"`` or ``"budget"``, and ``failed``: id to why.

    Raises
    ------
    CancelledError
        If it was stopped; all answers that came are kept.
    BackendCallError
        If the server refuses everything, or has failed many times in a row.
    StudyLockedError
        If another process asks about one of the recordings.
    """
    chosen = work.chosen(only)
    ready = work.each(chosen, lambda recording: run_ethogram(work, recording))
    recordings = [recording for recording in chosen if recording.id in ready]
    run = _Run(work, describer, questions, limit, frozenset(retry))
    run_to_end(run.all(recordings))
    work.cancellation.check()
    return run.result()


@dataclass
class _Run:
    """One run over a study."""

    work: Work
    describer: ModelDescriber
    questions: Questions
    limit: int | None
    retry: frozenset[str]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    tallies: dict[str, Tally] = field(default_factory=dict)
    taken: int = 0
    broken: bool = False
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    async def all(self, recordings: Sequence[Recording]) -> None:
        """Ask about the recordings, a few at once."""
        waiting = iter(recordings)
        count = _CHAINED_AT_ONCE if self.questions.chained else _AT_ONCE
        try:
            ends = await asyncio.gather(
                *(self._each(waiting) for _ in range(count)), return_exceptions=True
            )
        finally:
            await self.describer.close()
        for end in ends:
            if end is not None:
                raise end

    async def _each(self, waiting: Iterator[Recording]) -> None:
        """Ask about one recording after the other; what breaks one ends all."""
        for recording in waiting:
            if self.broken or self.stopped or self.work.cancellation.requested:
                return
            try:
                await self._try(recording)
            except BaseException:
                self.broken = True
                raise

    @property
    def asker(self) -> Asker:
        """Who asks."""
        describer = self.describer
        return Asker(self.id, describer.name, describer.model_name, describer.model.identity)

    @property
    def stopped(self) -> str:
        """What ended the run before its end."""
        if self.limit is not None and self.taken >= self.limit:
            return "limit"
        return "budget" if self.describer.budget.spent else ""

    def result(self) -> dict[str, Any]:
        """What became of all clips."""
        everything = Tally()
        for tally in self.tallies.values():
            everything.add_all(tally)
        whole = everything.came_to == everything.clips
        return {
            "recordings": {id: tally.values() for id, tally in self.tallies.items()},
            "all": everything.values(),
            "model": self.describer.model.identity,
            "protocol": self.questions.name,
            "stopped": "" if whole else self.stopped,
            "failed": self.work.failures,
        }

    async def _try(self, recording: Recording) -> None:
        """Ask about a recording; one whose files cannot be read is noted and left out."""
        try:
            with ExitStack() as stack:
                stack.enter_context(recording.store.lease(LEASE))
                async with self._opening:
                    # It takes a while, in which another recording is gone on with.
                    evidence = await asyncio.to_thread(self._evidence, recording, stack)
                await self._ask(recording, evidence)
        except (DataError, VideoError) as error:
            self.work.failed[recording.id] = error

    def _evidence(self, recording: Recording, stack: ExitStack) -> Evidence:
        """What is shown and known of a recording, and how it is asked about."""
        shown = self.questions.show(recording, stack)
        known = self.questions.ledger.known(recording, self.retry)
        return Evidence(
            shown.clips(),
            recording.store.read_dataset("kinematics"),
            recording.store.read_dataset("ethogram"),
            recording_skeleton(self.work.study, recording),
            Asking(
                shown.request, self.questions.read, self.questions.chained, known.get, self._leave
            ),
        )

    async def _ask(self, recording: Recording, evidence: Evidence) -> None:
        asked = _Asked(self, recording, evidence.clips)
        self.tallies[recording.id] = asked.tally
        try:
            await _keep_all(self.describer.describe(evidence), asked.keep)
        finally:
            await asyncio.to_thread(asked.end)

    def tell(self, step: Progress) -> None:
        """Tell how far it is; recordings tell it from threads of their own, one at a time."""
        with self._telling:
            self.work.notify(step)

    def _leave(self) -> bool:
        if self.work.cancellation.requested:
            return False
        if self.limit is not None and self.taken >= self.limit:
            return False
        self.taken += 1
        return True


class _Asked:
    """What comes of a recording's questions: kept, counted and told.

    Parameters
    ----------
    run : _Run
        The run.
    recording : Recording
        Where it is kept.
    clips : DataFrame
        What is asked about.
    """

    def __init__(self, run: _Run, recording: Recording, clips: pd.DataFrame) -> None:
        self.tally = Tally(clips=len(clips))
        self._run, self._recording, self._clips = run, recording, clips
        self._places = pd.Index(clips["clip_id"])
        # As bytes: a hundred thousand of them are to weigh little.
        self._keys = np.zeros(len(clips), dtype=f"S{KEY_DIGITS}")
        self._unshown: dict[str, str] = {}
        self._begun = time.monotonic()
        self._told = -math.inf

    def keep(self, answers: list[Answer]) -> None:
        """Write answers into the log, the moment they come."""
        questions = self._run.questions
        questions.ledger.keep(self._recording, answers, self._run.asker, questions)
        for one in answers:
            self.tally.add(one)
            self._keys[self._places.get_loc(one.clip_id)] = one.request_key.encode()
            if not one.request_key:
                self._unshown[one.clip_id] = one.reason
        if time.monotonic() - self._told >= _TELL_EVERY_S:
            self._tell()

    def end(self) -> None:
        """Keep which questions are the clips'."""
        self._tell(finished=self.tally.came_to == self.tally.clips)
        questions, keys = self._run.questions, [key.decode() for key in self._keys.tolist()]
        questions.ledger.end(
            self._recording, self._clips, keys, self._unshown, self._run.asker, questions
        )

    def _tell(self, *, finished: bool = False) -> None:
        self._told = time.monotonic()
        tally, questions = self.tally, self._run.questions
        step = Progress(
            questions.stage,
            self._recording.id,
            tally.came_to,
            tally.clips,
            finished=finished,
            counts=tally.counts(self._told - self._begun, questions.done),
        )
        self._run.tell(step)


def count_reason(reasons: Counter[str], clip_id: str, reason: str) -> None:
    """Count why a clip was not described; the same words about several clips count together."""
    said = reason.replace(clip_id, "this clip")
    reasons[said if said in reasons or len(reasons) < _MOST_REASONS else _OTHER_REASONS] += 1


def answer_id(answer: Answer) -> str:
    """Key of an answer in the log: the question, the time it was asked, and of what clip.

    Two clips may be one question, where no pictures are shown.
    """
    return f"{answer.request_key}#{answer.attempt}#{answer.clip_id}"


def known_answers(log: Log, retry: Collection[str] = ()) -> dict[str, Known]:
    """What came of each question that a recording's log knows; its last time counts.

    Parameters
    ----------
    log : Log
        The recording's.
    retry : collection of str
        These do not do.
    """
    columns = ("request_key", "attempt", "status", "label", "reason")
    rows = log.answers(columns=columns)
    found: dict[str, Known] = {}
    for key, attempt, status, label, reason in zip(*(rows[each] for each in columns), strict=True):
        before = found.get(key)
        if key and (before is None or attempt >= before.attempts):
            why = "" if status == "described" else reason
            found[key] = Known(status, label, int(attempt), status in retry, why)
    return found


async def _keep_all(answers: AsyncIterator[Answer], keep: Callable[[list[Answer]], None]) -> None:
    """Keep answers the moment they come: while some are written, the next gather.

    Whatever ends the stream, all that came is written.
    """
    waiting: asyncio.Queue[Answer | None] = asyncio.Queue()

    async def write() -> None:
        more = True
        while more:
            batch = [await waiting.get()]
            while not waiting.empty():
                batch.append(waiting.get_nowait())
            more = batch[-1] is not None
            await asyncio.to_thread(keep, [one for one in batch if one is not None])

    writer = asyncio.create_task(write())
    try:
        async with aclosing(answers) as coming:  # type: ignore[type-var]
            async for one in coming:
                if writer.done():  # it failed: nothing more can be kept
                    break
                await waiting.put(one)
    finally:
        await waiting.put(None)
        await writer
