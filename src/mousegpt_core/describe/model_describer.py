"""Describers that show clips to a language model: many questions at once, few pictures in memory.

Clips pass through three gates: a bounded number are under way at all; their pictures are made in
a few threads, ahead of the questions; and a bounded number are asked at once. Memory so depends on
how many are under way, not on how many there are. Recordings that are described at once share the
gates, so that one that comes to its end does not leave the model waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import pandas as pd

from mousegpt_core.describe.contract import Answer, Asking, Describer, Evidence, Known
from mousegpt_core.errors import BackendCallError, InvalidResponseError, MouseGPTError
from mousegpt_core.language import LanguageModel, Message, Part, Picture, Request
from mousegpt_core.language.answering import Answered, answer
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from mousegpt_core.settings import Settings

T = TypeVar("T")
#: Threads that make pictures.
PICTURE_THREADS = 4
#: A server that refuses in one of these ways refuses everything.
_REFUSES_ALL = (401, 402, 403, 404)
#: So many failures without a success between them, and the run stops.
_MOST_FAILURES = 20


class ModelDescriber(Describer):
    """Describes clips by asking a language model.

    Parameters
    ----------
    model : LanguageModel
        Who is asked; closed by `close`.
    options : Settings, optional
        Those of a subclass.
    at_once : int
        Most questions under way at once.
    budget : Budget, optional
        What may be spent; without one, any amount.
    """

    name: ClassVar[str] = "model"
    paid: ClassVar[bool] = True

    def __init__(
        self,
        model: LanguageModel,
        options: Settings | None = None,
        *,
        at_once: int = 32,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(Settings() if options is None else options)
        self.model = model
        self.at_once = at_once
        self.budget = Budget(Limits()) if budget is None else budget
        self._gates = _Gates(at_once, self.budget)

    @property
    def model_name(self) -> str:
        """The model's own name, without what else its identity says."""
        return self.model.identity.partition("/")[2].partition("#")[0]

    async def describe(self, evidence: Evidence) -> AsyncIterator[Answer]:
        """Ask of each clip that is not known; answers come as they are ready.

        Several recordings may be described at once, within one event loop. Of clips that are
        known an empty answer comes, with ``attempt`` 0. Closing the iterator cancels what is under
        way; `Asking.leave` ends a run without that.

        Raises
        ------
        BackendCallError
            If the server refuses everything, or has failed many times in a row; after all that
            was under way then has ended and come. Of several recordings one raises it, and the
            others end.
        """
        if evidence.ask is None:
            raise ValueError("a model is asked by `evidence.ask`, which is not there")
        run = _Run(self.model, evidence.ask, self._gates)
        answers = run.answers(_chains(evidence.clips, chained=evidence.ask.chained))
        try:
            async for one in answers:
                yield one
        finally:
            await run.close()

    async def close(self) -> None:
        """Let go of the model."""
        await self.model.close()


class OpenAIDescriber(ModelDescriber):
    """Describes clips by any server that speaks OpenAI's Chat Completions.

    Parameters
    ----------
    options : ServerOptions
        Which model, where.
    budget : Budget, optional
        What may be spent.
    """

    name: ClassVar[str] = "openai"
    Options: ClassVar[type[Settings]] = ServerOptions

    def __init__(self, options: ServerOptions, *, budget: Budget | None = None) -> None:
        model = OpenAIModel(options)
        super().__init__(model, options, at_once=options.most_at_once, budget=budget)


def read_answer(
    clip_id: str, answered: Answered, read: Callable[[str, Mapping[str, Any]], Answer]
) -> Answer:
    """What a model said of a clip, with what it cost; ``read`` as `Asking.read`.

    What cannot be read is invalid, and paid all the same.
    """
    said = Answer(clip_id, status="invalid", reason=answered.reason)
    if answered.values is not None:
        try:
            said = replace(read(clip_id, answered.values), reason=answered.reason)
        except InvalidResponseError as error:
            said = Answer(clip_id, status="invalid", reason=error.message)
    return replace(
        said,
        raw=answered.raw,
        model=answered.model,
        tokens_in=answered.tokens_in,
        tokens_out=answered.tokens_out,
        cost=answered.cost,
        retries=answered.retries,
    )


def _chains(clips: pd.DataFrame, *, chained: bool) -> Iterator[list[str]]:
    """Ids of clips that must be asked one after the other; chains may be asked at once."""
    if chained:
        for _, of_one in clips.groupby("individuals", sort=False):
            yield of_one.sort_values("start_s", kind="stable")["clip_id"].tolist()
    else:
        for clip_id in clips["clip_id"]:
            yield [str(clip_id)]


class _Gates:
    """What all runs of a describer share: turns, the budget, and what stops them all.

    Parameters
    ----------
    at_once : int
        Most questions under way at once.
    budget : Budget
        What may be spent.
    """

    def __init__(self, at_once: int, budget: Budget) -> None:
        # Half as many again have their pictures made meanwhile.
        self.most_under_way = at_once + at_once // 2 + 1
        self.places = asyncio.Semaphore(self.most_under_way)
        self.turns = asyncio.Semaphore(at_once)
        self.broken = False  # ask nothing more, not even what was begun
        self._budget = budget
        self._settled = asyncio.Condition()
        self._failures = 0
        self._most_failures = max(_MOST_FAILURES, 2 * at_once)

    async def affordable(self) -> bool:
        """Wait until the budget allows one more question; False = it never will."""
        async with self._settled:
            while not self.broken:
                if self._budget.take():
                    return True
                if self._budget.under_way == 0:
                    return False
                await self._settled.wait()
        return False

    async def settle(self, said: Answer) -> None:
        """Pay for a question; those that wait for the budget look again."""
        try:
            self._budget.settle(said.cost, said.tokens_in + said.tokens_out)
        finally:
            async with self._settled:
                self._settled.notify_all()

    def succeeded(self) -> None:
        """Note that the server replied."""
        self._failures = 0

    def failed(self, error: BackendCallError) -> None:
        """Note a failure; raises it where all others would fail, too."""
        self._failures += 1
        for_all = error.status in _REFUSES_ALL or (error.status == 429 and not error.retryable)
        if for_all or self._failures >= self._most_failures:
            raise error


class _Run:
    """One pass over the clips of a recording: what is under way, and what stops it.

    Parameters
    ----------
    model : LanguageModel
        Who is asked.
    asking : Asking
        How it is asked.
    gates : _Gates
        Those of the describer.
    """

    def __init__(self, model: LanguageModel, asking: Asking, gates: _Gates) -> None:
        self._model, self._asking, self._gates = model, asking, gates
        self._results: asyncio.Queue[Answer | None] = asyncio.Queue(gates.most_under_way)
        self._threads = ThreadPoolExecutor(PICTURE_THREADS, thread_name_prefix="pictures")
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False  # begin no more

    async def answers(self, chains: Iterable[list[str]]) -> AsyncIterator[Answer]:
        """Answers as they come; raises what stopped the run after the last of them."""
        rest = iter(chains)
        workers = range(self._gates.most_under_way)
        self._tasks = [asyncio.create_task(self._work(rest, self._results)) for _ in workers]
        ending = asyncio.create_task(self._ended())
        self._tasks.append(ending)
        while (one := await self._results.get()) is not None:
            yield one
        await ending

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ended(self) -> None:
        """Wait for all workers, and pass on the first of their errors."""
        try:
            workers = self._tasks[: self._gates.most_under_way]
            ends = await asyncio.gather(*workers, return_exceptions=True)
        finally:
            await self._results.put(None)
        for end in ends:
            if end is not None:
                raise end

    async def _work(
        self, chains: Iterator[list[str]], results: asyncio.Queue[Answer | None]
    ) -> None:
        try:
            for chain in chains:
                labels: dict[str, str] = {}
                for clip_id in chain:
                    async with self._gates.places:
                        one = await self._one(clip_id, labels)
                    if one is None:
                        return
                    labels[clip_id] = one.label
                    await results.put(one)
        except BaseException:
            self._stopping = self._gates.broken = True
            raise

    async def _one(self, clip_id: str, labels: dict[str, str]) -> Answer | None:
        """What is said of a clip; None where no more may be asked."""
        if self._stopping or self._gates.broken:
            return None
        key = ""
        try:
            request = await self._in_thread(
                lambda: self._asking.request(clip_id, MappingProxyType(labels))
            )
            key = request.key(self._model.identity)
            known = self._asking.known(key)
            if known is not None and not known.ask_again:
                return Answer(clip_id, label=known.label, status=known.status, reason=known.reason,
                              request_key=key, attempt=0)  # fmt: skip
            if not self._asking.leave():
                self._stopping = True
                return None
            request = await self._with_pictures(request)
        except MouseGPTError as error:  # a film or a pose that cannot be read
            return Answer(clip_id, status="failed", reason=str(error), request_key=key)
        return await self._asked(clip_id, request, key, known)

    async def _asked(
        self, clip_id: str, request: Request, key: str, known: Known | None
    ) -> Answer | None:
        async with self._gates.turns:
            if not await self._gates.affordable():
                self._stopping = True
                return None
            said = Answer(clip_id)
            try:
                answered = await answer(self._model, request)
                said = read_answer(clip_id, answered, self._asking.read)
                self._gates.succeeded()
            except BackendCallError as error:
                self._gates.failed(error)
                reason = error.message
                said = Answer(clip_id, status="failed", reason=reason, retries=error.retries)
            finally:
                await self._gates.settle(said)
        return replace(said, request_key=key, attempt=1 + (known.attempts if known else 0))

    async def _with_pictures(self, request: Request) -> Request:
        """The request with its pictures made."""
        messages = []
        for message in request.messages:
            parts = [await self._made(part) for part in message.parts]
            messages.append(Message(message.role, tuple(parts)))
        return replace(request, messages=tuple(messages))

    async def _made(self, part: Part) -> Part:
        if isinstance(part, str):
            return part
        data = await self._in_thread(part.load)
        return Picture(part.shows, lambda: data, part.media_type)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
