"""From question to an answer that fits, or none and why."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import ClassVar

import pytest

from model_servers import ASKED, QUESTION, SCHEMA, TRUTH
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language import LanguageModel, Reply, Request
from mousegpt_core.language.answering import Answered, answer

GOOD = '{"overall": "It walks.", "label": "walking", "score": 7}'


class Told(LanguageModel):
    """Says what it is told to."""

    name: ClassVar[str] = "told"

    def __init__(self, *replies: str | Reply) -> None:
        self.replies = [each if isinstance(each, Reply) else Reply(each) for each in replies]
        self.requests: list[Request] = []

    @property
    def identity(self) -> str:
        return "told"

    async def ask(self, request: Request) -> Reply:
        self.requests.append(request)
        if len(self.requests) > len(self.replies):
            raise BackendCallError("the server is gone", retryable=True)
        return replace(self.replies[len(self.requests) - 1], tokens_in=10, tokens_out=5)


def _answered(*replies: str | Reply) -> tuple[Answered, Told]:
    model = Told(*replies)
    return asyncio.run(answer(model, ASKED)), model


def test_json_is_taken_by_the_letter() -> None:
    answered, _ = _answered(GOOD)
    assert (answered.values, answered.status, answered.reason) == (TRUTH, "strict", "")
    assert answered.raw == GOOD


def test_nearly_json_is_taken_from_the_text() -> None:
    answered, model = _answered(f"Sure!\n```\n{GOOD}\n```")
    assert (answered.values, answered.status) == (TRUTH, "extracted")
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("I can't say.", "no JSON"),
        ("", "no JSON"),
        (GOOD.replace("walking", "flying"), "walking, rearing"),
        ('{"overall": "It walks."}', "lacks label, score"),
        (Reply(GOOD[:40], cut_off=True), "max_tokens"),
    ],
)
def test_what_does_not_fit_is_asked_once_more(first: str | Reply, reason: str) -> None:
    answered, model = _answered(first, GOOD)
    assert (answered.values, answered.status) == (TRUTH, "repaired")
    assert reason in answered.reason
    question, repair = model.requests
    assert repair.messages[: len(question.messages)] == question.messages
    said, asked = repair.messages[-2:]
    assert said.role == "assistant"
    assert all(said.parts)
    assert reason in str(asked.parts[0])
    assert repair.key("m") != question.key("m")


def test_what_never_fits_is_invalid_and_kept() -> None:
    answered, model = _answered("No.", "Never.")
    assert (answered.values, answered.status) == (None, "invalid")
    assert (answered.raw, len(model.requests)) == ("Never.", 2)
    assert [reply.text for reply in answered.replies] == ["No.", "Never."]
    assert (answered.tokens_in, answered.tokens_out) == (20, 10)


def test_a_paid_reply_is_kept_when_the_second_question_fails() -> None:
    answered, _ = _answered("No.")
    assert (answered.values, answered.status, answered.raw) == (None, "invalid", "No.")
    assert "no JSON" in answered.reason
    assert "gone" in answered.reason
    assert answered.tokens_in == 10
    with pytest.raises(BackendCallError, match="gone"):
        _answered()


def test_costs_add_up() -> None:
    answered, _ = _answered(Reply("No.", cost=0.5, model="a"), Reply(GOOD, cost=0.25, model="b"))
    assert answered.cost == 0.75
    assert answered.model == "b"
    unknown, _ = _answered(Reply("No.", cost=0.5), GOOD)
    assert math.isnan(unknown.cost)


def test_free_text_has_nothing_to_check() -> None:
    assert ASKED.schema == SCHEMA
    with pytest.raises(ValueError, match="schema"):
        asyncio.run(answer(Told(GOOD), QUESTION))
