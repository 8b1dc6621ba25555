"""Questions that come one by one, answered many at once by a thread of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Generic, TypeVar

from mousegpt_core.errors import BackendCallError, MouseGPTError

Q = TypeVar("Q")
R = TypeVar("R")


class OutOfMemoryError(Exception):
    """A batch is larger than the memory."""


@dataclass(frozen=True)
class Leave:
    """Whether a batch is still wanted; the thread that works on it looks now and then."""

    _given_up: Event = field(default_factory=Event)

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._given_up.is_set()

    def give_up(self) -> None:
        """Nobody waits for it."""
        self._given_up.set()


@dataclass
class _Waiting(Generic[Q, R]):
    question: Q
    answer: asyncio.Future[R]


class Batcher(Generic[Q, R]):
    """Gathers questions into batches, within one event loop.

    A batch begins when `most` questions wait, or `wait_s` after the first of them. While one is
    worked on the next gathers. One that does not fit into memory is halved, and all that follow
    are no larger.

    Parameters
    ----------
    work : callable
        From questions to their answers, in their order; called in one thread, never twice at once.
        May raise `OutOfMemoryError`, and end early with any answers once its leave is given up.
    most : int
        Most questions in a batch.
    wait_s : float
        How long a batch that is not full waits for more.
    """

    def __init__(
        self, work: Callable[[Sequence[Q], Leave], Sequence[R]], *, most: int, wait_s: float
    ) -> None:
        self.most = most
        self._work = work
        self._wait_s = wait_s
        self._waiting: deque[_Waiting[Q, R]] = deque()
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._gathering: asyncio.Task[None] | None = None
        self._leave = Leave()
        self._closed = False

    async def ask(self, question: Q) -> R:
        """The answer to one question.

        Raises
        ------
        BackendCallError
            If the model fails, or the question does not fit into memory even by itself.
        """
        if self._closed:
            raise BackendCallError("the model is closed", hint="make a new one")
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather())
        waiting = _Waiting[Q, R](question, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._came.set()
        return await waiting.answer

    async def close(self) -> None:
        """Give up what is under way, and wait for the thread to end."""
        self._closed = True
        self._leave.give_up()
        if self._gathering is not None:
            self._gathering.cancel()
            await asyncio.gather(self._gathering, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    async def _gather(self) -> None:
        try:
            while True:
                batch = await self._next()
                if batch:
                    await self._answer(batch)
        finally:
            for waiting in self._waiting:
                waiting.answer.cancel()

    async def _next(self) -> list[_Waiting[Q, R]]:
        """The next batch, without those that nobody waits for."""
        loop = asyncio.get_running_loop()
        end = None
        while len(self._waiting) < self.most:
            if end is None and self._waiting:
                end = loop.time() + self._wait_s
            self._came.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._came.wait()
            except TimeoutError:
                break
        count = min(self.most, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        return [waiting for waiting in batch if not waiting.answer.done()]

    async def _answer(self, batch: list[_Waiting[Q, R]]) -> None:
        leave = self._leave = Leave()

        def look(_: object) -> None:
            if all(waiting.answer.cancelled() for waiting in batch):
                leave.give_up()

        for waiting in batch:
            waiting.answer.add_done_callback(look)
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._work, [waiting.question for waiting in batch], leave
        )
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            _give_up(batch)
            raise
        error = work.exception()
        if isinstance(error, OutOfMemoryError):
            await self._halved(batch, error)
        elif error is not None:
            _fail(batch, error)
        else:
            for waiting, answer in zip(batch, work.result(), strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    async def _halved(self, batch: list[_Waiting[Q, R]], error: OutOfMemoryError) -> None:
        if len(batch) == 1:
            _fail(batch, error)
            return
        middle = (len(batch) + 1) // 2
        self.most = min(self.most, middle)
        for half in (batch[:middle], batch[middle:]):
            await self._answer([waiting for waiting in half if not waiting.answer.done()])


def _fail(batch: Sequence[_Waiting[Q, R]], error: BaseException) -> None:
    """Tell all that wait what went wrong."""
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(_explained(error))


def _give_up(batch: Sequence[_Waiting[Q, R]]) -> None:
    """Tell all that wait that no answer will come."""
    for waiting in batch:
        waiting.answer.cancel()


def _explained(error: BaseException) -> MouseGPTError:
    if isinstance(error, OutOfMemoryError):
        return BackendCallError(
            "one question alone does not fit into the memory",
            hint="lower max_pixels, show fewer pictures, or take a smaller model",
        )
    if isinstance(error, MouseGPTError):
        return error
    first = str(error).strip().partition("\n")[0][:200]
    failure = BackendCallError(
        f"the model failed: {type(error).__name__}: {first}",
        hint="try one clip (--limit 1), another model, or another version of its library",
    )
    failure.__cause__ = error
    return failure
