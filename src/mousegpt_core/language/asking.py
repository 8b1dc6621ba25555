"""Many questions from code that knows nothing of event loops: texts to judge, clusters to name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mousegpt_core.language.answering import Answered, answer
from mousegpt_core.language.contract import LanguageModel, Request

T = TypeVar("T")


def answer_all(
    make_model: Callable[[], LanguageModel], requests: Sequence[Request]
) -> list[Answered]:
    """Ask one model all questions, as many at once as it bears.

    Parameters
    ----------
    make_model : callable
        Makes the model, within the event loop that it is used and closed in.
    requests : sequence of Request
        Each with a schema.

    Returns
    -------
    list of Answered
        In the order of the questions.

    Raises
    ------
    BackendCallError
        If one question gets no reply; the others are given up.
    """

    async def run() -> list[Answered]:
        model = make_model()
        try:
            return await asyncio.gather(*(answer(model, request) for request in requests))
        finally:
            await model.close()

    return in_own_loop(run())


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a new event loop, even where one runs already (notebooks, napari)."""
    with ThreadPoolExecutor(1, thread_name_prefix="mousegpt-loop") as thread:
        return thread.submit(asyncio.run, work).result()
