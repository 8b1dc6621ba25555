"""Many questions from code without an event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from loopback import LoopbackServer
from model_servers import ASKED, TRUTH, options
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language import Message
from mousegpt_core.language.asking import answer_all, in_own_loop

pytest.importorskip("openai")

from mousegpt_core.language.openai_server import OpenAIModel


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    def said(body: dict[str, object]) -> dict[str, object]:
        messages = body["messages"]
        assert isinstance(messages, list)
        return {**TRUTH, "overall": messages[0]["content"]}

    requests = [replace(ASKED, messages=(Message("user", (f"{n}",)),)) for n in range(30)]
    with LoopbackServer(said) as server:
        answers = answer_all(
            lambda: OpenAIModel(options(server), cache_file=tmp_path / "c"), requests
        )
        assert len(server.asked) == 30
    assert [each.values and each.values["overall"] for each in answers] == [
        f"{n}" for n in range(30)
    ]


def test_a_failure_is_told_as_it_is(tmp_path: Path) -> None:
    with LoopbackServer() as server, pytest.raises(BackendCallError, match="huge"):
        answer_all(
            lambda: OpenAIModel(options(server, model="huge"), cache_file=tmp_path / "c"),
            [ASKED] * 3,
        )


def test_it_works_where_a_loop_runs_already() -> None:
    async def inner() -> int:
        await asyncio.sleep(0)
        return 3

    async def outer() -> int:
        return in_own_loop(inner())

    assert asyncio.run(outer()) == 3
