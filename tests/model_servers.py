"""Models that ask the loopback server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from loopback import LoopbackServer
from mousegpt_core.language import Message, Request
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from mousegpt_core.language.retrying import Retrying
from mousegpt_core.language.schema import AnswerSchema

T = TypeVar("T")
SCHEMA = AnswerSchema.parse(
    {
        "fields": [
            {"name": "overall"},
            {"name": "label", "kind": "choice", "choices": ["walking", "rearing"]},
            {"name": "score", "kind": "number", "minimum": 0, "maximum": 10},
        ]
    }
)
TRUTH = {"overall": "It walks.", "label": "walking", "score": 7.0}
QUESTION = Request((Message("user", ("What does the mouse do?",)),))
ASKED = Request(QUESTION.messages, SCHEMA)
#: Tests do not wait.
AT_ONCE = Retrying(attempts=4, first_wait_s=0.0, longest_wait_s=1.0)


def options(server: LoopbackServer, **more: object) -> ServerOptions:
    """The loopback server's model; `more` as in ServerOptions."""
    given = {"model": "tiny", "base_url": server.url, "retrying": AT_ONCE, "timeout_s": 10.0}
    return ServerOptions.parse({**given, **more})


def with_model(
    server: LoopbackServer,
    folder: Path,
    ask: Callable[[OpenAIModel], Awaitable[T]],
    **more: object,
) -> T:
    """Ask a model of the server in a loop of its own, and close it."""

    async def run() -> T:
        model = OpenAIModel(options(server, **more), cache_file=folder / "enforcement.json")
        try:
            return await ask(model)
        finally:
            await model.close()

    return asyncio.run(run())
