"""A question until its answer fits: asked, read, checked, asked once more, else marked invalid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from mousegpt_core.errors import BackendCallError, InvalidResponseError
from mousegpt_core.language import enforcement
from mousegpt_core.language.contract import LanguageModel, Message, Reply, Request
from mousegpt_core.language.extraction import Values, extract, read_strictly
from mousegpt_core.language.schema import AnswerSchema

Status = Literal["strict", "extracted", "repaired", "invalid"]


@dataclass(frozen=True)
class Answered:
    """What came of a question.

    Attributes
    ----------
    values : dict or None
        The checked answer; None if there is none that fits.
    status : {"strict", "extracted", "repaired", "invalid"}
        JSON by the letter; taken out of text; fitting at the second time; or none.
    reason : str
        Why the first answer did not fit; "" if it did.
    replies : tuple of Reply
        All that was said, in order; paid for.
    """

    values: Values | None
    status: Status
    reason: str
    replies: tuple[Reply, ...]

    @property
    def raw(self) -> str:
        """The last reply's words, as they came."""
        return self.replies[-1].text

    @property
    def model(self) -> str:
        """The model, as the server names it."""
        return self.replies[-1].model

    @property
    def tokens_in(self) -> int:
        """Tokens asked, of all replies."""
        return sum(reply.tokens_in for reply in self.replies)

    @property
    def tokens_out(self) -> int:
        """Tokens replied, of all replies."""
        return sum(reply.tokens_out for reply in self.replies)

    @property
    def retries(self) -> int:
        """How many times the server failed before it replied, for all replies."""
        return sum(reply.retries for reply in self.replies)

    @property
    def cost(self) -> float:
        """Of all replies; nan = not known."""
        return math.fsum(reply.cost for reply in self.replies)


async def answer(model: LanguageModel, request: Request) -> Answered:
    """Ask for an answer that fits the request's schema.

    An answer that does not fit is shown to the model once, with what is wrong. If that fails,
    the answer is invalid.

    Raises
    ------
    BackendCallError
        If no reply comes at all.
    ValueError
        If the request has no schema: there is nothing to check.
    """
    if request.schema is None:
        raise ValueError("only a request with a schema has an answer that can be checked")
    first = await model.ask(request)
    values, status, reason = _read(first, request.schema)
    if values is not None:
        return Answered(values, status, "", (first,))
    try:
        second = await model.ask(_repair(request, request.schema, first, reason))
    except BackendCallError as error:
        # The first reply is paid for, and kept.
        return Answered(None, "invalid", f"{reason}; asked again: {error.message}", (first,))
    values, _, again = _read(second, request.schema)
    if values is not None:
        return Answered(values, "repaired", reason, (first, second))
    return Answered(None, "invalid", again, (first, second))


def _read(reply: Reply, schema: AnswerSchema) -> tuple[Values | None, Status, str]:
    """The answer and how it was read, or why there is none."""
    found = read_strictly(reply.text)
    reason = "the answer is no JSON object"
    if found is not None:
        try:
            return schema.checked(found), "strict", ""
        except InvalidResponseError as error:
            reason = error.message
    values = extract(reply.text, schema)
    if values is not None:
        return values, "extracted", ""
    if reply.cut_off:
        reason = "the answer was cut off: it is longer than max_tokens"
    return None, "invalid", reason


def _repair(request: Request, schema: AnswerSchema, reply: Reply, reason: str) -> Request:
    """The same question, the answer, and what is wrong with it."""
    said = reply.text.strip() or "(nothing)"
    words = f"That does not do: {reason}. Answer again. {enforcement.in_words(schema)}"
    turns = (Message("assistant", (said,)), Message("user", (words,)))
    return replace(request, messages=request.messages + turns)
